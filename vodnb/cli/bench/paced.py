"""Whether a run at the service's quota takes as long as `vod.estimate` says, and what it costs.

Run as `python -m vodnb.cli.bench.paced URL WAY ...`: it prints one JSON object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.errors import VodnbError

from .serving import serving
from .stacks import answer, connected, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .stacks import Work

LATENCY = 0.08
"""Seconds that the server waits before each answer, like a service that is not next door."""

WAYS = {"sent straight": False, "looked at, sent, read back": True}
"""What a run does; whether it reads the states before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacedRun:
    """How a run kept to its estimate."""

    way: str
    estimated: float
    seconds: float
    core: float
    """Share of one core that it took meanwhile, from 0 to 1."""
    right: int
    """Assets that were confirmed."""
    sent: int
    """Confirm calls that it made."""


def measure_kept(*, assets: int, tell: Callable[[str], None]) -> Iterator[PacedRun]:
    """Let runs of so many assets go at the quota, each way one; `tell` hears what is going on.

    Raises:
        VodnbError: A run failed, or did not confirm all of its assets with a call for each.
    """
    for way in WAYS:
        tell(f"at the quota: {way}")
        with serving(latency=LATENCY, keeps=True) as server:
            told, _ = server.run("vodnb.cli.bench.paced", way, "--assets", str(assets))
        kept = PacedRun(**told)
        if kept.right != assets or kept.sent != assets:
            counts = f"confirmed {kept.right:,} of {assets:,} assets with {kept.sent:,} calls"
            raise VodnbError(f"The run at the quota {counts}.")
        yield kept


def _measure(way: str, work: Work) -> PacedRun:
    from vodnb.session.offline import load_assets

    table = load_assets(work.assets)
    vod = connected(work)
    reads = WAYS[way]
    estimate = vod.estimate(table, check_first=reads, verify=reads)
    results, seconds, cpu = timed(
        lambda: vod.confirm(table, check_first=reads, verify=reads, progress=False)
    )
    return PacedRun(
        way=way,
        estimated=estimate.seconds[1],
        seconds=seconds,
        core=cpu / seconds,
        right=int(results["outcome"].eq("confirmed").sum()),
        sent=int(results["attempts"].sum()),
    )


if __name__ == "__main__":
    answer(__doc__, WAYS, _measure)
