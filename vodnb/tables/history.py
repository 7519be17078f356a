"""The tables of exchanges and of runs; and the cells of a row, by which one is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vodnb.rules.model import Outcome
from vodnb.tables.formats.cell_text import TEXT, is_missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TYPES: dict[str, Any] = {
    "n": "int64",
    "http_status": "Int64",
    "attempts": "int64",
    "total_ms": "Float64",
}
_ORDER = ("n", "operation", "http_status", "error_code", "result", "request_id", "attempts",
          "sent_at", "total_ms", "method", "url")  # fmt: skip


def build_history(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Return one row an exchange, in the order given."""
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in _ORDER}
    return pd.DataFrame(
        {name: pd.array(cells, dtype=_TYPES.get(name, TEXT)) for name, cells in columns.items()}
    )


def row_cells(row: object) -> dict[str, object]:
    """Return the cells of one row by column; empty where it is no row of a table.

    It may be a Series (`results.iloc[3]`), a table of one row, a mapping, or a named tuple.
    """
    if isinstance(row, pd.DataFrame):
        if len(row) != 1:
            return {}
        row = row.iloc[0]
    if isinstance(row, pd.Series):
        cells = {str(name): row.iloc[at] for at, name in reversed(list(enumerate(row.index)))}
    elif hasattr(row, "_asdict"):
        cells = dict(row._asdict())
    elif hasattr(row, "keys") and hasattr(row, "__getitem__"):
        cells = {str(name): row[name] for name in row.keys()}  # noqa: SIM118  not only dicts
    else:
        return {}
    return {name: None if is_missing(cell) else _plain(cell) for name, cell in cells.items()}


def _plain(cell: object) -> object:
    """Return a number of numpy's as Python's own."""
    return cell.item() if isinstance(cell, np.generic) else cell


_TEXTS = ("run_id", "state", "status", "began_at", "endpoint", "project_id", "source", "journal")


_COUNTS = ("assets", *(outcome.value for outcome in Outcome if outcome is not Outcome.INVALID))


def build_runs(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Return one row a run, in the order given; a text that is missing is "", a count 0."""
    columns = {
        **{name: pd.array([str(row.get(name, "")) for row in rows], dtype=TEXT) for name in _TEXTS},
        **{name: pd.array([row.get(name, 0) for row in rows], dtype="int64") for name in _COUNTS},
    }
    order = ("run_id", "state", "status", *_COUNTS, *_TEXTS[3:])
    return pd.DataFrame({name: columns[name] for name in order})
