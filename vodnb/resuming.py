"""Going on with a run without the cell that began it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vodnb.bulk.found import find_run
from vodnb.rules.errors import SetupError
from vodnb.session import connect
from vodnb.tables import read
from vodnb.tables.results import usable_assets

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import pandas as pd

    from vodnb.vod import Vod

__all__ = ["resume"]


def resume(
    run: str | os.PathLike[str] | None = None,
    *,
    vod: Vod | None = None,
    destroy: int | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Go on with a run without the cell that began it, or have the table of a finished one again.

    What is settled is taken over and not asked for again: a finished run costs no call.

    Args:
        run: Its run ID, or the path of its journal. Default: the newest unfinished one that
            `vodnb.runs()` lists.
        vod: The connection to use. Default: `connect()`.
        destroy: For the destructive statuses: the number of assets, typed.
        options: As in `confirm`: `rate`, `workers`, `deadline`, `attempts`, `progress`, `lang`.

    Returns:
        The whole table: of the file that the run came from where that is still there and has the
        same assets, else of the assets alone.

    Raises:
        InputError: There is no such run, nothing is unfinished, or it is of another project.
        SetupError: The connection is to another endpoint than the run's.
        JournalError: The journal is damaged, or somebody else works on the run.

    Example:
        >>> results = vodnb.resume()
    """
    header, assets = find_run(run)
    table = _table_of(header.source, assets)
    used = vod or connect()
    if used.endpoint != header.endpoint:
        raise SetupError(
            f"The run {header.run_id} belongs to {header.endpoint}, and this connection goes to "
            f"{used.endpoint}.",
            "Its assets are not there.",
            f'Connect with endpoint="{header.endpoint}".',
        )
    return used.confirm(
        table,
        status=str(header.status),
        journal=header.path,
        destroy=destroy,
        only_hanging=header.only_hanging,
        **options,
    )


def _table_of(source: str, assets: Sequence[str]) -> pd.DataFrame:
    """Return the table that a run came from, if it still has just these assets."""
    if source and Path(source).is_file():
        table = read.load_assets(source)
        if usable_assets(table) == list(assets):
            return table
    return read.load_assets(list(assets))
