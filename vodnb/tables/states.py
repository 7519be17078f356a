"""The table of states: the user's rows, each with the state of its asset and who has to act."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from vodnb.rules.codes import look_up
from vodnb.rules.model import Verdict
from vodnb.rules.words.explanation import explain_state
from vodnb.tables.formats.cell_text import TEXT

from .results import make_room, usable_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from vodnb.rules.asset_info import AssetInfo
    from vodnb.rules.model import Lang

STATE_COLUMNS: Mapping[str, Any] = MappingProxyType(
    {
        "state": TEXT,
        "state_meaning": TEXT,
        "needs": TEXT,
        "asset_title": TEXT,
        "asset_size": "Int64",
        "created_at": TEXT,
        "modified_at": TEXT,
        "error_code": TEXT,
    }
)
"""The columns of a table of states, with their dtypes; `asset_size` is in bytes."""


def build_states(
    table: pd.DataFrame,
    *,
    infos: Mapping[str, AssetInfo],
    codes: Mapping[str, str],
    untold: str,
    redact: Callable[[str], str],
    lang: Lang,
) -> pd.DataFrame:
    """Return the table with the state columns appended: as many rows, same order, same index.

    `codes` has the assets that could not be asked for, and `untold` is for those not reached.
    """
    cells: dict[str, list[object]] = {name: [] for name in STATE_COLUMNS}
    for asset_id, verdict in zip(table["asset_id"], map(Verdict, table["verdict"]), strict=True):
        code = codes.get(asset_id, untold) if verdict.is_usable else f"CLIENT.{verdict.upper()}"
        seen = infos.get(asset_id) if verdict.is_usable else None
        for name, cell in _row(seen, code, redact=redact, lang=lang).items():
            cells[name].append(cell)
    if set(STATE_COLUMNS) <= set(table.columns):
        table = table.drop(columns=list(STATE_COLUMNS))
    kept = make_room(table, STATE_COLUMNS)
    added = {name: pd.array(cells[name], dtype=dtype) for name, dtype in STATE_COLUMNS.items()}
    found = pd.concat([kept, pd.DataFrame(added, index=kept.index)], axis=1)
    found.attrs["vodnb"] = {**table.attrs.get("vodnb", {}), "lang": lang}
    return found


def build_found(
    infos: Mapping[str, AssetInfo],
    *,
    now: datetime,
    redact: Callable[[str], str],
    lang: Lang,
) -> pd.DataFrame:
    """Return a table of assets that were found, the oldest first, ready to be confirmed.

    Ages count from `now`.
    """
    order = sorted(infos.values(), key=lambda seen: (seen.created_at, seen.asset_id))
    ids = [seen.asset_id for seen in order]
    table = pd.DataFrame(
        {"asset_id": ids, "verdict": [Verdict.OK.value] * len(ids), "verdict_note": [""] * len(ids)}
    ).astype(TEXT)
    found = build_states(table, infos=infos, codes={}, untold="", redact=redact, lang=lang)
    created = pd.to_datetime(found["created_at"], utc=True, errors="coerce", format="ISO8601")
    found["age"] = (pd.Timestamp(now) - created).astype("timedelta64[s]")
    return found


def told_states(table: pd.DataFrame) -> dict[str, str]:
    """Return the state of each distinct asset that can be sent; empty for any other table."""
    if not set(STATE_COLUMNS) <= set(table.columns):
        return {}
    usable = table.loc[usable_rows(table)]
    return dict(zip(usable["asset_id"], usable["state"], strict=True))


def _row(
    seen: AssetInfo | None, code: str, *, redact: Callable[[str], str], lang: Lang
) -> dict[str, object]:
    """Return the cells of one row; the code tells why an asset was not seen."""
    if seen:
        meaning, needs = explain_state(seen.state, lang)
    else:
        entry = look_up(code)
        meaning, needs = entry.meaning(lang), entry.needs
    return {
        "state": seen.state if seen else "",
        "state_meaning": meaning,
        "needs": needs.value,
        "asset_title": redact(seen.title) if seen and seen.title else "",
        "asset_size": seen.size if seen else None,
        "created_at": seen.created_at if seen else "",
        "modified_at": seen.modified_at if seen else "",
        "error_code": "" if seen else code,
    }
