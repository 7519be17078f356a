"""Ctrl-C and SIGTERM on the command line: however many come, the table is written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from click.testing import CliRunner
from connections import point_to

import vodnb
from vodnb.cli import commands
from vodnb.emulator.faults import Behaviour
from vodnb.tables import write

IDS = [f"{0x51F << 32 | number:032x}" for number in range(60)]
INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.fixture(autouse=True)
def _as_it_was():
    """The command line changes how this process takes signals; put it back."""
    handlers = {number: signal.getsignal(number) for number in (INT, TERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def box(monkeypatch):
    """A slow sandbox that the environment points to, as to the real service."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None, latency=0.3)) as running:
        point_to(running, monkeypatch)
        running.add(IDS)
        yield running


@pytest.fixture
def assets(tmp_path):
    """A file of assets that are all right."""
    path = tmp_path / "assets.csv"
    path.write_text("asset_id\n" + "\n".join(IDS), "utf-8")
    return path


def start(*words):
    """Start a command as a process of its own."""
    command = [sys.executable, "-m", "vodnb", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def posts(box):
    """Return the assets of the confirm calls that were served."""
    return [call.asset_id for call in box.ledger() if call.operation == "confirm"]


def await_posts(box, count):
    """Wait until so many confirm calls were served."""
    until = time.monotonic() + 30
    while len(posts(box)) < count:
        assert time.monotonic() < until
        time.sleep(0.01)


def result_of(assets):
    """Return the one results table beside the input."""
    (found,) = assets.parent.glob("assets.results-*.csv")
    return pd.read_csv(found)


@pytest.mark.parametrize(
    "gap", [0.0, *(pytest.param(gap, marks=pytest.mark.kernel) for gap in (0.02, 0.3))]
)
@pytest.mark.parametrize(
    "numbers",
    [[INT], [TERM, TERM], [INT, TERM, INT], [TERM, INT, INT, TERM, INT]],
    ids=["one", "two", "three", "five"],
)
def test_signals_end_in_a_whole_table(box, assets, numbers, gap):
    """One stops the run, a second waits for nothing, and further ones take nothing away."""
    with start("confirm", assets, "--rate", "none", "--workers", 4) as made:
        await_posts(box, 4)
        for number in numbers:
            made.send_signal(number)
            time.sleep(gap)
        told, errors = made.communicate(timeout=30)
    assert made.returncode == 1
    assert "Results: " in told
    for bad in ("Aborted", "Traceback", "Error"):
        assert bad not in errors
    table = result_of(assets)
    assert list(table["asset_id"]) == IDS
    assert "not_sent" in set(table["outcome"])
    # Of what was served all may still be in doubt where the second signal came at once.
    sent = table["asset_id"][table["outcome"].isin(["confirmed", "in_doubt"])]
    assert set(posts(box)) <= set(sent)
    assert set(vodnb.runs(assets.parent / ".vodnb")["state"]) == {"unfinished"}


def test_a_stopped_run_goes_on(box, assets):
    """The same command again sends the rest, each asset once."""
    with start("confirm", assets, "--rate", "none", "--workers", 4) as made:
        await_posts(box, 4)
        made.send_signal(TERM)
        made.communicate(timeout=30)
    box.behaviour = Behaviour(quota=None)
    with start("confirm", assets, "--rate", "none", "-o", assets.with_name("rest.csv")) as made:
        made.communicate(timeout=30)
    assert made.returncode == 0
    assert set(pd.read_csv(assets.with_name("rest.csv"))["outcome"]) == {"confirmed"}
    assert sorted(posts(box)) == IDS


def test_signals_do_not_break_off_the_writing(box, assets, monkeypatch):
    """When all has ended, a signal has nothing to stop."""
    box.behaviour = Behaviour(quota=None)
    honest = write._write

    def interrupted(table, target):
        for number in (INT, TERM, INT):
            os.kill(os.getpid(), number)
        honest(table, target)
        os.kill(os.getpid(), TERM)

    monkeypatch.setattr(write, "_write", interrupted)
    result = CliRunner().invoke(commands.main, ["confirm", str(assets), "--rate", "none"])
    assert result.exit_code == 0, result.output
    assert list(result_of(assets)["asset_id"]) == IDS


def test_before_a_run_a_signal_ends_the_command(box, assets, monkeypatch):
    """Nothing was sent, so there is nothing to hand over."""
    monkeypatch.setattr("vodnb.bulk.background._jobs", [])
    monkeypatch.setattr("vodnb.session.vod.Vod.start", lambda *_, **__: os.kill(os.getpid(), TERM))
    result = CliRunner().invoke(commands.main, ["confirm", str(assets)])
    assert result.exit_code == 1
    assert "Aborted!" in result.output
    assert posts(box) == []
