"""Doubts are asked for in the order of their settle times, however many there are."""

from __future__ import annotations

import asyncio

import pytest
from engine_play import ids, play
from pretend_service import GOALS, LOST, UNREACHABLE, PretendService, refusal
from virtual_time import run_virtual

from vodnb.bulk.engine.in_doubt import InDoubt
from vodnb.bulk.engine.plan import Item, Plan
from vodnb.bulk.pace.control import Control
from vodnb.rules.model import Outcome, Status


def settle_all(left: dict[str, float]) -> tuple[list[list[str]], int]:
    """Settle doubts that left at these times; return what was asked for, and what it cost."""
    asked: list[list[str]] = []
    looks = 0

    class Counting(InDoubt):
        def _due(self, item):
            nonlocal looks
            looks += 1
            return super()._due(item)

    async def read(batch):
        asked.append(list(batch))
        return dict.fromkeys(batch, "CREATED")

    async def scene() -> None:
        plan = Plan(
            run_id="run",
            status=Status.CREATED,
            assets=list(left),
            workers=1,
            attempts=5,
            deadline=1.0,
            look_first=True,
        )
        in_doubt = Counting(plan, control=Control(), read=read, send=None, settle=lambda *_: None)
        now = asyncio.get_running_loop().time()
        in_doubt.add(Item(asset_id=one, left_at=now + at) for one, at in left.items())
        await in_doubt.settle_all()
        assert not in_doubt

    run_virtual(scene())
    return asked, looks


def test_whose_time_comes_first_is_asked_for_first():
    """In batches of ten, the longest out before the others; equals as they came."""
    assets = ids(25)
    asked, _ = settle_all({one: -float(place // 2) for place, one in enumerate(assets)})
    order = [one for batch in asked for one in batch]
    assert order == sorted(assets, key=lambda one: -(assets.index(one) // 2))
    assert [len(batch) for batch in asked] == [10, 10, 5]


def test_the_work_grows_with_their_number_alone():
    """A salvaged run has all of its assets in doubt: they are not ordered anew for each batch."""
    count = 2000
    _, looks = settle_all(dict.fromkeys(ids(count), 0.0))
    assert looks <= 1.2 * count


def test_a_call_that_never_left_is_no_doing_of_ours():
    """Refused connections, then "not CREATING any more": somebody else has confirmed it."""
    asset = ids(1)[0]
    for script, outcome in (
        ([(UNREACHABLE, False)] * 2, Outcome.ALREADY_CONFIRMED),
        ([(LOST, False), (UNREACHABLE, False)], Outcome.CONFIRMED),
    ):
        service = PretendService({asset: "CREATED"})
        service.scripts[asset] = [*script, (refusal("VOD.10126"), False)]
        if outcome is Outcome.CONFIRMED:
            service.states[asset] = "CREATING"
            service.scripts[asset][-1] = (refusal("VOD.10126"), True)
        state, _ = play(service, [asset], look_first=False)
        told = state.settlements[asset]
        assert (told.outcome, told.attempts) == (outcome, 3)


def test_calls_that_never_left_do_not_use_up_the_one_after_a_doubt():
    """Four refused connections and one lost answer: it may go once more."""
    assets = ids(60)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=0.5)
    service.scripts[assets[0]] = [*[(UNREACHABLE, False)] * 4, (LOST, False)]
    state, _ = play(service, assets, ceiling=5.0)
    assert state.outcomes == {Outcome.CONFIRMED: 60}


@pytest.mark.parametrize("status", list(Status))
def test_a_refusal_beside_a_state_that_lags_is_looked_at_once_more(status):
    """Asked for again within the lag: refused, and told as it is once no state can lag any more."""
    asset = ids(1)[0]
    goal = GOALS[str(status)]
    service = PretendService({asset: goal})
    service.lag, service._earlier[asset] = 3.0, (0.0, "CREATING")
    state, _ = play(service, [asset], status=status)
    told = state.settlements[asset]
    assert (told.outcome, told.state_after) == (Outcome.ALREADY_CONFIRMED, goal)
    assert service.posts() == 1


def test_where_only_reading_back_is_left_a_probe_has_something_to_ask_for():
    """A resumed run: nothing to send, some to read back, and a service that is away for a while."""
    assets = ids(1000)
    service = PretendService(dict.fromkeys(assets, "CREATED"))
    service.away = (0.02, 30.0)
    state, engine = play(service, [], verify=True, unverified=assets)
    assert engine.stopped is None
    assert all(asked for _, asked, _ in service.calls)
    assert {state.settlements[one].state_after for one in assets} <= {"CREATED", ""}
