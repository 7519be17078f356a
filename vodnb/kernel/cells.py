"""Knows whether a cell runs just now: on many kernels a click is taken only when it has ended.

ipykernel 6 and 7.4 hand a click to the thread that runs the cells; what a thread of ours paints
meanwhile still shows, so the form can say why Stop waits.
"""

from __future__ import annotations

import threading
from typing import Any

_running = threading.Event()
_watched: list[object] = []


def watch_cells() -> None:
    """Note from now on when a cell begins and ends; nothing outside IPython."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is None or any(shell is seen for seen in _watched):
        return
    _watched.append(shell)
    shell.events.register("pre_run_cell", _begin)
    shell.events.register("post_run_cell", _end)


def is_cell_running() -> bool:
    """Whether a cell that began after the form was shown is still running."""
    return _running.is_set()


def _begin(_info: object) -> None:
    _running.set()


def _end(_result: object) -> None:
    _running.clear()
