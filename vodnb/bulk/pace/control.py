"""Stop and pause of one run, safe to call from any thread."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

_SLICE = 0.1
"""Seconds between two looks at the switches: a Stop is noticed within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why a run ended before its last asset."""

    code: str
    reason: str
    """The service's words or ours, redacted."""


BY_HAND = Stop(code="CLIENT.STOPPED", reason="the run was stopped by hand")


class Control:
    """The switches of one run.

    Widget handlers run on the main thread or on a kernel's subshell, the run on the loop thread:
    so these are thread events, looked at often, and no calls across.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._pause = threading.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether no further call may leave."""
        return self._stop.is_set()

    @property
    def is_paused(self) -> bool:
        """Whether the next call waits for `resume`."""
        return self._pause.is_set() and not self._stop.is_set()

    def stop(self) -> None:
        """Let no further call leave; calls that are out come home."""
        self._stop.set()

    def pause(self) -> None:
        """Hold the next calls back until `resume`."""
        self._pause.set()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._pause.clear()

    async def nap(self, seconds: float) -> bool:
        """Sleep, waking early for a stop; return whether the run goes on."""
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while (left := until - clock()) > 0 and not self.is_stopped:  # noqa: ASYNC110  see class
            await asyncio.sleep(min(left, _SLICE))
        return not self.is_stopped

    async def may_go(self) -> bool:
        """Wait while paused; return whether the run goes on."""
        while self.is_paused:  # noqa: ASYNC110  see class
            await asyncio.sleep(_SLICE)
        return not self.is_stopped
