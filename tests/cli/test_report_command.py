"""`vodnb report` on the command line."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from reports import RUN_ID, ids, mixed, seen, settled_run

import vodnb
from vodnb.cli import commands

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _as_it_was():
    """The command line changes how this process takes SIGTERM; put it back."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


def run(*words: object):
    """Run a command in this process."""
    return CliRunner().invoke(commands.main, ["report", *map(str, words)])


@pytest.mark.kernel
def test_results_file(tmp_path: Path) -> None:
    """A table, run in a kernel: all named as asked, and files to hand back."""
    vodnb.save(mixed(), "results.csv")
    done = run("results.csv", "-o", "mine", "--lang", "zh", "--hand-back", "todo")
    assert done.exit_code == 0, done.output
    assert "64 行中有 51 行已确认" in done.output
    assert (tmp_path / "mine.html").exists()
    assert (tmp_path / "mine.ipynb").exists()
    assert (tmp_path / "todo" / "retry.csv").exists()


def test_run_id_and_earlier_table(tmp_path: Path) -> None:
    """A run alone, without a kernel, compared with an earlier table."""
    (tmp_path / ".vodnb").mkdir()
    settled_run(tmp_path / ".vodnb" / f"{RUN_ID}.sqlite", ids(60))
    vodnb.save(mixed(), "monday.csv")
    done = run(RUN_ID, "--no-execute", "--lang", "en", "--against", "monday.csv")
    assert done.exit_code == 0, done.output
    words = seen((tmp_path / "report.html").read_text("utf-8"))[1]
    assert "Since the earlier report" in words
    assert "Newly settled" in words


def test_nothing_to_report_on() -> None:
    """Exit status 2, and what to give instead."""
    done = run("nowhere.csv", "--lang", "en")
    assert done.exit_code == 2
    assert "There is no file and no run 'nowhere.csv'" in done.output
