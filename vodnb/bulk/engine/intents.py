"""Has it on disk that assets are to leave, a group at a time and ahead of their turn.

A commit costs more than a call, so it serves many, and is made while their predecessors are out.
But the settle time counts from the intent: one that has grown old is made anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import KW_ONLY, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from vodnb.rules.errors import JournalError
from vodnb.rules.model import Outcome, Settlement

from .events import Bounced, Sent
from .plan import Intent, Item

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable

    from .recorder import Recorder

MOST_AHEAD = 256
"""Most intents written before their turn: after a crash each of their assets is asked for."""

_FIRST_AHEAD = 8

_FRESH = 2.0
"""Seconds in which an asset must leave after its intent; less than the settle margin."""

_NOT_YET_OLD = 0.75
"""Part of that time for which intents are written ahead at the rate that assets leave at."""

_TRIES = 3
"""Most intents of one leaving: a disk that is slower than that cannot keep a journal."""


@dataclass(eq=False, repr=False)
class Intents:
    """The write-ahead log: which assets are about to leave."""

    recorder: Recorder
    _: KW_ONLY
    ready: deque[Item]
    """Whose turn comes next, the first one first."""
    rate: Callable[[], float]
    """Returns how many assets a second may leave."""
    now: Callable[[], str]
    """Returns the time of day as UTC ISO text ending in Z."""

    def __post_init__(self) -> None:
        self._ahead = _FIRST_AHEAD
        self._clock = asyncio.get_running_loop().time

    async def leave(self, item: Item) -> None:
        """Return when it is on disk that an asset leaves now; else it must not, a JournalError."""
        for _ in range(_TRIES):
            intent = self._fresh_intent(item)
            if not intent.durable.done():
                self.recorder.hurry()
                # Not awaited itself: several wait for it, and one of them may be cancelled.
                await asyncio.wait({intent.durable})
            intent.durable.result()
            if not self._is_old(intent):
                item.intent = None
                self.recorder.hear(_leaving(item))
                self._write_ahead()
                return
        raise JournalError(
            f"The journal took over {_FRESH:g} s to write, {_TRIES} times in a row.",
            "What may leave long after it was recorded could be sent twice after a crash.",
            "Name a folder on another disk with journal=..., then run the same cell again.",
        )

    def retract(self, items: Iterable[Item]) -> None:
        """Take back the intents of assets that did not leave after all."""
        for item in items:
            if item.intent:
                item.intent = None
                back = Settlement(outcome=Outcome.NOT_SENT, code="CLIENT.STOPPED")
                self.recorder.retract(Bounced(asset_id=item.asset_id, settlement=back))

    def _fresh_intent(self, item: Item) -> Intent:
        if item.intent and not self._is_old(item.intent):
            return item.intent
        if item.intent:
            self._ahead //= 2
        return self._write([item, *self._next(self._ahead)])

    def _is_old(self, intent: Intent) -> bool:
        return self._clock() - intent.at >= _FRESH

    def _next(self, most: int) -> list[Item]:
        """Return the assets whose turn is next and that have no intent, or one that will be old."""
        soon = islice(self.ready, most)
        half = self._clock() - _FRESH / 2
        return [item for item in soon if item.intent is None or item.intent.at < half]

    def _write_ahead(self) -> None:
        """Write the intents of those whose turn is next, once half of them have none."""
        most = max(1.0, min(MOST_AHEAD, self.rate() * _FRESH * _NOT_YET_OLD))
        self._ahead = min(self._ahead + 1, int(most))
        last = min(self._ahead // 2, len(self.ready) - 1)
        if last >= 0 and self.ready[last].intent is None:
            self._write(self._next(self._ahead))

    def _write(self, items: list[Item]) -> Intent:
        at = self._clock()
        leaving = [_leaving(item, sent_at="" if item.attempts else self.now()) for item in items]
        intent = Intent(at=at, durable=self.recorder.intend(leaving))
        for item in items:
            item.intent = intent
        return intent


def _leaving(item: Item, *, sent_at: str = "") -> Sent:
    """Return the event of an asset's leaving: in doubt, until its answer is understood."""
    doubtful = item.settlement(Outcome.IN_DOUBT)
    if sent_at:
        doubtful = replace(doubtful, attempts=item.attempts + 1, sent_at=item.sent_at or sent_at)
    return Sent(asset_id=item.asset_id, settlement=doubtful)
