"""The verbs that need no connection: load, explain, sum up, check, in the language that is set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.journal.finding import RunInfo, list_runs
from vodnb.journal.opening import usual_folders
from vodnb.journal.salvage import salvage as save_what_can_be_read
from vodnb.kernel.screen import show
from vodnb.rules.errors import VodnbError
from vodnb.rules.words import explanation
from vodnb.tables import compare as comparing
from vodnb.tables import read
from vodnb.tables import summary as summaries
from vodnb.tables.attached import attach
from vodnb.tables.history import build_runs
from vodnb.tables.loaded import describe

from .arguments import hidden_text, read_here, spoken, spoken_of

if TYPE_CHECKING:
    import os

    import pandas as pd

    from vodnb.debug.checkup import Checkup
    from vodnb.rules.words.explanation import Explanation
    from vodnb.service.settings.settings import Settings
    from vodnb.tables.compare import Comparison
    from vodnb.tables.read import Source
    from vodnb.tables.summary import Summary

    from .accessor import TableVerbs


def load_assets(
    source: Source,
    *,
    id_column: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    id_form: str | None = None,
) -> pd.DataFrame:
    """Load asset IDs; no ID is ever changed silently. In a notebook, the counts are shown.

    Args:
        source: A file's path (CSV and the like, JSON lines, .xlsx, Parquet; gzip, or a zip with
            one file in it), pasted text (with a line break), a DataFrame, or a list of IDs.
        id_column: Column that holds the IDs. Default: found by its name or its content.
        encoding: Encoding of the file. Default: found by rule, which the summary names.
        delimiter: Delimiter of the file. Default: found among `, ; TAB |`.
        sheet: Sheet of a workbook. Default: the only one that is not empty.
        id_form: `"any"` lets IDs of every form through. Default: where 30 cells and nine in ten
            prove one form, a cell of another is `not_an_id`.

    Returns:
        The user's columns and `asset_id` (what is sent), `verdict` and `verdict_note`.

    Raises:
        InputError: The file or its ID column cannot be found or read.
        SetupError: The file needs an extra that is not installed.

    Example:
        >>> assets = vodnb.load_assets("assets.csv")
    """
    table = read.load_assets(
        source,
        id_column=id_column,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        id_form=id_form,
    )
    show(describe(table, lang=spoken(None)))
    return table


def explain(code: str, http_status: int | None = None, *, lang: str | None = None) -> Explanation:
    """Explain an error code: what it means, whether a retry helps, what to do, who must act.

    Args:
        code: Such as `"VOD.10062"`, `"APIG.0308"` or `"CLIENT.MANGLED"`.
        http_status: Tells apart the few codes that mean different things by status.
        lang: `"zh"` or `"en"`. Default: VODNB_LANG, else the locale.

    Raises:
        InputError: The code is empty or no text.

    Example:
        >>> vodnb.explain("VOD.10062", lang="en")
    """
    return explanation.explain(code, http_status, lang=spoken(lang))


def summary(results: pd.DataFrame, *, lang: str | None = None) -> Summary:
    """Return counts by outcome and by code, with next steps and who must act.

    Args:
        results: A results table.
        lang: `"zh"` or `"en"`. Default: the run's language.

    Raises:
        InputError: The table is no results table.

    Example:
        >>> vodnb.summary(results)
    """
    return summaries.summary(results, lang=spoken_of(results, lang))


def compare(ours: Source, theirs: Source, *, lang: str | None = None) -> Comparison:
    """Compare two tables of assets, for instance the uploader's log and what the service has.

    Args:
        ours: Whatever `load_assets` takes, or its table, or a table of states or results.
        theirs: Another. Two assets differ where both tables have a state (`state`, else
            `state_after`, else `state_before`) and the states are not the same.
        lang: `"zh"` or `"en"`. Default: VODNB_LANG, else the locale.

    Returns:
        The counts, and in `table` a row for each asset.

    Raises:
        InputError: A table cannot be used.

    Example:
        >>> vodnb.compare("uploaded.csv", vod.states("library.csv")).table
    """
    return comparing.compare(read.load_assets(ours), read.load_assets(theirs), lang=spoken(lang))


def runs(folder: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Return the runs that have a journal, the newest first, and how far each has come.

    Args:
        folder: Where to look. Default: `.vodnb` in the current folder, and `~/.vodnb/runs`.

    Returns:
        One row a run: its `state` (`finished`, `unfinished`, `under way`, `damaged`), what it asks
        for, its assets by outcome, where they came from, and its journal.

    Example:
        >>> vodnb.runs()
    """
    folders = usual_folders() if folder is None else [Path(folder)]
    return build_runs([_as_row(run) for run in list_runs(folders)])


def salvage(journal: str | os.PathLike[str]) -> pd.DataFrame:
    """Write a damaged journal anew from what can be read of it, and return its run.

    Outcomes that can be read stand. Every other asset of the run is in doubt: the same cell, run
    again, asks for its state before anything is sent. The damaged file is kept beside it.

    Args:
        journal: Its path, as the error names it and `vodnb.runs()` lists it.

    Returns:
        Its row of `vodnb.runs()`.

    Raises:
        InputError: There is no such file.
        JournalError: Not even its header can be read, or somebody works on the run.

    Example:
        >>> vodnb.salvage(".vodnb/20261124T020000Z-1a2b3c.sqlite")
    """
    path = Path(journal)
    save_what_can_be_read(path)
    return build_runs([_as_row(run) for run in list_runs([path.parent]) if run.path == path])


def doctor(
    *,
    endpoint: str | None = None,
    region: str | None = None,
    project_id: str | None = None,
    profile: str | None = None,
    ca_bundle: str | None = None,
    lang: str | None = None,
) -> Checkup:
    """Check Python, kernel, packages, settings, network, clock, credential and quota, in order.

    It never raises for what it finds: where there is no connection to be had, it says why. At most
    two calls carry the credential, and neither changes anything. `vod.doctor()` does the same with
    a connection's own settings.

    Args:
        endpoint: Address of VOD. Default: as `connect` finds it, like the other settings.
        region: Region.
        project_id: Project.
        profile: Section of the official SDK's profile file.
        ca_bundle: File of a private CA.
        lang: `"zh"` or `"en"`. Default: VODNB_LANG, else the locale.

    Returns:
        One line a check, each with what to do; `exit_status` is 0, 1 (something to mind) or 2.

    Example:
        >>> vodnb.doctor()
    """
    place = {
        "endpoint": hidden_text(endpoint),
        "region": region,
        "project_id": project_id,
        "profile": profile,
        "ca_bundle": ca_bundle,
    }
    from .connection import check_up

    tongue = spoken(lang)
    try:
        found: Settings | VodnbError = read_here(lang=tongue, **place)
    except VodnbError as wrong:
        found = wrong
    return check_up(found, tongue)


def _as_row(run: RunInfo) -> dict[str, object]:
    row: dict[str, object] = {"run_id": run.run_id, "state": run.state, "journal": run.path}
    if run.header:
        names = ("status", "began_at", "endpoint", "project_id", "source")
        row |= {name: getattr(run.header, name) for name in names}
        row |= {"assets": run.assets, **run.outcomes}
        row["not_sent"] = run.assets - sum(run.outcomes.values())
    return row


def _verbs_of(table: pd.DataFrame) -> TableVerbs:
    """Return what `df.vod` is: a connection's verbs take long to load, and few tables need them."""
    from .accessor import TableVerbs

    return TableVerbs(table)


attach("vod", _verbs_of)
