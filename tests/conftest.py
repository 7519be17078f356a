"""What holds for every test: a scrubbed environment, no hidden callback error, a fixed Hypothesis.

Sockets are held to loopback by pytest-socket; its options are in pyproject.toml.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile("ci", derandomize=True, max_examples=100, deadline=None)
settings.register_profile("quick", derandomize=True, max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

SCRUBBED_PREFIXES = ("VODNB_", "HUAWEICLOUD_")
SCRUBBED_SUFFIX = "_PROXY"


class CallbackErrors(logging.Handler):
    """Collects what ipywidgets only logs: the errors of its callbacks (ipywidgets#2949)."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record if it tells of a callback that raised."""
        message = record.getMessage()
        if message.startswith("Exception in callback"):
            self.messages.append(message)


def _is_scrubbed(name: str) -> bool:
    name = name.upper()
    return name.startswith(SCRUBBED_PREFIXES) or name.endswith(SCRUBBED_SUFFIX)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest and must not be torn apart, where pytest-xdist shares tests.

    The matrix watches the clock, so its cells are one another's only company in their process; the
    browser tests share one JupyterLab. Groups are named before pytest-xdist looks for them.
    """
    for item in items:
        for number, name in enumerate(_TOGETHER):
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.xdist_group(f"{number} {name}"))
        if item.get_closest_marker("together"):
            item.add_marker(pytest.mark.xdist_group(item.path.name))
        if item.get_closest_marker("clocked") and not item.get_closest_marker("timeout"):
            # Many cells are played at once, and each test waits for its own.
            item.add_marker(pytest.mark.timeout(300))
    items.sort(key=_rank)


_TOGETHER = ("clocked", "browser")


def _rank(item: pytest.Item) -> tuple[int, bool]:
    names = [number for number, name in enumerate(_TOGETHER) if item.get_closest_marker(name)]
    return min(names, default=len(_TOGETHER)), not item.get_closest_marker("long")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give way to what watches the clock, where tests are shared out: it plays first, alone."""
    is_shared = "PYTEST_XDIST_WORKER" in os.environ and hasattr(os, "nice")  # not on Windows
    if is_shared and not item.get_closest_marker("clocked") and os.nice(0) < _MODEST:
        os.nice(_MODEST - os.nice(0))


_MODEST = 10
"""How nice a process is that plays no test that watches the clock."""


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say after the quick tests how many more there are, and what runs them."""
    usual = config.getini("addopts")
    left_out = len(terminalreporter.stats.get("deselected", ()))
    if left_out and config.option.markexpr == usual[usual.index("-m") + 1]:
        terminalreporter.write_line(
            f"{left_out:,} more tests were left out (kills, faults, kernels, browsers): "
            "`poe test-all` runs everything."
        )


@pytest.fixture(scope="session", autouse=True)
def _scrubbed_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the person who runs the tests reaches them: settings, home, language, zone."""
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(_is_scrubbed, list(os.environ)):
            patch.delenv(name)
        for name in ("HOME", "USERPROFILE"):
            patch.setenv(name, home)
        for name in ("LANG", "LC_ALL"):
            patch.setenv(name, "C.UTF-8")
        patch.setenv("TZ", "UTC")
        _use_zone()
        yield
    _use_zone()


def _use_zone() -> None:
    if hasattr(time, "tzset"):  # not on Windows
        time.tzset()


@pytest.fixture(autouse=True)
def _interrupts_arrive() -> None:
    """As in a fresh process, whatever a command did in the test before.

    A shell starts what runs in its background deaf to Ctrl-C, too; children inherit it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test works in a folder of its own: journals are kept in the current one."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _no_runs_of_other_tests(_scrubbed_environment: None) -> None:
    """What a test has left under way is nobody's concern: the registry is at home, for all."""
    shutil.rmtree(Path.home() / ".vodnb" / "under_way", ignore_errors=True)


@pytest.fixture
def own_forms() -> Iterator[None]:
    """Go on with no form and no job of other tests, and leave no connection open."""
    # Imported here: few tests need it, and the widgets take long.
    from form_play import forms_of_their_own

    with forms_of_their_own():
        yield


@pytest.fixture(autouse=True)
def callback_errors() -> Iterator[CallbackErrors]:
    """Fail the test when a widget's callback raised; clear `messages` where that was the point."""
    handler = CallbackErrors()
    logger = logging.getLogger("traitlets")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    if handler.messages:
        pytest.fail("a widget callback raised: " + "; ".join(handler.messages), pytrace=False)
