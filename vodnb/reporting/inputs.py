"""What a report is made of: a results table, and what the journal of its run knows beyond it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError, VodnbError
from vodnb.rules.windows import utc_text
from vodnb.tables.formats.files import path_of

from .course import Moments
from .figures import Figures, RunFacts, count_figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from vodnb.journal.past import Past
    from vodnb.rules.model import Lang

_MOST_ROWS = 500
_LIBRARIES = ("vodnb", "pandas", "nbclient", "nbconvert")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a report is made of: the results, and what is known of their run."""

    table: pd.DataFrame
    run: RunFacts
    moments: Moments | None = None
    """None where there is no journal."""


def gather(
    source: str | os.PathLike[str] | pd.DataFrame,
    *,
    lang: Lang,
    settings: Sequence[tuple[str, str]] = (),
) -> Source:
    """Return what a report is made of: of a table or its file, a run ID, or a journal's path."""
    from vodnb.journal.finding import find_journal
    from vodnb.journal.past import read_past

    past, name = None, ""
    is_named = isinstance(source, str | os.PathLike)
    if isinstance(source, str | os.PathLike):
        source = path_of(source)
        if path := find_journal(source):
            past = read_past(path)
        else:
            _check_exists(source)
    if past:
        table = _table_of(past, lang)
    else:
        from vodnb.tables.tally import load_results

        table = load_results(source)
        came_from = str(table.attrs.get("vodnb", {}).get("source", ""))
        past = _find_past(table, came_from)
        # A results file tells where it was read from itself, and not where its assets came from.
        if not is_named and "." in Path(came_from).name:
            name = Path(came_from).name
    versions = [*((name, version(name)) for name in _LIBRARIES), ("Python", python_version())]
    made_at = utc_text(time.time(), "seconds")
    facts = RunFacts(settings=settings, made_at=made_at, versions=versions, source=name)
    if past is None:
        return Source(table=table, run=facts)
    moments = Moments(resent_at=past.resent_at, throttled_at=past.throttled_at)
    return Source(table=table, run=_facts_of(past, facts), moments=moments)


def check_max_rows(max_rows: int) -> None:
    """Refuse tables of a report that are empty, or too long to be read: 1 to 500 rows are right."""
    if not isinstance(max_rows, int) or not 1 <= max_rows <= _MOST_ROWS:
        raise InputError(
            f"max_rows is {max_rows!r}.",
            "A report is a page to read; the whole tables are in the files beside it.",
            f"Give a number from 1 to {_MOST_ROWS}.",
        )


def count(source: Source, *, max_rows: int, earlier: Mapping[str, str] | None) -> Figures:
    """Count what a report says of its source."""
    from vodnb.tables.tally import read_columns

    return count_figures(
        read_columns(source.table),
        max_rows=max_rows,
        run=source.run,
        moments=source.moments,
        earlier=earlier,
    )


def earlier_outcomes(earlier: pd.DataFrame) -> dict[str, str]:
    """Return the outcome of each asset in an earlier table."""
    from vodnb.tables.tally import read_columns

    columns = read_columns(earlier, ("asset_id", "outcome"))
    return dict(zip(columns["asset_id"], columns["outcome"], strict=True))


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise InputError(
            f"There is no file and no run '{path}'.",
            "A report is made of a results table, or of the journal of a run.",
            "Give the path of one of them, or a run ID that vodnb.runs() lists.",
        )


def _table_of(past: Past, lang: Lang) -> pd.DataFrame:
    """Return the table of a run: of the file it came from, if that still has just these assets."""
    from vodnb.journal.past import NOT_REACHED
    from vodnb.tables.read import load_assets
    from vodnb.tables.results import build_results, usable_assets

    table = None
    if past.header.source and Path(past.header.source).is_file():
        with suppress(VodnbError):
            table = load_assets(past.header.source)
    if table is None or usable_assets(table) != list(past.assets):
        table = load_assets(list(past.assets), id_form="any")
    return build_results(
        table,
        settlements=past.settlements,
        untouched=NOT_REACHED,
        status=past.header.status,
        run_id=past.header.run_id,
        lang=lang,
    )


def _find_past(table: pd.DataFrame, came_from: str) -> Past | None:
    """Return the run of a table, where its journal is to be found and can be read."""
    from vodnb.journal.finding import journal_of
    from vodnb.journal.opening import folder_for, usual_folders
    from vodnb.journal.past import read_past

    run_ids = set(table["run_id"].astype(str)) - {""}
    if len(run_ids) != 1:
        return None
    folders = [*usual_folders(), folder_for(came_from)]
    with suppress(VodnbError, OSError):
        path = journal_of(run_ids.pop(), folders)
        return read_past(path) if path else None
    return None


def _facts_of(past: Past, facts: RunFacts) -> RunFacts:
    header = past.header
    state = "finished" if header.is_finished else "unfinished"
    return replace(
        facts,
        state="under way" if past.is_under_way else state,
        endpoint=header.endpoint,
        project_id=header.project_id,
        began_at=header.began_at,
        journal=header.path.name,
        source=Path(header.source).name if header.source else "",
    )
