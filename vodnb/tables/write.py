"""Writes a table to a file that can be loaded again: nothing live, nothing half written."""

from __future__ import annotations

import io
import math
import re
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from vodnb.rules.errors import InputError
from vodnb.rules.model import RESULT_COLUMNS
from vodnb.rules.verdicts import KEPT_DIGITS
from vodnb.tables.formats.cell_text import TEXT, is_missing
from vodnb.tables.formats.files import path_of, replacing
from vodnb.tables.formats.header import OUR_TITLES
from vodnb.tables.formats.parquet import check_parquet, write_parquet
from vodnb.tables.formats.workbook import MOST_ROWS, check_workbook, fits_workbook, write_workbook

from .results import DTYPES

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import IO

_FORMULA = re.compile(r"""['"\s]*[=+\-@\t\r\n＝＋－＠]""")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_COUNT = re.compile(rf"[0-9]{{1,{KEPT_DIGITS}}}(\.0+)?")
"""A number that was counted; one of more digits would be rounded, or be too large for a column."""
_BOOLS = {"true": True, "false": False}
_WHOLE = 10**KEPT_DIGITS


def guard(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula; `unguard` undoes it exactly.

    A cell that begins like a formula, be it after blanks or quotes, gets an apostrophe in front.
    Numbers are left alone.
    """
    if cell[:1].isalnum():  # nearly every cell
        return cell
    is_risky = _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_risky else cell


def unguard(cell: str) -> str:
    """Return the cell as it was before `guard`; what `guard` would not have written stays."""
    if not cell.startswith("'"):
        return cell
    bare = cell[1:]
    return bare if guard(bare) == cell else cell


def save(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a table as CSV, as an Excel workbook or as Parquet, by the ending of the name.

    CSV is UTF-8 with a byte order mark, so that Excel shows Chinese. In a workbook each text, and
    so each ID, is a text for Excel too. In both no cell begins like a formula: it gets an
    apostrophe in front, which loading takes off again. Parquet keeps every dtype.

    The file can be loaded with `vodnb.load_assets` and confirmed again. It is written beside its
    place and then moved there, so a reader never sees half of it. The index is not written.

    Args:
        table: A table of assets or of results.
        path: Where to; the name ends in `.csv`, `.xlsx` (extra `excel`) or `.parquet` (extra
            `fast`). A leading `~` is the home folder.

    Returns:
        The path.

    Raises:
        InputError: It is no table, the name ends in something else, the folder does not exist, it
            is the file that the table was loaded from, a workbook cannot hold it, or it cannot be
            written.
        SetupError: The extra is not installed.

    Example:
        >>> vodnb.save(results, "results.xlsx")
    """
    target = path_of(path)
    check_target(table, target)
    try:
        _write(table, target)
    except OSError as fault:
        raise InputError(
            f"'{target}' cannot be written: {fault.strerror}.",
            "The table itself is unharmed, and so is a file that was there before.",
            "Save it again under another name, or in another folder.",
        ) from fault
    return target


def check_target(table: object, target: Path) -> None:
    """Refuse what `save` would refuse, before a run spends time on the table.

    The table may also be the one that it will come from; the file that it was loaded from is
    refused.
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"A {type(table).__name__} is no table.", do="Give a DataFrame to vodnb.save."
        )
    check_place(target)
    _check_fit(table, target)
    source = dict(table.attrs.get("vodnb", {})).get("source", "")
    if source and target.exists() and Path(source).exists() and target.samefile(source):
        raise InputError(
            f"'{target}' is the file that this table was loaded from.",
            "Saving there would replace the original.",
            "Give the results a name of their own.",
        )


def check_place(target: Path) -> None:
    """Refuse a place where no table can be saved, before there is a table."""
    check_kind = _KINDS.get(target.suffix.lower())
    if check_kind is None:
        raise InputError(
            f"'{target.name}' does not end in .csv, .xlsx or .parquet.",
            "The ending says what vodnb.save writes.",
            f"Name it '{target.stem or 'results'}.csv'.",
        )
    check_kind()
    if not target.parent.is_dir():
        raise InputError(f"There is no folder '{target.parent}'.", do="Make it first.")


_KINDS = {".csv": lambda: None, ".xlsx": check_workbook, ".parquet": check_parquet}


def _check_fit(table: pd.DataFrame, target: Path) -> None:
    kind = target.suffix.lower()
    if kind == ".xlsx" and len(table) >= MOST_ROWS:
        raise InputError(
            f"An Excel workbook holds {MOST_ROWS - 1:,} rows, and the table has {len(table):,}.",
            do=f"Name it '{target.stem}.csv'.",
        )
    if kind == ".parquet" and len(set(map(str, table.columns))) < len(table.columns):
        raise InputError(
            "Two columns of the table have the same title, which Parquet cannot hold.",
            do=f"Name it '{target.stem}.csv', or rename one of them.",
        )


def restore(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of texts, as read from a file, the way it was before `save`.

    Guards are taken off, and the result columns get their dtypes back. A file that was not saved by
    us, which shows in its columns, is returned as it is; so is a column that was edited since and
    cannot be read any more.
    """
    titles = set(table.columns)
    has_results = titles.issuperset(RESULT_COLUMNS)
    if not has_results and not titles >= OUR_TITLES:
        return table
    restored = table.copy(deep=False)
    for at, title in enumerate(table.columns):
        cells = table.iloc[:, at].tolist()
        dtype = DTYPES[title] if has_results and title in DTYPES else TEXT
        values = _values(cells, dtype)
        column = pd.array(cells, dtype=TEXT) if values is None else pd.array(values, dtype=dtype)
        restored.isetitem(at, column)
    names = [unguard(title) for title in table.columns]
    if len(set(names)) == len(names):
        restored.columns = pd.Index(names)
    return restored


def _values(cells: list[str], dtype: object) -> list[Any] | None:
    """Return the cells as values of a dtype, or None where one cannot be."""
    if dtype == TEXT:
        return [unguard(cell) for cell in cells]
    if dtype == "bool":
        found = [_BOOLS.get(cell.casefold()) for cell in cells]
        return None if None in found else list(found)
    gap = "" if dtype == "Int64" else None
    if not all(cell == gap or _COUNT.fullmatch(cell) for cell in cells):
        return None
    return [int(float(cell)) if cell else None for cell in cells]


def _write(table: pd.DataFrame, target: Path) -> None:
    with replacing(target) as stream:
        match target.suffix.lower():
            case ".xlsx":
                _write_workbook(table, stream)
            case ".parquet":
                write_parquet(table, stream)
            case _:
                _write_csv(table, stream)


def _write_csv(table: pd.DataFrame, stream: IO[bytes]) -> None:
    # Half a surrogate, which a server may send, cannot be written as it is.
    with io.TextIOWrapper(
        stream, encoding="utf-8-sig", errors="backslashreplace", newline=""
    ) as text:
        _guarded(table).to_csv(text, index=False, lineterminator="\r\n")


def has_long_cell(table: pd.DataFrame) -> bool:
    """Return whether a cell has more letters than a workbook can hold."""
    return any(
        _long_cells(_workbook_cells(table.iloc[:, at].tolist())) for at in range(table.shape[1])
    )


def _write_workbook(table: pd.DataFrame, stream: IO[bytes]) -> None:
    titles = [guard(str(title)) for title in table.columns]
    columns = [_workbook_cells(table.iloc[:, at].tolist()) for at in range(len(titles))]
    for title, cells in zip(titles, columns, strict=True):
        for row in _long_cells(cells):
            raise InputError(
                f"Data row {row + 1} has {len(cells[row]):,} letters in the column {title!r}, more "
                "than a cell of an Excel workbook holds.",
                "Excel would call the file damaged.",
                "Save the table as CSV.",
            )
    write_workbook(titles, zip(*columns, strict=True), stream)


def _long_cells(cells: list[Any]) -> list[int]:
    return [
        row for row, cell in enumerate(cells) if isinstance(cell, str) and not fits_workbook(cell)
    ]


def _workbook_cells(cells: list[Any]) -> list[Any]:
    return [_workbook_cell(cell) for cell in cells]


def _workbook_cell(cell: Any) -> Any:
    """Return what to put into a workbook: text, a number that Excel keeps whole, or nothing."""
    if isinstance(cell, str):
        return guard(cell)
    if is_missing(cell):
        return None
    if isinstance(cell, bool) or (isinstance(cell, int) and abs(cell) < _WHOLE):
        return cell
    if isinstance(cell, float) and math.isfinite(cell):
        return cell
    return guard(str(cell))


def _guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy in which no title and no cell begins like a formula."""
    safe = table.copy(deep=False)
    for at, dtype in enumerate(table.dtypes):
        if not _is_harmless(dtype):
            cells = _guarded_cells(table.iloc[:, at].tolist())
            # As a Series: pandas would make a bare array of texts its own dtype of texts.
            column = pd.Series(cells, dtype=object, index=table.index)
            safe.isetitem(at, column)  # type: ignore[arg-type]  # the stubs know no Series here
    safe.columns = pd.Index(_guarded_cells(table.columns), dtype=object, tupleize_cols=False)
    return safe


def _is_harmless(dtype: Any) -> bool:
    types = pd.api.types
    return types.is_numeric_dtype(dtype) or types.is_datetime64_any_dtype(dtype)


def _guarded_cells(cells: Iterable[object]) -> list[Any]:
    # Most cells are texts that begin with a letter or digit: of millions each step counts.
    return [
        (cell if not cell or cell[0].isalnum() else guard(cell))
        if cell.__class__ is str
        else cell
        if isinstance(cell, Number)
        else _guarded_cell(cell)
        for cell in cells
    ]


def _guarded_cell(cell: object) -> object:
    """Return the text of a cell, guarded, if that is needed; else the cell itself."""
    text = str(cell)
    safe = guard(text)
    return cell if safe == text else safe
