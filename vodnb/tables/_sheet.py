"""Opens whatever holds the IDs, a file, pasted text, a DataFrame or a list, as one sheet.

Never judges an ID.
"""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from vodnb.rules.errors import InputError
from vodnb.rules.model import Verdict
from vodnb.rules.verdicts import clean, is_hex, judge

from ._encoding import decode
from ._header import free_title, holds_ids, is_id_title, unique_titles
from ._records import Records, read_records

# Python storage: the one text dtype that is the same in pandas 2 and 3, with and without pyarrow,
# and that holds any str (pyarrow refuses a lone surrogate).
TEXT = pd.StringDtype("python")

_NOT_LISTS = (bytes, bytearray, memoryview, Mapping)

STRAY_QUOTE = "a quote does not pair on line"
"""How the remark on a line with a stray quote begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table as it was read, before any verdict.

    Attributes:
        frame: The user's columns, each with a title of its own. Ours to change.
        titles: The titles as read, which may repeat.
        source: The path as given, or "text", "DataFrame", "Series", "list".
        encoding: Codec of the file; "" where there was none to choose.
        delimiter: What parted the cells; "" where nothing did.
        only_column: Whether the one column holds the IDs, whatever its title.
        ragged: Notes on rows with too many or too few cells, by position.
        remarks: Notes on rows that were hard to read, by position.
    """

    frame: pd.DataFrame
    titles: list[str]
    source: str
    encoding: str = ""
    delimiter: str = ""
    only_column: bool = False
    ragged: Mapping[int, str] = field(default_factory=dict)
    remarks: Mapping[int, str] = field(default_factory=dict)


def open_sheet(
    source: object, *, id_column: str | None, encoding: str | None, delimiter: str | None
) -> Sheet:
    """Open a source of IDs.

    Raises:
        InputError: There is no such file, it cannot be read, or it is of no kind we take.
    """
    if isinstance(source, pd.DataFrame):
        return _from_frame(source)
    if isinstance(source, pd.Series):
        return _from_series(source)
    if isinstance(source, str | os.PathLike):
        text, name, codec = _read_text(os.fspath(source), encoding)
        records = read_records(text, delimiter=delimiter, id_column=id_column)
        return _from_records(records, id_column=id_column, source=name, encoding=codec)
    if isinstance(source, Iterable) and not isinstance(source, _NOT_LISTS):
        return _from_list(source)
    raise InputError(
        f"Assets cannot be loaded from {type(source).__name__!r}.",
        do="Give the path of a file, pasted text of several lines, a DataFrame, a Series or a "
        "list of IDs.",
    )


def cell_texts(column: pd.Series) -> list[str]:
    """Return the cells of a column as text; a missing value is ""."""
    return [cell_text(cell) for cell in column.tolist()]


def cell_text(cell: object) -> str:
    """Return one cell as text; a missing value is ""."""
    if isinstance(cell, str):
        return str(cell)
    if not pd.api.types.is_scalar(cell):
        return str(cell)
    return "" if pd.isna(cell) else str(cell)  # type: ignore[call-overload]  # it is a scalar


