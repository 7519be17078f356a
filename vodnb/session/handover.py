"""The verbs that hand on what a run came to: a report, and files for whoever must act."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.service.redact import Redactor, Secret
from vodnb.service.settings.sources import VARIABLES

from .arguments import spoken_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vodnb.reporting.making import Report
    from vodnb.reporting.parties import HandedBack

    from .vod import Vod

_SECRETS = ("token", "ak", "sk", "security_token", "iam_password")


def report(
    results: str | os.PathLike[str] | pd.DataFrame,
    path: str | os.PathLike[str] = "report.ipynb",
    *,
    lang: str | None = None,
    against: str | os.PathLike[str] | pd.DataFrame | None = None,
    max_rows: int = 25,
    execute: bool = True,
    vod: Vod | None = None,
) -> Report:
    """Write a report to hand over: an executed notebook, a page beside it, and the tables.

    It says whether it worked, what failed and what to do about each code, what is in doubt, what
    was wrong with the input, how it went, and what state the assets ended in. The page needs no
    network and no notebook, and prints well. The notebook shows the same on GitHub and in
    JupyterLab, and runs again from its own folder.

    Args:
        results: A results table, its file, a run ID, or the path of a journal. A run that is still
            under way is told as it stands.
        path: Where the notebook goes. Default `report.ipynb`; the page is `report.html` and the
            tables are in `report_files`. Only a report of ours is replaced.
        lang: `"zh"` or `"en"`. Default: the run's language.
        against: An earlier results table or its file: what is newly settled, newly failed, and
            still hanging. Default None: no comparison.
        max_rows: The most rows of any one table in the report, 1 to 500. Default 25: a page that
            can be read in a minute; what is left out is said, and is in the files.
        execute: Run the notebook in a kernel. Default True; False fills it in without one.
        vod: The connection: its settings are told, secrets masked, and its secrets are looked for
            in all that is written. Default None: those of the environment.

    Returns:
        Where the report is, and what it found in one sentence.

    Raises:
        InputError: There are no such results, another file is in the way, or a secret would have
            been written.
        JournalError: The journal is damaged.
        SetupError: The notebook could not be run.

    Example:
        >>> vodnb.report(results, "report.ipynb", lang="zh")
    """
    from vodnb.reporting.inputs import check_max_rows
    from vodnb.reporting.making import make_report

    check_max_rows(max_rows)
    return make_report(
        results,
        path,
        lang=spoken_of(results, lang),
        against=against,
        max_rows=max_rows,
        is_run=execute,
        redactor=_redactor(vod),
        settings=_settings_of(vod),
    )


def hand_back(
    results: str | os.PathLike[str] | pd.DataFrame,
    folder: str | os.PathLike[str],
    *,
    lang: str | None = None,
    vod: Vod | None = None,
) -> HandedBack:
    """Write a file for each party that must act: who uploads again, corrects IDs, and so on.

    Each is a CSV that can be loaded and confirmed again, with a line on what to do at its head.
    Nothing in it is a live formula. Files of an earlier call are replaced unless they were edited.

    Args:
        results: A results table, its file, a run ID, or the path of a journal.
        folder: Where they go; it is made where it is missing.
        lang: `"zh"` or `"en"`. Default: the run's language.
        vod: The connection, whose secrets are looked for in all that is written. Default None:
            those of the environment.

    Returns:
        The files, by what their rows need.

    Raises:
        InputError: There are no such results, or another file is in the way.
        JournalError: The journal is damaged.

    Example:
        >>> vodnb.hand_back(results, "to_do")
    """
    from vodnb.reporting.inputs import gather
    from vodnb.reporting.parties import hand_back_files

    used = spoken_of(results, lang)
    table = gather(results, lang=used).table
    return hand_back_files(table, Path(folder), lang=used, redactor=_redactor(vod))


def _redactor(vod: Vod | None) -> Redactor:
    """Return what knows the secrets at hand: of the connection, and of the environment."""
    told = [os.environ.get(variable, "") for name in _SECRETS for variable in VARIABLES[name]]
    return Redactor([*(Secret(text) for text in told if text), *(vod.secrets if vod else ())])


def _settings_of(vod: Vod | None) -> Sequence[tuple[str, str]]:
    """Return the connection's settings, secrets masked, and no folder of this machine."""
    if vod is None:
        return ()
    return [
        (row.name, Path(row.value).name if row.name == "ca_bundle" else row.value)
        for row in vod.settings().rows
        if row.name != "lang"
    ]
