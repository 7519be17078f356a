"""What a report finds: did it work, what failed, what is in doubt, the input, states, changes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from vodnb.rules.model import Needs, Outcome, Status, Verdict
from vodnb.rules.words.explanation import explain_state
from vodnb.rules.words.markup import Markup, element, printable
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import say

from .charts import COLOURS, draw_share
from .parts import Section, bold, figure, grid, heading, note, plain_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vodnb.rules.model import Lang

    from .figures import Figures, Group

_MOST_GROUPS = 30
_SHOWN_CHANGES = {"newly_settled", "newly_failed", "still_hanging", "lost"}
"""Of the others only the count is told: nobody has to look at their assets."""
_BIG = "font-size:150%;font-weight:600;text-align:left;white-space:nowrap;padding-right:1.6em"
_SMALL = "text-align:left;font-weight:400;white-space:nowrap;padding-right:1.6em"


def headline(figures: Figures, lang: Lang) -> Section:
    """Return whether it worked: one sentence, the counts, and who has to act."""
    title, lines = say("report.result", lang), [_verdict(figures, lang), *_standing(figures, lang)]
    if not figures.rows:
        body = [note(line, kind="lead") for line in lines]
        return Section(title=title, lines=lines, body=body, lang=lang, name="headline")
    parts = [
        (say(f"outcome.{outcome}", lang), COLOURS[outcome.value], figures.outcomes[outcome.value])
        for outcome in Outcome
    ]
    counts = ", ".join(f"{name} {count:,}" for name, _, count in parts if count)
    assets = say("report.assets", lang, rows=figures.rows, assets=figures.assets)
    body = [
        note(lines[0], kind="lead"),
        note(_byline(figures), kind="cap"),
        *(note(line, kind="warn") for line in lines[1:]),
        _tiles(figures, lang),
        figure(draw_share(parts, say("report.outcomes", lang, parts=counts)).picture()),
        note(assets),
        *_acting(figures, lang),
    ]
    lines += [assets, counts]
    return Section(title=title, lines=lines, body=body, lang=lang, name="headline")


def _verdict(figures: Figures, lang: Lang) -> str:
    good, rows = figures.settled, figures.rows
    key = "no rows" if not rows else "none good" if not good else "some good"
    if rows and good == rows:
        key = "all good"
    return say(f"report.result.{key}", lang, good=good, rows=rows, left=rows - good)


def _byline(figures: Figures) -> str:
    """Return which run this is: its source, its ID, its project, and when the report was made."""
    run = figures.run
    made = f"{plain_time(run.made_at)[:16]} UTC" if run.made_at else ""
    return " · ".join(filter(None, [run.source, *figures.run_ids[:3], run.project_id, made]))


def _standing(figures: Figures, lang: Lang) -> list[str]:
    """Return what is to be known of the run before its figures are read."""
    run, told = figures.run, []
    if run.state == "under way":
        told.append(say("report.running", lang, time=plain_time(run.made_at)))
    elif run.state == "unfinished":
        told.append(say("report.unfinished", lang, run=", ".join(figures.run_ids)))
    told += [
        say("report.destroyed", lang, status=status)
        for status in figures.statuses
        if status in set(Status) and Status(status).is_destructive
    ]
    return told


def _tiles(figures: Figures, lang: Lang) -> Markup:
    """Return the counts, one beside the other."""
    names = [say(f"outcome.{outcome}", lang) for outcome in Outcome]
    counts = [figures.outcomes[outcome.value] for outcome in Outcome]
    names, counts = [*names, say("report.all rows", lang)], [*counts, figures.rows]
    keys = [*(outcome.value for outcome in Outcome), "all"]
    top = (
        element("td", f"{count:,}", style=_BIG, class_=f"vr-count vr-{key if count else 'none'}")
        for key, count in zip(keys, counts, strict=True)
    )
    below = (element("th", name, style=_SMALL, scope="col") for name in names)
    rows = element("thead", element("tr", *below)), element("tbody", element("tr", *top))
    made = element("table", *rows, class_="vr-tiles")
    return element("div", made, class_="vr-wide", style="overflow-x:auto")


def _acting(figures: Figures, lang: Lang) -> list[Markup]:
    """Return who has to act, and on how many rows."""
    rows: Counter[Needs] = Counter()
    codes: dict[Needs, list[str]] = {}
    for group in figures.groups:
        if group.needs is not Needs.NOTHING:
            rows[group.needs] += group.rows
            codes.setdefault(group.needs, []).append(group.code or group.state)
    if not rows:
        return [note(say("report.act.nobody", lang))]
    told = [
        (say(f"needs.{needs}", lang), f"{count:,}", ", ".join(dict.fromkeys(codes[needs])))
        for needs, count in rows.most_common()
    ]
    header = [say(f"column.{key}", lang) for key in ("needs", "rows", "code")]
    return [heading(say("report.act", lang)), grid(header, told, numbers=[1], codes=[2])]


def failures(figures: Figures, lang: Lang, *, beside: str) -> Section:
    """Return what failed or was not sent, code by code, and what to do about it."""
    kinds = {Outcome.FAILED, Outcome.NOT_SENT}
    groups = [group for group in figures.groups if group.outcome in kinds or _is_broken(group)]
    return _told_by_code(groups, lang, key="failures", beside=beside)


def doubts(figures: Figures, lang: Lang, *, beside: str) -> Section:
    """Return what is in doubt, and how to settle it."""
    groups = [group for group in figures.groups if group.outcome == Outcome.IN_DOUBT]
    lead = [say("report.doubts.told", lang)] if groups else []
    if groups and figures.run.state == "under way":
        lead.append(say("report.doubts.running", lang))
    return _told_by_code(groups, lang, key="doubts", beside=beside, lead=lead)


def _is_broken(group: Group) -> bool:
    return Outcome(group.outcome).is_good and bool(group.state)


def _told_by_code(
    groups: Sequence[Group],
    lang: Lang,
    *,
    key: str,
    beside: str,
    lead: Sequence[str] = (),
) -> Section:
    lines, body = list(lead), [note(line) for line in lead]
    if not groups:
        lines = [say(f"report.{key}.none", lang)]
        body = [note(lines[0])]
    for group in groups[:_MOST_GROUPS]:
        told = list(_facts(group, lang))
        name = printable(group.code or group.state)
        lines += [f"{name} · {told[0]}", *(f"  {line}" for line in told[1:3])]
        body += [heading("", element("code", name), f" · {told[0]}"), note(told[1])]
        body.append(element("p", bold(say("label.do", lang)), f" {told[2]}", class_="vr-step"))
        if group.message:
            body.append(note(say("report.message", lang, text=group.message), kind="cap"))
        body += _assets_of(group, lang, beside=beside)
    if len(groups) > _MOST_GROUPS:
        more = say("report.more codes", lang, count=len(groups) - _MOST_GROUPS, name=beside)
        lines.append(more)
        body.append(note(more, kind="warn"))
    return Section(title=say(f"report.{key}", lang), lines=lines, body=body, lang=lang, name=key)


def _facts(group: Group, lang: Lang) -> Iterator[str]:
    """Yield how many rows ended so, what it means, and what to do."""
    meaning, step, needs = group.advice(lang)
    if _is_broken(group):
        meaning, step = say("report.broken", lang), say("report.broken.do", lang)
    outcome = say(f"outcome.{Outcome(group.outcome)}", lang)
    needed = say(f"needs.{needs}", lang)
    yield say("report.group", lang, rows=group.rows, outcome=outcome, needs=needed)
    yield meaning
    yield step


def _assets_of(group: Group, lang: Lang, *, beside: str) -> list[Markup]:
    keys = ("row", "asset", "state", "http", "tries", "request", "sent")
    header = [say(f"column.{key}", lang) for key in keys]
    shown = [[*cells[:-1], plain_time(cells[-1])] for cells in group.shown]
    used = [at for at in range(len(keys)) if keys[at] in {"row", "asset"} or _is_told(shown, at)]
    told = grid(
        [header[at] for at in used],
        [[row[at] for at in used] for row in shown],
        numbers=[place for place, at in enumerate(used) if at in {0, 3, 4}],
        codes=[place for place, at in enumerate(used) if at in {1, 5}],
        tags=[place for place, at in enumerate(used) if keys[at] == "state"],
    )
    return [told, *_cap(len(shown), group.rows, beside, lang)]


def _is_told(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Return whether a column holds anything: a trait that no row has takes no room."""
    return any(row[at] not in {"", "0"} for row in rows)


