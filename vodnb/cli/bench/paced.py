"""Whether a run at the service's quota takes as long as `vod.estimate` says, and what it costs.

Run as `python -m vodnb.cli.bench.paced URL ...`: it prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from vodnb.rules.errors import VodnbError

from .serving import serving
from .stacks import connected, made_ids, own_folder, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LATENCY = 0.08
"""Seconds that the server waits before each answer, like a service that is not next door."""

WAYS = {"sent straight": False, "looked at, sent, read back": True}
"""What a run does; whether it reads the states before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacedRun:
    """How a run kept to its estimate.

    Attributes:
        way: What the run did.
        estimated: Seconds that it was to take.
        seconds: Seconds that it took.
        core: Share of one core that it took meanwhile, from 0 to 1.
        right: Assets that were confirmed.
        sent: Confirm calls that it made.
    """

    way: str
    estimated: float
    seconds: float
    core: float
    right: int
    sent: int


def measure_kept(*, assets: int, tell: Callable[[str], None]) -> Iterator[PacedRun]:
    """Let runs go at the quota, each way one.

    Args:
        assets: How many assets each confirms.
        tell: Is told what is going on.

    Raises:
        VodnbError: A run failed, or did not confirm all of its assets with a call for each.
    """
    for way in WAYS:
        tell(f"at the quota: {way}")
        with serving(latency=LATENCY, keeps=True) as server:
            told, _ = server.run("vodnb.cli.bench.paced", "--way", way, "--assets", str(assets))
        kept = PacedRun(**told)
        if kept.right != assets or kept.sent != assets:
            counts = f"confirmed {kept.right:,} of {assets:,} assets with {kept.sent:,} calls"
            raise VodnbError(f"The run at the quota {counts}.")
        yield kept


def _measure(url: str, ca: str, way: str, assets: int) -> PacedRun:
    from vodnb.session.offline import load_assets

    table = load_assets(made_ids(assets))
    vod = connected(url, ca)
    estimate = vod.estimate(table, check_first=WAYS[way], verify=WAYS[way])
    results, seconds, cpu = timed(
        lambda: vod.confirm(table, check_first=WAYS[way], verify=WAYS[way], progress=False)
    )
    return PacedRun(
        way=way,
        estimated=estimate.seconds[1],
        seconds=seconds,
        core=cpu / seconds,
        right=int(results["outcome"].eq("confirmed").sum()),
        sent=int(results["attempts"].sum()),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run once at the quota, and print how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--way", choices=WAYS, required=True)
    parser.add_argument("--assets", type=int, required=True)
    parser.add_argument("--ca", default="")
    options = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    with own_folder():
        print(json.dumps(asdict(_measure(options.url, options.ca, options.way, options.assets))))


if __name__ == "__main__":
    main()
