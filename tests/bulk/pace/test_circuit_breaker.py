"""The breaker's rule, and the circuit breaker that holds the calls back while nothing answers."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import run_virtual

from vodnb.bulk.pace.circuit_breaker import CircuitBreaker
from vodnb.bulk.pace.control import Control
from vodnb.rules.answers import Answer
from vodnb.rules.model import AnswerClass
from vodnb.rules.pacing import PROBES, Breaker

LOST = Answer(kind=AnswerClass.AMBIGUOUS, code="CLIENT.NO_ANSWER", message="lost")
AWAY = Answer(kind=AnswerClass.NOT_SENT, code="CLIENT.CONNECT", message="refused")
DONE = Answer(kind=AnswerClass.DONE, http_status=200)
REFUSED = Answer(kind=AnswerClass.PERMANENT, code="VOD.10062", http_status=403)
PAGE = Answer(
    kind=AnswerClass.AMBIGUOUS, code="CLIENT.BAD_ANSWER", message="log in", http_status=200
)


def after(pattern: str) -> Breaker:
    """Return the breaker after these calls; x stands for one without an answer."""
    breaker = Breaker()
    for letter in pattern:
        breaker = breaker.seen(is_bad=letter == "x")
    return breaker


@pytest.mark.parametrize(
    ("pattern", "is_open"),
    [
        ("", False),
        ("xxxx", False),
        ("xxxxx", True),
        ("x.x.x", True),
        ("x..x..x", False),
        ("x" * 10 + "." * 10, True),
        ("x" * 10 + "." * 11, False),
        ("." * 100 + "xx." * 4, False),
        ("." * 100 + "xx." * 5, True),
        ("x" + "." * 19 + "x." * 9, False),
        ("." * 100 + "x" * 4, False),
        ("." * 100 + "x" * 5, True),
        ("." * 100 + "x" * 5 + ".", False),
    ],
)
def test_it_opens_when_half_of_the_last_calls_or_five_in_a_row_went_unanswered(pattern, is_open):
    """Five calls at least, the last twenty at most; or the last five."""
    assert after(pattern).is_open is is_open


@given(st.text("x.", max_size=120))
def test_what_is_remembered_stays_small(pattern):
    """Twenty calls, whatever came before; all good ones never open it."""
    assert len(after(pattern).recent) <= 20
    assert not after("." * len(pattern)).is_open


def test_the_probes_take_as_long_as_a_blocking_verb_waits():
    """Two minutes, never more than ten seconds apart: back within ten seconds of health."""
    assert sum(PROBES) == 120
    assert max(PROBES) == 10


class Scene:
    """A circuit breaker with a scripted probe."""

    def __init__(self, *probes: Answer | None) -> None:
        self.control = Control()
        self.probes = list(probes)
        self.probed_at: list[float] = []
        self.stops: list[tuple[str, str]] = []
        self.circuit_breaker = CircuitBreaker(self.control, probe=self.probe, stop=self.stop)

    async def probe(self) -> Answer | None:
        """Give the next scripted answer."""
        self.probed_at.append(asyncio.get_running_loop().time())
        return self.probes.pop(0)

    def stop(self, code: str, reason: str) -> None:
        """Take a stop down."""
        self.stops.append((code, reason))
        self.control.stop()

    def shut(self) -> None:
        """Let five calls go unanswered."""
        for _ in range(5):
            self.circuit_breaker.saw(LOST)
        assert self.circuit_breaker.is_open


def test_an_open_gate_holds_nobody():
    """Nothing bad was seen: no probe, no waiting."""
    scene = Scene()
    assert run_virtual(scene.circuit_breaker.passable()) is True
    assert scene.probed_at == []


def test_a_definite_no_never_shuts_it():
    """A table of wrong IDs is no outage."""
    scene = Scene()
    for _ in range(1000):
        scene.circuit_breaker.saw(REFUSED)
    assert not scene.circuit_breaker.is_open


@pytest.mark.parametrize("answer", [DONE, REFUSED])
def test_a_probe_that_is_answered_opens_it(answer):
    """Whatever the service says, it says something; the count begins anew."""
    scene = Scene(AWAY, LOST, answer)
    scene.shut()
    assert run_virtual(scene.circuit_breaker.passable()) is True
    assert scene.probed_at == pytest.approx([5, 10, 20])
    assert not scene.circuit_breaker.is_open
    assert scene.stops == []


def test_eight_workers_share_one_probe():
    """Whoever waits behind the first passes when the first one's probe was answered."""
    scene = Scene(DONE)
    scene.shut()

    async def crowd():
        return await asyncio.gather(*(scene.circuit_breaker.passable() for _ in range(8)))

    assert run_virtual(crowd()) == [True] * 8
    assert len(scene.probed_at) == 1


def test_two_minutes_without_an_answer_stop_the_run():
    """The last probe's words are the reason."""
    scene = Scene(*[AWAY] * len(PROBES))
    scene.shut()
    assert run_virtual(scene.circuit_breaker.passable()) is False
    assert scene.stops == [("CLIENT.CONNECT", "refused")]
    assert scene.probed_at[-1] == pytest.approx(120)


def test_a_stop_is_noticed_while_waiting():
    """Stopped by hand or by the probe's own line: nobody passes, and no reason is made up."""
    scene = Scene()
    scene.shut()

    async def stopped():
        asyncio.get_running_loop().call_later(2.0, scene.control.stop)
        return await scene.circuit_breaker.passable(), asyncio.get_running_loop().time()

    passed, moment = run_virtual(stopped())
    assert (passed, scene.stops) == (False, [])
    assert moment < 2.5
    other = Scene(None)
    other.shut()
    assert run_virtual(other.circuit_breaker.passable()) is False
    assert other.stops == []


def test_five_pages_in_a_row_are_a_proxy():
    """Answers, but none of VOD's: stop and show one; a true answer in between clears it."""
    scene = Scene()
    for answer in (PAGE, PAGE, PAGE, PAGE, DONE, PAGE, PAGE, PAGE, PAGE):
        scene.circuit_breaker.saw(answer)
    assert scene.stops == []
    scene.circuit_breaker.saw(PAGE)
    ((code, reason),) = scene.stops
    assert code == "CLIENT.BAD_ANSWER"
    assert reason.endswith("log in")
