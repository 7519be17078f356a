"""Gathers records column by column: a million rows are a few lists, not a million."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PIECE = 512
"""Records gathered at a time. More at once costs the garbage collector more than it saves."""

_HEAD = 30
_MOST_EXTRA = 8
_MOST_CELLS = 50_000_000
_MOST_PADDING = 8
_FEW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records of one source, in order.

    Attributes:
        columns: The cells of each column; where a record has none there, it is "".
        width: How many cells a record has that is not in `widths`.
        widths: How many cells the other records have, by position; 0 for a blank line.
        lines: The line on which each record begins, from 1.
        stray: Positions of the records read with quoting off, because a quote on their line
            does not pair.
        broken: Notes on records that are none at all, by position.
        numbers: Positions of cells that hold a number and not a text, by column.
        delimiter: What the cells were split at; "" for nothing.
        why: How the delimiter was found.
    """

    columns: list[list[str]]
    width: int
    lines: Sequence[int]
    widths: Mapping[int, int] = field(default_factory=dict)
    stray: frozenset[int] = frozenset()
    broken: Mapping[int, str] = field(default_factory=dict)
    numbers: Mapping[int, Sequence[int]] = field(default_factory=dict)
    delimiter: str = ""
    why: str = ""

    def __len__(self) -> int:
        return len(self.lines)

    def width_of(self, at: int) -> int:
        """Return how many cells a record has."""
        return self.widths.get(at, self.width)

    def cells(self, at: int) -> list[str]:
        """Return the cells of a record, as many as it has."""
        return [column[at] for column in self.columns[: self.width_of(at)]]


class Builder:
    """Takes records in pieces. A cell is kept whatever the width of its record.

    A record of very many cells keeps the last ones together in one, with the delimiter between:
    else a single line could blow up a table of millions.
    """

    def __init__(self, delimiter: str) -> None:
        self.columns: list[list[str]] = []
        self.width = 0
        self.widths: dict[int, int] = {}
        self.size = 0
        self._delimiter = delimiter
        self._most = 0
        self._cells = 0
        self._known: list[dict[str, str] | None] = []

    def add(self, records: Sequence[Sequence[str]]) -> None:
        """Append records; refuse those that would make nearly all of the table padding."""
        if not self._most:
            self._begin(records)
        if set(map(len, records)) == {self.width}:
            self._add_even(records)
        else:
            for record in records:
                self._add_one(record)
        self._check_padding()

    def finish(self) -> list[list[str]]:
        """Return the columns, all of one length."""
        self._pad(len(self.columns))
        return self.columns

    def _begin(self, records: Sequence[Sequence[str]]) -> None:
        widths = Counter(map(len, records))
        widths.pop(0, None)
        self.width = widths.most_common(1)[0][0] if widths else 1
        self._most = max([self.width, *map(len, records[:_HEAD])]) + _MOST_EXTRA
        self.columns = [[] for _ in range(self.width)]
        self._known = [{} for _ in range(self.width)]

    def _add_even(self, records: Sequence[Sequence[str]]) -> None:
        self._pad(self.width)
        for at, cells in enumerate(zip(*records, strict=True)):
            self.columns[at].extend(self._shared(at, cells))
        self.size += len(records)
        self._cells += self.width * len(records)

    def _shared(self, at: int, cells: Sequence[str]) -> Sequence[str]:
        """Return equal cells as one object, in a column that has few different ones."""
        known = self._known[at]
        if known is None or self.width == 1:
            return cells
        if len(set(cells)) * _FEW > len(cells):
            self._known[at] = None
            return cells
        return list(map(known.setdefault, cells, cells))

    def _add_one(self, record: Sequence[str]) -> None:
        if len(record) != self.width:
            self.widths[self.size] = len(record)
        if len(record) > self._most:
            last = self._most - 1
            record = [*record[:last], self._delimiter.join(record[last:])]
        while len(self.columns) < len(record):
            self.columns.append([])
        for column, cell in zip(self.columns, record, strict=False):
            if len(column) < self.size:
                column.extend([""] * (self.size - len(column)))
            column.append(cell)
        self.size += 1
        self._cells += len(record)

    def _pad(self, count: int) -> None:
        for column in self.columns[:count]:
            column.extend([""] * (self.size - len(column)))

    def _check_padding(self) -> None:
        room = len(self.columns) * self.size
        if room > _MOST_CELLS and room > _MOST_PADDING * self._cells:
            at = max(self.widths, key=self.widths.__getitem__, default=0)
            raise InputError(
                f"Record {at + 1} has {self.widths.get(at, self.width):,} cells, and nearly all "
                "others have far fewer.",
                "As a table it would hold next to nothing but empty cells.",
                "Check the delimiter, or mend that line in the source.",
            )


def trimmed(records: Records, first: int, end: int) -> Records:
    """Return the records from `first` up to `end`; the columns are cut in place."""
    if (first, end) == (0, len(records)):
        return records
    for column in records.columns:
        del column[end:]
        del column[:first]
    inside = range(first, end)
    return Records(
        columns=records.columns,
        width=records.width,
        widths={at - first: width for at, width in records.widths.items() if at in inside},
        lines=records.lines[first:end],
        stray=frozenset(at - first for at in records.stray if at in inside),
        broken={at - first: note for at, note in records.broken.items() if at in inside},
        numbers={
            column: [at - first for at in rows if at in inside]
            for column, rows in records.numbers.items()
        },
        delimiter=records.delimiter,
        why=records.why,
    )


def without_blank_ends(records: Records) -> Records:
    """Return the records without blank ones at the beginning and the end, which are none."""
    size = len(records)
    is_wide = records.width > 1 or any(width > 1 for width in records.widths.values())
    kept = (at for at in range(size) if not _is_blank(records, at, is_wide=is_wide))
    first = next(kept, size)
    kept = (at for at in range(size, first, -1) if not _is_blank(records, at - 1, is_wide=is_wide))
    return trimmed(records, first, next(kept, first))


def _is_blank(records: Records, at: int, *, is_wide: bool) -> bool:
    """Return whether a line is blank; in a table of one column a line of spaces is a cell."""
    width = records.width_of(at)
    return not width or (is_wide and width == 1 and not records.columns[0][at].strip())
