"""An interrupt at a chosen call of Python's: between two of them a real one can strike as well.

The signal is a real one, so what holds signals off holds this one off too.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

_BEGINS = ("bulk/background.py", "kernel/loop.py", "bulk/mixed_job.py")
_VERBS = ("vodnb/session/vod.py", "vodnb/asking.py")


def interrupt_at(last: int) -> None:
    """Send ourselves an interrupt at the n-th call or return after a run begins to be made.

    Args:
        last: Which one; a run that has fewer is not interrupted.
    """
    left = -1

    def count(frame: Any, event: str, _arg: object) -> None:
        nonlocal left
        if left < 0 and event == "call" and frame.f_code.co_filename.endswith(_BEGINS):
            left = last
        elif left > 0:
            left -= 1
            # What strikes as a verb returns is not its to hold off any more.
            is_at_end = frame.f_code.co_filename.endswith(_VERBS) and event == "return"
            left += left == 0 and is_at_end
            if left == 0:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)

    sys.setprofile(count)
