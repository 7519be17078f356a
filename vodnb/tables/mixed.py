"""Tables whose rows ask for several statuses: parted by status, and joined again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vodnb.rules.errors import InputError
from vodnb.rules.model import Status

from .results import usable_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_MOST_TOLD = 20


def split_by_status(
    table: pd.DataFrame, column: str
) -> dict[Status, tuple[NDArray[np.intp], pd.DataFrame]]:
    """Return for each status the places of its rows, and them; CREATED comes first.

    A row without a usable ID goes with the first where its own status is none. Cells that are no
    status, and assets listed with two, are refused, each of them by name.
    """
    if column not in table.columns:
        raise InputError(
            f"The table has no column {column!r}.",
            f"It has {', '.join(map(repr, map(str, table.columns)))}.",
            "status_column= names the column that holds CREATED, FAILED or CANCELLED for each row.",
        )
    wanted = table[column].fillna("").astype(str).str.strip()
    is_usable = usable_rows(table)
    _refuse_strange(table, wanted, is_usable)
    _refuse_torn(table["asset_id"][is_usable], wanted[is_usable])
    present = [status for status in Status if wanted[is_usable].eq(status.value).any()]
    first = (present or [Status.CREATED])[0]
    asked = wanted.where(wanted.isin([status.value for status in present]), first.value)
    places = {
        status: np.flatnonzero(asked.eq(status.value).to_numpy()) for status in present or [first]
    }
    return {status: (rows, table.iloc[rows]) for status, rows in places.items()}


def _refuse_strange(table: pd.DataFrame, wanted: pd.Series, is_usable: pd.Series) -> None:
    is_strange = (is_usable & ~wanted.isin([status.value for status in Status])).to_numpy()
    cells = [
        f"row {place + 1} (asset {table['asset_id'].iloc[place]}): {wanted.iloc[place]!r}"
        for place in np.flatnonzero(is_strange)
    ]
    if cells:
        raise InputError(
            f"{len(cells)} cells of the status column are none of {', '.join(Status)}: "
            f"{_some(cells)}.",
            "Nothing was sent.",
            "Correct them, or leave their rows out; note the two L of CANCELLED.",
        )


def _refuse_torn(assets: pd.Series, wanted: pd.Series) -> None:
    pairs = pd.DataFrame({"asset": assets.to_numpy(), "status": wanted.to_numpy()})
    pairs = pairs.drop_duplicates()
    torn = pairs[pairs["asset"].duplicated(keep=False)]
    if len(torn):
        told = [f"{asset} ({', '.join(rows)})" for asset, rows in torn.groupby("asset")["status"]]
        raise InputError(
            f"{len(told)} assets are listed with more than one status: {_some(told)}.",
            "An asset can end in one of them only; nothing was sent.",
            "Keep one row for each of these assets.",
        )


def _some(told: Sequence[str]) -> str:
    rest = len(told) - _MOST_TOLD
    return "; ".join(told[:_MOST_TOLD]) + (f"; and {rest} more" if rest > 0 else "")


def join_parts(
    table: pd.DataFrame, parts: Mapping[Status, tuple[NDArray[np.intp], pd.DataFrame]]
) -> pd.DataFrame:
    """Return the results of all parts as one table: the rows of the whole, in its order."""
    places = np.concatenate([places for places, _ in parts.values()])
    joined = pd.concat([results for _, results in parts.values()])
    ordered = joined.iloc[np.argsort(places, kind="stable")]
    titles = [set(results.columns) for _, results in parts.values()]
    for title in set(joined.columns) - titles[0].intersection(*titles):
        # The user's own `requested_status`: a part whose run says the same again has left it out.
        ordered = ordered.assign(**{title: table["requested_status"].array})
    ordered.attrs = dict(next(iter(parts.values()))[1].attrs)
    ordered.index = table.index
    return ordered
