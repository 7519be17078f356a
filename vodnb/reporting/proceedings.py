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
from .parts import Contents, Section, figure, heading, note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodnb.rules.model import Lang
    from vodnb.rules.words.markup import Markup

    from .course import Course

_DAY = 86_400
_QUOTA = CONFIRM.quota.per_minute if CONFIRM.quota else 0


def course_section(page: Contents) -> Section:
    """Return how the run went, with charts."""
    course = page.figures.course
    lines = [_sent_line(page, course) if course.calls else say("report.course.none", page.lang)]
    if course.unreadable:
        lines.append(say("report.course.unreadable", page.lang, count=course.unreadable))
    body = [note(line) for line in lines]
    if course.outcomes:
        body.append(_over_time(page, course))
    if course.calls:
        for draw in (_rate, _latency, _sendings):
            told, picture = draw(page, course)
            lines += told
            body.append(picture)
    return page.section("course", lines, body)


def timeline(course: Course) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows of the numbers behind the charts over time."""
    names = [outcome.value for outcome in Outcome if outcome.value in course.outcomes]
    header = ["from_utc", "seconds", *names, "calls"]
    header += ["throttled"] if course.throttled is not None else []
    rows = []
    for at, calls in enumerate(course.calls):
        row = [course.width, *(course.outcomes[name][at] for name in names), calls]
        row += [course.throttled[at]] if course.throttled is not None else []
        moment = utc_text(course.begin + at * course.width, "seconds")
        rows.append([moment, *map(str, row)])
    return header, rows


def span_in_words(seconds: float, lang: Lang) -> str:
    """Return a span of time, to the second or, where it is short, to a tenth of one."""
    if seconds < 10:  # noqa: PLR2004  a short run
        return say("span.s", lang, count=f"{seconds:.2g}")
    whole = round(seconds)
    parts = {"d": whole // _DAY, "h": whole // 3600 % 24, "min": whole // 60 % 60, "s": whole % 60}
    told = [say(f"span.{unit}", lang, count=count) for unit, count in parts.items() if count]
    return " ".join(told[:2])


def _sent_line(page: Contents, course: Course) -> str:
    begin, end = (
        datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
        for seconds in (course.begin, course.end)
    )
    took = span_in_words(course.end - course.begin, page.lang)
    return say("report.course.told", page.lang, sent=course.sent, begin=begin, end=end, took=took)


def _labels(course: Course) -> list[str]:
    """Return what stands below each span of time: as much of it as changes."""
    is_long = course.width * len(course.calls) > _DAY
    style = "%m-%d %H:%M" if is_long else "%H:%M:%S" if course.width % 60 else "%H:%M"
    moments = (course.begin + at * course.width for at in range(len(course.calls)))
    return [datetime.fromtimestamp(moment, UTC).strftime(style) for moment in moments]


def _over_time(page: Contents, course: Course) -> Markup:
    series = [
        Series(
            say(f"outcome.{outcome}", page.lang), COLOURS[outcome.value], course.outcomes[outcome]
        )
        for outcome in Outcome
        if outcome.value in course.outcomes
    ]
    title = say("report.over time", page.lang, width=span_in_words(course.width, page.lang))
    counts = ", ".join(f"{one.name} {int(sum(one.values)):,}" for one in series)
    unit, told = say("column.assets", page.lang), f"{title}: {counts}"
    chart = draw_columns(series, _labels(course), unit=unit, told=told)
    return figure(heading(title), chart.picture())


def _rate(page: Contents, course: Course) -> tuple[list[str], Markup]:
    """Return calls a minute against the quota, and what was throttled of them."""
    factor = 60 / course.width
    throttled = course.throttled or [0] * len(course.calls)
    passed = [
        max(calls - back, 0) * factor for calls, back in zip(course.calls, throttled, strict=True)
    ]
    series = [Series(say("report.rate.calls", page.lang), COLOURS["calls"], passed)]
    if any(throttled):
        back = [count * factor for count in throttled]
        series.append(Series(say("report.rate.throttled", page.lang), COLOURS["throttled"], back))
    told = say("report.rate.told", page.lang, top=round(max(course.calls) * factor), quota=_QUOTA)
    title = say("report.rate", page.lang)
    chart = draw_columns(
        series,
        _labels(course),
        unit=say("report.rate.unit", page.lang),
        told=f"{title}: {told}",
        limit=(say("report.rate.quota", page.lang, count=_QUOTA), _QUOTA),
    )
    lines = [told, *_throttle_lines(page, course)]
    return lines, figure(heading(title), chart.picture(), *map(note, lines))


def _throttle_lines(page: Contents, course: Course) -> list[str]:
    if course.throttled is None:
        return [
            say("report.rate.throttle unknown", page.lang),
            say("report.rate.from table", page.lang),
        ]
    count = sum(course.throttled)
    key = "report.rate.was throttled" if count else "report.rate.not throttled"
    return [say(key, page.lang, count=count), say("report.rate.from journal", page.lang)]


def _latency(page: Contents, course: Course) -> tuple[list[str], Markup]:
    title = heading(say("report.latency", page.lang))
    if not course.latencies:
        told = say("report.latency.none", page.lang)
        return [told], figure(title, note(told))
    told = say("report.latency.told", page.lang, **course.latencies)
    names = [f"≤{_duration(edge)}" for edge in LATENCY_EDGES]
    names.append(f">{_duration(LATENCY_EDGES[-1])}")
    present = [at for at, count in enumerate(course.latency_counts) if count]
    part = slice(present[0], present[-1] + 1)
    picture = _bars(page, names[part], course.latency_counts[part], "column.assets", told)
    return [told], figure(title, picture, note(told))


def _duration(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    return f"{seconds:g} s" if milliseconds >= 1000 else f"{milliseconds} ms"  # noqa: PLR2004


def _sendings(page: Contents, course: Course) -> tuple[list[str], Markup]:
    title, counts = heading(say("label.attempts", page.lang)), course.attempts
    once = counts.get("1", 0)
    told = say("report.attempts.told", page.lang, once=once, more=sum(counts.values()) - once)
    if set(counts) <= {"1"}:
        return [told], figure(title, note(told))
    picture = _bars(page, list(counts), list(counts.values()), "report.attempts.each", told)
    return [told], figure(title, picture, note(told))


def _bars(
    page: Contents, names: Sequence[str], counts: Sequence[int], key: str, told: str
) -> Markup:
    series = [Series(say(key, page.lang), COLOURS["calls"], counts)]
    return draw_columns(series, names, unit=say("column.assets", page.lang), told=told).picture()
