"""Reconcile a library on the sandbox and hold journal, server and table against each other.

Run: python tests/campaigns/reconcile.py --assets 50000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import vodnb
from vodnb.emulator.faults import Behaviour
from vodnb.journal.journal import Journal

STATES = ("CREATING", "PUBLISHED", "CREATED", "TRANSCODE_SUCCEED", "NO_ASSET")
"""A fifth of each: so a fifth has to be confirmed."""


def campaign(count: int, *, lag: float) -> tuple[list[str], Counter[str], float]:
    """Reconcile so many assets whose states are shown late.

    Returns:
        What does not agree, the calls by operation, and the seconds it took.
    """
    assets = [f"{number:032x}" for number in range(count)]
    before = {asset: STATES[place % len(STATES)] for place, asset in enumerate(assets)}
    behaviour = Behaviour(quota=None, state_lag=lag)
    with vodnb.sandbox(behaviour=behaviour) as box:
        for state in set(STATES) - {"NO_ASSET"}:
            box.add([asset for asset in assets if before[asset] == state], state=state)
        vod = vodnb.connect(
            endpoint=box.endpoint, region=box.region, project_id=box.project_id, token=box.token
        )
        began = time.monotonic()
        table = vod.reconcile(assets, rate=None, progress=False)
        seconds = time.monotonic() - began
        vod.close()
        calls = Counter(call.operation for call in box.ledger())
        posts = Counter(call.asset_id for call in box.ledger() if call.operation == "confirm")
        after = {**dict.fromkeys(assets, "NO_ASSET"), **box.states()}
    with closing(Journal.open(next(Path(".vodnb").glob("*.sqlite")))) as journal:
        noted = {entry.asset_id: entry.settlement for entry in journal.entries()}
    broken = []
    for row in table.to_dict("records"):
        asset, entry = row["asset_id"], noted[row["asset_id"]]
        is_hanging = before[asset] == "CREATING"
        outcome = "confirmed" if is_hanging else "already_confirmed"
        expected = (
            "failed" if before[asset] == "NO_ASSET" else outcome,
            before[asset],
            after[asset] if is_hanging else "",
            int(is_hanging),
        )
        told = (row["outcome"], row["state_before"], row["state_after"], posts[asset])
        journalled = (entry.outcome, entry.state_before, entry.state_after, entry.attempts)
        if not told == journalled == expected:
            broken.append(f"{asset}: {told} in the table, {journalled} noted, {expected} expected")
    if list(table["asset_id"]) != assets:
        broken.append("the table has other rows")
    hanging = sum(state == "CREATING" for state in before.values())
    again = hanging / 10 if lag else 0
    if calls["confirm"] > hanging or calls["info"] > 0.132 * count + 6 + again:
        broken.append(f"too many calls: {dict(calls)}")
    return broken, calls, seconds


def main() -> None:
    """Read the size from the command line, reconcile, and exit 1 where something disagrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=1000)
    parser.add_argument("--lag", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        broken, calls, seconds = campaign(options.assets, lag=options.lag)
        os.chdir("/")
    told = ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))
    head = f"{options.assets} assets: {len(broken)} disagree; {told}; {seconds:.0f} s"
    sys.stdout.write("\n".join([head, *broken[:20], ""]))
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
