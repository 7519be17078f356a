"""The crash campaigns, small; by hand they are run a thousand times as large."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from simulate import campaign, tell

from vodnb.rules.model import Outcome, Settlement

FOLDER = Path(__file__).parent

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="children are forked"),
]


def run(*command: str) -> str:
    """Run a campaign in a process of its own and return what it says; it must be clean."""
    done = subprocess.run(
        [sys.executable, FOLDER / command[0], *command[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def kills_in(told: str) -> int:
    """Return how many processes were killed."""
    return int(re.search(r"(\d+) kills: 0 lost, 0 duplicate POSTs, 0 wrong rows", told)[1])


@pytest.mark.parametrize(("profile", "runs"), [("fast", 54), ("slow", 6)])
def test_killed_at_any_moment_nothing_is_lost_or_sent_twice(profile, runs):
    """Killed once or twice, whatever the status: one effective call, and the table says so."""
    assert kills_in(run("kill.py", "--runs", str(runs), "--profile", profile)) >= runs // 4


@pytest.mark.parametrize("lag", ["0", "5"])
def test_a_reconciled_library_agrees_with_journal_and_server(lag):
    """Each asset is as its state was, what hung is confirmed by one call, and looking is cheap."""
    assert ": 0 disagree; 200 confirm" in run("reconcile.py", "--assets", "1000", "--lag", lag)


@pytest.mark.parametrize("workers", ["1", "8"])
def test_killed_at_each_point_nothing_is_lost_or_sent_twice(workers):
    """Before and after each commit and each call, every tenth of them."""
    assert kills_in(run("crash_points.py", "--workers", workers, "--stride", "10")) >= 10


def test_five_hundred_stories_break_no_promise():
    """Faults, late effects, lagging states, stops and crashes, in virtual time."""
    told = run("simulate.py", "--runs", "500")
    assert "500 stories: 0 promises broken" in told
    for what in ("crashes", "posts", "confirmed", "failed", "in_doubt", "not_sent"):
        assert re.search(rf"[1-9]\d* {what}\b", told), f"no {what} in 500 stories: {told}"


def test_a_seed_tells_the_same_story_again():
    """What a campaign finds can be played again; another seed tells another story."""
    assert campaign(20, first=7)[2] == campaign(20, first=7)[2]
    assert campaign(20, first=7)[2] != campaign(20, first=8)[2]
    told = run("simulate.py", "--runs", "20", "--seed", "7")
    assert f"digest {campaign(20, first=7)[2]}" in told


def test_a_broken_promise_is_found():
    """The judge itself: a false success, a hidden effect and a second call without a look."""
    story = next(story for story in map(tell, range(100)) if story.world.effects)
    asset = next(iter(story.world.effects))
    assert story.faults() == []
    story.world.calls[asset] = [("maybe", 10.0), ("look", 12.0), ("maybe", 16.0)]
    assert "is sent again at 16.000 without a look" in story.faults()[0]
    story.world.calls[asset] = [("maybe", 10.0), ("look", 15.5), ("maybe", 16.0)]
    assert story.faults() == []
    story.world.states[asset] = "CREATING"
    assert len(story.faults()) == 1
    story.run_state.settlements.put(asset, Settlement(outcome=Outcome.NOT_SENT))
    assert "not_sent" in story.faults()[0]