def _read_text(source: str | bytes, encoding: str | None) -> tuple[str, str, str]:
    """Return the text, where it came from, and the codec of the file ("" for pasted text)."""
    name = os.fsdecode(source)
    path = Path(name).expanduser()
    if not _is(Path.is_file, path):
        if "\n" in name or "\r" in name:
            return name.removeprefix("\ufeff"), "text", ""
        raise _no_such_file(name, path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The file {name!r} cannot be read: {error.strerror}.",
            do="Check its permissions, or load a copy.",
        ) from None
    text, codec = decode(data, encoding=encoding, name=name)
    return text, name, codec


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """Ask what a path is; a pasted text may be too long for one, or have a NUL in it."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


def _no_such_file(name: str, path: Path) -> InputError:
    if _is(Path.is_dir, path):
        return InputError(f"{name!r} is a folder.", do="Name a file in it.")
    if is_hex(clean(name)[0]):
        return InputError(
            f"There is no file {name!r}.",
            "It looks like an asset ID.",
            "To load IDs themselves, give them in a list: load_assets(['...']).",
        )
    folder = path.parent
    names = sorted(entry.name for entry in folder.iterdir()) if _is(Path.is_dir, folder) else []
    similar = difflib.get_close_matches(path.name, names)
    hint = f" Did you mean {' or '.join(map(repr, similar))}?" if similar else ""
    return InputError(
        f"There is no file {name!r}.",
        f"The current folder is {str(Path.cwd())!r}.{hint}",
        "Check the name, or paste the table itself as text of several lines.",
    )


def _from_frame(source: pd.DataFrame) -> Sheet:
    if isinstance(source.columns, pd.MultiIndex):
        raise InputError(
            "The DataFrame has titles on several levels.",
            "The ID column cannot be named by one title.",
            "Make them one level: df.columns = ['_'.join(map(str, c)) for c in df.columns].",
        )
    titles = [str(title) for title in source.columns]
    swallowed = next((title for title in titles if is_hex(clean(title)[0])), None)
    if swallowed is not None:
        raise InputError(
            f"The column title {swallowed!r} is itself an asset ID.",
            "The file has no line of titles, and its first ID was taken for one.",
            "Load the file itself: load_assets('file.csv'), or read it with header=None.",
        )
    frame = source.copy()
    if len(set(titles)) < len(titles):
        frame.columns = pd.Index(unique_titles(titles))
    return Sheet(frame=frame, titles=titles, source="DataFrame")


def _from_series(source: pd.Series) -> Sheet:
    title = "asset_id" if source.name is None else str(source.name)
    texts = pd.array(cell_texts(source), dtype=TEXT)
    frame = pd.DataFrame({title: texts}, index=source.index)
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


def _from_records(records: Records, *, id_column: str | None, source: str, encoding: str) -> Sheet:
    if not records.cells:
        raise InputError(
            f"{source!r} is empty.", "There is no row to load.", "Check that it was saved."
        )
    titled = int(_has_titles(records.cells, id_column))
    rows = records.cells[titled:]
    titles = records.cells[0] if titled else _made_up_titles(rows)
    needed = len(_without_empty_end(titles))
    widest = max((len(_without_empty_end(row)) for row in rows), default=0)
    names = unique_titles(titles)
    extra = range(widest - len(titles))
    for _ in extra:
        names.append(free_title("extra", names))
    return Sheet(
        frame=_frame_of(rows, names),
        titles=[*titles, *("" for _ in extra)],
        source=source,
        encoding=encoding,
        delimiter=records.delimiter,
        only_column=not titled and needed == 1,
        ragged={
            at: _ragged_note(len(row), needed, records.lines[titled + at])
            for at, row in enumerate(rows)
            if _is_ragged(row, needed, len(titles))
        },
        remarks={
            at - titled: f"{STRAY_QUOTE} {records.lines[at]}: it was read without quotes"
            for at in records.stray
        },
    )


def _has_titles(cells: list[list[str]], id_column: str | None) -> bool:
    """Return whether the first record is titles: it names the ID column, or holds no ID."""
    first, *rest = cells
    if any(is_id_title(cell, id_column) for cell in first):
        return True
    if any(is_hex(clean(cell)[0]) for cell in first):
        return False
    # A mangled ID may come first, too; no title looks like one.
    return not any(
        judge(cell, hex_column=True).verdict is Verdict.MANGLED
        and holds_ids([row[at] for row in rest if at < len(row)])
        for at, cell in enumerate(first)
    )


def _made_up_titles(rows: list[list[str]]) -> list[str]:
    width = Counter(len(row) for row in rows if row).most_common(1)[0][0]
    return [f"column_{at + 1}" for at in range(width)] if width > 1 else ["asset_id"]


def _without_empty_end(row: list[str]) -> list[str]:
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def _is_ragged(row: list[str], needed: int, most: int) -> bool:
    """Return whether cells may have shifted; empty ones at the end, or none at all, tell nothing.

    Spreadsheets put empty cells at the end of some lines and leave them out of others.
    """
    if needed <= len(row) <= most or not any(cell.strip() for cell in row):
        return False
    return len(row) < needed or len(_without_empty_end(row)) > most


def _ragged_note(cells: int, needed: int, line: int) -> str:
    return (
        f"line {line} has {cells} cells where {needed} belong, so cells may have shifted. "
        "Mend the line in the source and load it again."
    )


def _frame_of(rows: list[list[str]], names: list[str]) -> pd.DataFrame:
    columns = {
        name: pd.array([row[at] if at < len(row) else "" for row in rows], dtype=TEXT)
        for at, name in enumerate(names)
    }
    return pd.DataFrame(columns)
