"""The hunt on the virtual clock: its judge, what it leaves out, and that it is told alike."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace

import hunt_virtual
import pytest
from hunt_virtual import INGREDIENTS, HuntStory, _Watched, sort_of, tell

from vodnb.bulk.pace.control import Stop
from vodnb.rules.errors import SetupError
from vodnb.rules.model import Outcome, Settlement, Status


def test_a_seed_tells_the_same_story_again():
    """Another seed, or an ingredient less, tells another one."""
    lines = tell(7).world.lines
    assert lines == tell(7).world.lines
    assert lines != tell(8).world.lines


def destructive_story() -> HuntStory:
    """Return a clean story that has destroyed something."""
    return next(
        story
        for story in map(tell, range(500))
        if story.status is Status.CANCELLED and story.world.effects and not story.faults()
    )


def test_each_broken_promise_of_a_story_is_told():
    """The judge of the stories: false outcomes, repeats, old news, faults of ours."""
    story = destructive_story()
    asset = next(iter(story.world.effects))
    story.world.calls[asset] = [("maybe", 10.0), ("look", 12.0), ("maybe", 16.0)]
    assert sort_of(story.faults()[0]) == "N is sent again at N without a look"
    story.world.calls[asset].insert(1, ("told", 11.0))
    assert story.faults() == []
    story.world.effects[asset] = 2
    assert f"{asset} was brought to CANCELLED twice" in story.faults()
    story.world.effects[asset] = 1
    for outcome in (Outcome.FAILED, Outcome.NOT_SENT):
        story.run_state.settlements.put(asset, Settlement(outcome=outcome, code="CLIENT.X"))
        assert f"{asset} is told {outcome} and is CANCELLED by 1 calls of ours" in story.faults()
    story.world.effects[asset] = 0
    story.run_state.settlements.put(asset, Settlement(outcome=Outcome.CONFIRMED))
    assert f"{asset} is told confirmed and is CANCELLED by 0 calls of ours" in story.faults()
    story.world.states[asset] = "CREATING"
    story.run_state.settlements.put(asset, Settlement(outcome=Outcome.ALREADY_CONFIRMED))
    assert any("already_confirmed and is CREATING" in fault for fault in story.faults())


def test_a_destruction_on_old_news_is_told_in_virtual_time():
    """More than five seconds after a look, after none, or after somebody's confirmation."""
    world = destructive_story().world
    told = world.broken
    world._hanging["x"] = [10.0, 16.0]
    world._check_destruction("x", 15.0)
    assert told == []
    world._check_destruction("x", 15.5)
    world._confirmed_at["x"] = 1.0
    world._check_destruction("x", 15.0)
    world._check_destruction("y", 11.0)
    assert [sort_of(fault) for fault in told] == [
        "x is destroyed N s after its look",
        "x is destroyed N s after somebody confirmed it",
        "y is destroyed inf s after its look",
    ]


def test_a_story_that_hangs_is_told(monkeypatch):
    """A quiet run has five minutes, and what it leaves open is told."""

    async def hang(*_args: object, **_options: object) -> None:
        await asyncio.sleep(10_000)

    monkeypatch.setattr(HuntStory, "_leg", hang)
    found = tell(7).faults()
    assert "a run did not end within 300 s" in found
    assert any("is not_sent after a quiet run" in fault for fault in found)


@pytest.mark.parametrize(
    ("raised", "stopped", "told"),
    [
        (TypeError("odd"), None, ["raised TypeError: odd"]),
        (SetupError("no"), None, []),
        (None, Stop(code="CLIENT.FAULT", reason="KeyError"), ["stopped by a fault: KeyError"]),
        (None, Stop(code="VOD.10054", reason="no"), []),
    ],
)
def test_a_fault_of_ours_is_told(raised, stopped, told):
    """Only our own errors may come out of an engine, and no fault of ours may stop it."""

    async def run() -> None:
        if raised:
            raise raised

    broken: list[str] = []
    with contextlib.suppress(TypeError, SetupError):
        asyncio.run(_Watched(SimpleNamespace(run=run, stopped=stopped), broken).run())
    assert broken == told


def test_a_story_is_made_smaller(monkeypatch):
    """What can be left out is named: here all but what the promise is broken by."""

    def pretend(_seed: int, without: list[str]) -> SimpleNamespace:
        fault = "a run did not end within 300 s" if "lag" not in without else "a3 is open"
        return SimpleNamespace(faults=lambda: [fault])

    monkeypatch.setattr(hunt_virtual, "tell", pretend)
    left_out = hunt_virtual.shrink(7, "a run did not end within N s")
    assert set(INGREDIENTS) - set(left_out) == {"lag"}
