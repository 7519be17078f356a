"""The options that several commands share, each written once."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vodnb.session.vod import Vod


def unless_none(_ctx: click.Context, _param: click.Parameter, text: str) -> str | None:
    """Return what was given; None for the word."""
    return None if text.lower() == "none" else text


RATE = click.option(
    "--rate",
    default="1500/min",
    show_default=True,
    callback=unless_none,
    help='Quota, or "none".',
)

LANG = click.option(
    "--lang", type=click.Choice(["zh", "en"]), help="Language. Default: VODNB_LANG, else locale."
)


def _place(_ctx: click.Context, _param: click.Parameter, out: Path | None) -> Path | None:
    """Refuse a place before anything is asked of the service."""
    from vodnb.tables.write import check_place

    if out:
        check_place(out)
    return out


OUT = click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    callback=_place,
    help="Where the table goes: .csv, .xlsx or .parquet.",
)

PLACE_OPTIONS = [
    click.option("--endpoint", help="Address of VOD."),
    click.option("--region", help='Region, such as "cn-north-4".'),
    click.option("--project-id", help="Project. Default: looked up by the region."),
    click.option("--profile", help="Section of the official SDK's profile file."),
    click.option("--ca-bundle", help="File of a private CA."),
    LANG,
]
"""Where a command connects to."""

_PLACE = ("sandbox", "endpoint", "region", "project_id", "profile", "ca_bundle", "lang")

FILE_OPTIONS = [
    click.option("--id-column", help="Column that holds the IDs."),
    click.option("--encoding", help="Encoding of the file."),
    click.option("--delimiter", help="Delimiter of the file."),
    click.option("--sheet", help="Sheet of a workbook."),
    click.option("--id-form", type=click.Choice(["any"]), help="Let IDs of any form through."),
    click.option("--sandbox", is_flag=True, help="Use the sandbox; its assets are the file's own."),
    *PLACE_OPTIONS,
]
"""How a command reads its file, and where it connects to."""


RUN_OPTIONS = [
    OUT,
    RATE,
    click.option("--workers", type=int, help="Calls at once. Default: as few as reach the rate."),
    click.option("--dry-run", is_flag=True, help="Only say what would be sent."),
    click.option("--canary", type=int, help="Send only so many assets as a trial."),
    *FILE_OPTIONS,
]
"""How a command settles the assets of a file."""


def taking(options: Sequence[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what gives these options to a command, in this order."""
    return lambda command: reduce(lambda done, option: option(done), reversed(options), command)


def connected(ctx: click.Context, options: dict[str, Any]) -> Vod:
    """Connect as the options say, and take these out of them; the end of the command closes it."""
    from vodnb.session.connect import connect

    vod = connect(**{name: options.pop(name) for name in _PLACE if name in options})
    ctx.call_on_close(vod.close)
    return vod
