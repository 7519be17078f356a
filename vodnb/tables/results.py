"""The results table: the user's rows, each with its one outcome and what to do about it."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vodnb.rules.errors import InputError, UnsettledError
from vodnb.rules.model import (
    RESULT_COLUMNS,
    Outcome,
    Settlement,
    Status,
    Verdict,
)
from vodnb.rules.words.explanation import advise
from vodnb.tables.formats.cell_text import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vodnb.rules.model import Lang

DTYPES: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys(RESULT_COLUMNS, TEXT),
        "retryable": "bool",
        "http_status": "Int64",
        "attempts": "int64",
        "elapsed_ms": "Int64",
    }
)
"""The dtype of each result column."""


def usable_rows(table: pd.DataFrame) -> pd.Series:
    """Return for each row of a loaded table whether it points at an asset that can be sent."""
    return table["verdict"].isin([verdict.value for verdict in Verdict if verdict.is_usable])


def usable_assets(table: pd.DataFrame) -> list[str]:
    """Return the distinct assets of a loaded table that can be sent, in order."""
    return list(dict.fromkeys(table.loc[usable_rows(table), "asset_id"]))


def build_results(
    table: pd.DataFrame,
    *,
    settlements: Mapping[str, Settlement],
    untouched: Settlement,
    status: Status,
    run_id: str,
    lang: Lang,
) -> pd.DataFrame:
    """Return the table with the result columns appended: as many rows, same order, same index.

    `untouched` is how an asset stands that the run has not touched.
    """
    columns = _Columns(len(table))
    cells = zip(table["asset_id"], table["verdict"], table["verdict_note"], strict=True)
    for start in range(0, len(table), _AT_ONCE):
        rows = [
            settlements.get(asset_id, untouched) if _is_usable(verdict) else _invalid(verdict, note)
            for asset_id, verdict, note in islice(cells, _AT_ONCE)
        ]
        columns.fill(start, rows, lang)
    columns.fill_all("requested_status", status.value)
    columns.fill_all("run_id", run_id)
    kept = make_room(_without_earlier(table, status), RESULT_COLUMNS)
    added = columns.take()
    # All at once: pandas warns of every single column that is put into a wide table.
    results = pd.concat([kept, pd.DataFrame(added, index=kept.index, copy=False)], axis=1)
    results.attrs["vodnb"] = {**table.attrs.get("vodnb", {}), "lang": lang}
    return results


_AT_ONCE = 10_000
"""Rows made at a time: a settlement takes more room than the cells that it fills."""


class _Columns:
    """The result columns while they are filled: each one array from the start."""

    def __init__(self, size: int) -> None:
        kinds = {"bool": bool, "int64": "int64", "Int64": "int64"}
        self._cells = {
            name: np.zeros(size, dtype=kinds.get(str(dtype), object))
            for name, dtype in DTYPES.items()
        }
        self._missing = {
            name: np.zeros(size, dtype=bool) for name, dtype in DTYPES.items() if dtype == "Int64"
        }

    def fill_all(self, name: str, text: str) -> None:
        """Fill in the same text for all rows."""
        self._cells[name][:] = text

    def fill(self, start: int, rows: list[Settlement], lang: Lang) -> None:
        """Fill in some rows, from `start` on, by how their assets stand."""
        meanings, steps, needs, retryable = zip(*(advise(row, lang) for row in rows), strict=True)
        told: dict[str, Iterable[object]] = {
            "outcome": [row.outcome.value for row in rows],
            "error_code": [row.code for row in rows],
            "error_msg": [row.message for row in rows],
            "meaning": meanings,
            "next_step": steps,
            "needs": [need.value for need in needs],
            "retryable": retryable,
            "http_status": [row.http_status for row in rows],
            "request_id": [row.request_id for row in rows],
            "attempts": [row.attempts for row in rows],
            "sent_at": [row.sent_at for row in rows],
            "elapsed_ms": [row.elapsed_ms for row in rows],
            "state_before": [row.state_before for row in rows],
            "state_after": [row.state_after for row in rows],
        }
        here = slice(start, start + len(rows))
        for name, cells in told.items():
            if name in self._missing:
                self._missing[name][here] = [cell is None for cell in cells]
                self._cells[name][here] = [0 if cell is None else cell for cell in cells]
            else:
                self._cells[name][here] = cells

    def take(self) -> dict[str, pd.api.extensions.ExtensionArray]:
        """Return the columns as they stand in a table, and keep none of them."""
        taken = {}
        for name in list(self._cells):
            # pandas copies texts: what it has copied is given up at once.
            cells = self._cells.pop(name)
            taken[name] = (
                pd.arrays.IntegerArray(cells, self._missing[name])
                if name in self._missing
                else pd.array(cells, dtype=DTYPES[name], copy=False)
            )
        return taken


def to_retry(results: pd.DataFrame) -> pd.DataFrame:
    """Return the rows worth another run: not sent, in doubt, or failed in a way that may pass.

    The rows keep the user's columns and their verdict, and carry `requested_status`, so that a
    run with another status refuses them.

    Args:
        results: A results table.

    Raises:
        InputError: The table is no results table.

    Example:
        >>> again = vod.confirm(vodnb.to_retry(results))
    """
    check_is_results(results)
    outcome = results["outcome"]
    again = outcome.isin([Outcome.NOT_SENT.value, Outcome.IN_DOUBT.value])
    # As text: in a table read without dtypes "False" is no empty text, and so would be true.
    is_retryable = results["retryable"].astype(str).str.casefold().eq("true")
    again |= outcome.eq(Outcome.FAILED.value) & is_retryable
    gone = [name for name in RESULT_COLUMNS if name != "requested_status"]
    return results.loc[again.astype(bool)].drop(columns=gone)


def require_settled(results: pd.DataFrame) -> None:
    """Raise where a row is not confirmed: for notebooks that run on a schedule.

    Args:
        results: A results table.

    Raises:
        InputError: The table is no results table.
        UnsettledError: Rows are invalid, failed, in doubt or not sent; it says how many of each.

    Example:
        >>> vodnb.require_settled(results)
    """
    check_is_results(results)
    good = [outcome.value for outcome in Outcome if outcome.is_good]
    left = results.loc[~results["outcome"].isin(good)]
    if left.empty:
        return
    counts = Counter(zip(left["outcome"], left["error_code"], strict=True))
    told = ", ".join(f"{count} {outcome} ({code})" for (outcome, code), count in counts.items())
    raise UnsettledError(
        f"{len(left)} of {len(results)} rows are not settled: {told}.",
        "Their assets may still hang.",
        "See vodnb.summary(results) for what to do; vodnb.to_retry(results) gives the rows worth "
        "another run.",
    )


def check_is_results(table: object) -> None:
    """Refuse what is no results table, naming what is missing or strange."""
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"A {type(table).__name__} is no results table.",
            do="Give the DataFrame that vod.confirm(...) returned.",
        )
    if missing := [name for name in RESULT_COLUMNS if name not in table.columns]:
        raise InputError(
            f"This table is no results table: it has no {', '.join(missing)}.",
            do="Give the DataFrame that vod.confirm(...) returned, or one saved with vodnb.save.",
        )
    if strange := set(map(str, table["outcome"])) - {outcome.value for outcome in Outcome}:
        raise InputError(
            f"The column outcome holds {', '.join(map(repr, sorted(strange)))}.",
            f"An outcome is one of {', '.join(Outcome)}; the table was changed since the run.",
            "Confirm it again: vod.confirm(results) fills the column anew.",
        )


def refuse_other_status(table: pd.DataFrame, status: Status) -> None:
    """Refuse a table of `to_retry` that was asked for another status."""
    if "requested_status" not in table.columns or "run_id" in table.columns:
        return
    asked = table["requested_status"].astype(str)
    if others := sorted(set(asked) & {other.value for other in Status} - {status.value}):
        raise InputError(
            f"These rows are left over from a run with status {', '.join(others)}, "
            f"and this call asks for {status}.",
            "A retry asks for the same thing again.",
            f'Call it with status="{others[0]}", or drop the column requested_status.',
        )


def make_room(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return a copy in which these names are free: the user's columns are kept under others."""
    taken = set(map(str, table.columns))
    return table.rename(
        columns={name: _free(f"{name}_input", taken) for name in names if name in taken}
    )


def _without_earlier(table: pd.DataFrame, status: Status) -> pd.DataFrame:
    """Return a copy without the columns of an earlier run of ours, which are filled anew."""
    if set(RESULT_COLUMNS) <= set(table.columns):
        return table.drop(columns=list(RESULT_COLUMNS))
    asked = "requested_status"
    if asked in table.columns and table[asked].astype(str).eq(status.value).all():
        # From `to_retry`, or a user's that says the same: nothing is lost, we say it again.
        table = table.drop(columns=[asked])
    return table


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_input"
    return name


def _is_usable(verdict: str) -> bool:
    return Verdict(verdict).is_usable


def _invalid(verdict: str, note: str) -> Settlement:
    return Settlement(outcome=Outcome.INVALID, code=f"CLIENT.{verdict.upper()}", message=str(note))
