"""Records events before they count: an intent before its bytes leave, an outcome before it shows.

A thread writes, in groups: a commit costs more than all it holds, and so does waking the thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.journal.entries import Entry, Standing
from vodnb.journal.owner import BEAT_SECONDS, steady_time, this_process
from vodnb.rules.errors import JournalError

from .events import Bounced, Event, Listener, Sent, Settled, Verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vodnb.journal.journal import Journal
    from vodnb.rules.attempt import Attempt


_logger = logging.getLogger("vodnb")

_MOST_AT_ONCE = 1000

_GATHER_SECONDS = 0.4
"""What nobody waits for gathers this long."""

_STANDINGS = {
    Sent: Standing.INTENT,
    Bounced: Standing.BOUNCED,
    Settled: Standing.SETTLED,
    Verified: Standing.SETTLED,
}


@dataclass(frozen=True, slots=True)
class _Queued:
    entry: Entry | None = None
    event: Event | None = None
    durable: asyncio.Future[None] | None = None


class Recorder:
    """Writes the events of one run, then lets them be heard."""

    def __init__(
        self,
        journal: Journal | None,
        *,
        listen: Listener,
        wall: Callable[[], float] | None = None,
    ) -> None:
        self._listen = listen
        self._wall = wall or steady_time()
        self._queue: deque[_Queued | None] = deque()
        self._some = threading.Event()
        self._urgent = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._beat_at = time.monotonic()
        self._broken: JournalError | None = None
        self._thread: threading.Thread | None = None
        if journal:
            self._thread = threading.Thread(
                target=self._write_all, args=(journal,), name="vodnb-journal", daemon=True
            )
            self._thread.start()

    def intend(self, events: Sequence[Sent]) -> asyncio.Future[None]:
        """Record that assets are about to leave, an event for each; nothing is heard.

        What is returned is done when all are durable, and each may leave; it bears a `JournalError`
        where they could not be recorded, and none may.
        """
        durable: asyncio.Future[None] = self._loop.create_future()
        durable.add_done_callback(_look_at)
        if self._broken:
            durable.set_exception(self._broken)
        elif not self._thread:
            durable.set_result(None)
        else:
            *others, last = map(self._entry, events)
            self._queue.extend(map(_Queued, others))
            self._put(_Queued(last, durable=durable))
        return durable

    def hurry(self) -> None:
        """Write now what is gathering: somebody waits for it."""
        if not self._urgent.is_set():
            self._urgent.set()

    def hear(self, event: Sent) -> None:
        """Let the leaving of an asset be heard that `intend` has recorded."""
        self._listen(event)

    def retract(self, event: Bounced) -> None:
        """Record that an asset did not leave after all; nothing is heard."""
        if self._thread:
            self._put(_Queued(self._entry(event)))

    def tell(self, event: Event) -> None:
        """Record what became of an asset, if it is that, and let it be heard when durable."""
        if self._thread and isinstance(event, Bounced | Settled | Verified):
            self._put(_Queued(self._entry(event), event))
        else:
            self._listen(event)

    async def catch_up(self) -> None:
        """Wait until everything told so far is heard."""
        if self._thread:
            heard: asyncio.Future[None] = self._loop.create_future()
            heard.add_done_callback(_look_at)
            self._put(_Queued(durable=heard))
            self.hurry()
            await asyncio.wait({heard})

    async def finish(self) -> None:
        """Wait until everything is written and heard; the recorder is used up then."""
        if self._thread:
            self._put(None)
            self.hurry()
            await asyncio.to_thread(self._thread.join)
            # The last events are heard in a call that the thread has left for this loop.
            await asyncio.sleep(0)

    def _put(self, line: _Queued | None) -> None:
        self._queue.append(line)
        if not self._some.is_set():
            self._some.set()

    def _entry(self, event: Sent | Bounced | Settled | Verified) -> Entry:
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
            if self._some.wait(BEAT_SECONDS):
                self._urgent.wait(_GATHER_SECONDS)
            # Cleared before they are taken: what comes in between is taken now or wakes us again.
            self._some.clear()
            self._urgent.clear()
            lines, is_open = self._take()
            self._write(journal, lines)

    def _take(self) -> tuple[list[_Queued], bool]:
        """Return what is waiting to be written, and whether more may come."""
        lines: list[_Queued] = []
        while self._queue:
            if len(lines) == _MOST_AT_ONCE:
                self._some.set()
                self._urgent.set()
                break
            if (line := self._queue.popleft()) is None:
                return lines, False
            lines.append(line)
        return lines, True

    def _write(self, journal: Journal, lines: list[_Queued]) -> None:
        if not self._broken:
            try:
                if entries := [line.entry for line in lines if line.entry]:
                    journal.write(entries, _attempts_in(lines))
                if time.monotonic() - self._beat_at >= BEAT_SECONDS:
                    journal.note(owner=this_process())
                    self._beat_at = time.monotonic()
            except JournalError as fault:
                self._broken = fault
            except Exception as fault:
                _logger.exception("the journal failed")
                self._broken = JournalError(f"The journal failed: {type(fault).__name__}.")
        self._loop.call_soon_threadsafe(self._let_hear, lines)

    def _let_hear(self, lines: list[_Queued]) -> None:
        for line in lines:
            if line.event:
                # An outcome that could not be recorded is still true, and is shown.
                self._listen(line.event)
            if line.durable and not line.durable.done():
                if self._broken:
                    line.durable.set_exception(self._broken)
                else:
                    line.durable.set_result(None)


def _attempts_in(lines: Iterable[_Queued]) -> dict[str, Attempt]:
    """Return the sendings that failed, by asset; they are written with their outcomes."""
    events = (line.event for line in lines)
    told = (event for event in events if isinstance(event, Bounced | Settled))
    return {event.asset_id: event.attempt for event in told if event.attempt}


def _look_at(durable: asyncio.Future[None]) -> None:
    """Take note of a failure that nobody waits for: the next intent meets it too."""
    if not durable.cancelled():
        durable.exception()
