"""Make reports of many rows: seconds, peak memory of it and of its kernel, size of the page.

Run: python tests/bench/report.py --rows 5000 1000000 (add --journal for a report from a journal)
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
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodnb.rules.model import Settlement

ALLOWED = {5_000: (10.0, 1500.0), 1_000_000: (60.0, 1500.0)}
"""Seconds and MB that a report may take, by rows."""

MOST_PAGE_MB = 3.0
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
RUN_ID = "20260101T000000Z-abcdef"


def ends(rows: int) -> Iterator[tuple[str, Settlement]]:
    """Yield that many assets and how they ended: nine of ten confirmed, 25 a second."""
    from vodnb.rules.model import Outcome, Settlement

    chance = random.Random(1)
    kinds = [(Outcome.CONFIRMED, "", 200, "CREATED")] * 18
    kinds += [(Outcome.FAILED, "VOD.10062", 403, "NO_ASSET")]
    kinds += [(Outcome.IN_DOUBT, "CLIENT.NO_ANSWER", None, "")]
    for at in range(rows):
        outcome, code, status, state = chance.choice(kinds)
        moment = time.gmtime(1_767_225_600 + at // 25)
        yield (
            f"{chance.getrandbits(128):032x}",
            Settlement(
                outcome=outcome,
                code=code,
                http_status=status,
                request_id=f"{chance.getrandbits(128):032x}",
                attempts=1 + (at % 40 == 0),
                sent_at=time.strftime("%Y-%m-%dT%H:%M:%S", moment) + f".{at % 25 * 40:03d}Z",
                elapsed_ms=20 + at % 300,
                state_before="CREATING",
                state_after=state,
            ),
        )


def make_table(path: Path, rows: int) -> None:
    """Write a results table of that many rows."""
    from vodnb.rules.model import Outcome, Settlement, Status
    from vodnb.tables.read import load_assets
    from vodnb.tables.results import build_results
    from vodnb.tables.write import save

    told = dict(ends(rows))
    never = Settlement(outcome=Outcome.NOT_SENT, code="CLIENT.STOPPED")
    table = load_assets(list(told))
    results = build_results(
        table, settlements=told, untouched=never, status=Status.CREATED, run_id=RUN_ID, lang="en"
    )
    save(results, path)


def make_journal(path: Path, rows: int) -> None:
    """Write the journal of a run of that many assets: an intent and an outcome for each."""
    from vodnb.journal.entries import Entry, Header, Standing
    from vodnb.journal.journal import Journal
    from vodnb.journal.owner import this_clock
    from vodnb.rules.model import Outcome, Settlement, Status

    header = Header(
        run_id=RUN_ID,
        path=path,
        endpoint="https://vod.cn-north-4.myhuaweicloud.com",
        project_id="p" * 32,
        status=Status.CREATED,
        source="",
        began_at="2026-01-01T00:00:00.000Z",
        deadline=30.0,
        is_finished=True,
        owner={},
        clock=this_clock(),
    )
    doubt = Settlement(outcome=Outcome.IN_DOUBT, code="CLIENT.NO_ANSWER", attempts=1)
    with closing(Journal.create(header, [asset_id for asset_id, _ in ends(rows)])) as journal:
        entries: list[Entry] = []
        for asset_id, end in ends(rows):
            intent = {"standing": Standing.INTENT, "settlement": doubt, "left_at": 1_767_225_600.0}
            entries.append(Entry(asset_id=asset_id, **intent))
            entries.append(Entry(asset_id=asset_id, standing=Standing.SETTLED, settlement=end))
            if len(entries) >= 20_000:
                journal.write(entries)
                entries = []
        journal.write(entries)


def measure(source: str, out: str) -> dict[str, float]:
    """Make the report in this very process."""
    import vodnb

    began = time.perf_counter()
    made = vodnb.report(source, out, lang="zh")
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kernel = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    page = made.page.stat().st_size / 1e6
    cpu = sum(sum(resource.getrusage(who)[:2]) for who in WHO)
    return {"seconds": seconds, "cpu": cpu, "mb": peak, "kernel_mb": kernel, "page_mb": page}


def main() -> None:
    """Measure each size, and exit 1 where a report takes more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 1_000_000])
    parser.add_argument("--journal", action="store_true", help="From a journal, not from a table.")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    is_good = True
    names = ("rows", "seconds", "CPU s", "peak MB", "kernel MB", "page MB")
    print("".join(f"{name:>12}" for name in names))
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            name = f"{RUN_ID}.sqlite" if options.journal else "results.csv"
            source = Path(folder, name)
            (make_journal if options.journal else make_table)(source, rows)
            command = [sys.executable, __file__, "--measure", str(source), f"{folder}/report"]
            done = subprocess.run(command, capture_output=True, check=True, text=True)
        took = json.loads(done.stdout)
        told = tuple(took.values())
        print(f"{rows:>12,}" + "".join(f"{value:>12.2f}" for value in told), flush=True)
        most = ALLOWED.get(rows, (float("inf"),) * 2)
        memory = max(took["mb"], took["kernel_mb"])
        is_good &= took["seconds"] <= most[0] and memory <= most[1]
        is_good &= took["page_mb"] <= MOST_PAGE_MB
    raise SystemExit(0 if is_good else "more than it may take")


if __name__ == "__main__":
    main()
