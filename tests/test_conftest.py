"""The ground under all tests does hold: each guard of conftest.py is seen to fire.

The guards are tried in one pytest of their own, on a throw-away test file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

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


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of the throw-away tests, under the real conftest and the real options."""
    folder = tmp_path_factory.mktemp("guards")
    shutil.copy(TESTS / "conftest.py", folder)
    (folder / "test_it.py").write_text(THROW_AWAY)
    command = [sys.executable, "-P", "-m", "pytest", "-rA", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, f"--rootdir={folder}", "-c", str(TESTS.parent / "pyproject.toml"), str(folder)],
        cwd=folder,
        env={**os.environ, **CALLER},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


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
