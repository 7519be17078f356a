"""The workers of a run: a fixed number, or as many as the rate needs at the latency that is met."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from vodnb.rules.pacing import FEWEST_WORKERS, workers_for

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from vodnb.rules.answers import Answer

_WEIGHT = 0.1
"""Of one more answer in the latency that is reckoned with."""


class WorkerPool:
    """Sets workers to work: as many as `size`, or as few as reach the rate where it is None.

    No more than that, for calls that are out cannot be called back.
    """

    def __init__(
        self,
        work: Callable[[], Coroutine[Any, Any, None]],
        *,
        size: int | None,
        rate: Callable[[], float],
    ) -> None:
        self._work = work
        self._size = size
        self._rate = rate
        self._latency: float | None = None
        self._group: asyncio.TaskGroup | None = None
        self.count = 0

    @property
    def rate(self) -> float:
        """Calls a second that they can make, at the latency that is met and at the rate allowed."""
        return min(self._rate(), self.count / self._latency if self._latency else math.inf)

    async def run(self) -> None:
        """Work until every worker has ended; whoever is seen later needs nobody."""
        async with asyncio.TaskGroup() as self._group:
            self._hire(self._size or FEWEST_WORKERS)
        self._group = None

    def saw(self, answer: Answer) -> None:
        """Learn from a call how long they take, and take on whom it needs."""
        if answer.http_status is None:
            return
        took = answer.elapsed_ms / 1000
        before = took if self._latency is None else self._latency
        self._latency = before + _WEIGHT * (took - before)
        if self._size is None:
            self._hire(workers_for(rate=self._rate(), latency=self._latency))

    def _hire(self, wanted: int) -> None:
        while self._group and self.count < wanted:
            self._group.create_task(self._work())
            self.count += 1
