"""The end of a report: the run, settings without secrets, versions, files, the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.rules.model import Outcome
from vodnb.rules.words.wording import say

from . import beside as tables
from .parts import Section, grid, heading, note, plain_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodnb.rules.model import Lang
    from vodnb.rules.words.markup import Markup

    from .figures import Figures

_STATES = ("finished", "unfinished", "under way")


def appendix(
    figures: Figures,
    lang: Lang,
    *,
    files: Sequence[tuple[str, str]],
    remark: str,
    folder: str,
    beside: str,
) -> Section:
    """Return the appendix.

    Args:
        figures: What the report says.
        lang: Its language.
        files: Names of the files beside the report, and the key of what each holds.
        remark: Key of why there is no workbook; "" for none.
        folder: Name of their folder.
        beside: Name of the file with the whole audit trail.
    """
    facts = _facts(figures, lang)
    body = [heading(say("report.facts", lang)), _pairs(facts, lang)]
    if figures.run.settings:
        body += [heading(say("report.settings", lang)), _pairs(figures.run.settings, lang)]
    body += [heading(say("report.versions", lang)), _pairs(figures.run.versions, lang)]
    if files:
        told = [(name, say(f"report.{key}", lang)) for name, key in files]
        header = [say("column.file", lang), say("column.holds", lang)]
        body += [heading(say("report.files", lang)), grid(header, told, codes=[0])]
    if remark:
        most = tables.MOST_WORKBOOK_ROWS
        body.append(note(say(f"report.{remark}", lang, rows=figures.rows, most=most)))
    body += _audit(figures, lang, beside)
    body += [
        heading(say("report.rerun", lang)),
        note(say("report.rerun.told", lang, folder=folder)),
    ]
    lines = [f"{name}: {value}" for name, value in facts]
    return Section(
        title=say("report.appendix", lang), lines=lines, body=body, lang=lang, name="appendix"
    )


def _facts(figures: Figures, lang: Lang) -> list[tuple[str, str]]:
    run = figures.run
    state = say(f"report.run.{run.state}", lang) if run.state in _STATES else ""
    told = [
        ("report.fact.run", ", ".join(figures.run_ids)),
        ("report.fact.status", ", ".join(figures.statuses)),
        ("report.fact.state", state),
        ("report.fact.began", run.began_at),
        ("setting.endpoint", run.endpoint),
        ("setting.project", run.project_id),
        ("report.fact.journal", run.journal),
        ("report.fact.source", run.source),
        ("report.fact.made", run.made_at),
    ]
    return [(say(key, lang), value) for key, value in told if value]


def _pairs(pairs: Sequence[Sequence[str]], lang: Lang) -> Markup:
    return grid([say("column.name", lang), say("column.value", lang)], pairs, codes=[1])


def _audit(figures: Figures, lang: Lang, beside: str) -> list[Markup]:
    title = heading(say("report.audit", lang))
    if not figures.audit:
        return [title, note(say("report.audit.none", lang))]
    names = {outcome.value: say(f"outcome.{outcome}", lang) for outcome in Outcome}
    rows = [
        (plain_time(sent), request, asset_id, names[ended], http, n)
        for sent, request, asset_id, ended, http, n in figures.audit
    ]
    keys = ("sent", "request", "asset", "outcome", "http", "tries")
    told = [
        title,
        grid([say(f"column.{key}", lang) for key in keys], rows, numbers=[4, 5], codes=[1, 2]),
    ]
    if len(rows) < figures.requests:
        cap = say("report.capped", lang, shown=len(rows), count=figures.requests, name=beside)
        told.append(note(cap, kind="cap"))
    return told