def _cap(
    shown: int, count: int, beside: str, lang: Lang, *, key: str = "report.capped"
) -> list[Markup]:
    """Return the cap of a table in words, where there is one."""
    if shown >= count:
        return []
    return [note(say(key, lang, shown=shown, count=count, name=beside), kind="cap")]


def input_troubles(figures: Figures, lang: Lang, *, beside: str) -> Section:
    """Return what was wrong with the input, verdict by verdict, and the first rows."""
    title = say("report.input", lang)
    count = figures.outcomes[Outcome.INVALID.value]
    odd = {name: rows for name, rows in figures.verdicts.items() if rows and name != Verdict.OK}
    line = say("report.input.told", lang, count=count) if count else say("report.input.none", lang)
    body = [note(line)]
    if odd:
        rows = [
            (name, say(f"report.verdict.{name}", lang), f"{rows:,}") for name, rows in odd.items()
        ]
        header = [say(f"column.{key}", lang) for key in ("verdict", "meaning", "rows")]
        body.append(grid(header, rows, numbers=[2], tags=[0]))
    if figures.invalid:
        header = [say(f"column.{key}", lang) for key in ("row", "cell as read", "verdict", "note")]
        told = [(*cells, translate(why, lang)) for *cells, why in figures.invalid]
        body.append(grid(header, told, numbers=[0], codes=[1], tags=[2]))
        body += _cap(len(figures.invalid), count, beside, lang)
    lines = [line, *(f"{name}: {rows:,}" for name, rows in odd.items())]
    return Section(title=title, lines=lines, body=body, lang=lang, name="input")


