"""The benchmark that anyone can run: each stack confirms for real, and a table says the cost."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from vodnb.cli import main
from vodnb.cli.bench import paced, rounds, serving, stacks
from vodnb.cli.bench.rounds import Setting, measure
from vodnb.rules.errors import SetupError, VodnbError

QUICK = ["--assets", "1", "--latency", "0", "--rounds", "1"]
PLAIN = Setting(workers=2, latency=0.0, is_tls=False)


def test_each_stack_confirms_and_is_compared(tmp_path):
    """Over TLS, two at once: a row for each that is installed, beside the official SDK."""
    target = tmp_path / "bench.csv"
    options = ["--assets", "30", "--workers", "2", "--latency", "0.005", "--rounds", "1", "--tls"]
    done = CliRunner().invoke(main, ["bench", *options, "--paced", "0", "--save", str(target)])
    assert done.exit_code == 0, done.output
    assert "2 at once, 5 ms latency, TLS" in done.output
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    installed = list(stacks.installed())
    assert [row["stack"].rpartition(" ")[0] for row in rows] == installed
    assert {"vodnb", "official SDK", "httpx loop"} <= set(installed)
    for row in rows:
        assert row["stack"] in done.output
        assert 1 <= int(row["connections"]) <= 3
        assert 0 < float(row["rate"]) <= 2 / 0.005
        assert min(float(row["cpu_ms"]), float(row["peak_mb"])) > 0
    (yardstick,) = [row for row in rows if row["stack"].startswith(rounds.YARDSTICK)]
    assert (yardstick["rate_ratio"], yardstick["cpu_ratio"]) == ("1.0", "1.0")


def test_little_work_costs_something():
    """Where it were nothing, no other cost could be told as a multiple of it."""
    result, seconds, cpu = stacks.timed(lambda: sum(range(1000)))
    assert result == 499_500
    assert 0 < cpu < seconds + 0.01


def test_a_stack_that_fails_is_told(monkeypatch):
    """Its last words are shown, and no row is made up."""
    monkeypatch.setattr(rounds, "installed", lambda: {"no such": "1"})
    with pytest.raises(VodnbError, match="invalid choice: 'no such'"):
        list(measure([PLAIN], assets=1, rounds=1, tell=str))


def test_a_stack_that_confirms_too_few_is_told(monkeypatch):
    """Speed without the right answers is no speed."""
    told = '{"seconds": 1, "cpu": 1, "peak": 1, "right": 2}'
    fake = subprocess.CompletedProcess([], 0, told, "")
    monkeypatch.setattr(serving.subprocess, "run", lambda *_args, **_options: fake)
    monkeypatch.setattr(rounds, "installed", lambda: {"vodnb": "1"})
    with pytest.raises(VodnbError, match="confirmed 2 of 3 assets"):
        list(measure([PLAIN], assets=3, rounds=1, tell=str))


def test_without_trustme_there_is_no_tls(monkeypatch):
    """It says which extra brings it."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(SetupError, match=r"vodnb\[bench\]"):
        list(measure([Setting(workers=1, latency=0, is_tls=True)], assets=1, rounds=1, tell=str))


@pytest.mark.parametrize("workers", ["", "many", "1;2"])
def test_a_list_that_is_none_is_refused(workers):
    """It says how to write one."""
    done = CliRunner().invoke(main, ["bench", "--workers", workers])
    assert done.exit_code == 2
    assert "Write it like 1,16,64." in done.output


@pytest.mark.waits
def test_runs_at_the_quota_keep_to_their_estimate():
    """Each way of running is told beside what `estimate` said before."""
    kept = list(paced.measure_kept(assets=40, tell=str))
    assert [each.way for each in kept] == list(paced.WAYS)
    for each, calls in zip(kept, (40, 40 + 4), strict=True):
        assert each.estimated == pytest.approx(calls / 24.5)
        # The first second's calls may go at once: a short run is shorter than it should be.
        assert each.estimated - 1 < each.seconds < each.estimated + 2
        assert 0 < each.core < 1
    shown = CliRunner().invoke(main, ["bench", "--workers", "1", *QUICK, "--paced", "10"]).output
    assert "10 assets at the quota, 80 ms latency" in shown
    assert all(way in shown for way in paced.WAYS)


@pytest.mark.parametrize("told", [{"right": 2, "sent": 3}, {"right": 3, "sent": 4}])
def test_a_run_at_the_quota_that_is_wrong_is_told(monkeypatch, told):
    """Keeping to the time is nothing where assets are missed, or sent twice."""
    cost = {"way": "", "estimated": 1, "seconds": 1, "core": 0.1, **told}
    fake = subprocess.CompletedProcess([], 0, json.dumps(cost), "")
    monkeypatch.setattr(serving.subprocess, "run", lambda *_args, **_options: fake)
    with pytest.raises(VodnbError, match=f"confirmed {told['right']} of 3 assets with"):
        list(paced.measure_kept(assets=3, tell=str))
