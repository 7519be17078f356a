"""How a run went, told and drawn: outcomes over time, rate and quota, latency, sendings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vodnb.rules.model import Outcome
from vodnb.rules.operations import CONFIRM
from vodnb.rules.windows import utc_text
from vodnb.rules.words.wording import say

from .charts import COLOURS, Series, draw_columns
from .course import LATENCY_EDGES
from .parts import Section, figure, heading, note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodnb.rules.model import Lang
    from vodnb.rules.words.markup import Markup

    from .course import Course
    from .figures import Figures

_DAY = 86_400
_QUOTA = CONFIRM.quota.per_minute if CONFIRM.quota else 0


def course_section(figures: Figures, lang: Lang) -> Section:
    """Return how the run went."""
    course, title = figures.course, say("report.course", lang)
    if not course.calls:
        lines = [say("report.course.none", lang)]
        if course.unreadable:
            lines.append(say("report.course.unreadable", lang, count=course.unreadable))
        body = [note(line) for line in lines]
        return Section(title=title, lines=lines, body=body, lang=lang, name="course")
    lines = [_sent_line(course, lang)]
    if course.unreadable:
        lines.append(say("report.course.unreadable", lang, count=course.unreadable))
    body = [note(line) for line in lines]
    if course.outcomes:
        body.append(_over_time(course, lang))
    pictures = (_rate(course, lang), _latency(course, lang), _sendings(course, lang))
    for told, picture in pictures:
        lines += told
        body.append(picture)
    return Section(title=title, lines=lines, body=body, lang=lang, name="course")


def timeline(course: Course) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows of the numbers behind the charts over time."""
    names = [outcome.value for outcome in Outcome if outcome.value in course.outcomes]
    header = ["from_utc", "seconds", *names, "calls"]
    header += ["throttled"] if course.throttled is not None else []
    rows = []
    for at, calls in enumerate(course.calls):
        moment = course.begin + at * course.width
        row = [utc_text(moment, "seconds"), str(course.width)]
        row += [str(course.outcomes[name][at]) for name in names] + [str(calls)]
        row += [str(course.throttled[at])] if course.throttled is not None else []
        rows.append(row)
    return header, rows


def span_in_words(seconds: float, lang: Lang) -> str:
    """Return a span of time, to the second or, where it is short, to a tenth of one."""
    if seconds < 10:  # noqa: PLR2004  a short run
        return say("span.s", lang, count=f"{seconds:.2g}")
    whole = round(seconds)
    parts = {"d": whole // _DAY, "h": whole // 3600 % 24, "min": whole // 60 % 60, "s": whole % 60}
    told = [say(f"span.{unit}", lang, count=count) for unit, count in parts.items() if count]
    return " ".join(told[:2])


def _sent_line(course: Course, lang: Lang) -> str:
    return say(
        "report.course.told",
        lang,
        sent=course.sent,
        begin=_moment(course.begin),
        end=_moment(course.end),
        took=span_in_words(course.end - course.begin, lang),
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _labels(course: Course) -> list[str]:
    """Return what stands below each span of time: as much of it as changes."""
    is_long = course.width * len(course.calls) > _DAY
    style = "%m-%d %H:%M" if is_long else "%H:%M:%S" if course.width % 60 else "%H:%M"
    moments = (course.begin + at * course.width for at in range(len(course.calls)))
    return [datetime.fromtimestamp(moment, UTC).strftime(style) for moment in moments]


def _over_time(course: Course, lang: Lang) -> Markup:
    series = [
        Series(say(f"outcome.{outcome}", lang), COLOURS[outcome.value], course.outcomes[outcome])
        for outcome in Outcome
        if outcome.value in course.outcomes
    ]
    title = say("report.over time", lang, width=span_in_words(course.width, lang))
    counts = ", ".join(f"{one.name} {int(sum(one.values)):,}" for one in series)
    chart = draw_columns(
        series, _labels(course), unit=say("column.assets", lang), told=f"{title}: {counts}"
    )
    return figure(heading(title), chart.picture())


def _rate(course: Course, lang: Lang) -> tuple[list[str], Markup]:
    """Return calls a minute against the quota, and what was throttled of them."""
    factor = 60 / course.width
    throttled = course.throttled or [0] * len(course.calls)
    passed = [
        max(calls - back, 0) * factor for calls, back in zip(course.calls, throttled, strict=True)
    ]
    series = [Series(say("report.rate.calls", lang), COLOURS["calls"], passed)]
    if any(throttled):
        back = [count * factor for count in throttled]
        series.append(Series(say("report.rate.throttled", lang), COLOURS["throttled"], back))
    told = say("report.rate.told", lang, top=round(max(course.calls) * factor), quota=_QUOTA)
    title = say("report.rate", lang)
    chart = draw_columns(
        series,
        _labels(course),
        unit=say("report.rate.unit", lang),
        told=f"{title}: {told}",
        limit=(say("report.rate.quota", lang, count=_QUOTA), _QUOTA),
    )
    lines = [told, *_throttle_lines(course, lang)]
    return lines, figure(heading(title), chart.picture(), *map(note, lines))


def _throttle_lines(course: Course, lang: Lang) -> list[str]:
    if course.throttled is None:
        return [say("report.rate.throttle unknown", lang), say("report.rate.from table", lang)]
    count = sum(course.throttled)
    told = (
        say("report.rate.was throttled", lang, count=count)
        if count
        else say("report.rate.not throttled", lang)
    )
    return [told, say("report.rate.from journal", lang)]


def _latency(course: Course, lang: Lang) -> tuple[list[str], Markup]:
    title = heading(say("report.latency", lang))
    if not course.latencies:
        told = say("report.latency.none", lang)
        return [told], figure(title, note(told))
    told = say("report.latency.told", lang, **course.latencies)
    names = _latency_names()
    present = [at for at, count in enumerate(course.latency_counts) if count]
    part = slice(present[0], present[-1] + 1)
    series = [Series(say("column.assets", lang), COLOURS["calls"], course.latency_counts[part])]
    chart = draw_columns(series, names[part], unit=say("column.assets", lang), told=told)
    return [told], figure(title, chart.picture(), note(told))


def _latency_names() -> list[str]:
    names = [f"≤{_duration(edge)}" for edge in LATENCY_EDGES]
    return [*names, f">{_duration(LATENCY_EDGES[-1])}"]


def _duration(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    return f"{seconds:g} s" if milliseconds >= 1000 else f"{milliseconds} ms"  # noqa: PLR2004


def _sendings(course: Course, lang: Lang) -> tuple[list[str], Markup]:
    title = heading(say("label.attempts", lang))
    once = course.attempts.get("1", 0)
    told = say("report.attempts.told", lang, once=once, more=sum(course.attempts.values()) - once)
    if set(course.attempts) <= {"1"}:
        return [told], figure(title, note(told))
    counts: Sequence[int] = list(course.attempts.values())
    series = [Series(say("report.attempts.each", lang), COLOURS["calls"], counts)]
    chart = draw_columns(series, list(course.attempts), unit=say("column.assets", lang), told=told)
    return [told], figure(title, chart.picture(), note(told))