def states(figures: Figures, lang: Lang) -> Section:
    """Return in what state the assets ended."""
    title = say("report.states", lang)
    counts: Counter[tuple[str, bool]] = Counter()
    for before, after, count in figures.states:
        counts[after or before, bool(before and not after)] += count
    if not any(state for state, _ in counts):
        told = say("report.states.none", lang)
        return Section(title=title, lines=[told], body=[note(told)], lang=lang, name="states")
    rows, lines = [], []
    for (state, is_old), count in counts.most_common():
        meaning, needs = explain_state(state, lang) if state else ("", Needs.NOTHING)
        name = printable(state) or say("report.states.not looked", lang)
        meaning = meaning or say("report.states.not looked.why", lang)
        if is_old:
            meaning = f"{meaning} ({say('report.states.before only', lang)})"
        share = f"{count / max(figures.assets, 1):.1%}"
        needed = "" if needs is Needs.NOTHING else say(f"needs.{needs}", lang)
        rows.append((name, meaning, needed, f"{count:,}", share))
        lines.append(f"{name}: {count:,}")
    header = [
        say(f"column.{key}", lang) for key in ("state", "meaning", "needs", "assets", "share")
    ]
    body = [grid(header, rows, numbers=[3, 4], tags=[0])]
    return Section(title=title, lines=lines, body=body, lang=lang, name="states")


def changes(figures: Figures, lang: Lang, *, beside: str) -> Section | None:
    """Return what became of the assets since the earlier report; None where there is none."""
    if figures.changes is None:
        return None
    rows = [(say(f"report.change.{one.name}", lang), f"{one.assets:,}") for one in figures.changes]
    header = [say(f"column.{key}", lang) for key in ("change", "assets")]
    body = [grid(header, rows, numbers=[1])]
    name_of = _outcome_names(lang)
    for one in figures.changes:
        if one.name not in _SHOWN_CHANGES or not one.assets:
            continue
        keys = ("asset", "then", "now", "code")
        told = [
            (asset_id, name_of(before), name_of(now), code)
            for asset_id, before, now, code in one.shown
        ]
        body.append(heading(say(f"report.change.{one.name}", lang)))
        body.append(grid([say(f"column.{key}", lang) for key in keys], told, codes=[0], tags=[3]))
        body += _cap(len(one.shown), one.assets, beside, lang, key="report.capped.assets")
    lines = [f"{name}: {count}" for name, count in rows]
    return Section(
        title=say("report.changes", lang), lines=lines, body=body, lang=lang, name="changes"
    )


def _outcome_names(lang: Lang) -> Callable[[str], str]:
    names = {outcome.value: say(f"outcome.{outcome}", lang) for outcome in Outcome}
    return lambda outcome: names.get(outcome, outcome)
