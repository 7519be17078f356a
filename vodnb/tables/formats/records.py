"""Splits the text of a CSV file into records. Never drops, joins or shifts a cell silently."""

from __future__ import annotations

import csv
import re
from array import array
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.rules.verdicts import clean, is_hex

from .columns import PIECE, Builder, Records, without_blank_ends
from .header import bears_our_titles, is_id, is_id_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .encoding import Text

DELIMITERS = (",", ";", "\t", "|")
_SEP_LINE = re.compile(r'\A"?sep=([^\r\n])"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_SAMPLE_LETTERS = 65_536
_HEAD = 30

BY_WORD = "as you said"
BY_SEP_LINE = "its sep= line says so"
BY_FIT = "it gives an ID column and even rows"
BY_DEFAULT = "nothing parts the cells"


def read_records(text: Text, *, delimiter: str | None, id_column: str | None) -> Records:
    """Split a text into records; blank lines at its beginning and end are none.

    Unless the user has chosen a delimiter, a `sep=` line counts, else whatever fits best; the title
    of the ID column, if the user named it, tells delimiters apart.
    """
    if delimiter is not None and not _can_split(delimiter):
        raise InputError(
            f"delimiter={delimiter!r} cannot part the cells of a table.",
            "It must be one character, and no letter, digit, quote, hyphen, underscore or line "
            "break.",
            "Leave it out, or use ',', ';', '\\t' or '|'.",
        )
    sample = _sample(text)
    skipped = 0
    why = BY_WORD
    if match := _SEP_LINE.match("".join(sample[:1])):
        sample, skipped = sample[1:], 1
        if delimiter is None and _can_split(match[1]):
            delimiter, why = match[1], BY_SEP_LINE
    if delimiter is None:
        delimiter, why = _choose_delimiter(sample, id_column)
    spaced = _is_spaced(sample, delimiter, id_column)
    records = split_in_bulk(text, delimiter, skipped, spaced=spaced) or split_strictly(
        text, delimiter, skipped, spaced=spaced
    )
    return replace(without_blank_ends(records), why=why)


def split_in_bulk(
    text: Text, delimiter: str, skipped: int, *, spaced: bool = False
) -> Records | None:
    """Split a text in which every quote pairs and no record has two lines; else return None.

    There the strict way takes the csv module's word for every record, one a line, and so may we.
    """
    reader = csv.reader(
        islice(text.lines(), skipped, None),
        delimiter=delimiter,
        strict=True,
        skipinitialspace=spaced,
    )
    built = Builder(delimiter)
    try:
        while piece := list(islice(reader, PIECE)):
            built.add(piece)
            if reader.line_num != built.size:
                return None
    except csv.Error:
        return None
    return Records(
        columns=built.finish(),
        width=built.width,
        widths=built.widths,
        lines=range(skipped + 1, skipped + 1 + built.size),
        delimiter=delimiter,
    )


def split_strictly(text: Text, delimiter: str, skipped: int, *, spaced: bool = False) -> Records:
    """Read strictly; where a quote does not pair, read that one line with quoting off, and go on.

    A quote left open would otherwise swallow every line up to the next one. The csv module's
    limit of 131,072 characters a cell bounds how far it is followed.
    """
    lines = list(islice(text.lines(), skipped, None))
    built = Builder(delimiter)
    starts = array("q")
    stray: list[int] = []
    piece: list[list[str]] = []
    for record, at, is_stray in _records(lines, delimiter, spaced=spaced):
        if is_stray:
            stray.append(len(starts))
        starts.append(skipped + 1 + at)
        piece.append(record)
        if len(piece) == PIECE:
            built.add(piece)
            piece = []
    built.add(piece)
    return Records(
        columns=built.finish(),
        width=built.width,
        widths=built.widths,
        lines=starts,
        stray=frozenset(stray),
        delimiter=delimiter,
    )


def _can_split(delimiter: str) -> bool:
    return len(delimiter) == 1 and not delimiter.isalnum() and delimiter not in "\"'\r\n-_\0"


def _records(
    lines: Sequence[str], delimiter: str, *, spaced: bool = False
) -> Iterator[tuple[list[str], int, bool]]:
    """Yield each record, the line it begins on, and whether its quotes were not read as such.

    Where it is `spaced`, spaces behind a delimiter belong to it.
    """
    is_ours = False
    at = 0
    while at < len(lines):
        for record, taken in _strict_records(lines, at, delimiter, is_ours=is_ours, spaced=spaced):
            is_ours = is_ours or (at == 0 and bears_our_titles(record))
            yield record, at, False
            at += taken
        if at < len(lines):
            cells = lines[at].rstrip("\r\n").split(delimiter)
            yield [cell.lstrip(" ") for cell in cells] if spaced else cells, at, True
            at += 1


def _strict_records(
    lines: Sequence[str], at: int, delimiter: str, *, is_ours: bool, spaced: bool
) -> Iterator[tuple[list[str], int]]:
    """Yield records and how many lines each takes, up to the first that cannot be trusted."""
    source = map(lines.__getitem__, range(at, len(lines)))
    reader = csv.reader(source, delimiter=delimiter, strict=True, skipinitialspace=spaced)
    done = 0
    width = 0
    try:
        for record in reader:
            taken = reader.line_num - done
            first = at + done
            # A file that we wrote has its quotes right, and says how many cells a record has.
            is_ours = is_ours or (first == 0 and bears_our_titles(record))
            width = width or len(record)
            is_sound = is_ours and len(record) == width
            inner = lines[first + 1 : first + taken]
            if not is_sound and any(_is_row(line, record, delimiter) for line in inner):
                return
            done = reader.line_num
            yield record, taken
    except csv.Error:
        return


def _is_row(line: str, record: list[str], delimiter: str) -> bool:
    """Return whether a line within a record is a row of its own, swallowed by stray quotes.

    It has an ID where a cell would be, and that is not the ID of the record itself.
    """
    pieces = line.split(delimiter)
    if len(pieces) < len(record):
        return False
    ids = {found for piece in pieces if is_hex(found := clean(piece.strip().strip('"'))[0])}
    return bool(ids) and not any(clean(cell)[0] in ids for cell in record)


def _sample(text: Text) -> list[str]:
    """Return the first lines, some 64 thousand letters of them."""
    sample: list[str] = []
    letters = 0
    for line in text.lines():
        if sample and letters + len(line) > _SAMPLE_LETTERS:
            break
        sample.append(line[:_SAMPLE_LETTERS])
        letters += len(line)
    return sample


def _choose_delimiter(sample: Sequence[str], id_column: str | None) -> tuple[str, str]:
    """Return the delimiter that gives an ID column and even rows; a comma where none splits."""
    fits = {mark: _fit(sample, mark, id_column) for mark in DELIMITERS}
    best = max(DELIMITERS, key=fits.__getitem__)
    return best, BY_FIT if fits[best][3] else BY_DEFAULT


def _is_spaced(sample: Sequence[str], delimiter: str, id_column: str | None) -> bool:
    """Return whether cells are parted by a delimiter and a space, which else hides their quotes."""
    if not any(f'{delimiter} "' in line for line in sample):
        return False
    plain = _fit(sample, delimiter, id_column)
    return _fit(sample, delimiter, id_column, spaced=True) > plain


def _fit(
    sample: Sequence[str], delimiter: str, id_column: str | None, *, spaced: bool = False
) -> tuple[bool, bool, float, int]:
    """Return how well a delimiter fits, to be compared; all zero where it does not split."""
    rows = [record for record, _, _ in _records(sample, delimiter, spaced=spaced) if record]
    widths = Counter(len(row) for row in rows)
    nothing = (False, False, 0.0, 0)
    if not rows:
        return nothing
    width, count = widths.most_common(1)[0]
    if width == 1:
        # Two rows that disagree are no table yet, but a title line says what belongs.
        width = next((len(row) for row in rows[:_HEAD] if _is_titled(row, id_column)), 1)
        count = widths[width]
    if width == 1:
        return nothing
    titled = any(_is_titled(row, id_column) for row in rows[:_HEAD])
    with_id = sum(any(map(is_id, row)) for row in rows)
    return (titled, 2 * with_id >= len(rows), count / len(rows), width)


def _is_titled(row: Sequence[str], id_column: str | None) -> bool:
    return len(row) > 1 and any(is_id_title(title, id_column) for title in row)
