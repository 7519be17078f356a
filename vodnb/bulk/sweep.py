"""Sweeps a project for assets: by windows of creation time, each small enough to be shown whole.

The list shows the newest first, and its pages move while it is read: what leaves it moves the older
ones forward. So a window is read from its last page to its first: an asset may be seen twice then,
and counts once, but none slips from a page that is still to be read into one that was read before.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vodnb.bulk.pace.control import BY_HAND
from vodnb.bulk.pace.reads import LOST, Reads
from vodnb.rules.asset_info import AssetInfo, read_asset_info
from vodnb.rules.model import AnswerClass, Lang
from vodnb.rules.operations import LIST
from vodnb.rules.windows import MOST_RESULTS, Window
from vodnb.tables.states import build_found

from .background import BackgroundTask
from .in_words import describe_sweep

if TYPE_CHECKING:
    import pandas as pd

    from vodnb.rules.answers import Answer

_PAGE = 100
"""Most results of one call. Source: api-vod/vod_04_0203.html."""

_ROUNDS = 3
"""Most readings of one window whose count does not come out."""


class Sweep(BackgroundTask):
    """A sweep under way, or done.

    It sweeps the assets that were created in a window, and counts those of a younger one. All
    states are wanted where none is named; ages count from `now`.
    """

    def __init__(
        self,
        window: Window,
        *,
        younger: Window | None,
        states: frozenset[str],
        filters: dict[str, str],
        reads: Reads,
        workers: int,
        now: datetime,
        lang: Lang,
    ) -> None:
        self._window = window
        self._younger = younger
        self._states = states
        self._filters = {**filters, **({"status": sorted(states)} if states else {})}
        self._now_utc = now
        self._found: dict[str, AssetInfo] = {}
        self._too_young = 0
        self._expected = 0
        self._open: list[tuple[Window, str]] = []
        self._margin: int | None = None
        self._reads = reads
        self._turns = asyncio.Semaphore(workers)
        super().__init__(reads.control, service=reads.service, lang=lang)

    @property
    def share(self) -> float:
        """How much is read, from 0 to 1."""
        return 1.0 if self.done() else min(len(self._found) / max(self._expected, 1), 1.0)

    # -- on the loop thread ---------------------------------------------------------------------

    async def _run(self) -> None:
        await self._service.prepare()
        first = await self._reads.ask(LIST, **self._query(self._window, page=0))
        if first and first.kind is not AnswerClass.DONE:
            raise self._service.error_for(first)
        if first:
            self._expected = _total(first)
            await self._read(self._window, first)
            await self._count_younger()
        if self._control.is_stopped:
            self._stopped = self._reads.stopped or BY_HAND

    async def _count_younger(self) -> None:
        # Not by a page: a count that cannot be had leaves no span open that was to be swept.
        if self._younger:
            answer = await self._reads.ask(LIST, **self._query(self._younger, page=0))
            if answer and answer.kind is AnswerClass.DONE:
                self._too_young = _total(answer)

    async def _read(self, window: Window, first: Answer) -> None:
        """Read a window whose first page has come, in halves where it is too large."""
        if _total(first) < MOST_RESULTS:
            await self._read_whole(window, first)
        elif window.can_split:
            await self._learn_margin(first)
            await asyncio.gather(*map(self._read_half, window.halves()))
        else:
            await self._read_pages(window, MOST_RESULTS)
            self._open.append((window, "more than the service shows in one second"))

    async def _read_half(self, half: Window) -> None:
        if answer := await self._page(half, 0):
            await self._read(half, answer)

    async def _read_whole(self, window: Window, first: Answer) -> None:
        """Read a window until its count comes out: meanwhile its assets go their ways."""
        seen: set[str] = set()
        total = _total(first)
        for _ in range(_ROUNDS):
            seen |= await self._read_pages(window, total)
            again = await self._page(window, 0) if total > _PAGE else first
            if again is None:
                return
            total = _total(again)
            seen |= self._take(window, again)
            if len(seen) >= total:
                return
        self._open.append((window, f"{len(seen)} assets were shown of {total}"))

    async def _read_pages(self, window: Window, total: int) -> set[str]:
        """Read the pages of a window, the last one first; return the assets that they show."""
        seen: set[str] = set()
        for page in reversed(range(-(-total // _PAGE))):
            if answer := await self._page(window, page):
                seen |= self._take(window, answer)
        return seen

    def _take(self, window: Window, answer: Answer) -> set[str]:
        """Take the assets of a page that are wanted; return all that it shows."""
        shown = read_asset_info(LIST, answer.data)
        for asset_id, found in shown.items():
            if window.holds(found.created_at) and (found.state in self._states or not self._states):
                self._found[asset_id] = found
        return set(shown)

    async def _page(self, window: Window, page: int) -> Answer | None:
        """Return a page; None where it cannot be had, and then the window is told as open."""
        async with self._turns:
            answer = await self._reads.ask(LIST, **self._query(window, page=page))
        if answer and answer.kind is AnswerClass.DONE:
            return answer
        self._open.append((window, answer.code if answer else BY_HAND.code))
        if answer and answer.kind not in LOST:
            self._reads.stop(answer.code, answer.message)
        return None

    async def _learn_margin(self, answer: Answer) -> None:
        """Learn whether the ends of a window belong to it: no page says so.

        Ask for the very second of an asset that was just shown. Where it is not, windows are asked
        for a second wider, and what lies outside is left to its neighbour.
        """
        if self._margin is not None:
            return
        self._margin = 0
        known = next((seen for seen in _seen(answer) if seen.created_at), None)
        if known:
            moment = datetime.fromisoformat(known.created_at)
            second = await self._page(Window(start=moment, end=moment), 0)
            if second and not _total(second):
                self._margin = 1

    def _query(self, window: Window, *, page: int) -> dict[str, Any]:
        margin = self._margin or 0
        return {**self._filters, **window.query(margin=margin), "page": str(page), "size": "100"}

    # -- in any thread --------------------------------------------------------------------------

    def _build(self) -> pd.DataFrame:
        table = build_found(
            self._found.copy(), now=self._now_utc, redact=self._service.redact, lang=self._lang
        )
        table.attrs["vodnb"]["open"] = [f"{window} ({why})" for window, why in self._open]
        return table

    def _lines(self) -> list[str]:
        return describe_sweep(
            found=len(self._found),
            expected=self._expected,
            too_young=self._too_young,
            window=self._window,
            left_open=[f"{window} ({why})" for window, why in self._open],
            seconds=self._seconds(),
            is_done=self.done(),
            slowed_by=self._reads.slowed_by,
            stop=self._stopped,
            lang=self._lang,
        )


def _seen(answer: Answer) -> list[AssetInfo]:
    return list(read_asset_info(LIST, answer.data).values())


def _total(answer: Answer) -> int:
    """Return how many results a query has; what it shows at least, where it does not say."""
    total = answer.data.get("total")
    return total if isinstance(total, int) else len(_seen(answer))
