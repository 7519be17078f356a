"""Splits the text of a CSV file into records. Never drops, joins or shifts a cell silently."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.rules.verdicts import clean, is_hex

from ._header import is_id_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DELIMITERS = (",", ";", "\t", "|")
_SEP_LINE = re.compile(r'\A"?sep=([^\r\n])"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_SAMPLE_LETTERS = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records of one text, in order.

    Attributes:
        cells: The cells of each record; none for a blank line.
        lines: The line of the text on which each record begins, from 1.
        stray: Positions of the records read with quoting off, because a quote on their line
            does not pair.
        delimiter: What the cells were split at.
    """

    cells: list[list[str]]
    lines: list[int]
    stray: frozenset[int]
    delimiter: str


def read_records(text: str, *, delimiter: str | None, id_column: str | None) -> Records:
    """Split a text into records; blank lines at its beginning and end are none.

    Args:
        text: The whole text.
        delimiter: The user's choice; None for a `sep=` line, else whatever fits best.
        id_column: Title of the ID column, if the user named it: it tells delimiters apart.

    Raises:
        InputError: The delimiter cannot be one.
    """
    if delimiter is not None and not _can_split(delimiter):
        raise InputError(
            f"delimiter={delimiter!r} cannot part the cells of a table.",
            "It must be one character that is no letter, digit, quote or line break.",
            "Leave it out, or use ',', ';', '\\t' or '|'.",
        )
    first_line = 1
    if match := _SEP_LINE.match(text):
        text = text[match.end() :]
        first_line = 2
        if delimiter is None and _can_split(match[1]):
            delimiter = match[1]
    delimiter = delimiter or _choose_delimiter(text, id_column)
    return _without_blank_ends(_split(text, delimiter, first_line))


def _can_split(delimiter: str) -> bool:
    return len(delimiter) == 1 and not delimiter.isalnum() and delimiter not in "\"'\r\n-_\0"


def _split(text: str, delimiter: str, first_line: int) -> Records:
    """Read strictly; where a quote does not pair, read that one line with quoting off, and go on.

    A quote left open would otherwise swallow every line up to the next one. The csv module's
    limit of 131,072 characters a cell bounds how far it is followed.
    """
    lines = list(io.StringIO(text, newline=""))
    cells: list[list[str]] = []
    starts: list[int] = []
    stray: list[int] = []
    at = 0
    while at < len(lines):
        for record, taken in _strict_records(lines, at, delimiter):
            cells.append(record)
            starts.append(first_line + at)
            at += taken
        if at < len(lines):
            stray.append(len(cells))
            cells.append(lines[at].rstrip("\r\n").split(delimiter))
            starts.append(first_line + at)
            at += 1
    return Records(cells=cells, lines=starts, stray=frozenset(stray), delimiter=delimiter)


def _strict_records(
    lines: Sequence[str], at: int, delimiter: str
) -> Iterator[tuple[list[str], int]]:
    """Yield records and how many lines each takes, up to the first that cannot be trusted."""
    source = map(lines.__getitem__, range(at, len(lines)))
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    done = 0
    try:
        for record in reader:
            taken = reader.line_num - done
            if taken > 1 and any(_swallows_rows(cell, delimiter) for cell in record):
                return
            done = reader.line_num
            yield record, taken
    except csv.Error:
        return


def _swallows_rows(cell: str, delimiter: str) -> bool:
    """Return whether a cell of several lines has a row in it: an ID where a cell would be."""
    inner = list(io.StringIO(cell, newline=""))[1:]
    found = any(_is_id(piece) for line in inner for piece in line.split(delimiter))
    return found and not _is_id(cell)


def _is_id(cell: str) -> bool:
    return is_hex(clean(cell)[0])


def _without_blank_ends(records: Records) -> Records:
    cells = records.cells
    wide = any(len(record) > 1 for record in cells)
    kept = [at for at, record in enumerate(cells) if not _is_blank(record, wide=wide)]
    first, end = (kept[0], kept[-1] + 1) if kept else (0, 0)
    return Records(
        cells=cells[first:end],
        lines=records.lines[first:end],
        stray=frozenset(at - first for at in records.stray),
        delimiter=records.delimiter,
    )


def _is_blank(record: list[str], *, wide: bool) -> bool:
    """Return whether a line is blank; in a table of one column a line of spaces is a cell."""
    return not record or (wide and len(record) == 1 and not record[0].strip())


def _choose_delimiter(text: str, id_column: str | None) -> str:
    """Return the delimiter that gives an ID column and even rows; a comma where none splits."""
    sample = text[:_SAMPLE_LETTERS]
    if len(sample) < len(text):
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    fits = {mark: _fit(sample, mark, id_column) for mark in DELIMITERS}
    return max(DELIMITERS, key=fits.__getitem__)


def _fit(sample: str, delimiter: str, id_column: str | None) -> tuple[bool, bool, float, int]:
    """Return how well a delimiter fits, to be compared; all zero where it does not split."""
    rows = [record for record in _split(sample, delimiter, 1).cells if record]
    widths = Counter(len(row) for row in rows)
    if not rows or len(rows[0]) == 1:
        return (False, False, 0.0, 0)
    width, count = widths.most_common(1)[0]
    if width == 1:
        return (False, False, 0.0, 0)
    titled = any(is_id_title(title, id_column) for title in rows[0])
    with_id = sum(any(_is_id(cell) for cell in row) for row in rows)
    return (titled, 2 * with_id >= len(rows), count / len(rows), width)
