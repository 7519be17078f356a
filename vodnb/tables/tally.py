"""Gives the columns of a results table as texts, for whoever counts; and makes small tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vodnb.rules.errors import InputError
from vodnb.rules.model import Outcome, Settlement
from vodnb.rules.words.explanation import advise
from vodnb.tables.formats.cell_text import TEXT, cell_texts

from .read import load_assets
from .results import check_is_results, usable_rows

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from vodnb.rules.model import Lang

COUNTED = (
    "asset_id",
    "verdict",
    "verdict_note",
    "outcome",
    "error_code",
    "error_msg",
    "http_status",
    "request_id",
    "attempts",
    "sent_at",
    "elapsed_ms",
    "state_before",
    "state_after",
    "requested_status",
    "run_id",
)
"""The columns that a report counts: ours alone, and none of the user's."""

_EARLIER = ("asset_id", "outcome")


def load_results(source: str | os.PathLike[str] | pd.DataFrame) -> pd.DataFrame:
    """Return a results table, from a file where it is not one already; refuse what is none."""
    table = source if isinstance(source, pd.DataFrame) else load_assets(source)
    if not isinstance(source, pd.DataFrame) and "outcome" not in table.columns:
        raise InputError(
            f"'{source}' holds no results: it has no column outcome.",
            "A report is made of what a run came to.",
            "Give the table that vodnb.save(results, ...) or vodnb confirm wrote, or a run ID.",
        )
    check_is_results(table)
    if not {"asset_id", "verdict", "verdict_note"} <= set(table.columns):
        table = load_assets(table)
    return table


def load_earlier(source: str | os.PathLike[str] | pd.DataFrame) -> pd.DataFrame:
    """Return of an earlier results table what a comparison needs: each asset and its outcome."""
    table = load_assets(source)
    if missing := [name for name in _EARLIER if name not in table.columns]:
        raise InputError(
            f"The earlier table has no column {missing[0]}.",
            "Two reports are compared by the outcome of each asset.",
            "Give a results table: against='results-monday.csv'.",
        )
    usable = table.loc[usable_rows(table), list(_EARLIER)]
    return usable.loc[~usable["asset_id"].duplicated()].reset_index(drop=True)


def read_columns(table: pd.DataFrame, names: Sequence[str] = COUNTED) -> dict[str, list[str]]:
    """Return columns as texts, row by row; a missing value is ""."""
    return {name: cell_texts(table[name]) for name in names}


def retell(table: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Return a results table that says in this language what each code means and what to do."""
    names = ("outcome", "error_code", "http_status", "state_before", "state_after")
    keys = list(zip(*read_columns(table, names).values(), strict=True))
    told = {key: _advise(key, lang) for key in set(keys)}
    retold = table.copy(deep=False)
    for at, name in enumerate(("meaning", "next_step")):
        column = pd.array([told[key][at] for key in keys], dtype=TEXT)
        retold[name] = pd.Series(column, index=table.index)
    return retold


def _advise(key: tuple[str, ...], lang: Lang) -> tuple[str, str]:
    outcome, code, status, before, after = key
    head = status.partition(".")[0]
    settlement = Settlement(
        outcome=Outcome(outcome),
        code=code,
        http_status=int(head) if head.isascii() and head.isdigit() else None,
        state_before=before,
        state_after=after,
    )
    return advise(settlement, lang)[:2]


def make_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> pd.DataFrame:
    """Return a table of these rows, every cell a text."""
    columns: list[list[str]] = [[] for _ in header]
    for row in rows:
        for column, cell in zip(columns, row, strict=True):
            column.append(str(cell))
    made = {
        name: pd.array(column, dtype=TEXT) for name, column in zip(header, columns, strict=True)
    }
    return pd.DataFrame(made)
