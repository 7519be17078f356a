"""An event loop whose clock jumps to the next timer: hours pass in no time, always alike."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


class VirtualLoop(asyncio.SelectorEventLoop):
    """Advances its clock only when nothing is ready; refuses to wait for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._clock = 0.0

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._clock

    def _run_once(self) -> None:
        if not self._ready:
            # Cancelled timers stay in the heap for a while; to jump to one is to wait in earnest.
            moments = [timer._when for timer in self._scheduled if not timer._cancelled]
            if not moments:
                raise RuntimeError("nothing is ready and nothing is scheduled: this would hang")
            self._clock = max(self._clock, min(moments))
        super()._run_once()


def run_virtual(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end on a fresh virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
