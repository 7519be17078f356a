"""Records events before they count: an intent before its bytes leave, an outcome before it shows.

A thread writes; while one commit is under way the next entries gather, so commits come in groups.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.errors import JournalError

from .events import Bounced, Sent, Settled
from .owner import BEAT_SECONDS, this_process
from .record import Entry, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .events import Event, Listener
    from .journal import Journal

__all__ = ["Recorder"]

_logger = logging.getLogger("vodnb")

_MOST_AT_ONCE = 1000

_GATHER_SECONDS = 0.05
"""Outcomes that nobody waits for gather this long: a commit costs more than all it holds."""

_STANDINGS = {Sent: Standing.INTENT, Bounced: Standing.BOUNCED, Settled: Standing.SETTLED}


@dataclass(frozen=True, slots=True)
class _Line:
    entry: Entry
    event: Event | None
    waiting: asyncio.Future[None] | None = None


class Recorder:
    """Writes the events of one run, then lets them be heard.

    Args:
        journal: Where to; None for a run without a journal.
        listen: Hears each event once it is durable.
        wall: Returns the time of day in seconds since 1970.
    """

    def __init__(
        self,
        journal: Journal | None,
        *,
        listen: Listener,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._listen = listen
        self._wall = wall
        self._lines: queue.SimpleQueue[_Line | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._beat_at = time.monotonic()
        self._broken: JournalError | None = None
        self._thread: threading.Thread | None = None
        if journal:
            self._thread = threading.Thread(
                target=self._write_all, args=(journal,), name="vodnb-journal", daemon=True
            )
            self._thread.start()

    async def intend(self, event: Sent, *, ahead: Sequence[Sent] = ()) -> None:
        """Record that an asset is about to leave; it may leave once this returns.

        Args:
            event: Heard when it is durable.
            ahead: Assets that will leave next; recorded in the same commit, and not heard.

        Raises:
            JournalError: It could not be recorded, so none of them may leave.
        """
        if self._broken:
            raise self._broken
        if not self._thread:
            self._listen(event)
            return
        for later in ahead:
            self._lines.put(_Line(self._entry(later), None))
        durable: asyncio.Future[None] = self._loop.create_future()
        self._lines.put(_Line(self._entry(event), event, durable))
        await durable

    def hear(self, event: Sent) -> None:
        """Let an asset's leaving be heard that `intend` has recorded ahead."""
        self._listen(event)

    def retract(self, event: Bounced) -> None:
        """Record that an asset did not leave after all; nothing is heard."""
        if self._thread:
            self._lines.put(_Line(self._entry(event), None))

    def tell(self, event: Event) -> None:
        """Record what became of an asset, if it is that, and let it be heard when durable."""
        if self._thread and isinstance(event, Bounced | Settled):
            self._lines.put(_Line(self._entry(event), event))
        else:
            self._listen(event)

    async def finish(self) -> None:
        """Wait until everything is written and heard; the recorder is used up then."""
        if self._thread:
            self._lines.put(None)
            await asyncio.to_thread(self._thread.join)
            # The last events are heard in a call that the thread has left for this loop.
            await asyncio.sleep(0)

    @property
    def broken(self) -> JournalError | None:
        """Why the journal cannot be written any more; None while it can."""
        return self._broken

    def _entry(self, event: Sent | Bounced | Settled) -> Entry:
        return Entry(
            asset_id=event.asset_id,
            standing=_STANDINGS[type(event)],
            settlement=event.settlement,
            left_at=self._wall() if isinstance(event, Sent) else 0.0,
        )

    # -- in the thread --------------------------------------------------------------------------

    def _write_all(self, journal: Journal) -> None:
        is_open = True
        while is_open:
            lines, is_open = self._gather()
            self._write(journal, lines)

    def _gather(self) -> tuple[list[_Line], bool]:
        """Return what is waiting to be written, and whether more may come."""
        lines: list[_Line] = []
        try:
            line = self._lines.get(timeout=BEAT_SECONDS)
            until = time.monotonic() + _GATHER_SECONDS
            while line is not None:
                lines.append(line)
                if len(lines) >= _MOST_AT_ONCE:
                    return lines, True
                if line.waiting:
                    until = 0.0
                line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return lines, True
        return lines, False

    def _write(self, journal: Journal, lines: list[_Line]) -> None:
        if not self._broken:
            try:
                journal.write([line.entry for line in lines])
                if time.monotonic() - self._beat_at >= BEAT_SECONDS:
                    journal.note(owner=this_process())
                    self._beat_at = time.monotonic()
            except JournalError as fault:
                self._broken = fault
            except Exception as fault:
                _logger.exception("the journal failed")
                self._broken = JournalError(f"The journal failed: {type(fault).__name__}.")
        self._loop.call_soon_threadsafe(self._let_hear, lines)

    def _let_hear(self, lines: list[_Line]) -> None:
        for line in lines:
            if line.waiting and self._broken:
                _fail(line.waiting, self._broken)
                continue
            if line.event:
                # An outcome that could not be recorded is still true, and is shown.
                self._listen(line.event)
            if line.waiting:
                _pass(line.waiting)


def _fail(waiting: asyncio.Future[None], fault: JournalError) -> None:
    if not waiting.done():
        waiting.set_exception(fault)


def _pass(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
