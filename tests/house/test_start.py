"""What a user gets from `import vodnb`: the promised names, quickly, nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import vodnb

NAMES = (
    "VodnbError",
    "allow_nested_loops",
    "app",
    "compare",
    "connect",
    "doctor",
    "explain",
    "forms",
    "hand_back",
    "last_job",
    "load_assets",
    "load_exchange",
    "report",
    "require_settled",
    "resume",
    "runs",
    "salvage",
    "sandbox",
    "save",
    "summary",
    "to_retry",
)
"""The public names, typed by hand: adding one is a decision."""

HEAVY = ("IPython", "asyncio", "httpx", "ipywidgets", "nbclient", "nbconvert", "nbformat",
         "nest_asyncio", "numpy", "pandas", "sqlite3", "starlette", "uvicorn")  # fmt: skip

MOST_SECONDS = 0.15


def run_python(code: str) -> str:
    """Run code in an interpreter of its own, which sees the installed package, not this folder."""
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def seconds_to_run(code: str) -> float:
    """Processor time of one interpreter, so that a busy machine does not count."""
    before = os.times()
    run_python(code)
    after = os.times()
    return (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )


def heavy_after(code: str) -> list[str]:
    """Name the heavy libraries that are loaded once the code has run."""
    return run_python(
        f"{code}\nimport sys\nprint(*(n for n in {HEAVY} if n in sys.modules))"
    ).split()


def test_public_names_are_the_promised_ones() -> None:
    """`vodnb.` and Tab show the promised names, all of them, and nothing else."""
    assert tuple(vodnb.__all__) == NAMES
    assert tuple(dir(vodnb)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_public_name_is_there_and_documented(name: str) -> None:
    """Each promised name can be had, and says what it is."""
    assert getattr(vodnb, name).__doc__


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that does not exist is refused as Python refuses it, so that `hasattr` works."""
    assert not hasattr(vodnb, "pd")
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = vodnb.no_such_name


def test_import_loads_nothing_heavy() -> None:
    """`import vodnb` alone loads no DataFrame, widget, HTTP client or server."""
    assert heavy_after("import vodnb") == []


def test_heavy_libraries_are_seen() -> None:
    """The test above would notice: an import of sqlite3 shows."""
    assert heavy_after("import vodnb, sqlite3") == ["sqlite3"]


def test_import_is_quick() -> None:
    """`import vodnb` costs less than 0.15 s beside an empty interpreter: the best of five."""
    run_python("import vodnb")  # byte code is written once
    costs = [seconds_to_run("import vodnb") - seconds_to_run("pass") for _ in range(5)]
    assert min(costs) < MOST_SECONDS


def test_slow_import_is_seen() -> None:
    """The measure does measure: an interpreter that works for 0.3 s shows as slow."""
    work = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    assert seconds_to_run(work) - seconds_to_run("pass") > MOST_SECONDS
