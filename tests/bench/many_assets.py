"""Run very many assets with a journal, and watch memory and open files as the run goes on.

Run: PYTHONPATH=tests/campaigns python tests/bench/many_assets.py --assets 2000000

The service is a stub inside the process unless --sandbox is given: real sockets, a fifth as fast.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from arena import Server

import vodnb
from vodnb.bulk.engine.plan import Keep, Plan
from vodnb.bulk.job import Job
from vodnb.rules.answers import Answer, Reply, read_answer
from vodnb.rules.model import Status
from vodnb.rules.operations import INFO
from vodnb.tables.formats.cell_text import TEXT

if TYPE_CHECKING:
    from vodnb.rules.errors import VodnbError
    from vodnb.rules.operations import Operation

TURNS = 20
"""How often memory is looked at."""

ALLOWED_MB = 32.0
"""Growth from the first tenth of a run to its end that is no growth: buffers and caches."""


class Stub:
    """Confirms everything but each fiftieth asset, which it does not know."""

    endpoint = "http://stub"
    project_id = "p" * 32

    def redact(self, text: str) -> str:
        """Find no secret."""
        return text

    async def prepare(self) -> None:
        """Need nothing."""

    async def call(
        self,
        operation: Operation,
        *,
        deadline: float = 30,
        leaves_by: float = math.inf,
        **fields: object,
    ) -> Answer:
        """Serve one call."""
        del deadline, leaves_by
        await asyncio.sleep(0)
        if operation is INFO:
            return read_answer(operation, _reply({"asset_info_array": []}), sent=fields)
        asset_id = str(fields["asset_id"])
        if int(asset_id, 16) % 50 == 0:
            refusal = {"error_code": "VOD.10062", "error_msg": "asset does not exist"}
            return read_answer(operation, _reply(refusal, status=403), sent=fields)
        return read_answer(operation, _reply({"asset_id": asset_id}), sent=fields)

    def error_for(self, answer: Answer) -> VodnbError:
        """Return the error of an answer."""
        return vodnb.VodnbError(answer.code)


def _reply(body: dict[str, object], *, status: int = 200) -> Reply:
    headers = {"x-request-id": os.urandom(16).hex()}
    return Reply(status=status, body=json.dumps(body).encode(), headers=headers)


def main() -> None:
    """Run, print memory and open files at each step, and exit 1 where they grow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--sandbox", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not options.sandbox:
            _measure(_stubbed(options, folder), options.assets)
            return
        server = Server(assets=options.assets, latency=0.0)
        try:
            vod = vodnb.connect(
                endpoint=server.box["endpoint"],
                region="cn-north-4",
                project_id=server.box["project_id"],
                token=server.box["token"],
            )
            job = vod.start(
                server.take(options.assets),
                rate=None,
                workers=options.workers,
                check_first=False,
                journal=folder,
            )
            _measure(job, options.assets)
        finally:
            server.stop()


def _stubbed(options: argparse.Namespace, folder: str) -> Job:
    """Start a job over as many assets as asked for; loading them is not what is measured."""
    assets = [f"{number:032x}" for number in range(1, options.assets + 1)]
    table = pd.DataFrame({"asset_id": pd.array(assets, dtype=TEXT), "verdict": "ok"})
    table["verdict_note"] = ""
    plan = Plan(
        run_id="20260101T000000Z-abcdef",
        status=Status.CREATED,
        assets=assets,
        workers=options.workers,
        attempts=5,
        deadline=30.0,
        look_first=False,
    )
    keep = Keep(folder=folder)
    job = Job(plan, table=table, service=Stub(), ceiling=math.inf, lang="en", keep=keep)
    return job.begin()


def _measure(job: Job, assets: int) -> None:
    began = time.perf_counter()
    marks = []
    for turn in range(1, TURNS + 1):
        # The last mark lies before the end, for the table is built there.
        while job.share < turn / (TURNS + 1) and not job.done():
            time.sleep(0.01)
        marks.append((_rss_mb(), _open_files()))
        print(f"{job.share:>6.0%}  {marks[-1][0]:>8.1f} MB  {marks[-1][1]:>4} files", flush=True)
    while not job.done():
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    counts = job.results()["outcome"].value_counts().to_dict()
    growth = marks[-1][0] - marks[1][0]
    print(f"outcomes             {counts}")
    print(f"assets/s             {assets / seconds:>8,.0f}")
    print(f"growth MB            {growth:>8.1f}  from a tenth to the end")
    print(f"growth B/asset       {growth * 2**20 / assets:>8.1f}")
    print(f"more files           {marks[-1][1] - marks[1][1]:>8}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak MB, with table  {peak:>8.1f}")
    is_flat = growth < ALLOWED_MB and marks[-1][1] <= marks[1][1]
    raise SystemExit(0 if is_flat and sum(counts.values()) == assets else "not flat")


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


if __name__ == "__main__":
    main()
