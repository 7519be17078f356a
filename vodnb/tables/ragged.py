"""Tells which rows have more or fewer cells than belong, and where the ID of such a row is.

Never moves a cell, and says of an ID from where it is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vodnb.rules.verdicts import HEX_FORM, proven_shape, shape_of, without_lone_quote
from vodnb.tables.formats.header import is_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vodnb.tables.formats.columns import Records

_TABLE_ROWS = 3
"""So many rows below one another, of one width of their own, are another table."""

_HEX_LINE = re.compile(r"(?m)^[^\w\n]*[0-9a-fA-F]{32}[^\w\n]*$")

RAGGED_NOTE = re.compile(r"line [0-9]+ has [0-9]+ cells where ")
SHIFTED_NOTE = "to the left of its column"
"""Within the remark on a row whose ID is not that of its cell in the ID column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """How wide the rows of a sheet are, and how wide they should be.

    Attributes:
        needed: Cells that the titles ask for, empty ones at their end left out.
        most: Cells that the titles have room for.
        common: Cells of most rows.
        ragged: Width and line of the rows whose cells may have shifted, by position.
        padded: Those of them whose cells beyond the titles are empty.
        proven: What `ragged` is where the content proves that the rows are right, and the titles
            are not; None where they fit.
    """

    needed: int
    most: int
    common: int
    ragged: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    padded: frozenset[int] = frozenset()
    proven: Widths | None = None

    def explains(self, shift: int) -> bool:
        """Return whether a column can stand so far from its title: by cells that titles lack."""
        return 0 < shift <= self.common - self.most or self.common - self.needed <= shift < 0

    def note(self, at: int) -> str:
        """Return the note on a row whose cells may have shifted."""
        return (
            f"{self._seen(at)}, so cells may have shifted. "
            "Mend the line in the source and load it again."
        )

    def remark(self, at: int, shift: int) -> str:
        """Return the remark on a row that has its ID all the same; "" for one that is padded."""
        if shift:
            return f"{self._seen(at)}, but its asset ID is {-shift} {SHIFTED_NOTE}"
        return "" if at in self.padded else f"{self._seen(at)}, but its asset ID is in its place"

    def _seen(self, at: int) -> str:
        width, line = self.ragged[at]
        return f"line {line} has {width} cells where {self.needed} belong"


def widths_of(rows: Records, titles: Sequence[str]) -> Widths:
    """Return how the rows of a sheet fit its titles.

    Empty cells at the end tell nothing where most rows have as many, and none at all tell nothing:
    spreadsheets put them at the end of some lines and leave them out of others.
    """
    needed, most = len(_without_empty_end(titles)), len(titles)
    counts = Counter(rows.widths.values())
    counts[rows.width] += len(rows) - len(rows.widths)
    common = max(
        (width for width in counts if width),
        key=lambda width: (counts[width], needed <= width <= most),
        default=rows.width,
    )
    found = _widths(rows, needed, most, common)
    if needed <= common <= most:
        return found
    is_longer = common > most and any(any(column) for column in rows.columns[most:common])
    right = common if is_longer or common < needed else needed
    proven = _widths(rows, right, max(right, common), common)
    return Widths(
        needed=needed,
        most=most,
        common=common,
        ragged=found.ragged,
        padded=found.padded,
        proven=proven,
    )


def _widths(rows: Records, needed: int, most: int, common: int) -> Widths:
    # Nearly all rows of nearly all files are as wide as they should be.
    is_even = needed <= rows.width <= most
    ragged, padded = {}, set()
    for at in sorted(rows.widths) if is_even else range(len(rows)):
        width = rows.width_of(at)
        if needed <= width <= most or not any(cell.strip() for cell in rows.cells(at)):
            continue
        is_padded = width > most and not any(rows.cells(at)[most:])
        if is_padded and width == common:
            continue
        ragged[at] = (width, rows.lines[at])
        if is_padded:
            padded.add(at)
    return Widths(needed=needed, most=most, common=common, ragged=ragged, padded=frozenset(padded))


def _without_empty_end(row: Sequence[str]) -> Sequence[str]:
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def find_ids(columns: Sequence[Sequence[str]], at: int, widths: Widths) -> dict[int, int]:
    """Return the ragged rows of which one cell is plainly the ID, and how far off its column.

    It is built as nine in ten of the others are, or else it is 32 hex digits; it is the only such
    cell of its row, and no other column holds one where rows are sound, so none can
    have come from there. It stands in its column; or, where cells are missing, as far to the left
    as there are, for what a row lacks before its ID has moved that. What a row has too many may be
    anything, an ID of something else too: there it stands in its column or nowhere.

    The sound rows prove the column, but for rows that only have empty cells at their end. Rows
    below one another that are alike, or of which one has no ID, may be another table.
    """
    ragged = widths.ragged
    sound = (cell for row, cell in enumerate(columns[at]) if row not in ragged)
    proven = proven_shape(sound)
    shape = proven or HEX_FORM
    plain: dict[int, int] = {}
    for row, (width, _) in ragged.items():
        found = [other for other, column in enumerate(columns) if _has(column[row], shape)]
        if found in ([at], [at + min(0, width - widths.needed)]):
            plain[row] = found[0] - at
    if not plain or any(
        _holds(column, shape, ragged) for other, column in enumerate(columns) if other != at
    ):
        return {}
    lone = widths.padded.intersection(plain)
    if proven:
        runs = (run for run in _runs(sorted(ragged)) if _is_lone(run, plain, ragged))
        lone = lone.union(*runs)
    return {row: plain[row] for row in sorted(lone)}


def _has(cell: str, shape: str) -> bool:
    if shape == HEX_FORM:
        return is_id(cell)
    return shape_of(cell) == shape or shape_of(without_lone_quote(cell)) == shape


def _holds(column: Sequence[str], shape: str, apart: Mapping[int, object]) -> bool:
    """Return whether any row that is not ragged has a cell of this shape in this column."""
    if shape == HEX_FORM and not _HEX_LINE.search("\n".join(column)):
        return False
    return any(_has(cell, shape) for row, cell in enumerate(column) if row not in apart)


def _runs(rows: Sequence[int]) -> Iterable[list[int]]:
    """Yield the rows that stand below one another."""
    run: list[int] = []
    for row in rows:
        if run and row != run[-1] + 1:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _is_lone(
    run: list[int], plain: Mapping[int, int], ragged: Mapping[int, tuple[int, int]]
) -> bool:
    is_alike = len({ragged[row][0] for row in run}) == 1
    return plain.keys() >= set(run) and not (is_alike and len(run) >= _TABLE_ROWS)
