"""The end of a report: the run, settings without secrets, versions, files, the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.rules.model import Outcome
from vodnb.rules.wording import outcome_in_words

from . import beside as tables
from .parts import Section, grid, heading, note, plain_time
from .words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodnb.rules.markup import Markup
    from vodnb.rules.model import Lang

    from .figures import Figures

__all__ = ["appendix"]

_STATES = {"finished": "finished", "unfinished": "state unfinished", "under way": "under way"}


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
    body = [heading(word("facts", lang)), _pairs(facts, lang)]
    if figures.run.settings:
        body += [heading(word("settings", lang)), _pairs(figures.run.settings, lang)]
    body += [heading(word("versions", lang)), _pairs(figures.run.versions, lang)]
    if files:
        told = [(name, word(key, lang)) for name, key in files]
        header = [word(key, lang) for key in ("file", "holds")]
        body += [heading(word("files", lang)), grid(header, told, codes=[0])]
    if remark:
        body.append(note(word(remark, lang, rows=figures.rows, most=tables.MOST_WORKBOOK_ROWS)))
    body += _audit(figures, lang, beside)
    body += [heading(word("rerun", lang)), note(word("rerun told", lang, folder=folder))]
    lines = [f"{name}: {value}" for name, value in facts]
    return Section(title=word("appendix", lang), lines=lines, body=body, lang=lang, name="appendix")


def _facts(figures: Figures, lang: Lang) -> list[tuple[str, str]]:
    run = figures.run
    state = word(_STATES[run.state], lang) if run.state in _STATES else ""
    told = [
        ("run", ", ".join(figures.run_ids)),
        ("status", ", ".join(figures.statuses)),
        ("state", state),
        ("began", run.began_at),
        ("endpoint", run.endpoint),
        ("project", run.project_id),
        ("journal", run.journal),
        ("source", run.source),
        ("made", run.made_at),
    ]
    return [(word(f"fact {key}", lang), value) for key, value in told if value]


def _pairs(pairs: Sequence[Sequence[str]], lang: Lang) -> Markup:
    return grid([word("name", lang), word("value", lang)], pairs, codes=[1])


def _audit(figures: Figures, lang: Lang, beside: str) -> list[Markup]:
    title = heading(word("audit", lang))
    if not figures.audit:
        return [title, note(word("no audit", lang))]
    names = {outcome.value: outcome_in_words(outcome, lang) for outcome in Outcome}
    rows = [
        (plain_time(sent), request, asset_id, names[ended], http, n)
        for sent, request, asset_id, ended, http, n in figures.audit
    ]
    keys = ("sent", "request", "asset", "outcome", "http", "tries")
    told = [title, grid([word(key, lang) for key in keys], rows, numbers=[4, 5], codes=[1, 2])]
    if len(rows) < figures.requests:
        cap = word("capped", lang, shown=len(rows), count=figures.requests, name=beside)
        told.append(note(cap, kind="cap"))
    return told
