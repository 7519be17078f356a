"""Asks the service for what changes nothing: a lost answer is asked for again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from vodnb.rules.codes import look_up
from vodnb.rules.model import AnswerClass
from vodnb.rules.pacing import back_off

from .gate import Gate
from .limiter import shared_limiter
from .line import Line
from .plan import Stop

if TYPE_CHECKING:
    from vodnb.rules.answers import Answer
    from vodnb.rules.operations import Operation

    from .control import Control
    from .events import Event
    from .line import Service

__all__ = ["LOST", "Asker", "is_forbidden"]

LOST = {AnswerClass.AMBIGUOUS, AnswerClass.NOT_SENT}
"""What an answer is that may be asked for again."""

_TRIES = 5
"""Most calls for one answer."""


class Asker:
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
        self._gate = Gate(control, probe=self._probe, stop=self.stop)
        self._lines: dict[str, Line] = {}
        self._harmless: tuple[Operation, dict[str, Any]] | None = None
        self.stopped: Stop | None = None
        self.slowed_by = ""

    async def ask(self, operation: Operation, *, lane: int = 0, **fields: Any) -> Answer | None:
        """Make one call, again where its answer is lost.

        Args:
            operation: What to call.
            lane: Which connection pool to use: the number of the worker.
            fields: The fields of the request.

        Returns:
            The answer, or the last one lost; None where it was stopped first.
        """
        self._harmless = self._harmless or (operation, fields)
        answer = None
        for turn in range(1, _TRIES + 1):
            if not await self._gate.passable():
                break
            answer = await self._line(operation).call(lane=lane, **fields)
            if answer is None:
                break
            self._gate.saw(answer)
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
        return await self._line(operation).call(**fields)

    def _line(self, operation: Operation) -> Line:
        if operation.name not in self._lines:
            limiter = shared_limiter(
                endpoint=self._service.endpoint,
                project_id=self._service.project_id,
                quota=operation.quota.name if operation.quota else operation.name,
                ceiling=self._ceiling,
            )
            self._lines[operation.name] = Line(
                operation,
                service=self._service,
                limiter=limiter,
                control=self._control,
                listen=self._hear,
                deadline=self._deadline,
                chance=random.random,
            )
        return self._lines[operation.name]

    def _hear(self, event: Event) -> None:
        self.slowed_by = getattr(event, "code", "")


def is_forbidden(answer: Answer) -> bool:
    """Whether the IAM user lacks the permission for the call."""
    return look_up(answer.code, answer.http_status).kind == "permission"
