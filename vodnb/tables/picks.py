"""Picks rows, counts and columns out of a table for whoever shows it. Never changes the table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vodnb.rules.model import RESULT_COLUMNS, Verdict
from vodnb.tables.formats.cell_text import cell_text, cell_texts

from .results import to_retry
from .sheet import open_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .read import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    """The assets in one state: "" where the service said none, for which `code` says why."""

    state: str
    meaning: str
    needs: str
    code: str
    assets: int


def read_titles(source: Source, *, encoding: str | None = None) -> list[str]:
    """Return the titles of a source, for the choice of the ID column."""
    sheet = open_sheet(source, id_column=None, encoding=encoding, delimiter=None, sheet=None)
    return [str(title) for title in sheet.frame.columns]


def count_column(table: pd.DataFrame, name: str, rows: Sequence[int] | None = None) -> Counter[str]:
    """Return how many rows have each text in a column, of those at some positions or of all."""
    column = table[name] if rows is None else table[name].iloc[list(rows)]
    return Counter(cell_texts(column))


def find_rows(results: pd.DataFrame, *, outcome: str = "", code: str | None = None) -> list[int]:
    """Return the positions of the rows that ended so.

    By default any outcome ("") and any error code (None) will do; a code of "" is none.
    """
    cells = zip(cell_texts(results["outcome"]), cell_texts(results["error_code"]), strict=True)
    return [
        at
        for at, (ended, told) in enumerate(cells)
        if outcome in {"", ended} and code in {None, told}
    ]


def read_cells(
    table: pd.DataFrame, rows: Sequence[int], columns: Sequence[str]
) -> list[tuple[str, ...]]:
    """Return the cells of some rows and columns as text, row by row."""
    picked = [cell_texts(table[name].iloc[list(rows)]) for name in columns]
    return list(zip(*picked, strict=True))


def read_row(table: pd.DataFrame, row: int) -> dict[str, str]:
    """Return one row as text, by column; a second column of a name is left out."""
    cells: dict[str, str] = {}
    for at, title in enumerate(table.columns):
        cells.setdefault(str(title), cell_text(table.iloc[row, at]))
    return cells


def retry_rows(results: pd.DataFrame) -> list[int]:
    """Return the positions of the rows that `to_retry` gives."""
    numbered = results.reset_index(drop=True) if isinstance(results, pd.DataFrame) else results
    return [int(at) for at in to_retry(numbered).index]


def put_back(whole: pd.DataFrame, part: pd.DataFrame, rows: Sequence[int]) -> pd.DataFrame:
    """Return the whole table with the results of those of its rows that were run again.

    `rows` are their positions in the whole table, in the order of the part.
    """
    together = whole.copy()
    for name in RESULT_COLUMNS:
        column = together[name].array.copy()
        column[list(rows)] = part[name].array
        together[name] = pd.Series(column, index=together.index)
    return together


def state_counts(states: pd.DataFrame) -> list[StateCount]:
    """Return how many assets are in each state, the most first, of the rows that have one."""
    names = ("state", "state_meaning", "needs", "error_code")
    columns = [cell_texts(states[name]) for name in names]
    verdicts = map(Verdict, cell_texts(states["verdict"]))
    seen = {
        asset_id: cells
        for asset_id, verdict, cells in zip(
            cell_texts(states["asset_id"]), verdicts, zip(*columns, strict=True), strict=True
        )
        if verdict.is_usable
    }
    return [
        StateCount(state=state, meaning=meaning, needs=needs, code=code, assets=count)
        for (state, meaning, needs, code), count in Counter(seen.values()).most_common()
    ]
