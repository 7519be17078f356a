"""The forms without JupyterLab around them: in Notebook 7 and in Voila, each in its own page."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from .forms import APP
from .lab import write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from .lab import Lab

PATIENCE_MS = 40_000


@pytest.fixture
def page(lab: Lab) -> Iterator[Page]:
    """A page beside JupyterLab's; the server serves all three front ends."""
    made = lab.page.context.browser.new_page(viewport={"width": 1200, "height": 900})
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def open_in(front_end: str, lab: Lab, page: Page, tmp_path: Path) -> Locator:
    """Open the app in a front end, its cell run; return the live form."""
    if importlib.util.find_spec(front_end) is None:
        pytest.skip(f'{front_end} is not installed (pip install "vodnb[test]")')
    notebook = write_notebook(tmp_path / f"in_{front_end}.ipynb", APP)
    (lab.root / notebook.name).write_bytes(notebook.read_bytes())
    address = lab.page.url.partition("/lab")[0]
    if front_end == "voila":
        page.goto(f"{address}/voila/render/{notebook.name}")
    else:
        page.goto(f"{address}/notebooks/{notebook.name}")
        page.locator(".jp-Notebook .jp-Cell").first.click()
        page.get_by_text("Idle").or_(page.locator("[data-status=idle]")).first.wait_for()
        page.keyboard.press("Shift+Enter")
    form = page.locator(".jupyter-widgets.vodnb").first
    form.wait_for()
    return form


@pytest.mark.parametrize("front_end", ["notebook", "voila"])
def test_sample_is_loaded_and_confirmed(lab: Lab, page: Page, tmp_path: Path, front_end) -> None:
    """By mouse, with live progress; and the still picture does not show beside the form."""
    form = open_in(front_end, lab, page, tmp_path)

    def press(name: str) -> None:
        form.get_by_role("button", name=name, exact=True).locator("visible=true").click()

    form.get_by_role("tab", name="2 Load").click()
    press("Make a sample of 300")
    form.get_by_text("300 rows from sandbox_assets.csv").locator("visible=true").wait_for()
    press("Next: 3 Look")
    press("Next: 4 Confirm")
    rate = form.get_by_label("Rate")
    rate.fill("")
    rate.press("Tab")
    press("Start")
    form.get_by_text("Finished · 268/268").locator("visible=true").first.wait_for()
    assert page.locator("[class*=vodnb-still-]").locator("visible=true").count() == 0
    assert "VBox(" not in page.inner_text("body")
