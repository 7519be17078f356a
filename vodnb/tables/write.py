"""Write a table to a file that can be loaded again: no live formula in it, nothing half written."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from vodnb.rules.errors import InputError

if TYPE_CHECKING:
    import os
    from collections.abc import Hashable

__all__ = ["guard", "save", "unguard"]

_FORMULA = re.compile(r"""['"\s]*[=+\-@\t\r＝＋－＠]""")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def guard(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula; `unguard` undoes it exactly.

    A cell that begins like a formula, or with an apostrophe, gets an apostrophe in front.
    Numbers are left alone.
    """
    is_risky = cell.startswith("'") or (_FORMULA.match(cell) and not _NUMBER.fullmatch(cell))
    return f"'{cell}" if is_risky else cell


def unguard(cell: str) -> str:
    """Return the cell as it was before `guard`."""
    return cell.removeprefix("'")


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
        InputError: It is no table, the name does not end in .csv, the folder does not exist, or
            it is the file that the table was loaded from.
    """
    target = Path(path)
    _check(table, target)
    safe = table.rename(columns=_guard_name)
    for name in safe.columns[[not _is_number(dtype) for dtype in safe.dtypes]]:
        safe[name] = safe[name].map(_guard_value)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with draft.open("x", encoding="utf-8-sig", newline="") as stream:
            safe.to_csv(stream, index=False, lineterminator="\r\n")
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return target


def _check(table: object, target: Path) -> None:
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


def _is_number(dtype: object) -> bool:
    return pd.api.types.is_numeric_dtype(dtype)  # type: ignore[arg-type]  # stubs name fewer types


def _guard_name(name: Hashable) -> Hashable:
    return guard(name) if isinstance(name, str) else name


def _guard_value(value: object) -> object:
    return guard(value) if isinstance(value, str) else value
