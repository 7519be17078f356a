"""Load many asset IDs beside pandas, each in a process of its own: seconds and peak memory.

Run: python tests/bench/load_assets.py --rows 1000000 10000000
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WAYS = ("vodnb", "pandas")
ALLOWED = {(1_000_000, 1): (2.0, 500.0), (10_000_000, 1): (25.0, 2000.0)}
"""Seconds and MB that loading may take, by rows and columns."""


def make(path: Path, rows: int, columns: int) -> None:
    """Write a file of that many IDs; the other columns have titles, sizes, days and states."""
    chance = random.Random(1)
    more = ["title", "size", "created_at", "state"][: columns - 1]
    with path.open("w", encoding="utf-8") as stream:
        stream.write(",".join(["asset_id", *more]) + "\n")
        for at in range(rows):
            cells = [f"{chance.getrandbits(128):032x}"]
            if columns > 1:
                cells += [
                    f"第{at}课 clip {at:040d}",
                    str(at * 977),
                    "2026-01-02T03:04:05Z",
                    "CREATING",
                ]
            stream.write(",".join(cells[:columns]) + "\n")


def measure(way: str, path: str) -> dict[str, float]:
    """Load the file in this very process."""
    import pandas as pd

    from vodnb.tables.read import load_assets

    began, began_cpu = time.perf_counter(), time.process_time()
    if way == "vodnb":
        frame = load_assets(path)
        assert (frame["verdict"] == "ok").all()
    else:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "cpu": cpu, "mb": peak, "rows": len(frame)}


def main() -> None:
    """Measure each size and way, and exit 1 where loading takes more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--columns", type=int, default=1, choices=range(1, 6))
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    is_good = True
    titles = ("rows", "columns", "way", "seconds", "CPU s", "peak MB", "CPU us/row")
    print("".join(f"{title:>12}" for title in titles))
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            path = Path(folder, "assets.csv")
            make(path, rows, options.columns)
            for way in WAYS:
                command = [sys.executable, __file__, "--measure", way, str(path)]
                done = subprocess.run(command, capture_output=True, check=True, text=True)
                took = json.loads(done.stdout)
                seconds, cpu, peak = took["seconds"], took["cpu"], took["mb"]
                print(
                    f"{rows:>12,}{options.columns:>12}{way:>12}{seconds:>12.2f}{cpu:>12.2f}"
                    f"{peak:>12.0f}{cpu / rows * 1e6:>12.2f}",
                    flush=True,
                )
                allowed = ALLOWED.get((rows, options.columns), (float("inf"),) * 2)
                is_good &= way == "pandas" or (seconds <= allowed[0] and peak <= allowed[1])
    raise SystemExit(0 if is_good else "more than it may take")


if __name__ == "__main__":
    main()
