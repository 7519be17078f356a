"""Holds all calls back while the service does not answer, and asks now and then whether it does."""

from __future__ import annotations

import asyncio
from dataclasses import KW_ONLY, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from vodnb.rules.model import AnswerClass
from vodnb.rules.pacing import PROBES, Breaker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vodnb.rules.answers import Answer

    from .control import Control

_UNANSWERED = {AnswerClass.NOT_SENT, AnswerClass.AMBIGUOUS}

_STRANGERS = 5
"""So many answers in a row that are none of VOD's mean that a proxy answers."""


@dataclass(eq=False, repr=False)
class CircuitBreaker:
    """Closed as long as calls are answered."""

    control: Control
    _: KW_ONLY
    probe: Callable[[], Awaitable[Answer | None]]
    """Asks the service for something harmless."""
    stop: Callable[[str, str], None]
    """Ends the run, with a code and a reason."""

    def __post_init__(self) -> None:
        self._breaker = Breaker()
        self._strangers = 0
        self._waiting = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether nothing goes until a probe was answered."""
        return self._breaker.is_open

    def saw(self, answer: Answer) -> None:
        """Learn from what a call came to."""
        self._breaker = self._breaker.seen(is_bad=answer.kind in _UNANSWERED)
        is_strange = answer.code == "CLIENT.BAD_ANSWER" and _is_no_fault(answer.http_status)
        self._strangers = self._strangers + 1 if is_strange else 0
        if self._strangers >= _STRANGERS:
            self.stop(answer.code, f"{_STRANGERS} answers in a row like this: {answer.message}")

    async def passable(self) -> bool:
        """Wait while it is open; return whether the run goes on."""
        async with self._waiting:
            return not self._breaker.is_open or await self._wait_for_answer()

    async def _wait_for_answer(self) -> bool:
        answer = None
        for seconds in PROBES:
            if not await self.control.nap(seconds):
                return False
            answer = await self.probe()
            if answer is None:
                return False
            if answer.kind not in _UNANSWERED:
                self._breaker = Breaker()
                return True
        if answer:
            self.stop(answer.code, answer.message)
        return False


def _is_no_fault(status: int | None) -> bool:
    """Whether somebody answered as if all were well: a page for 502 may pass, a login page not."""
    return status is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR
