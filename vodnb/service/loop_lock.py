"""A lock for whatever loop it is used on: one that was taken before a fork holds no child up."""

from __future__ import annotations

import asyncio


class LoopLock:
    """An `asyncio.Lock` for the loop that runs now; that of a loop that is gone is forgotten."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    def here(self) -> asyncio.Lock:
        """Return the lock of the running loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock
