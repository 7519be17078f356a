"""One operation, called at its quota's pace; throttling is waited out here and nowhere else."""

from __future__ import annotations

import asyncio
import math
import random
import time
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING

from vodnb.rules.model import AnswerClass
from vodnb.rules.pacing import LONGEST_HOLD, parse_retry_after

from .limiter import Limiter, shared_limiter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vodnb.rules.answers import Answer
    from vodnb.rules.operations import Operation
    from vodnb.service.client import Client

    from .control import Control


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowed:
    """The service throttles us: nothing is sent for a while."""

    seconds: float
    code: str


def limiter_for(operation: Operation, service: Client, *, ceiling: float) -> Limiter:
    """Return what hands out the slots of an operation's quota; every run here shares it.

    The ceiling is in calls a second; infinity lifts the pacing.
    """
    return shared_limiter(
        endpoint=service.endpoint,
        project_id=service.project_id,
        quota=operation.quota.name if operation.quota else operation.name,
        ceiling=ceiling,
    )


@dataclass(eq=False, repr=False)
class PacedCall:
    """Calls one operation, each call in its slot."""

    operation: Operation
    _: KW_ONLY
    service: Client
    limiter: Limiter
    control: Control
    listen: Callable[[Slowed], None]
    deadline: float
    """Seconds for one whole call."""
    chance: Callable[[], float] = random.random
    """Returns a number from 0 to 1."""
    _throttled_since: float | None = field(default=None, init=False)

    @property
    def rate(self) -> float:
        """Calls a second that may leave now; infinity where the pacing is lifted."""
        return self.limiter.rate

    async def call(
        self,
        *,
        before: Callable[[], Awaitable[float | None]] | None = None,
        after_throttle: Callable[[Answer], None] | None = None,
        **fields: object,
    ) -> Answer | None:
        """Make one call, waiting out any throttling, which never counts as an attempt.

        `before` is awaited just before each sending, and returns until when that may leave, by the
        loop's clock, or None where it must not any more. The answer is None then, and when the run
        was stopped first; it is REJECTED only where the service throttled us for longer than a
        blocking verb may wait.
        """
        while True:
            if not await self._may_leave():
                return None
            leaves_by = await before() if before else math.inf
            if leaves_by is None:
                return None
            answer = await self.service.call(
                self.operation, deadline=self.deadline, leaves_by=leaves_by, **fields
            )
            if answer.kind is not AnswerClass.REJECTED:
                self._throttled_since = None
                self.limiter.passed()
                return answer
            if after_throttle:
                after_throttle(answer)
            if not self._slow(answer):
                return answer

    async def _may_leave(self) -> bool:
        """Wait for the switches and a slot; False when the run was stopped."""
        while await self.control.may_go() and await self.limiter.slot(self.control.nap):
            # The wait for a slot can be long, and the switches may have been turned meanwhile.
            if not self.control.is_stopped and not self.control.is_paused:
                return True
        return False

    def _advised_hold(self) -> float:
        """Return seconds to wait: 2 to 5, as the service advises; more while that does not help."""
        return (2.0 + 3.0 * self.chance()) * min(1 + max(self.limiter.pace.probes, 0), 3)

    def _slow(self, answer: Answer) -> bool:
        """Hold the calls back; return whether waiting is still worth it."""
        now = asyncio.get_running_loop().time()
        if self._throttled_since is None:
            self._throttled_since = now
        asked = parse_retry_after(answer.headers.get("retry-after", ""), now=time.time())
        hold = self._advised_hold() if asked is None else asked
        if now + hold - self._throttled_since > LONGEST_HOLD:
            return False
        self.limiter.slow(hold=hold)
        self.listen(Slowed(seconds=hold, code=answer.code))
        return True
