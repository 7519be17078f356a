"""Runs something in a forked child, and hands back what it says."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import traceback
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 30.0


@contextlib.contextmanager
def forked(work: Callable[[], object]) -> Iterator[Callable[[], object]]:
    """Begin work in a forked child; the block gets what waits for its end and returns its word."""
    end, start = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 and later warn of threads, and threads are the point.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _work_and_end(work, start)
    os.close(start)
    try:
        yield lambda: _heard(end)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(end)


def in_child(work: Callable[[], object]) -> object:
    """Do work in a forked child and return what it says."""
    with forked(work) as heard:
        return heard()


def _heard(end: int) -> object:
    said = b""
    while not said.endswith(b"\n"):
        assert select.select([end], [], [], SECONDS)[0], "the child hangs"
        more = os.read(end, 65536)
        assert more, "the child ended without a word"
        said += more
    told = json.loads(said)
    assert "fault" not in told, told["fault"]
    return told["said"]


def _work_and_end(work: Callable[[], object], start: int) -> None:
    """Never come back into pytest, which goes on in the parent."""
    try:
        told = {"said": work()}
    except BaseException:  # noqa: BLE001  told to the parent
        told = {"fault": traceback.format_exc()}
    os.write(start, json.dumps(told).encode() + b"\n")
    signal.pause()
