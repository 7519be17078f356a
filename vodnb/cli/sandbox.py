"""The command that serves the sandbox."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vodnb.emulator.server import Sandbox


@click.command()
@click.option("--port", default=8765, show_default=True, help="0 takes a free one.")
@click.option("--assets", default=0, show_default=True, help="How many CREATING assets to make.")
@click.option(
    "--assets-of", type=click.Path(path_type=Path), help="Table whose assets to make too."
)
@click.option("--state", type=click.Path(path_type=Path), help="File that keeps its state.")
@click.option("--quota/--no-quota", default=True, show_default=True, help="Keep to the quota.")
@click.option("--latency", default=0.0, show_default=True, help="Seconds before it acts on a call.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on how to connect.")
def sandbox(
    port: int,
    assets: int,
    assets_of: Path | None,
    state: Path | None,
    *,
    quota: bool,
    latency: float,
    as_json: bool,
) -> None:
    """Serve a VOD of our own on this machine until interrupted."""
    from vodnb.emulator import server
    from vodnb.emulator.faults import Behaviour
    from vodnb.session.offline import load_assets
    from vodnb.tables.results import usable_assets

    wanted = usable_assets(load_assets(assets_of)) if assets_of else []
    behaviour = Behaviour(latency=latency)
    behaviour = behaviour if quota else replace(behaviour, quota=None)
    box = server.sandbox(port=port, behaviour=behaviour, assets=assets, state_file=state)
    try:
        box.add(wanted)
        click.echo(json.dumps(box.as_json()) if as_json else _how_to_connect(box))
        sys.stdout.flush()
        server.serve(box)
    except KeyboardInterrupt:
        # It came before `serve` was ready for it.
        box.stop()


def _how_to_connect(box: Sandbox) -> str:
    return (
        f"A sandbox serves {box.endpoint}; Ctrl-C ends it. In another terminal or a notebook:\n\n"
        f"  export VODNB_ENDPOINT={box.endpoint}\n"
        f"  export VODNB_IAM_ENDPOINT={box.iam_endpoint}\n"
        f"  export VODNB_REGION={box.region}\n"
        f"  export VODNB_PROJECT_ID={box.project_id}\n"
        f"  export VODNB_TOKEN={box.token}\n"
    )
