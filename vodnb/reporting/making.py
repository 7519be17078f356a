"""Makes a report: counts, writes the tables, runs the notebook, exports the page, moves it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.words.wording import say

from .beside import TABLES, keep_figures, write_tables
from .inputs import count, earlier_outcomes, gather
from .notebook import build, execute, fill_in, to_page
from .pages import SECTIONS, Page
from .parts import Written
from .storage import draft_beside, move_in, paths_for, refuse_secrets

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from vodnb.rules.model import Lang
    from vodnb.service.redact import Redactor

    from .storage import ReportPaths


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report(Written):
    """A report that was written.

    Attributes:
        notebook: The executed notebook.
        page: The page.
        folder: The folder of its tables.
        told: What it found, in one sentence.
        lang: Its language.
    """

    notebook: Path
    page: Path
    folder: Path
    told: str
    lang: Lang

    def _lines(self) -> list[str]:
        where = say("report.written.also", self.lang, notebook=self.notebook, folder=self.folder)
        return [self.told, say("report.written", self.lang, page=self.page), where]


def make_report(
    source: str | os.PathLike[str] | pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    lang: Lang,
    against: str | os.PathLike[str] | pd.DataFrame | None,
    max_rows: int,
    is_run: bool,
    redactor: Redactor,
    settings: Sequence[tuple[str, str]],
) -> Report:
    """Make a report, as `vodnb.report` says; run its notebook, or fill it in without a kernel.

    Raises:
        InputError: The source cannot be used, the place is taken, or a secret would be handed on.
        JournalError: The journal is damaged.
        SetupError: The kernel cannot be started.
    """
    from vodnb.tables.tally import load_earlier

    places = paths_for(path)
    earlier_table = None if against is None else load_earlier(against)
    earlier = None if earlier_table is None else earlier_outcomes(earlier_table)
    found = gather(source, lang=lang, settings=settings)
    figures = count(found, max_rows=max_rows, earlier=earlier)
    with draft_beside(places) as draft:
        files, remark = write_tables(
            found.table, figures, earlier=earlier_table, folder=draft.folder, lang=lang
        )
        del found, earlier, earlier_table  # a kernel is about to start beside us
        keep_figures(figures, files, remark, draft.folder)
        page = Page(figures, lang, folder=draft.folder.name, files=files, remark=remark)
        _write_notebook(page, draft, is_run=is_run)
        made = [draft.notebook, draft.page, *draft.folder.iterdir()]
        refuse_secrets(made, redactor)
        move_in(draft, places, names=TABLES)
    return Report(
        notebook=places.notebook,
        page=places.page,
        folder=places.folder,
        told=page.headline().lines[0],
        lang=lang,
    )


def _write_notebook(page: Page, draft: ReportPaths, *, is_run: bool) -> None:
    import nbformat

    figures, folder = page.figures, draft.folder
    is_compared = figures.changes is not None
    notebook = build(
        results=f"{folder.name}/results.csv",
        against=f"{folder.name}/earlier.csv" if is_compared else "",
        lang=page.lang,
        max_rows=figures.max_rows,
        sections=tuple(name for name in SECTIONS if is_compared or name != "changes"),
    )
    if is_run:
        execute(notebook, draft.notebook.parent)
    else:
        fill_in(notebook, page)
    draft.notebook.write_text(nbformat.writes(notebook) + "\n", "utf-8")
    draft.page.write_text(to_page(notebook), "utf-8")
