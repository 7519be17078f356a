"""Holds interrupts off while something must not be torn apart: a start, a hand-over, a table."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Held:
    """The interrupts that have come and that nobody has taken yet."""

    def __init__(self) -> None:
        self._count = 0

    def note(self, *_signal: Any) -> None:
        """Count one; it is what Python calls instead of raising `KeyboardInterrupt`."""
        self._count += 1

    def take(self) -> int:
        """Return how many have come since this was last called; they are dealt with then."""
        count, self._count = self._count, 0
        return count


_holding: list[Held] = []


@contextmanager
def held() -> Iterator[Held]:
    """Hold interrupts off in this block; what nobody took is raised at its end.

    Only those are held that would raise a `KeyboardInterrupt` here: in the main thread, and where
    nobody else, such as a kernel that cancels the task of a cell, deals with them. Within another
    such block the outer one goes on holding.

    Raises:
        KeyboardInterrupt: One has come, and was not taken.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Held()
        return
    if _holding:
        yield _holding[-1]
        return
    waiting = Held()
    raising = [one for one in _SIGNALS if signal.getsignal(one) is signal.default_int_handler]
    _holding.append(waiting)
    try:
        for one in raising:
            signal.signal(one, waiting.note)
        yield waiting
    finally:
        for one in raising:
            signal.signal(one, signal.default_int_handler)
        _holding.clear()
    if waiting.take():
        raise KeyboardInterrupt
