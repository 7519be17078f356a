"""The fixture `lab`: JupyterLab in Debian's Chromium, or a skip that says what is missing.

One server, one browser and one page serve all tests of this folder; each gets its own notebook.
They end with the folder: while Playwright is there its event loop runs in the main thread, and a
later test could not run one of its own.
"""

from __future__ import annotations

import contextlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .lab import CHROMIUM, Lab, open_lab

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Page


def missing() -> str:
    """Say what the browser tests lack here; "" if they can run."""
    if not CHROMIUM.exists():
        return f"there is no {CHROMIUM} (Debian: apt-get install chromium)"
    for name in ("jupyterlab", "playwright"):
        if importlib.util.find_spec(name) is None:
            return f'{name} is not installed (pip install "vodnb[test]")'
    return ""


@pytest.hookimpl(tryfirst=True)  # it is registered later than that of all tests, and runs before it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them where they cannot run."""
    reason = missing()
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(180))
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the page showed to the report of a test that failed: its picture is gone."""
    report = yield
    page: Page | None = getattr(item, "funcargs", {}).get("lab_page")
    if report.when == "call" and report.failed and page is not None:
        # Where the page itself has died, the failure is to be told all the same.
        with contextlib.suppress(Exception):
            report.sections.append(("what the page showed", page.locator("body").inner_text()))
    return report


@pytest.fixture(scope="package")
def lab_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that JupyterLab serves."""
    root = tmp_path_factory.mktemp("lab") / "root"
    root.mkdir()
    return root


@pytest.fixture(scope="package")
def lab_page(lab_root: Path) -> Iterator[Page]:
    """A page with JupyterLab, ready for a notebook."""
    with open_lab(lab_root) as page:
        yield page


@pytest.fixture
def lab(lab_page: Page, lab_root: Path) -> Iterator[Lab]:
    """JupyterLab with no notebook open; what a test opens is closed after it."""
    driver = Lab(lab_page, lab_root)
    yield driver
    driver.close()
