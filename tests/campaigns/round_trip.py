"""Take IDs that look like numbers through every file: load, CSV, xlsx, Parquet, load; none changes.

Run: python tests/campaigns/round_trip.py --ids 1000000
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from vodnb.tables.read import load_assets
from vodnb.tables.write import save

STEPS = ("table.csv", "table.xlsx", "again.csv", "table.parquet")


def tricky_ids(count: int, *, seed: int = 0) -> list[str]:
    """Return distinct IDs, each all digits, or with leading zeros, or like a float."""
    chance = random.Random(seed)
    makers = (
        lambda: f"{chance.randrange(10**31, 10**32)}",
        lambda: f"{chance.randrange(10 ** chance.randrange(1, 31)):032d}",
        lambda: f"{chance.randrange(1, 100)}e{chance.randrange(10**30)}".ljust(32, "0")[:32],
        lambda: f"{chance.randrange(10**28):028d}e{chance.randrange(1000):03d}",
    )
    # A number of 15 digits and then zeros would be called mangled, and rightly.
    found = (chance.choice(makers)() for _ in iter(int, 1))
    ids: dict[str, None] = {}
    while len(ids) < count:
        ids[next(found)] = None
    return list(ids)


def changed(ids: list[str], folder: Path, steps: tuple[str, ...] = STEPS) -> list[str]:
    """Return what differs after loading a file of these IDs and each of the steps."""
    source = folder / "source.csv"
    source.write_text("\n".join(["媒资ID,note", *(f"{asset},=1" for asset in ids)]), "utf-8")
    table = first = load_assets(source)
    faults = [] if list(first["asset_id"]) == ids else ["loading changed an ID"]
    if not (first["verdict"] == "ok").all():
        faults.append("not every ID is ok")
    for step in steps:
        began = time.perf_counter()
        table = load_assets(save(table, folder / step))
        sys.stderr.write(f"{step}: {time.perf_counter() - began:.1f} s\n")
        try:
            pd.testing.assert_frame_equal(table, first, check_flags=False)
        except AssertionError as error:
            faults.append(f"{step}: {error}")
    return faults


def main() -> None:
    """Read the size from the command line, play, and exit 1 where anything changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ids", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    ids = tricky_ids(options.ids, seed=options.seed)
    with tempfile.TemporaryDirectory() as folder:
        faults = changed(ids, Path(folder))
    sys.stdout.write("\n".join([f"{len(ids)} IDs: {len(faults)} steps changed one", *faults, ""]))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
