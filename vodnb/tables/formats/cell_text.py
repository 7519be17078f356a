"""What a cell says as text, and the one dtype that texts have in every table of ours."""

from __future__ import annotations

import pandas as pd

# Python storage: the one text dtype that is the same in pandas 2 and 3, with and without pyarrow,
# and that holds any str (pyarrow refuses a lone surrogate).
TEXT = pd.StringDtype("python")


def storable(text: str) -> str:
    """Return a text in which half a surrogate, which no file or screen can hold, is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def is_missing(cell: object) -> bool:
    """Return whether a cell is None, NaN, NaT or NA. A list or an array is something."""
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))  # type: ignore[call-overload]  # it is a scalar


def cell_text(cell: object) -> str:
    """Return one cell as text; a missing value is ""."""
    if isinstance(cell, str):
        return str(cell)
    return "" if is_missing(cell) else str(cell)


def cell_texts(column: pd.Series) -> list[str]:
    """Return the cells of a column as text; a missing value is ""."""
    cells: list[object] = column.tolist()
    # A loop over ten million rows is worth avoiding, and columns of ours are texts alone.
    if set(map(type, cells)) <= {str}:
        return cells  # type: ignore[return-value]
    return [cell_text(cell) for cell in cells]
