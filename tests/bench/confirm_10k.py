"""Measure a bulk run: requests a second, CPU per request, peak memory, against a sandbox process.

Run: python tests/bench/confirm_10k.py --assets 10000
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import vodnb

if TYPE_CHECKING:
    from vodnb.bulk.job import Job


def main() -> None:
    """Confirm many assets with the pacing lifted, and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--check-first", action="store_true")
    options = parser.parse_args()
    server = _start_server(options.assets)
    try:
        _measure(options, server)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def _start_server(assets: int) -> subprocess.Popen[str]:
    """Start a sandbox in a process of its own, so that its work is not counted as ours."""
    command = [sys.executable, "-m", "vodnb", "sandbox", "--port", "0", "--json"]
    return subprocess.Popen(
        [*command, "--assets", str(assets), "--no-quota"], stdout=subprocess.PIPE, text=True
    )


def _measure(options: argparse.Namespace, server: subprocess.Popen[str]) -> None:
    box = json.loads(server.stdout.readline())
    vod = vodnb.connect(
        endpoint=box["endpoint"],
        region="cn-north-4",
        project_id=box["project_id"],
        token=box["token"],
    )
    assets = vodnb.load_assets(list(box["assets"]))
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    job = vod.start(assets, rate=None, workers=options.workers, check_first=options.check_first)
    marks = _watch(job)
    results = job.results()
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    vodnb.require_settled(results)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"assets               {len(assets):>8,}")
    print(f"requests/s           {len(assets) / seconds:>8,.0f}")
    print(f"CPU ms/request       {cpu / len(assets) * 1000:>8.2f}")
    for share, megabytes in marks:
        print(f"RSS MB at {share:>4.0%}       {megabytes:>8.1f}")
    print(f"peak RSS MB          {after.ru_maxrss / 1024:>8.1f}")


def _watch(job: Job) -> list[tuple[float, float]]:
    """Return the memory in use at each quarter of the run."""
    marks = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        while job.share < share and not job.done():
            time.sleep(0.02)
        marks.append((share, _rss_mb()))
    while not job.done():
        time.sleep(0.02)
    return marks


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
