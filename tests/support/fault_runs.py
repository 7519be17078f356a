"""Whole runs against a fault server, through the public verbs: one small job for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_server import FaultServer

import vodnb

if TYPE_CHECKING:
    import pandas as pd
    from fault_server import Script

TOKEN = "CANARYtoken0123456789abcdef"
ASSETS = [f"{number:032x}" for number in range(34)]
WORKERS = pytest.mark.parametrize("workers", [1, 32])


def confirm(
    endpoint: str,
    workers: int | None,
    *,
    assets: list[str] = ASSETS,
    rate: str | None = None,
    **connection: str,
) -> pd.DataFrame:
    """Run a small job and return its table; with a token, unless it is given credentials."""
    given = connection if connection.keys() & {"ak", "iam_user"} else {"token": TOKEN, **connection}
    vod = vodnb.connect(endpoint=endpoint, project_id="p" * 32, **given)
    try:
        return vod.confirm(
            assets, rate=rate, workers=workers, deadline=1.0, progress=False, journal=False
        )
    finally:
        vod.close()


def server(
    script: Script = lambda _call: None, *, assets: list[str] = ASSETS, token: str = ""
) -> FaultServer:
    """Return a server that knows the assets."""
    return FaultServer(dict.fromkeys(assets, "CREATING"), script=script, token=token)


def check_true(table: pd.DataFrame, box: FaultServer, assets: list[str] = ASSETS) -> None:
    """Check that the table has every asset once, and says of each what the server knows."""
    assert list(table["asset_id"]) == assets
    for row in table.itertuples():
        if row.outcome in {"confirmed", "already_confirmed"}:
            assert box.states[row.asset_id] == "CREATED", row
        elif row.outcome in {"not_sent", "failed"}:
            assert box.states[row.asset_id] == "CREATING", row
        assert sum(call.effect is not None for call in box.posts(row.asset_id)) <= 1
    assert "CANARY" not in table.to_csv()
