"""Runs many cells of the fault matrix at the same time, in hurried time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

import pytest
from fault_cells import CANARY, check_common

from vodnb.bulk.engine import engine
from vodnb.bulk.pace import circuit_breaker, limiter, paced_call
from vodnb.kernel.loop import submit
from vodnb.rules import lifecycle
from vodnb.service.transport import http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fault_cells import Cell, Seen

HURRY = 0.05
"""What is left of a hold, a back-off, or the time between two probes."""

MARGIN = 0.7
"""What the settle margin is instead."""

STALL = 0.25
"""A stall of this part of a call's deadline makes a run worthless: healthy calls come too late."""

TRIES = 4
"""How often such a run is tried."""

CROWD = {1: 24, 32: 8}
"""How many jobs of how many workers run at the same time."""


def quicken(patch: pytest.MonkeyPatch, *, margin: float = MARGIN) -> None:
    """Shorten the waits of a run: settle margin, back-off, holds, probes, the longest hold."""
    back_off, slow = engine.back_off, limiter.Limiter.slow
    patch.setattr(lifecycle, "SETTLE_MARGIN", margin)
    patch.setattr(
        circuit_breaker, "PROBES", tuple(HURRY * seconds for seconds in circuit_breaker.PROBES)
    )
    patch.setattr(engine, "back_off", lambda *args, **kw: HURRY * back_off(*args, **kw))
    patch.setattr(limiter.Limiter, "slow", lambda self, *, hold: slow(self, hold=HURRY * hold))
    patch.setattr(paced_call, "LONGEST_HOLD", HURRY * paced_call.LONGEST_HOLD)
    # Reading the authorities takes longer than a whole small job, and plain HTTP needs none.
    patch.setattr(http.httpx, "create_ssl_context", functools.cache(http.httpx.create_ssl_context))


class LogWatch(logging.Handler):
    """Listens to everything that is logged, and keeps what shows a secret."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self._root = logging.getLogger()
        self._level = self._root.level
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record as text, its traceback included."""
        if CANARY in (text := self.format(record)):
            self.leaks.append(text)

    def __enter__(self) -> Self:
        self._root.addHandler(self)
        # At DEBUG httpcore tells so much that calls are late; what it tells has tests of its own.
        self._root.setLevel(logging.INFO)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._root.removeHandler(self)
        self._root.setLevel(self._level)


class Pulse:
    """Notes when vodnb's loop was kept waiting: a machine that is too busy proves nothing."""

    BEAT = 0.05

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []
        self._future = submit(self._beat())

    async def _beat(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(self.BEAT)
            late = time.monotonic() - before - self.BEAT
            if late > self.BEAT:
                self._late.append((before, late))

    def worst_since(self, begun: float) -> float:
        """Return the longest stall since then, in seconds."""
        return max((late for at, late in list(self._late) if at >= begun - 1.0), default=0.0)

    def stop(self) -> None:
        """Feel it no more."""
        self._future.cancel()


class Runner:
    """Runs all cells in the background; each test waits for its own.

    Args:
        cells: What to run.
        how: Runs one.
        log: Listens meanwhile.
    """

    def __init__(self, cells: Iterable[Cell], how: Callable[[Cell], Seen], log: LogWatch) -> None:
        self._how = how
        self._log = log
        self._pulse = Pulse()
        self._pools = {workers: ThreadPoolExecutor(most) for workers, most in CROWD.items()}
        self._futures: dict[Cell, Future[Seen]] = {
            cell: self._pools[cell.workers].submit(self._run, cell) for cell in cells
        }

    def _run(self, cell: Cell) -> Seen:
        """Run a cell, again where the machine stalled for a good part of the deadline."""
        for _ in range(TRIES):
            begun = time.monotonic()
            seen = self._how(cell)
            if self._pulse.worst_since(begun) < STALL * cell.case.deadline:
                break
        return seen

    def seen(self, cell: Cell) -> Seen:
        """Return what a cell came to, after checking what must hold whatever its fault is."""
        seen = self._futures[cell].result(timeout=300)
        check_common(cell, seen)
        assert not self._log.leaks, f"a token is logged: {self._log.leaks[0][:2000]}"
        return seen

    def close(self) -> None:
        """Give up what nobody waits for any more."""
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)
        self._pulse.stop()


@contextlib.contextmanager
def running(
    request: pytest.FixtureRequest,
    factory: pytest.TempPathFactory,
    how: Callable[[Cell], Seen],
    *,
    margin: float = MARGIN,
) -> Iterator[Runner]:
    """Run those cells of a test file that were asked for."""
    wanted = [
        item.callspec.params["cell"]
        for item in request.session.items
        if item.path == request.path and "cell" in getattr(item, "callspec", item).params
    ]
    with pytest.MonkeyPatch.context() as patch, LogWatch() as log:
        patch.chdir(factory.mktemp("runs"))
        quicken(patch, margin=margin)
        runner = Runner(wanted, how, log)
        try:
            yield runner
        finally:
            runner.close()
