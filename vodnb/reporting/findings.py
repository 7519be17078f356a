"""The sections of a report but for its course: whether it worked, what failed, the appendix."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from vodnb.rules.model import Needs, Outcome, Status, Verdict
from vodnb.rules.words.explanation import explain_state
from vodnb.rules.words.markup import Markup, element, printable
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import say

from . import beside
from .charts import COLOURS, draw_share
from .parts import bold, figure, heading, note, plain_time, wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .figures import Figures, Group
    from .parts import Contents, Section

_MOST_GROUPS = 30
_SHOWN_CHANGES = {"newly_settled", "newly_failed", "still_hanging", "lost"}
"""Of the others only the count is told: nobody has to look at their assets."""
_STATES = ("finished", "unfinished", "under way")
_BIG = "font-size:150%;font-weight:600;text-align:left;white-space:nowrap;padding-right:1.6em"
_SMALL = "text-align:left;font-weight:400;white-space:nowrap;padding-right:1.6em"


def headline(page: Contents) -> Section:
    """Return whether it worked: one sentence, the counts, and who has to act."""
    figures = page.figures
    lines = [_verdict(page), *_standing(page)]
    if not figures.rows:
        return page.section("headline", lines, [note(line, kind="lead") for line in lines])
    parts = [
        (
            say(f"outcome.{outcome}", page.lang),
            COLOURS[outcome.value],
            figures.outcomes[outcome.value],
        )
        for outcome in Outcome
    ]
    counts = ", ".join(f"{name} {count:,}" for name, _, count in parts if count)
    assets = say("report.assets", page.lang, rows=figures.rows, assets=figures.assets)
    body = [
        note(lines[0], kind="lead"),
        note(_byline(figures), kind="cap"),
        *(note(line, kind="warn") for line in lines[1:]),
        _tiles(page),
        figure(draw_share(parts, say("report.outcomes", page.lang, parts=counts)).picture()),
        note(assets),
        *_acting(page),
    ]
    return page.section("headline", [*lines, assets, counts], body)


def _verdict(page: Contents) -> str:
    good, rows = page.figures.settled, page.figures.rows
    key = "no rows" if not rows else "none good" if not good else "some good"
    if rows and good == rows:
        key = "all good"
    return say(f"report.result.{key}", page.lang, good=good, rows=rows, left=rows - good)


def _byline(figures: Figures) -> str:
    """Return which run this is: its source, its ID, its project, and when the report was made."""
    run = figures.run
    made = f"{plain_time(run.made_at)[:16]} UTC" if run.made_at else ""
    return " · ".join(filter(None, [run.source, *figures.run_ids[:3], run.project_id, made]))


def _standing(page: Contents) -> list[str]:
    """Return what is to be known of the run before its figures are read."""
    run, told = page.figures.run, []
    if run.state == "under way":
        told.append(say("report.running", page.lang, time=plain_time(run.made_at)))
    elif run.state == "unfinished":
        told.append(say("report.unfinished", page.lang, run=", ".join(page.figures.run_ids)))
    told += [
        say("report.destroyed", page.lang, status=status)
        for status in page.figures.statuses
        if status in set(Status) and Status(status).is_destructive
    ]
    return told


def _tiles(page: Contents) -> Markup:
    """Return the counts, one beside the other."""
    counts = {**page.figures.outcomes, "all": page.figures.rows}
    names = [
        *(say(f"outcome.{outcome}", page.lang) for outcome in Outcome),
        say("report.all rows", page.lang),
    ]
    top = (
        element("td", f"{count:,}", style=_BIG, class_=f"vr-count vr-{key if count else 'none'}")
        for key, count in counts.items()
    )
    below = (element("th", name, style=_SMALL, scope="col") for name in names)
    rows = element("thead", element("tr", *below)), element("tbody", element("tr", *top))
    return wide(element("table", *rows, class_="vr-tiles"))


def _acting(page: Contents) -> list[Markup]:
    """Return who has to act, and on how many rows."""
    rows: Counter[Needs] = Counter()
    codes: dict[Needs, list[str]] = {}
    for group in page.figures.groups:
        if group.needs is not Needs.NOTHING:
            rows[group.needs] += group.rows
            codes.setdefault(group.needs, []).append(group.code or group.state)
    if not rows:
        return [note(say("report.act.nobody", page.lang))]
    told = [
        (say(f"needs.{needs}", page.lang), f"{count:,}", ", ".join(dict.fromkeys(codes[needs])))
        for needs, count in rows.most_common()
    ]
    return [heading(say("report.act", page.lang)), page.grid(("needs", "rows", "code"), told)]


def failures(page: Contents) -> Section:
    """Return what failed or was not sent, code by code, and what to do about it."""
    kinds = {Outcome.FAILED, Outcome.NOT_SENT}
    groups = [one for one in page.figures.groups if one.outcome in kinds or _is_broken(one)]
    return _told_by_code(page, "failures", groups)


def doubts(page: Contents) -> Section:
    """Return what is in doubt, and how to settle it."""
    groups = [group for group in page.figures.groups if group.outcome == Outcome.IN_DOUBT]
    lead = [say("report.doubts.told", page.lang)] if groups else []
    if groups and page.figures.run.state == "under way":
        lead.append(say("report.doubts.running", page.lang))
    return _told_by_code(page, "doubts", groups, lead)


def _is_broken(group: Group) -> bool:
    return Outcome(group.outcome).is_good and bool(group.state)


def _told_by_code(
    page: Contents, key: str, groups: Sequence[Group], lead: Sequence[str] = ()
) -> Section:
    lines = list(lead) if groups else [say(f"report.{key}.none", page.lang)]
    body = [note(line) for line in lines]
    for group in groups[:_MOST_GROUPS]:
        head, meaning, step = _facts(page, group)
        name = printable(group.code or group.state)
        lines += [f"{name} · {head}", f"  {meaning}", f"  {step}"]
        body += [heading("", element("code", name), f" · {head}"), note(meaning)]
        body.append(element("p", bold(say("label.do", page.lang)), f" {step}", class_="vr-step"))
        if group.message:
            body.append(note(say("report.message", page.lang, text=group.message), kind="cap"))
        body += _assets_of(page, group)
    if len(groups) > _MOST_GROUPS:
        left, name = len(groups) - _MOST_GROUPS, page.beside("attention")
        lines.append(say("report.more codes", page.lang, count=left, name=name))
        body.append(note(lines[-1], kind="warn"))
    return page.section(key, lines, body)


def _facts(page: Contents, group: Group) -> tuple[str, str, str]:
    """Return how many rows ended so, what it means, and what to do."""
    meaning, step, needs = group.advice(page.lang)
    if _is_broken(group):
        meaning, step = say("report.broken", page.lang), say("report.broken.do", page.lang)
    outcome = say(f"outcome.{Outcome(group.outcome)}", page.lang)
    needed = say(f"needs.{needs}", page.lang)
    return (
        say("report.group", page.lang, rows=group.rows, outcome=outcome, needs=needed),
        meaning,
        step,
    )


def _assets_of(page: Contents, group: Group) -> list[Markup]:
    """Return the first rows of a group; a trait that none of them has takes no room."""
    keys = ("row", "asset", "state", "http", "tries", "request", "sent")
    rows = [
        dict(zip(keys, (*cells, plain_time(sent)), strict=True)) for *cells, sent in group.shown
    ]
    used = [
        key
        for key in keys
        if key in {"row", "asset"} or any(row[key] not in {"", "0"} for row in rows)
    ]
    told = page.grid(used, [[row[key] for key in used] for row in rows])
    return [told, *page.capped(len(rows), group.rows, "attention")]


def input_troubles(page: Contents) -> Section:
    """Return what was wrong with the input, verdict by verdict, and the first rows."""
    figures = page.figures
    count = figures.outcomes[Outcome.INVALID.value]
    odd = {name: rows for name, rows in figures.verdicts.items() if rows and name != Verdict.OK}
    key = "report.input.told" if count else "report.input.none"
    line = say(key, page.lang, count=count)
    body = [note(line)]
    if odd:
        rows = [
            (name, say(f"report.verdict.{name}", page.lang), f"{n:,}") for name, n in odd.items()
        ]
        body.append(page.grid(("verdict", "meaning", "rows"), rows))
    if figures.invalid:
        told = [(*cells, translate(why, page.lang)) for *cells, why in figures.invalid]
        body.append(page.grid(("row", "cell as read", "verdict", "note"), told))
        body += page.capped(len(told), count, "attention")
    return page.section("input", [line, *(f"{name}: {n:,}" for name, n in odd.items())], body)


def states(page: Contents) -> Section:
    """Return in what state the assets ended."""
    counts: Counter[tuple[str, bool]] = Counter()
    for before, after, count in page.figures.states:
        counts[after or before, bool(before and not after)] += count
    if not any(state for state, _ in counts):
        told = say("report.states.none", page.lang)
        return page.section("states", [told], [note(told)])
    rows, lines = [], []
    for (state, is_old), count in counts.most_common():
        meaning, needs = explain_state(state, page.lang) if state else ("", Needs.NOTHING)
        name = printable(state) or say("report.states.not looked", page.lang)
        meaning = meaning or say("report.states.not looked.why", page.lang)
        if is_old:
            meaning = f"{meaning} ({say('report.states.before only', page.lang)})"
        share = f"{count / max(page.figures.assets, 1):.1%}"
        needed = "" if needs is Needs.NOTHING else say(f"needs.{needs}", page.lang)
        rows.append((name, meaning, needed, f"{count:,}", share))
        lines.append(f"{name}: {count:,}")
    grid = page.grid(("state", "meaning", "needs", "assets", "share"), rows)
    return page.section("states", lines, [grid])


def changes(page: Contents) -> Section | None:
    """Return what became of the assets since the earlier report; None where there is none."""
    if page.figures.changes is None:
        return None
    names = {one.name: say(f"report.change.{one.name}", page.lang) for one in page.figures.changes}
    rows = [(names[one.name], f"{one.assets:,}") for one in page.figures.changes]
    body = [page.grid(("change", "assets"), rows)]
    outcomes = {outcome.value: say(f"outcome.{outcome}", page.lang) for outcome in Outcome}
    for one in page.figures.changes:
        if one.name not in _SHOWN_CHANGES or not one.assets:
            continue
        told = [
            (asset_id, outcomes.get(before, before), outcomes.get(now, now), code)
            for asset_id, before, now, code in one.shown
        ]
        body += [heading(names[one.name]), page.grid(("asset", "then", "now", "code"), told)]
        body += page.capped(len(told), one.assets, "comparison", key="report.capped.assets")
    return page.section("changes", [f"{name}: {count}" for name, count in rows], body)


def appendix(page: Contents) -> Section:
    """Return the end: the run, settings without secrets, versions, files, the audit trail."""
    run, facts = page.figures.run, _run_facts(page)
    lists = {"report.facts": facts, "report.settings": run.settings,
             "report.versions": run.versions}  # fmt: skip
    body = []
    for key, pairs in lists.items():
        if pairs:
            body += [heading(say(key, page.lang)), page.grid(("name", "value"), pairs)]
    if page.files:
        files = [(name, say(f"report.{key}", page.lang)) for name, key in page.files]
        body += [heading(say("report.files", page.lang)), page.grid(("file", "holds"), files)]
    if page.remark:
        rows, most = page.figures.rows, beside.MOST_WORKBOOK_ROWS
        body.append(note(say(f"report.{page.remark}", page.lang, rows=rows, most=most)))
    body += [
        heading(say("report.audit", page.lang)),
        *_audit(page),
        heading(say("report.rerun", page.lang)),
        note(say("report.rerun.told", page.lang, folder=page.folder)),
    ]
    return page.section("appendix", [f"{name}: {value}" for name, value in facts], body)


def _run_facts(page: Contents) -> list[tuple[str, str]]:
    figures, run = page.figures, page.figures.run
    state = say(f"report.run.{run.state}", page.lang) if run.state in _STATES else ""
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
    return [(say(key, page.lang), value) for key, value in told if value]


def _audit(page: Contents) -> list[Markup]:
    if not page.figures.audit:
        return [note(say("report.audit.none", page.lang))]
    rows = [
        (plain_time(sent), request, asset_id, say(f"outcome.{Outcome(ended)}", page.lang), http, n)
        for sent, request, asset_id, ended, http, n in page.figures.audit
    ]
    grid = page.grid(("sent", "request", "asset", "outcome", "http", "tries"), rows)
    return [grid, *page.capped(len(rows), page.figures.requests, "results")]
