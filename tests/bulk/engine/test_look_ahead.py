"""Nothing leaves on an old look: on a virtual clock against a service inside the process."""

from __future__ import annotations

import asyncio
import math

import pytest
from engine_play import ids, outcome, play
from pretend_service import UNREACHABLE, PretendService, refusal

from vodnb.bulk.pace.control import Control
from vodnb.rules.lifecycle import LOOK_GOOD_FOR
from vodnb.rules.model import Outcome, Status

AWAY = 20.0
"""Seconds for which everything is held back."""


class Elsewhere(PretendService):
    """A service at which somebody else confirms every upload at a moment of his own."""

    def __init__(self, assets: list[str], *, confirmed_at: float = math.inf) -> None:
        super().__init__(dict.fromkeys(assets, "CREATING"))
        self.confirmed_at = confirmed_at
        self.destroyed: list[str] = []

    def _confirm(self, asset_id, status):
        before = self._shown(asset_id)
        answer = super()._confirm(asset_id, status)
        if before == "CREATED" and self.states[asset_id] == "CANCELLED":
            self.destroyed.append(asset_id)
        return answer

    def _shown(self, asset_id):
        now = asyncio.get_running_loop().time()
        if now >= self.confirmed_at and self.states[asset_id] == "CREATING":
            self.states[asset_id] = "CREATED"
        return super()._shown(asset_id)

    def oldest_look(self) -> float:
        """Return the most seconds between the last look at an asset and its POST."""
        looked: dict[str, float] = {}
        oldest = 0.0
        for name, asked, moment in self.calls:
            if name == "info":
                looked.update(dict.fromkeys(asked, moment))
            else:
                # The ledger has the end of a call; it left before.
                oldest = max(oldest, moment - self.latency - looked[asked[0]])
        return oldest


class Holding(Control):
    """Is paused for a while, once."""

    def __init__(self, begins: float, seconds: float) -> None:
        super().__init__()
        self._span = (begins, begins + seconds)

    @property
    def is_paused(self):
        """Whether it is now."""
        now = asyncio.get_running_loop().time()
        return self._span[0] <= now < self._span[1] and not self.is_stopped


@pytest.mark.parametrize("workers", [1, 8, 32, None])
def test_what_was_confirmed_during_a_pause_is_not_destroyed(workers):
    """A pause between the look and the call: the assets are looked at again, and left alone."""
    assets = ids(400)
    service = Elsewhere(assets, confirmed_at=5.0)
    control = Holding(2.0, AWAY)
    state, _ = play(
        service, assets, status=Status.CANCELLED, ceiling=24.5, workers=workers, control=control
    )
    sent = service.posts()
    assert 20 <= sent <= 60
    assert state.outcomes == {Outcome.CONFIRMED: sent, Outcome.FAILED: 400 - sent}
    assert outcome(state, assets[-1]) == (Outcome.FAILED, "CLIENT.STATE")
    assert service.oldest_look() <= LOOK_GOOD_FOR


@pytest.mark.parametrize("workers", [1, 8, 32])
def test_what_was_confirmed_while_throttled_is_not_destroyed(workers):
    """A repeat after throttling is a sending like any other: its look must be fresh."""
    assets = ids(60)
    service = Elsewhere(assets, confirmed_at=10.0)
    for asset in assets:
        service.scripts[asset] = [(refusal("APIGW.0308", 429, **{"retry-after": "20"}), False)]
    state, _ = play(service, assets, status=Status.CANCELLED, workers=workers)
    assert state.outcomes == {Outcome.FAILED: 60}
    assert outcome(state, assets[0]) == (Outcome.FAILED, "CLIENT.STATE")


def test_what_was_confirmed_while_nothing_answered_is_not_destroyed():
    """The breaker holds everything back: what waited is looked at again."""
    assets = ids(60)
    service = Elsewhere(assets, confirmed_at=10.0)
    for asset in assets[5:]:
        service.scripts[asset] = [(UNREACHABLE, False)] * 3
    service.away = (3.0, 40.0)
    state, _ = play(service, assets, status=Status.CANCELLED, ceiling=5.0)
    assert service.destroyed == []
    assert set(state.outcomes) == {Outcome.CONFIRMED, Outcome.FAILED}
    assert service.oldest_look() <= LOOK_GOOD_FOR


@pytest.mark.parametrize("ceiling", [0.1, 0.5, 2.0, 24.5])
@pytest.mark.parametrize("workers", [1, 8, 64])
def test_no_look_goes_further_ahead_than_assets_leave_in_its_time(ceiling, workers):
    """At a slow pace few are looked up at once; at the quota hardly any is looked at twice."""
    assets = ids(60 if ceiling < 1 else 400)
    service = Elsewhere(assets)
    state, _ = play(service, assets, status=Status.CANCELLED, ceiling=ceiling, workers=workers)
    assert state.outcomes == {Outcome.CONFIRMED: len(assets)}
    assert service.oldest_look() <= LOOK_GOOD_FOR
    looks = [asked for name, asked, _ in service.calls if name == "info"]
    assert sum(map(len, looks)) <= 1.5 * len(assets) + 10


@pytest.mark.parametrize("workers", [1, 8, 32])
def test_a_run_of_created_asks_again_what_may_have_been_confirmed_meanwhile(workers):
    """After a pause, what somebody else has confirmed is found so, ten a call, and not sent."""
    assets = ids(400)
    service = Elsewhere(assets, confirmed_at=5.0)
    state, _ = play(service, assets, ceiling=24.5, workers=workers, control=Holding(2.0, AWAY))
    sent = service.posts()
    assert 20 <= sent <= 60
    assert state.outcomes == {Outcome.CONFIRMED: sent, Outcome.ALREADY_CONFIRMED: 400 - sent}
    assert len(service.calls) - sent <= 50 + workers


def test_at_a_slow_pace_created_is_looked_up_ten_a_call():
    """Nothing is destroyed by a needless call: looks are not made for each asset anew."""
    assets = ids(100)
    service = Elsewhere(assets)
    state, _ = play(service, assets, ceiling=0.2, workers=4)
    assert state.outcomes == {Outcome.CONFIRMED: 100}
    assert len(service.calls) - service.posts() <= 20


def test_what_cannot_be_looked_at_again_is_not_destroyed():
    """The look before the pause counts no more, and none came after it: not sent, asked again."""
    assets = ids(30)
    service = Elsewhere(assets)
    control = Holding(2.0, AWAY)
    service.blind_from = 10.0
    play_blind = service._info
    service._info = lambda asked: (
        refusal("VOD.10052", 500)
        if asyncio.get_running_loop().time() > service.blind_from
        else play_blind(asked)
    )
    state, _ = play(
        service, assets, status=Status.CANCELLED, ceiling=5.0, workers=8, control=control
    )
    assert 0 < state.outcomes[Outcome.CONFIRMED] == service.posts() < 20
    assert set(state.outcomes) == {Outcome.CONFIRMED}
    assert service.oldest_look() <= LOOK_GOOD_FOR
