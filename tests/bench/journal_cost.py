"""Measure what the journal costs: CPU per request with and without it, in turn, in one process.

Run: PYTHONPATH=tests/campaigns python tests/bench/journal_cost.py --assets 4000 --rounds 3
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from statistics import median
from typing import TYPE_CHECKING

from arena import Server

import vodnb

if TYPE_CHECKING:
    from vodnb.session.vod import Vod


def main() -> None:
    """Confirm in turn with and without a journal, and print CPU per request and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    server = Server(assets=options.assets * (2 * options.rounds + 1), latency=0.0)
    try:
        with tempfile.TemporaryDirectory() as folder:
            vod = vodnb.connect(
                endpoint=server.box["endpoint"],
                region="cn-north-4",
                project_id=server.box["project_id"],
                token=server.box["token"],
            )
            _confirm(vod, server.take(options.assets), journal=folder)
            costs: dict[bool, list[float]] = {True: [], False: []}
            for _ in range(options.rounds):
                for has_journal in (True, False):
                    place = folder if has_journal else False
                    cost = _confirm(vod, server.take(options.assets), journal=place)
                    costs[has_journal].append(cost)
    finally:
        server.stop()
    with_, without = median(costs[True]), median(costs[False])
    print(f"CPU ms/request with a journal     {with_:.3f}")
    print(f"CPU ms/request without            {without:.3f}")
    print(f"ratio                             {with_ / without:.3f}")


def _confirm(vod: Vod, assets: list[str], *, journal: str | bool) -> float:
    """Confirm and return the CPU milliseconds per request."""
    before, began = _cpu(), time.perf_counter()
    results = vod.confirm(assets, rate=None, check_first=False, journal=journal, progress=False)
    cost = (_cpu() - before) / len(assets) * 1000
    vodnb.require_settled(results)
    print(f"  {len(assets) / (time.perf_counter() - began):6.0f} requests/s, {cost:.3f} ms CPU")
    return cost


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
