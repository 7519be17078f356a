"""The command that measures vodnb beside the others, on this very machine."""

from __future__ import annotations

import csv
from dataclasses import asdict
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vodnb.rules.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rounds import Row

_progress = partial(click.echo, err=True)
_HEADER = (
    f"{'':24}{'requests/s':>12}{'CPU ms':>9}{'peak MB':>9}{'conns':>7}{'rate x':>8}{'CPU x':>7}"
)


@click.command()
@click.option("--assets", default=2000, show_default=True, help="Assets that each confirms.")
@click.option("--workers", default="1,16,64", show_default=True, help="Calls at once, a list.")
@click.option("--latency", default="0,0.05", show_default=True, help="Of the server, s, a list.")
@click.option("--tls/--plain", default=False, show_default=True, help="Encrypted connections.")
@click.option("--rounds", default=3, show_default=True, help="Runs of each, taking turns.")
@click.option(
    "--paced", default=250, show_default=True, help="Assets of two runs at the quota; 0: none."
)
@click.option("--save", type=click.Path(path_type=Path), help="Write the table as CSV too.")
def bench(
    assets: int,
    workers: str,
    latency: str,
    rounds: int,
    *,
    paced: int,
    save: Path | None,
    tls: bool,
) -> None:
    """Measure vodnb beside the official SDK, a plain httpx loop and bare aiohttp.

    All confirm the same assets against a server of this package on this machine, which answers as
    fast as Python can. vodnb has everything on: signatures, journal, results table; it does not
    look first or read back, since the others cannot. What is not installed is left out:
    pip install "vodnb[bench]" brings all of them. In the end two runs at the service's quota show
    whether they take as long as vod.estimate says.
    """
    from .rounds import YARDSTICK, Setting, measure

    settings = [
        Setting(workers=int(at_once), latency=seconds, is_tls=tls)
        for at_once, seconds in product(_numbers(workers), _numbers(latency))
    ]
    rows: list[Row] = []
    for row in measure(settings, assets=assets, rounds=rounds, tell=_progress):
        if not rows or row.setting != rows[-1].setting:
            click.echo(f"\n{row.setting}\n{_HEADER}")
        rows.append(row)
        click.echo(
            f"{row.stack:24}{row.rate:>12,.0f}{row.cpu_ms:>9.3f}{row.peak_mb:>9.0f}"
            f"{row.connections:>7}{row.rate_ratio:>8.2f}{row.cpu_ratio:>7.2f}"
        )
    click.echo(
        f"\nMedians of {rounds} rounds of {assets:,} assets; x: as a multiple of the {YARDSTICK}'s."
    )
    if save:
        _write(rows, save)
    if paced:
        _tell_paced(paced)


def _tell_paced(assets: int) -> None:
    """Show how runs at the quota keep to their estimate."""
    from .paced import LATENCY, measure_kept

    for turn, kept in enumerate(measure_kept(assets=assets, tell=_progress)):
        if not turn:
            click.echo(
                f"\n{assets:,} assets at the quota, {LATENCY * 1000:g} ms latency\n"
                f"{'':28}{'estimated s':>12}{'took s':>9}{'x':>7}{'of a core':>11}"
            )
        click.echo(
            f"{kept.way:28}{kept.estimated:>12.2f}{kept.seconds:>9.2f}"
            f"{kept.seconds / kept.estimated:>7.3f}{kept.core:>11.1%}"
        )


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as wrong:
        raise InputError(f"{text!r} is no list of numbers.", do="Write it like 1,16,64.") from wrong


def _write(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        told = [{**asdict(row.setting), **asdict(row)} for row in rows]
        names = [name for name in told[0] if name != "setting"]
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(told)
