"""Runs the stacks in turn, so that a busy moment of the machine hits all of them; takes medians."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import TYPE_CHECKING

from vodnb.rules.errors import VodnbError

from .serving import serving
from .stacks import Cost, installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .serving import Server

YARDSTICK = "official SDK"
"""What the others are compared with; where it is not installed, with the first that is."""

_MEGA = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Under what all stacks are measured; the server waits for the latency, in seconds."""

    workers: int
    latency: float
    is_tls: bool

    def __str__(self) -> str:
        way = "TLS" if self.is_tls else "plain HTTP"
        return f"{self.workers} at once, {self.latency * 1000:g} ms latency, {way}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one stack cost under one setting; medians of all rounds."""

    setting: Setting
    stack: str
    """Its name and version."""
    rate: float
    """Requests a second."""
    cpu_ms: float
    """Milliseconds of CPU for a request."""
    peak_mb: float
    """Most memory of the process, in MiB."""
    connections: int
    """Most of them at once."""
    rate_ratio: float
    """Requests a second, as a multiple of the yardstick's."""
    cpu_ratio: float


def measure(
    settings: Sequence[Setting], *, assets: int, rounds: int, tell: Callable[[str], None]
) -> Iterator[Row]:
    """Let every stack that is installed confirm so many assets, under every setting, in turns.

    Raises:
        SetupError: TLS is asked for, and there is nothing to make a certificate with.
        VodnbError: A stack failed, or did not confirm all of its assets.
    """
    stacks = installed()
    for setting in settings:
        costs: dict[str, list[tuple[Cost, int]]] = {name: [] for name in stacks}
        with serving(latency=setting.latency, is_tls=setting.is_tls) as server:
            for turn, name in product(range(rounds), stacks):
                tell(f"{setting}: {name}, round {turn + 1} of {rounds}")
                costs[name].append(_cost(server, name, setting, assets))
        yield from _rows(setting, costs, assets, stacks)


def _cost(server: Server, name: str, setting: Setting, assets: int) -> tuple[Cost, int]:
    """Return what a stack cost, and how many connections it had at once."""
    told, connections = server.run(
        *("vodnb.cli.bench.stacks", name),
        *("--assets", str(assets), "--workers", str(setting.workers)),
    )
    cost = Cost(**told)
    if cost.right != assets:
        raise VodnbError(f"{name} confirmed {cost.right:,} of {assets:,} assets.")
    return cost, connections


def _rows(
    setting: Setting,
    costs: dict[str, list[tuple[Cost, int]]],
    assets: int,
    versions: dict[str, str],
) -> Iterator[Row]:
    rates = {name: assets / median(c.seconds for c, _ in seen) for name, seen in costs.items()}
    cpus = {name: median(c.cpu for c, _ in seen) / assets for name, seen in costs.items()}
    yardstick = YARDSTICK if YARDSTICK in costs else next(iter(costs))
    for name, seen in costs.items():
        yield Row(
            setting=setting,
            stack=f"{name} {versions[name]}",
            rate=rates[name],
            cpu_ms=cpus[name] * 1000,
            peak_mb=median(cost.peak for cost, _ in seen) / _MEGA,
            connections=max(connections for _, connections in seen),
            rate_ratio=rates[name] / rates[yardstick],
            cpu_ratio=cpus[name] / cpus[yardstick],
        )
