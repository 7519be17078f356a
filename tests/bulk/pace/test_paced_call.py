"""Slots in turn, and throttling waited out: on a virtual clock."""

from __future__ import annotations

import asyncio
import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretend_service import LOST, PretendService, refusal
from virtual_time import run_virtual

from vodnb.bulk.pace.control import Control
from vodnb.bulk.pace.limiter import Limiter, shared_limiter
from vodnb.bulk.pace.paced_call import PacedCall, Slowed
from vodnb.rules.model import AnswerClass
from vodnb.rules.operations import CONFIRM

if TYPE_CHECKING:
    from vodnb.bulk.engine.events import Event
    from vodnb.rules.answers import Reply

ASSET = "0" * 32


def now() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


async def nap(seconds: float) -> bool:
    """Sleep as a run does that is never stopped."""
    await asyncio.sleep(seconds)
    return True


async def stopped(seconds: float) -> bool:
    """Wake at once, as a run does that is stopped."""
    del seconds
    await asyncio.sleep(0)
    return False


class Rig:
    """A line to a service inside the process, with its switches and what it tells."""

    def __init__(
        self, script: list[Reply], *, ceiling: float = math.inf, chance: float = 0.5
    ) -> None:
        self.service = PretendService({ASSET: "CREATING"}, latency=0.0)
        self.service.scripts[ASSET] = [(answer, False) for answer in script]
        self.control = Control()
        self.limiter = Limiter(ceiling)
        self.told: list[Event] = []
        self.line = PacedCall(
            CONFIRM,
            service=self.service,
            limiter=self.limiter,
            control=self.control,
            listen=self.told.append,
            deadline=30.0,
            chance=lambda: chance,
        )

    async def call(self, **hooks):
        """Make one call."""
        return await self.line.call(asset_id=ASSET, status="CREATED", **hooks)

    @property
    def times(self) -> list[float]:
        """When each call came to the service."""
        return [moment for _, _, moment in self.service.calls]


THROTTLED = refusal("APIGW.0308", 429)


def test_slots_are_handed_out_in_the_order_of_asking():
    """Whoever asks first goes first, at even distances."""
    order: list[tuple[int, float]] = []

    async def ask(limiter: Limiter, who: int) -> None:
        assert await limiter.slot(nap)
        order.append((who, now()))

    async def scene() -> None:
        limiter = Limiter(2.0)
        await asyncio.gather(*(ask(limiter, who) for who in range(30)))

    run_virtual(scene())
    assert [who for who, _ in order] == list(range(30))
    late = [moment for _, moment in order][9:]
    assert all(abs(after - before - 0.5) < 0.001 for before, after in pairwise(late))


def test_without_a_ceiling_nobody_waits():
    """rate=None: a thousand slots at one moment."""

    async def scene() -> float:
        limiter = Limiter(math.inf)
        for _ in range(1000):
            assert await limiter.slot(stopped)
        return now()

    assert run_virtual(scene()) == 0.0


def test_a_stop_while_waiting_takes_no_slot():
    """The run that was stopped leaves the slot to the next one."""

    async def scene() -> None:
        limiter = Limiter(1.0)
        limiter.slow(hold=5.0)
        before = limiter.pace
        assert not await limiter.slot(stopped)
        assert limiter.pace == before
        assert await limiter.slot(nap)
        assert now() == pytest.approx(5.0)

    run_virtual(scene())


def test_a_hold_that_grows_while_one_waits_is_waited_out_too():
    """Throttled while somebody sleeps for a slot: the sleeper does not go too early."""

    async def scene() -> float:
        limiter = Limiter(10.0)
        limiter.slow(hold=2.0)
        asyncio.get_running_loop().call_later(1.0, lambda: limiter.slow(hold=9.0))
        assert await limiter.slot(nap)
        return now()

    assert run_virtual(scene()) == pytest.approx(10.0)


def test_a_limiter_is_shared_by_endpoint_project_and_quota():
    """The same three give the same limiter; each other one gives another."""

    async def scene() -> None:
        def limiter(**other: str) -> Limiter:
            key = {"endpoint": "e", "project_id": "p", "quota": "q"} | other
            return shared_limiter(ceiling=5.0, **key)

        first = limiter()
        assert limiter() is first
        others = [limiter(endpoint="x"), limiter(project_id="x"), limiter(quota="x")]
        assert len({id(one) for one in [first, *others]}) == 4

    run_virtual(scene())


def test_each_loop_has_limiters_of_its_own():
    """A lock belongs to its loop; another loop gets another limiter."""

    async def scene() -> Limiter:
        return shared_limiter(endpoint="e", project_id="p", quota="q", ceiling=5.0)

    assert run_virtual(scene()) is not run_virtual(scene())


def test_a_new_ceiling_counts_and_what_was_learnt_is_kept():
    """Another run with another rate does not end the hold that the service asked for."""

    async def scene() -> None:
        limiter = shared_limiter(endpoint="e", project_id="p", quota="q", ceiling=10.0)
        limiter.slow(hold=30.0)
        shared_limiter(endpoint="e", project_id="p", quota="q", ceiling=50.0)
        assert limiter.pace.ceiling == 50.0
        assert await limiter.slot(nap)
        assert now() == pytest.approx(30.0)
        assert limiter.pace.rate_at(now()) == pytest.approx(7.0)
        await asyncio.sleep(100)
        assert limiter.pace.rate_at(now()) == 50.0

    run_virtual(scene())


def test_the_same_ceiling_changes_nothing():
    """A second run at the same rate goes on with the pace as it is."""

    async def scene() -> None:
        limiter = Limiter(10.0)
        limiter.slow(hold=3.0)
        before = limiter.pace
        limiter.allow(10.0)
        assert limiter.pace is before

    run_virtual(scene())


def test_a_faster_run_does_not_wait_for_a_slow_one_s_far_slot():
    """After a run at two calls an hour, a run at the usual rate begins at once."""

    async def scene() -> float:
        limiter = Limiter(2 / 3600)
        while limiter.pace.wait(now()) == 0:
            await limiter.slot(nap)
        assert limiter.pace.wait(now()) > 1000
        limiter.allow(25.0)
        await limiter.slot(nap)
        return now()

    assert run_virtual(scene()) <= 1 / 25


@given(
    ceilings=st.lists(st.floats(0.5, 100) | st.just(math.inf), min_size=1, max_size=5),
    hold=st.floats(0.1, 60),
)
def test_no_change_of_the_rate_ends_a_hold(ceilings, hold):
    """Whatever rates come one after the other, nothing goes while the service says wait."""

    async def scene() -> float:
        limiter = Limiter(10.0)
        limiter.slow(hold=hold)
        for ceiling in ceilings:
            limiter.allow(ceiling)
        await limiter.slot(nap)
        return now()

    assert run_virtual(scene()) >= hold * 0.999


def test_an_answer_that_is_no_throttling_comes_back_at_once():
    """Done, refused or lost: the line hands it over and tells nothing."""

    async def scene() -> None:
        rig = Rig([refusal("VOD.10062"), LOST])
        assert (await rig.call()).kind is AnswerClass.PERMANENT
        assert (await rig.call()).kind is AnswerClass.AMBIGUOUS
        assert (await rig.call()).kind is AnswerClass.DONE
        assert rig.told == []
        assert now() == 0.0

    run_virtual(scene())


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 2.0), (0.5, 3.5), (1.0, 5.0)])
def test_throttling_without_advice_waits_two_to_five_seconds(chance, wait):
    """The service's page for APIGW.0308 says 2 to 5 s; chance spreads the callers over it."""

    async def scene() -> None:
        rig = Rig([THROTTLED], chance=chance)
        assert (await rig.call()).kind is AnswerClass.DONE
        assert rig.times == [0.0, pytest.approx(wait)]
        assert rig.told == [Slowed(seconds=wait, code="APIGW.0308")]

    run_virtual(scene())


@pytest.mark.parametrize(("text", "wait"), [("7", 7.0), ("0.5", 0.5), ("soon", 3.5), ("-1", 3.5)])
def test_retry_after_is_honoured_where_it_makes_sense(text, wait):
    """A number of seconds is waited out, fewer than the usual too; nonsense is no advice."""

    async def scene() -> None:
        rig = Rig([refusal("VOD.10127", 403, **{"retry-after": text})])
        assert (await rig.call()).kind is AnswerClass.DONE
        assert rig.times[1] == pytest.approx(wait, abs=0.05)
        assert rig.told == [Slowed(seconds=wait, code="VOD.10127")]

    run_virtual(scene())


def test_the_hooks_hear_of_each_sending():
    """`before` precedes each sending, `after_throttle` follows each that was throttled."""
    heard: list[str] = []

    async def scene() -> None:
        rig = Rig([THROTTLED, THROTTLED])

        async def before() -> float:
            heard.append(f"before {len(rig.service.calls)}")
            return math.inf

        await rig.call(
            before=before,
            after_throttle=lambda answer: heard.append(answer.code),
        )

    run_virtual(scene())
    assert heard == ["before 0", "APIGW.0308", "before 1", "APIGW.0308", "before 2"]


def test_patience_ends_after_two_minutes_of_throttling():
    """A line that hears nothing else for 120 s hands the throttling over, and not before."""

    async def scene() -> None:
        rig = Rig([THROTTLED] * 100)
        await asyncio.sleep(1000)
        answer = await rig.call()
        assert answer.kind is AnswerClass.REJECTED
        assert 100 < now() - 1000 <= 120

    run_virtual(scene())


def test_one_good_answer_renews_the_patience():
    """The two minutes count from the first throttling after the last good answer."""

    async def scene() -> None:
        rig = Rig([refusal("APIGW.0308", 429, **{"retry-after": "80"})])
        assert (await rig.call()).kind is AnswerClass.DONE
        rig.service.states[ASSET] = "CREATING"
        rig.service.scripts[ASSET] = [(refusal("APIGW.0308", 429, **{"retry-after": "80"}), False)]
        assert (await rig.call()).kind is AnswerClass.DONE
        assert now() == pytest.approx(160.0)

    run_virtual(scene())


def test_paused_nothing_leaves_until_it_is_resumed():
    """The switches come before the slot."""

    async def scene() -> None:
        rig = Rig([])
        rig.control.pause()
        asyncio.get_running_loop().call_later(50.0, rig.control.resume)
        await rig.call()
        assert 50.0 <= rig.times[0] <= 50.2

    run_virtual(scene())


def test_a_pause_counts_for_calls_that_wait_for_their_slot():
    """Eight workers queue at a slow rate; paused, none of them sends when its slot comes."""

    async def scene() -> None:
        rig = Rig([refusal("VOD.10062")] * 20, ceiling=1.0)
        calls = asyncio.gather(*(rig.call() for _ in range(16)))
        await asyncio.sleep(2.5)
        before = len(rig.times)
        rig.control.pause()
        await asyncio.sleep(60)
        assert len(rig.times) == before
        rig.control.resume()
        await calls
        late = rig.times[before + 8 :]
        assert len(rig.times) == 16
        assert all(after - before >= 0.999 for before, after in pairwise(late))

    run_virtual(scene())


def test_a_stop_counts_for_calls_that_wait():
    """Stopped, a call gets no answer and does not leave: at a switch, at the slot, in a hold."""

    async def scene() -> None:
        for prepare in (Control.pause, Control.stop, lambda _: None):
            rig = Rig([], ceiling=1.0)
            rig.limiter.slow(hold=30.0)
            prepare(rig.control)
            asyncio.get_running_loop().call_later(1.0, rig.control.stop)
            began = now()
            assert await rig.call() is None
            assert now() - began <= 1.2
            assert rig.times == []

    run_virtual(scene())


def test_a_stop_at_the_last_moment_counts():
    """The slot came free without a wait, but the run was stopped in the queue for it."""

    async def scene() -> None:
        rig = Rig([])
        await rig.limiter._turn.acquire()
        call = asyncio.ensure_future(rig.call())
        await asyncio.sleep(1)
        rig.control.stop()
        rig.limiter._turn.release()
        assert await call is None
        assert rig.times == []

    run_virtual(scene())
