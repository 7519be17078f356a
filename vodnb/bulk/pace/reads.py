"""Asks the service for what changes nothing: a lost answer is asked for again."""

from __future__ import annotations

import random
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

from vodnb.rules.codes import look_up
from vodnb.rules.model import AnswerClass
from vodnb.rules.pacing import back_off

from .circuit_breaker import CircuitBreaker
from .control import Control, Stop
from .paced_call import PacedCall, Slowed, limiter_for

if TYPE_CHECKING:
    from vodnb.rules.answers import Answer
    from vodnb.rules.operations import Operation
    from vodnb.service.client import Client


LOST = {AnswerClass.AMBIGUOUS, AnswerClass.NOT_SENT}
"""What an answer is that may be asked for again."""

_TRIES = 5
"""Most calls for one answer."""


@dataclass(eq=False, repr=False)
class Reads:
    """Makes reading calls, each operation at the pace of its quota."""

    service: Client
    _: KW_ONLY
    ceiling: float
    """Calls a second of each quota; infinity where the pacing is lifted."""
    deadline: float
    """Seconds for one whole call."""
    control: Control = field(default_factory=Control)
    stopped: Stop | None = field(default=None, init=False)
    """Why nothing more can be asked; None while it can."""
    slowed_by: str = field(default="", init=False)
    """The code of the throttling that is waited out."""

    def __post_init__(self) -> None:
        self._breaker = CircuitBreaker(self.control, probe=self._probe, stop=self.stop)
        self._paced_calls: dict[str, PacedCall] = {}
        self._harmless: tuple[Operation, dict[str, Any]] | None = None

    async def ask(self, operation: Operation, **fields: Any) -> Answer | None:
        """Make one call, again where its answer is lost.

        Return the answer, or the last one lost; None where it was stopped first.
        """
        self._harmless = self._harmless or (operation, fields)
        answer = None
        for turn in range(1, _TRIES + 1):
            if not await self._breaker.passable():
                break
            answer = await self._paced_call(operation).call(**fields)
            if answer is None:
                break
            self._breaker.saw(answer)
            self.slowed_by = ""
            if answer.kind not in LOST or turn == _TRIES:
                break
            if not await self.control.nap(back_off(turn, chance=random.random)):
                break
        return answer

    def stop(self, code: str, reason: str) -> None:
        """Ask no more."""
        self.stopped = self.stopped or Stop(code=code, reason=reason)
        self.control.stop()

    async def _probe(self) -> Answer | None:
        if not self._harmless:
            return None
        operation, fields = self._harmless
        return await self._paced_call(operation).call(**fields)

    def _paced_call(self, operation: Operation) -> PacedCall:
        if operation.name not in self._paced_calls:
            self._paced_calls[operation.name] = PacedCall(
                operation,
                service=self.service,
                limiter=limiter_for(operation, self.service, ceiling=self.ceiling),
                control=self.control,
                listen=self._hear,
                deadline=self.deadline,
            )
        return self._paced_calls[operation.name]

    def _hear(self, event: Slowed) -> None:
        self.slowed_by = event.code


def is_forbidden(answer: Answer) -> bool:
    """Whether the IAM user lacks the permission for the call."""
    return look_up(answer.code, answer.http_status).kind == "permission"
