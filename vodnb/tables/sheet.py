"""Opens whatever holds the IDs, a file, pasted text, a DataFrame or a list, as one sheet.

Never judges an ID.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pandas as pd

from vodnb.rules.errors import InputError
from vodnb.rules.verdicts import is_value
from vodnb.tables.formats.cell_text import TEXT, cell_text, cell_texts, storable
from vodnb.tables.formats.columns import Records, trimmed
from vodnb.tables.formats.encoding import Text, decode
from vodnb.tables.formats.files import is_file, no_such_file, path_of, read_file
from vodnb.tables.formats.header import (
    free_titles,
    holds_ids,
    is_id,
    is_id_title,
    lines_above,
    unique_titles,
)
from vodnb.tables.formats.json_lines import is_json_lines, read_json_lines
from vodnb.tables.formats.parquet import read_parquet
from vodnb.tables.formats.records import read_records
from vodnb.tables.formats.workbook import read_workbook

from .ragged import Widths, widths_of

_HEAD = 30
"""Records among which the titles are looked for."""

_NOT_LISTS = (bytes, bytearray, memoryview, Mapping)

STRAY_QUOTE = "a quote does not pair on line"
"""How the remark on a line with a stray quote begins."""

NUMBER_NOTE = (
    "the workbook holds a number here, and a number keeps 15 digits and no leading zeros. "
    "It cannot be repaired: export the source again with this column as text."
)
"""The note on a cell of a workbook that is no text, though it may look like one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table as it was read, before any verdict.

    Attributes:
        frame: The user's columns, each with a title of its own. Ours to change.
        titles: The titles as read, which may repeat.
        source: The path as given, the home folder spelled out; or "text", "DataFrame", "Series",
            "list".
        story: How it was read, in plain values, for `attrs`.
        only_column: Whether the one column holds the IDs, whatever its title.
        widths: How wide the rows are; None where none can have too many or too few cells.
        broken: Notes on rows that are no records at all, by position.
        remarks: Notes on rows that were hard to read, by position.
        numbers: Rows whose cell is a number and no text, by position of the column.
        is_typed: Whether the columns have dtypes of their own, and no text is guarded.
    """

    frame: pd.DataFrame
    titles: list[str]
    source: str
    story: Mapping[str, object] = field(default_factory=dict)
    only_column: bool = False
    widths: Widths | None = None
    broken: Mapping[int, str] = field(default_factory=dict)
    remarks: Mapping[int, str] = field(default_factory=dict)
    numbers: Mapping[int, Sequence[int]] = field(default_factory=dict)
    is_typed: bool = False


def open_sheet(
    source: object,
    *,
    id_column: str | None,
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
) -> Sheet:
    """Open a source of IDs."""
    if isinstance(source, pd.DataFrame):
        return _from_frame(source)
    if isinstance(source, pd.Series):
        return _from_series(source)
    if isinstance(source, str | os.PathLike):
        return _from_path(
            os.fsdecode(os.fspath(source)),
            id_column=id_column,
            encoding=encoding,
            delimiter=delimiter,
            sheet=sheet,
        )
    if isinstance(source, Iterable) and not isinstance(source, _NOT_LISTS):
        return _from_list(source)
    raise InputError(
        f"Assets cannot be loaded from {type(source).__name__!r}.",
        do="Give the path of a file, pasted text of several lines, a DataFrame, a Series or a "
        "list of IDs.",
    )


def _from_path(
    name: str,
    *,
    id_column: str | None,
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
) -> Sheet:
    path = path_of(name)
    story: dict[str, object] = {}
    # What is kept beside the file is looked for there by those who know of no home folder.
    source = name if path == Path(name) else str(path)
    if is_file(path):
        raw = read_file(path, name)
        story |= {"inside": raw.inside} if raw.inside else {}
        if raw.kind == "parquet":
            _refuse_sheet(sheet, name)
            opened = _from_frame(read_parquet(raw.data, name))
            return replace(opened, source=source, story=story, is_typed=True)
        if raw.kind == "workbook":
            story["sheet"], records = read_workbook(raw.data, name, sheet)
            return from_records(records, id_column=id_column, source=source, story=story)
        _refuse_sheet(sheet, name)
        text = decode(raw.data, encoding=encoding, name=name)
        # The bytes of a big file are let go as soon as its records are there.
        del raw
    elif "\n" in name or "\r" in name:
        _refuse_sheet(sheet, "text")
        text, source = Text(whole=name), "text"
    else:
        raise no_such_file(name, path)
    is_json = delimiter is None and is_json_lines(text)
    if is_json:
        records = read_json_lines(text)
    else:
        records = read_records(text, delimiter=delimiter, id_column=id_column)
    story |= {"encoding": text.codec, "encoding_why": text.why}
    story |= {"delimiter": records.delimiter, "delimiter_why": records.why}
    del text
    titled = True if is_json else None
    return from_records(records, id_column=id_column, source=source, story=story, titled=titled)


def _refuse_sheet(sheet: str | None, name: str) -> None:
    if sheet is not None:
        raise InputError(
            f"sheet={sheet!r} was given, and {name!r} is no workbook.",
            "Only a workbook has sheets; which rows were meant is not guessed.",
            "Leave sheet= out, or name the workbook (.xlsx).",
        )


def _from_frame(source: pd.DataFrame) -> Sheet:
    if isinstance(source.columns, pd.MultiIndex):
        raise InputError(
            "The DataFrame has titles on several levels.",
            "The ID column cannot be named by one title.",
            "Make them one level: df.columns = ['_'.join(map(str, c)) for c in df.columns].",
        )
    titles = [str(title) for title in source.columns]
    swallowed = next(filter(is_id, titles), None)
    if swallowed is not None:
        raise InputError(
            f"The column title {swallowed!r} is itself an asset ID.",
            "The file has no line of titles, and its first ID was taken for one.",
            "Load the file itself: load_assets('file.csv'), or read it with header=None.",
        )
    # From pandas 3 on a copy costs nothing until one of the two is changed.
    frame = source.copy(deep=pd.__version__.startswith("2."))
    names = [storable(title) for title in titles]
    if len(set(names)) < len(names) or names != titles:
        frame.columns = pd.Index(unique_titles(names))
    return Sheet(frame=frame, titles=titles, source="DataFrame")


def _from_series(source: pd.Series) -> Sheet:
    title = "asset_id" if source.name is None else str(source.name)
    texts = pd.array(cell_texts(source), dtype=TEXT)
    frame = pd.DataFrame({storable(title): texts}, index=source.index)
    return Sheet(frame=frame, titles=[title], source="Series", only_column=True)


def _from_list(source: Iterable[object]) -> Sheet:
    # A set has no order of its own; sorted, the same set is the same table.
    cells = sorted(source, key=str) if isinstance(source, set | frozenset) else list(source)
    odd = [type(cell).__name__ for cell in cells if not pd.api.types.is_scalar(cell)]
    if odd:
        raise InputError(
            f"The list holds a {odd[0]!r}, not only IDs.",
            do="Give a list of texts, or make a table of it first: pd.DataFrame(...).",
        )
    texts = pd.array([cell_text(cell) for cell in cells], dtype=TEXT)
    frame = pd.DataFrame({"asset_id": texts})
    return Sheet(frame=frame, titles=["asset_id"], source="list", only_column=True)


def from_records(
    records: Records,
    *,
    id_column: str | None,
    source: str,
    story: Mapping[str, object],
    titled: bool | None = None,
) -> Sheet:
    """Return the sheet that some records make, and use them up.

    Whether the first record holds the titles is looked at, unless `titled` says so.
    """
    if not len(records):
        raise InputError(
            f"{source!r} is empty.", "There is no row to load.", "Check that it was saved."
        )
    if titled is None:
        head = [records.cells(at) for at in range(min(len(records), _HEAD))]
        if above := lines_above(head, id_column):
            records = trimmed(records, above, len(records))
            story = {**story, "above": above}
        titled = _has_titles(records, id_column)
    titles = records.cells(0) if titled else _made_up_titles(records)
    rows = trimmed(records, int(titled), len(records))
    while len(rows.columns) > len(titles) and not any(rows.columns[-1]):
        rows.columns.pop()
    names = unique_titles(list(map(storable, titles)))
    extra = len(rows.columns) - len(titles)
    names += islice(free_titles("extra", set(names)), max(extra, 0))
    widths = widths_of(rows, titles)
    return Sheet(
        widths=widths,
        broken=rows.broken,
        remarks={
            at: f"{STRAY_QUOTE} {rows.lines[at]}: it was read without quotes" for at in rows.stray
        },
        numbers=rows.numbers,
        titles=[*titles, *[""] * extra],
        source=source,
        story=story,
        only_column=not titled and widths.needed == 1,
        frame=_frame_of(rows, names),
    )


def _has_titles(records: Records, id_column: str | None) -> bool:
    """Return whether the first record is titles: it names the ID column, or holds no ID."""
    first = records.cells(0)
    if any(is_id_title(cell, id_column) for cell in first):
        return True
    if any(map(is_id, first)):
        return False
    # A mangled ID may come first, too; no title looks like one.
    return not any(
        is_value(cell) and holds_ids(records.columns[at][1:]) for at, cell in enumerate(first)
    )


def _made_up_titles(records: Records) -> list[str]:
    widths = Counter(records.widths.values())
    widths[records.width] += len(records) - len(records.widths)
    del widths[0]
    width = widths.most_common(1)[0][0]
    return [f"column_{at + 1}" for at in range(width)] if width > 1 else ["asset_id"]


def _frame_of(rows: Records, names: list[str]) -> pd.DataFrame:
    size = len(rows)
    while len(rows.columns) < len(names):
        rows.columns.append([""] * size)
    rows.columns.reverse()
    # Each list is let go as soon as it is a column: memory never holds both of all.
    columns = {name: pd.array(rows.columns.pop(), dtype=TEXT) for name in names}
    return pd.DataFrame(columns)
