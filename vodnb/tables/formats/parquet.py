"""Reads and writes Parquet, with pyarrow where it is installed. Dtypes stay as they are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pandas as pd

from vodnb.rules.errors import InputError, SetupError

from .cell_text import TEXT, is_missing, storable

if TYPE_CHECKING:
    from typing import IO


def check_parquet() -> None:
    """Refuse where Parquet cannot be read or written, because pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401, ICN001  # only to see whether it is there
    except ImportError:
        raise SetupError(
            "Parquet files need pyarrow, which is not installed.",
            do='Run: pip install "vodnb[fast]". Or use CSV.',
        ) from None


def read_parquet(data: bytes, name: str) -> pd.DataFrame:
    """Return the table in a Parquet file; texts get the dtype that they have everywhere here."""
    check_parquet()
    try:
        table = pd.read_parquet(io.BytesIO(data), engine="pyarrow")
    except Exception as error:  # noqa: BLE001  # pyarrow has errors of its own for each way to be damaged
        raise InputError(
            f"{name!r} is a Parquet file that cannot be read: {type(error).__name__}.",
            "It is damaged, or written by something newer.",
            "Get it again, or save it as CSV.",
        ) from None
    for at, dtype in enumerate(table.dtypes):
        if isinstance(dtype, pd.StringDtype):
            cells = pd.array(table.iloc[:, at].tolist(), dtype=TEXT)
            table.isetitem(at, cells)
    table.attrs.clear()
    return table


def write_parquet(table: pd.DataFrame, stream: IO[bytes]) -> None:
    """Write a table. What Parquet cannot hold, such as a column of mixed things, becomes text."""
    safe = table.copy(deep=False)
    for at, dtype in enumerate(table.dtypes):
        if isinstance(dtype, pd.StringDtype | pd.SparseDtype) or dtype.kind in "Oc":
            cells = [_storable(cell) for cell in table.iloc[:, at].tolist()]
            safe.isetitem(at, pd.array(cells, dtype=TEXT))
    safe.columns = pd.Index([storable(str(title)) for title in table.columns], dtype=object)
    safe.attrs.clear()
    safe.to_parquet(stream, engine="pyarrow", index=False)


def _storable(cell: Any) -> Any:
    """Return a cell as text; half a surrogate, which no file can hold, is spelled out."""
    if isinstance(cell, str):
        return storable(cell)
    return None if is_missing(cell) else str(cell)
