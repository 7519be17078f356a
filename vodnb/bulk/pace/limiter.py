"""Slots of a quota, handed out in turn; shared in the process, since the quota is the tenant's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from vodnb.rules.pacing import Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Nap = Callable[[float], Awaitable[bool]]


class Limiter:
    """Hands out slots one by one, in the order they were asked for."""

    def __init__(self, ceiling: float) -> None:
        self.pace = Pace.of(ceiling)
        self._turn = asyncio.Lock()

    def allow(self, ceiling: float) -> None:
        """Set the ceiling, in calls a second; what was learnt of throttling is kept."""
        if ceiling != self.pace.ceiling:
            # A slot that is far off at the old pace may be near at the new one.
            near = min(self.pace.next_at, _now() + 1.0 / ceiling)
            self.pace = replace(self.pace, ceiling=ceiling, next_at=near)

    @property
    def rate(self) -> float:
        """Calls a second that may leave now; infinity where the pacing is lifted."""
        return self.pace.rate_at(_now())

    async def slot(self, nap: Nap) -> bool:
        """Wait for a slot and take it; False, and none is taken, where the run was stopped first.

        `nap` sleeps that many seconds; it returns False when the run was stopped meanwhile.
        """
        async with self._turn:
            # Whoever was throttled while we slept may have put the hold off: look again.
            while (wait := self.pace.wait(_now())) > 0:
                if not await nap(wait):
                    return False
            self.pace = self.pace.taken(_now())
            return True

    def slow(self, *, hold: float) -> None:
        """Slow down after a call was throttled; nothing goes for `hold` seconds."""
        self.pace = self.pace.slowed(_now(), hold=hold)

    def passed(self) -> None:
        """Learn that the service has taken a call."""
        self.pace = self.pace.passed(_now())


_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str, str], Limiter]]
_limiters = WeakKeyDictionary()


def shared_limiter(*, endpoint: str, project_id: str, quota: str, ceiling: float) -> Limiter:
    """Return the limiter of one quota, the same one for every run on this loop.

    Of the ceiling, in calls a second, the newest run's word counts for all.
    """
    of_loop = _limiters.setdefault(asyncio.get_running_loop(), {})
    limiter = of_loop.setdefault((endpoint, project_id, quota), Limiter(ceiling))
    limiter.allow(ceiling)
    return limiter


def _now() -> float:
    return asyncio.get_running_loop().time()
