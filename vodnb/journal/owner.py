"""Who writes a journal: this process, told apart from others on this machine and on others."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .forks import after_fork, whole_at_fork

if TYPE_CHECKING:
    from collections.abc import Callable

    from .entries import Clock, Owner

BEAT_SECONDS = 5.0
"""Seconds between two heartbeats."""

_STALE_SECONDS = 60.0
"""A writer on another machine that has not been heard of for this long is gone."""

_guard = whole_at_fork(threading.Lock())
_taken: set[str] = set()
after_fork(_taken.clear)  # what the parent works on, its journals say


def this_process() -> Owner:
    """Return who we are, with a fresh heartbeat."""
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "boot": _boot_id(),
        "began": _began(os.getpid()),
        "beat": time.time(),
    }


def is_gone(owner: Owner) -> bool:
    """Whether a writer is gone: its process has ended, its machine was restarted or is silent."""
    if owner.get("host") != socket.gethostname() or sys.platform == "win32":
        return abs(time.time() - float(owner.get("beat", 0))) > _STALE_SECONDS
    if owner.get("boot") != _boot_id():
        return True
    # A process ID may have been given to another process since: so its start is compared too.
    return _began(int(owner.get("pid", 0))) != owner.get("began")


def is_this_process(owner: Owner) -> bool:
    """Whether a writer is this very process; which of its runs it still writes, `take` knows."""
    return {**owner, "beat": 0} == {**this_process(), "beat": 0}


def this_clock() -> Clock:
    """Return the clock of this machine: its time of day less the time since its start."""
    return {"host": socket.gethostname(), "offset": time.time() - time.monotonic()}


def common_clock(earlier: Clock) -> Clock:
    """Return the clock by which a run goes on here; the times of two machines do not compare."""
    here = this_clock()
    if earlier["host"] != here["host"]:
        return {"host": "", "offset": 0.0}
    # The slowest of all clocks that wrote: against it no time that was noted seems longer ago.
    return {**here, "offset": min(float(earlier["offset"]), float(here["offset"]))}


def steady_time() -> Callable[[], float]:
    """Return a clock that starts with the time of day and then keeps to the seconds that pass."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


def age(left_at: float, *, clock: Clock) -> float:
    """Return the seconds that have passed for sure since a moment, in seconds since 1970.

    A time of day that was set forward since does not count, nor does time asleep; there is none
    where it was set back, or where another machine has written.
    """
    here = this_clock()
    if here["host"] != clock["host"]:
        return 0.0
    set_forward = max(0.0, float(here["offset"]) - float(clock["offset"]))
    return max(0.0, time.time() - left_at - set_forward)


def take(run_id: str) -> bool:
    """Mark a run as worked on in this process; False where it is already."""
    with _guard:
        if run_id in _taken:
            return False
        _taken.add(run_id)
        return True


def is_taken(run_id: str) -> bool:
    """Whether this process works on a run."""
    return run_id in _taken


def leave(run_id: str) -> None:
    """Take the mark off."""
    with _guard:
        _taken.discard(run_id)


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _began(pid: int) -> str:
    """Return when a process began, in ticks since boot; "" where it is not running."""
    if sys.platform == "win32":
        return ""  # os.kill(pid, 0), harmless elsewhere, would interrupt the process there
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return "" if Path("/proc/self").exists() else _began_elsewhere(pid)
    # The name in parentheses may hold blanks; what follows it does not. Field 22 is the start.
    state, *_, began = stat.rpartition(")")[2].split()[:20]
    # What was killed stays in the list until its parent asks, which in a container may be never.
    return "" if state in {"Z", "X"} else began


def _began_elsewhere(pid: int) -> str:
    """Return "running" for a process of ours on a machine without /proc."""
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return "running"
