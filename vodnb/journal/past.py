"""Reads a run back from its journal, for a report; its writer may be at work meanwhile.

It is read a page at a time: a reader that holds the file for long would keep the writer waiting.
"""

from __future__ import annotations

from array import array
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vodnb.rules.codes import look_up
from vodnb.rules.errors import InputError
from vodnb.rules.model import Outcome, Settlement

from .entries import COLUMNS, Header, Standing, as_entry, check_row
from .journal import Journal, _reading, read_header
from .opening import is_under_way
from .standings import Standings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


NOT_REACHED = Settlement(outcome=Outcome.NOT_SENT, code="CLIENT.STOPPED")
"""How an asset stands that the run has not come to."""

_PAGE = 4000

_ID, _STANDING, _LEFT_AT, _ATTEMPTS = map(
    COLUMNS.index, ("asset_id", "standing", "left_at", "attempts")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A run as its journal tells it."""

    header: Header
    is_under_way: bool
    assets: Sequence[str]
    """Its distinct asset IDs, in order."""
    settlements: Standings
    """How each asset stands that was touched; sent without an answer is `in_doubt`."""
    resent_at: array[float] = field(default_factory=lambda: array("d"))
    """When requests left that were not the first of their asset, in seconds since 1970."""
    throttled_at: array[float] = field(default_factory=lambda: array("d"))
    """When those had left that were throttled."""


def read_past(path: Path) -> Past:
    """Return what a journal tells of its run.

    Raises:
        InputError: It was never begun.
        JournalError: It is damaged, or cannot be read.
    """
    header = read_header(path)
    if header is None:
        raise InputError(
            f"The journal '{path}' holds no run.",
            "The run was cut off before it began; nothing was sent.",
            "Start the run again.",
        )
    with closing(_Reader(path)) as reader:
        assets = list(reader.assets())
        past = Past(
            header=header,
            is_under_way=is_under_way(header),
            assets=assets,
            settlements=Standings(assets),
        )
        sendings = _Sendings(past)
        with _reading(path):
            for row in reader.rows("entry", "n", COLUMNS):
                sendings.take(row)
            sendings.end()
    return past


class _Sendings:
    """Tells sendings from intents: written before an asset leaves, and anew if it leaves late.

    Of the millions of entries only those that count are made into objects: an intent that was
    followed by an outcome is looked at and dropped.
    """

    def __init__(self, past: Past) -> None:
        self._past = past
        self._intended: dict[str, tuple[Any, ...]] = {}
        self._sent: set[str] = set()

    def take(self, row: tuple[Any, ...]) -> None:
        """Take the next entry, as it is stored; ValueError where it counts and was altered."""
        asset_id = row[_ID]
        if row[_STANDING] == Standing.INTENT:
            before = self._intended.get(asset_id)
            if before and 0 < before[_ATTEMPTS] < row[_ATTEMPTS]:
                self._count(asset_id, before[_LEFT_AT])  # its answer could not be trusted
            self._intended[asset_id] = row
            return
        check_row(row)
        entry = as_entry(row)
        self._past.settlements.put(asset_id, entry.settlement)
        intended = self._intended.pop(asset_id, None)
        if intended is None:
            return
        end, left_at = entry.settlement, intended[_LEFT_AT]
        if entry.standing is Standing.SETTLED:
            if end.attempts:
                self._count(asset_id, left_at)
            self._sent.discard(asset_id)
        elif end.http_status is not None:
            self._count(asset_id, left_at)
            if look_up(end.code, end.http_status).kind == "throttle":
                self._past.throttled_at.append(left_at)

    def end(self) -> None:
        """Take what is under way, or was when the run was cut off."""
        for asset_id, row in self._intended.items():
            check_row(row)
            self._past.settlements.put(asset_id, as_entry(row).settlement)
            self._count(asset_id, row[_LEFT_AT])

    def _count(self, asset_id: str, left_at: float) -> None:
        """Count one sending; of the first the table tells when it left, to the moment."""
        if asset_id in self._sent:
            self._past.resent_at.append(left_at)
        self._sent.add(asset_id)


class _Reader(Journal):
    """A journal that is only read."""

    def assets(self) -> Iterator[str]:
        """Return the asset IDs, in order; between two pages its writer may write."""
        with _reading(self.path):
            for row in self.rows("asset", "place", ("asset_id", "checksum")):
                check_row(row)
                yield row[0]

    def rows(self, table: str, key: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a table in order; between two pages its writer may write."""
        query = (
            f"SELECT {key}, {', '.join(columns)} FROM {table} "  # noqa: S608  names of ours
            f"WHERE {key} > ? ORDER BY {key} LIMIT {_PAGE}"
        )
        at = 0
        while page := self._page(query, at):
            at = page[-1][0]
            yield from (row[1:] for row in page)

    def _page(self, query: str, after: int) -> list[tuple[Any, ...]]:
        with _reading(self.path):
            return self._base.execute(query, (after,)).fetchall()
