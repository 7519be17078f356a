"""Write a table to a file that can be loaded again: no live formula in it, nothing half written."""

from __future__ import annotations

import re
import secrets
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from vodnb.rules.errors import InputError
from vodnb.rules.model import RESULT_COLUMNS

from ._sheet import TEXT
from .results import DTYPES

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

__all__ = ["check_target", "guard", "restore", "save", "unguard"]

_FORMULA = re.compile(r"""['"\s]*[=+\-@\t\r\n＝＋－＠]""")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_COUNT = re.compile(r"[0-9]+(\.0+)?")
_BOOLS = {"true": True, "false": False}
_LOADED_COLUMNS = ("asset_id", "verdict", "verdict_note")


def guard(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula; `unguard` undoes it exactly.

    A cell that begins like a formula, be it after blanks or quotes, gets an apostrophe in front.
    Numbers are left alone.
    """
    is_risky = _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_risky else cell


def unguard(cell: str) -> str:
    """Return the cell as it was before `guard`; what `guard` would not have written stays."""
    bare = cell.removeprefix("'")
    return bare if guard(bare) == cell else cell


def save(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a table as CSV: UTF-8 with a byte order mark, so that Excel shows Chinese.

    The file can be loaded with `vodnb.load_assets` and confirmed again. It is written beside its
    place and then moved there, so a reader never sees half of it.

    Args:
        table: A table of assets or of results.
        path: Where to; the name ends in `.csv`.

    Returns:
        The path.

    Raises:
        InputError: It is no table, the name does not end in .csv, the folder does not exist, it
            is the file that the table was loaded from, or it cannot be written.
    """
    target = Path(path)
    check_target(table, target)
    try:
        _write(_guarded(table), target)
    except OSError as fault:
        raise InputError(
            f"'{target}' cannot be written: {fault.strerror}.",
            "The table itself is unharmed, and so is a file that was there before.",
            "Save it again under another name, or in another folder.",
        ) from fault
    return target


def check_target(table: object, target: Path) -> None:
    """Refuse what `save` would refuse, before a run spends time on the table.

    Args:
        table: The table to be saved, or the one it will come from.
        target: Where to.

    Raises:
        InputError: It is no table, the name does not end in .csv, the folder does not exist, or
            it is the file that the table was loaded from.
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"A {type(table).__name__} is no table.", do="Give a DataFrame to vodnb.save."
        )
    if target.suffix.lower() != ".csv":
        raise InputError(
            f"'{target.name}' does not end in .csv.",
            "vodnb.save writes CSV files.",
            f"Name it '{target.stem or 'results'}.csv'.",
        )
    if not target.parent.is_dir():
        raise InputError(f"There is no folder '{target.parent}'.", do="Make it first.")
    source = dict(table.attrs.get("vodnb", {})).get("source", "")
    if source and target.exists() and Path(source).exists() and target.samefile(source):
        raise InputError(
            f"'{target}' is the file that this table was loaded from.",
            "Saving there would replace the original.",
            "Give the results a name of their own.",
        )


def restore(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table, as read from a file, the way it was before `save`.

    Guards are taken off, and the result columns get their dtypes back. A file that was not saved
    by us, which shows in its columns, is returned as it is; so is a column that was edited since
    and cannot be read any more.

    Args:
        table: All its cells are text.
    """
    titles = set(table.columns)
    has_results = titles.issuperset(RESULT_COLUMNS)
    if not has_results and not titles.issuperset(_LOADED_COLUMNS):
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


def _guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy in which no title and no cell begins like a formula."""
    safe = table.copy(deep=False)
    for at, dtype in enumerate(table.dtypes):
        if not _is_harmless(dtype):
            cells = _guarded_cells(table.iloc[:, at].tolist())
            safe.isetitem(at, pd.array(cells, dtype=object))
    safe.columns = pd.Index(_guarded_cells(table.columns), dtype=object, tupleize_cols=False)
    return safe


def _is_harmless(dtype: Any) -> bool:
    types = pd.api.types
    return types.is_numeric_dtype(dtype) or types.is_datetime64_any_dtype(dtype)


def _guarded_cells(cells: Iterable[object]) -> list[Any]:
    return [cell if isinstance(cell, Number) else _guarded_cell(cell) for cell in cells]


def _guarded_cell(cell: object) -> object:
    """Return the text of a cell, guarded, if that is needed; else the cell itself."""
    text = str(cell)
    safe = guard(text)
    return cell if safe == text else safe


def _write(table: pd.DataFrame, target: Path) -> None:
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        # Half a surrogate, which a server may send, cannot be written as it is.
        with draft.open("x", encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
            table.to_csv(stream, index=False, lineterminator="\r\n")
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
