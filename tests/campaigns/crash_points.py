"""Kill a job at every crash point in turn: before and after each journal commit and each call.

Run: python tests/campaigns/crash_points.py --workers 8 --stride 1
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arena import FAST, Server, Verdict, confirm, fork, has_finished, judge

from vodnb.journal.journal import Journal
from vodnb.rules.model import Status
from vodnb.service.transport.http import Http

if TYPE_CHECKING:
    from collections.abc import Callable

ASSETS = 50
SIDE_BY_SIDE = 6


class Fuse:
    """Kills this process when it is passed for the n-th time."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._passed = count(1)
        self._guard = threading.Lock()

    def burn(self) -> None:
        """Pass it once."""
        with self._guard:
            if next(self._passed) == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


def lay(fuse: Fuse) -> None:
    """Put the fuse before and after each journal commit and each call."""
    write: Callable[..., None] = Journal.write
    note: Callable[..., None] = Journal.note
    send: Callable[..., Any] = Http.send

    def fused_write(journal: Journal, *what: Any) -> None:
        fuse.burn()
        write(journal, *what)
        fuse.burn()

    def fused_note(journal: Journal, **values: object) -> None:
        fuse.burn()
        note(journal, **values)
        fuse.burn()

    async def fused_send(http: Http, *args: Any, **options: Any) -> Any:
        fuse.burn()
        got = await send(http, *args, **options)
        fuse.burn()
        return got

    Journal.write = fused_write
    Journal.note = fused_note
    Http.send = fused_send


class Point:
    """One crash point: a first child that dies there, and a second one that ends the job."""

    def __init__(self, server: Server, folder: Path, *, number: int, workers: int) -> None:
        self.folder = folder
        self.was_reached = False
        self._server = server
        self._workers = workers
        self._look_first = number % 2 == 0
        folder.mkdir()
        lines = ["asset_id", *server.take(ASSETS)]
        Path(folder / "assets.csv").write_text("\n".join(lines) + "\n", encoding="ascii")
        self._pid = fork(lambda: self._work(Fuse(number)))

    def _work(self, fuse: Fuse | None) -> None:
        if fuse:
            lay(fuse)
        confirm(
            self._server,
            self.folder,
            FAST,
            workers=self._workers,
            look_first=self._look_first,
        )

    def step(self) -> bool:
        """Reap the child; return whether the job has ended."""
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            return False
        if has_finished(status):
            return True
        self.was_reached = self.was_reached or os.WIFSIGNALED(status)
        self._pid = fork(lambda: self._work(None))
        return False


def campaign(*, workers: int, stride: int) -> Verdict:
    """Play every `stride`-th crash point until one lies behind the end of the job."""
    verdict = Verdict()
    most = 7 * ASSETS + 40
    server = Server(assets=ASSETS * (most // stride + SIDE_BY_SIDE + 1), latency=0.0)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            points = _play(server, Path(scratch), workers=workers, stride=stride)
            verdict.runs = len(points)
            verdict.kills = sum(point.was_reached for point in points)
            folders = [point.folder for point in points]
            judge(verdict, dict.fromkeys(folders, Status.CREATED), server.ledger())
    finally:
        server.stop()
    return verdict


def _play(server: Server, scratch: Path, *, workers: int, stride: int) -> list[Point]:
    numbers = count(1, stride)
    going: list[Point] = []
    ended: list[Point] = []
    is_behind = False
    while going or not is_behind:
        while not is_behind and len(going) < SIDE_BY_SIDE:
            number = next(numbers)
            going.append(Point(server, scratch / str(number), number=number, workers=workers))
        threading.Event().wait(0.005)
        for point in [point for point in going if point.step()]:
            going.remove(point)
            ended.append(point)
            is_behind = is_behind or not point.was_reached
    return ended


def main() -> None:
    """Read the size from the command line, play, and exit 1 where anything is not clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--stride", type=int, default=1)
    options = parser.parse_args()
    verdict = campaign(workers=options.workers, stride=options.stride)
    sys.stdout.write(f"{verdict}\n")
    sys.exit(not verdict.is_clean)


if __name__ == "__main__":
    main()
