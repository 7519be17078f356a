"""The ground under all tests does hold: each guard of conftest.py is seen to fire.

The guards are tried in one pytest of their own, on a throw-away test file.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

pytestmark = pytest.mark.together

TESTS = Path(__file__).parents[1]

THROW_AWAY = """
import logging, os, socket, time
from hypothesis import settings

def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()

def test_outside():
    socket.create_connection(("192.0.2.1", 80), timeout=0.1)

def test_environment():
    dirty = [n for n in os.environ if n.startswith(("VODNB", "HUAWEI")) or "PROXY" in n.upper()]
    assert dirty == []
    assert "mine" not in os.path.expanduser("~")
    assert os.environ["USERPROFILE"] == os.environ["HOME"]
    assert os.environ["LANG"] == os.environ["LC_ALL"] == "C.UTF-8"
    assert time.tzname == ("UTC", "UTC")

def raise_in_callback():
    logging.getLogger("traitlets").warning("Exception in callback %s: %s", "on_click", "boom")

def test_hidden():
    raise_in_callback()

def test_meant(callback_errors):
    raise_in_callback()
    assert callback_errors.messages == ["Exception in callback on_click: boom"]
    callback_errors.messages.clear()

def test_other_log():
    logging.getLogger("traitlets").warning("a deprecated trait")

def test_profile():
    assert settings().max_examples == 2000
"""

SHARED_OUT = """
import os
import time
import pytest

@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("kind", ["alone", "together", "browser", "clocked"])
def test_it(kind, number):
    time.sleep(0.05)
    began_with = int(os.environ["BEGAN_WITH"])
    assert os.nice(0) == (began_with if kind == "clocked" else max(began_with, 10))
"""
"""Its kind is a test's marker, given by a conftest beside it, like that of the browser tests."""

MARKING = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if (kind := item.callspec.params["kind"]) != "alone":
            item.add_marker(kind)
"""

CALLER = {
    "VODNB_TOKEN": "x",
    "HUAWEICLOUD_SDK_SK": "x",
    "https_proxy": "http://192.0.2.1",
    "HOME": "/mine",
    "LC_ALL": "C",
    "TZ": "Asia/Shanghai",
    "HYPOTHESIS_PROFILE": "thorough",
    "PYTEST_ADDOPTS": "",
}


def run_pytest(folder: Path, *options: str) -> str:
    """Return what pytest says of the tests in a folder, under the real conftest and options."""
    shutil.copy(TESTS / "conftest.py", folder)
    command = [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", *options]
    run = subprocess.run(
        [*command, f"--rootdir={folder}", "-c", str(TESTS.parent / "pyproject.toml"), str(folder)],
        cwd=folder,
        env={**os.environ, **CALLER, "BEGAN_WITH": str(os.nice(0))},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


LEFT_OUT = """
import pytest

def test_quick():
    pass

@pytest.mark.parametrize("number", range(3))
@pytest.mark.campaign
def test_campaign(number):
    pass

@pytest.mark.browser
def test_browser():
    pass
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of the throw-away tests."""
    folder = tmp_path_factory.mktemp("guards")
    (folder / "test_it.py").write_text(THROW_AWAY)
    return run_pytest(folder, "-rA")


def test_sockets_reach_loopback_and_nothing_else(printed: str) -> None:
    """A connection to this machine succeeds; one to the outside is refused by the guard."""
    assert "PASSED test_it.py::test_loopback" in printed
    assert "FAILED test_it.py::test_outside" in printed
    assert 'with host "192.0.2.1" (allowed: "127.0.0.1,::1")' in printed


def test_environment_is_scrubbed(printed: str) -> None:
    """Settings, proxies, home, language and time zone of the caller do not reach a test."""
    assert "PASSED test_it.py::test_environment" in printed


def test_hidden_callback_error_fails_the_test(printed: str) -> None:
    """A widget callback that raised cannot pass unseen, unless the test says that it was meant."""
    assert "ERROR test_it.py::test_hidden" in printed
    assert "a widget callback raised: Exception in callback on_click: boom" in printed
    assert "PASSED test_it.py::test_meant" in printed
    assert printed.count("ERROR test_it.py") == 1


def test_hypothesis_profile_is_chosen_by_the_environment(printed: str) -> None:
    """HYPOTHESIS_PROFILE names how hard the properties are tried; alike each time by default."""
    assert "PASSED test_it.py::test_profile" in printed
    assert settings.get_profile("ci").derandomize
    assert settings.get_profile("ci").deadline is None


@pytest.mark.kernel
def test_what_belongs_together_is_played_by_one_process(tmp_path: Path) -> None:
    """Where pytest-xdist shares tests: what watches the clock first, and then the browser's."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "conftest.py").write_text(MARKING)
    (tmp_path / "below" / "test_it.py").write_text(SHARED_OUT)
    options = ("-v", "-m", "", "-n2", "--dist=loadgroup", "--no-loadscope-reorder")
    printed = run_pytest(tmp_path, *options)
    played = re.findall(r"\[(gw[01])\].* PASSED .*::test_it\[(\w+)-\d\]", printed)
    assert len(played) == 24
    players = {kind: {who for who, what in played if what == kind} for _, kind in played}
    assert [len(players[kind]) for kind in ("clocked", "browser", "together")] == [1, 1, 1]
    assert players["clocked"] != players["browser"]
    assert {kind for _, kind in played[:8]} == {"clocked", "browser"}
    assert " failed" not in printed, printed


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    """The quick tests end by saying how many more there are, of what kinds, and what runs them."""
    (tmp_path / "test_it.py").write_text(LEFT_OUT)
    printed = run_pytest(tmp_path)
    assert "1 passed, 4 deselected" in printed
    assert "4 more tests were left out" in printed
    assert "poe test-all" in printed
    everything = run_pytest(tmp_path, "-m", "")
    assert "5 passed" in everything
    assert "left out" not in everything
