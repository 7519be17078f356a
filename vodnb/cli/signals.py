"""How a command that runs takes Ctrl-C and SIGTERM: it stops, and hands its table over."""

from __future__ import annotations

import atexit
import signal
import threading
from functools import lru_cache
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def heed_signals() -> None:
    """Let the first signal stop the run, the second end it without what is out, others nothing.

    None of them breaks off the writing of the results. Until there is a run nothing can be lost,
    and a signal ends the command as ever.
    """
    from vodnb.bulk.background import last_job

    came = _heeded()

    def note(number: int, _frame: FrameType | None) -> None:
        if last_job() is None:
            raise KeyboardInterrupt
        came.put(number)

    _take(note)


def _take(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


@lru_cache(maxsize=1)
def _heeded() -> SimpleQueue[int]:
    """Return where signals go to be heeded by a thread, of which a process has one."""
    # An interpreter that ends puts its own handlers away, and would be killed with all written.
    atexit.register(_take, signal.SIG_IGN)
    came: SimpleQueue[int] = SimpleQueue()
    threading.Thread(target=_heed, args=(came,), name="vodnb-signals", daemon=True).start()
    return came


def _heed(came: SimpleQueue[int]) -> None:
    # Not in the handler: that may come amid anything, itself too, and find a lock taken.
    from vodnb.bulk.background import last_job

    came.get()
    if run := last_job():
        run.stop()
    came.get()
    if run := last_job():
        run.give_up()
