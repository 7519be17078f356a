"""An access key is not refused until it locks, and a good one is not held back."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from vodnb.rules.answers import Answer
from vodnb.rules.attempt import Attempt
from vodnb.rules.model import AnswerClass
from vodnb.service.key_guard import KeyGuard

GOOD = Answer(kind=AnswerClass.DONE, http_status=200)
UNKNOWN_ASSET = Answer(kind=AnswerClass.PERMANENT, code="VOD.10062", http_status=403)
THROTTLED = Answer(kind=AnswerClass.REJECTED, code="APIGW.0308", http_status=429)
LOST = Answer(kind=AnswerClass.AMBIGUOUS, code="CLIENT.NO_ANSWER")
REFUSED = Answer(kind=AnswerClass.GLOBAL, code="APIGW.0301", http_status=401)


class Play:
    """Calls that end when the test says so, and clocks that it turns."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_800_000_000.0, 100.0
        self.guard = KeyGuard(clock=lambda: self.wall, steady=lambda: self.steady)
        self.out: list[asyncio.Future[Answer]] = []
        self.most = 0

    async def _make(self) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.out.append(answer)
        return await answer

    async def begin(self, count: int) -> list[asyncio.Task[Answer]]:
        """Ask for so many calls, and let those leave that may."""
        tasks = [asyncio.ensure_future(self.guard.call(self._make)) for _ in range(count)]
        await turns()
        return tasks

    async def end(self, answer: Answer, at: int = 0) -> None:
        """End a call that is out."""
        self.out.pop(at).set_result(answer)
        await turns()

    async def prove(self) -> None:
        """Make one call that ends well."""
        await self.begin(1)
        await self.end(GOOD)


async def turns() -> None:
    """Give everybody many turns."""
    for _ in range(100):
        await asyncio.sleep(0)


def played(story):
    """Run a story."""
    asyncio.run(story(Play()))


def test_until_proved_calls_leave_one_by_one():
    """One is out; when it is refused, those that waited do not leave."""

    async def story(play):
        tasks = await play.begin(20)
        assert len(play.out) == 1
        await play.end(REFUSED)
        assert play.out == []
        assert [task.result() for task in tasks] == [REFUSED] * 20

    played(story)


def test_what_did_not_leave_has_no_record_of_a_sending():
    """The record of the call that was refused is of another asset."""

    async def story(play):
        first, *others = await play.begin(3)
        attempt = Attempt(operation="confirm", method="POST", url="https://vod.example/")
        await play.end(replace(REFUSED, attempt=attempt))
        assert first.result().attempt is attempt
        assert [task.result() for task in others] == [REFUSED] * 2

    played(story)


@pytest.mark.parametrize("answer", [GOOD, UNKNOWN_ASSET], ids=["done", "an answer of VOD"])
def test_a_good_key_is_not_held_back(answer):
    """After one answer of VOD itself all leave at once."""

    async def story(play):
        await play.begin(20)
        await play.end(answer)
        assert len(play.out) == 19
        await play.begin(40)
        assert len(play.out) == 59

    played(story)


@pytest.mark.parametrize("answer", [THROTTLED, LOST], ids=["throttled", "lost"])
def test_what_the_gateway_says_proves_nothing(answer):
    """It may throttle before it looks at a signature."""

    async def story(play):
        await play.begin(20)
        await play.end(answer)
        assert len(play.out) == 1

    played(story)


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_after_a_jump_of_the_clock_a_key_proves_itself_again(jump):
    """A machine that wakes signs with another time: two refusals at most, not sixty."""

    async def story(play):
        await play.prove()
        play.wall += jump
        await play.begin(20)
        assert len(play.out) == 1
        await play.end(REFUSED)
        assert play.out == []

    played(story)


def test_a_clock_that_runs_is_no_jump():
    """Hours pass, and small corrections."""

    async def story(play):
        await play.prove()
        play.wall += 7200.0 + 2.0
        play.steady += 7200.0
        await play.begin(20)
        assert len(play.out) == 20

    played(story)


def test_a_success_that_was_out_at_a_refusal_proves_nothing():
    """It was signed before whatever happened to the key."""

    async def story(play):
        await play.prove()
        await play.begin(2)
        await play.end(REFUSED)
        await play.end(GOOD)
        await play.begin(5)
        assert len(play.out) == 1

    played(story)


def test_a_jump_while_a_call_is_out_is_not_proved_by_it():
    """What it proves is the clock that it was signed by."""

    async def story(play):
        await play.prove()
        await play.begin(1)
        play.wall += 3600.0
        await play.end(GOOD)
        await play.begin(5)
        assert len(play.out) == 1

    played(story)
