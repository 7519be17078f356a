"""A run and the quota that the service enforces, in virtual time."""

from __future__ import annotations

import asyncio

import pytest
from engine_play import ids, play
from pretend_service import PretendService

from vodnb.bulk.engine.workers import WorkerPool
from vodnb.rules.answers import Answer
from vodnb.rules.model import AnswerClass, Outcome
from vodnb.rules.pacing import FEWEST_WORKERS, parse_rate

pytestmark = pytest.mark.waits

SECOND = parse_rate("1500/min")


def confirms(service: PretendService) -> list[float]:
    """Return when the confirm calls came, in seconds."""
    return [time for name, _, time in service.calls if name == "confirm"]


def test_the_whole_quota_is_used_and_never_passed():
    """5,000 assets at an enforced 1,500 a minute: 5,000 POSTs, none throttled, 3 % of the ideal."""
    assets = ids(5000)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=0.08)
    service.quota = 1500
    state, _ = play(service, assets, ceiling=SECOND)
    times = confirms(service)
    assert state.outcomes == {Outcome.CONFIRMED: 5000}
    assert (len(times), service.throttled) == (5000, 0)
    assert times[-1] - times[0] <= 1.03 * 5000 / SECOND


def test_a_quota_that_is_halved_midway_is_found():
    """From the second minute on 750 a minute: all is confirmed, at most 2 % of calls throttled."""
    assets = ids(5000)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=0.08)
    service.quota = 1500
    service.later_quota = (60.0, 750)
    state, _ = play(service, assets, ceiling=SECOND)
    assert state.outcomes == {Outcome.CONFIRMED: 5000}
    assert 0 < service.throttled <= 0.02 * len(confirms(service))


@pytest.mark.parametrize(("latency", "most"), [(0.05, 4), (0.5, 17), (1.5, 48)])
def test_a_slow_service_is_used_to_its_quota(latency, most):
    """As few calls are out as the rate needs at the latency that is met, and not one more."""
    assets = ids(1500)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=latency)
    state, engine = play(service, assets, ceiling=SECOND, look_first=False, workers=None)
    times = confirms(service)
    assert state.outcomes == {Outcome.CONFIRMED: 1500}
    assert engine._workers.count <= most
    # The first answer tells how many it takes.
    assert times[-1] - times[0] <= 1.03 * 1500 / SECOND + 2 * latency


def test_what_never_came_back_says_nothing_of_the_latency():
    """A call that ran into its deadline is no reason to have more of them out."""

    async def work() -> None:
        await asyncio.sleep(0)

    async def run() -> int:
        workers = WorkerPool(work, size=None, rate=lambda: 100.0)
        lost = Answer(kind=AnswerClass.AMBIGUOUS, code="CLIENT.NO_ANSWER", elapsed_ms=30_000)
        asyncio.get_running_loop().call_soon(workers.saw, lost)
        await workers.run()
        return workers.count

    assert asyncio.run(run()) == FEWEST_WORKERS


def test_a_slow_answer_after_the_work_needs_nobody():
    """Doubts are settled, and some sent again, when the workers have gone home."""

    async def work() -> None:
        await asyncio.sleep(0)

    async def run() -> int:
        workers = WorkerPool(work, size=None, rate=lambda: 100.0)
        await workers.run()
        workers.saw(Answer(kind=AnswerClass.DONE, http_status=200, elapsed_ms=5_000))
        return workers.count

    assert asyncio.run(run()) == FEWEST_WORKERS
