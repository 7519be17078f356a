"""Asks the service for what changes nothing: a lost answer is asked for again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from vodnb.rules.codes import look_up
from vodnb.rules.model import AnswerClass
from vodnb.rules.pacing import back_off

from .circuit_breaker import CircuitBreaker
from .control import Stop
from .limiter import shared_limiter
from .paced_call import PacedCall

if TYPE_CHECKING:
    from vodnb.rules.answers import Answer
    from vodnb.rules.operations import Operation

    from .control import Control
    from .paced_call import Service, Slowed

LOST = {AnswerClass.AMBIGUOUS, AnswerClass.NOT_SENT}
"""What an answer is that may be asked for again."""

_TRIES = 5
"""Most calls for one answer."""


class Reads:
    """Makes reading calls, each operation at the pace of its quota.

    Args:
        service: Makes the calls.
        control: Stops and pauses.
        ceiling: Calls a second of each quota; infinity where the pacing is lifted.
        deadline: Seconds for one whole call.

    Attributes:
        stopped: Why nothing more can be asked; None while it can.
        slowed_by: The code of the throttling that is waited out; "" for none.
    """

    def __init__(
        self, service: Service, *, control: Control, ceiling: float, deadline: float
    ) -> None:
        self._service = service
        self._control = control
        self._ceiling = ceiling
        self._deadline = deadline
        self._breaker = CircuitBreaker(control, probe=self._probe, stop=self.stop)
        self._paced_calls: dict[str, PacedCall] = {}
        self._harmless: tuple[Operation, dict[str, Any]] | None = None
        self.stopped: Stop | None = None
        self.slowed_by = ""

    async def ask(self, operation: Operation, **fields: Any) -> Answer | None:
        """Make one call, again where its answer is lost.

        Args:
            operation: What to call.
            fields: The fields of the request.

        Returns:
            The answer, or the last one lost; None where it was stopped first.
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
            if not await self._control.nap(back_off(turn, chance=random.random)):
                break
        return answer

    def stop(self, code: str, reason: str) -> None:
        """Ask no more."""
        self.stopped = self.stopped or Stop(code=code, reason=reason)
        self._control.stop()

    async def _probe(self) -> Answer | None:
        if not self._harmless:
            return None
        operation, fields = self._harmless
        return await self._paced_call(operation).call(**fields)

    def _paced_call(self, operation: Operation) -> PacedCall:
        if operation.name not in self._paced_calls:
            limiter = shared_limiter(
                endpoint=self._service.endpoint,
                project_id=self._service.project_id,
                quota=operation.quota.name if operation.quota else operation.name,
                ceiling=self._ceiling,
            )
            self._paced_calls[operation.name] = PacedCall(
                operation,
                service=self._service,
                limiter=limiter,
                control=self._control,
                listen=self._hear,
                deadline=self._deadline,
                chance=random.random,
            )
        return self._paced_calls[operation.name]

    def _hear(self, event: Slowed) -> None:
        self.slowed_by = event.code


def is_forbidden(answer: Answer) -> bool:
    """Whether the IAM user lacks the permission for the call."""
    return look_up(answer.code, answer.http_status).kind == "permission"
