"""How a run went: outcomes and calls over time, latency, attempts. Pure: counted from values."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from vodnb.rules.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LATENCY_EDGES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
"""Upper ends of the latency classes in milliseconds; the last class has none."""

_WIDTHS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
)  # fmt: skip
_MOST_BINS = 60
_PERCENTILES = (50, 95, 99)
_MOST_DIGITS = 18
_LONGEST_MS = 86_400_000
_END_OF_TIME = 4_102_444_800.0
"""The year 2100, in seconds since 1970: what an edited table has beyond that is no time of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """What a journal knows beyond the table, in seconds since 1970."""

    resent_at: Sequence[float] = ()
    """When requests left that were not the first of their asset."""
    throttled_at: Sequence[float] = ()
    """When those had left that were throttled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a run went, in numbers; each asset counts once, and each span of time has its count."""

    sent: int = 0
    begin: float = 0.0
    """When the first left, in seconds since 1970; 0 for never."""
    end: float = 0.0
    """When the last answer came."""
    width: int = 1
    """Seconds of one span of time."""
    outcomes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By outcome, when those that ended so were first sent."""
    calls: Sequence[int] = ()
    throttled: Sequence[int] | None = None
    """None where the source does not tell."""
    attempts: Mapping[str, int] = field(default_factory=dict)
    """How many assets took so many attempts."""
    latencies: Mapping[str, int] = field(default_factory=dict)
    """Milliseconds of the last attempt: p50, p95, p99 and max; empty where none is known."""
    latency_counts: Sequence[int] = ()
    """How many assets in each class of `LATENCY_EDGES`."""
    unreadable: int = 0
    """How many `sent_at` could not be read."""


def count_course(
    columns: Mapping[str, Sequence[str]], firsts: Sequence[int], moments: Moments | None
) -> Course:
    """Count how a run went, of the first row of each asset and of what its journal knows."""
    outcome, sent_at, elapsed = (columns[name] for name in ("outcome", "sent_at", "elapsed_ms"))
    sent: dict[str, array[float]] = {}
    ended, unreadable = 0.0, 0
    for at in firsts:
        if not sent_at[at]:
            continue
        moment = _seconds(sent_at[at])
        if moment is None:
            unreadable += 1
            continue
        sent.setdefault(outcome[at], array("d")).append(moment)
        ended = max(ended, moment + (_duration(elapsed[at]) or 0) / 1000)
    latencies, counts = _latencies(_duration(elapsed[at]) for at in firsts)
    told = Course(
        attempts=_attempts(columns["attempts"], firsts),
        latencies=latencies,
        latency_counts=counts,
        unreadable=unreadable,
    )
    resent = moments.resent_at if moments else ()
    throttled = moments.throttled_at if moments else ()
    calls = array("d", chain(*sent.values(), resent))
    if not calls:
        return told
    known = [times for times in (calls, throttled) if times]
    begin = min(map(min, known))
    end = max(ended, *map(max, known))
    width = _width(end - begin)

    def spread(times: Iterable[float]) -> list[int]:
        spans = Counter(int((moment - begin) // width) for moment in times)
        return [spans[place] for place in range(int((end - begin) // width) + 1)]

    return replace(
        told,
        sent=sum(map(len, sent.values())),
        begin=begin,
        end=end,
        width=width,
        outcomes={one.value: spread(sent[one]) for one in Outcome if one in sent},
        calls=spread(calls),
        throttled=spread(throttled) if moments else None,
    )


def _width(span: float) -> int:
    """Return the shortest span of time of which at most 60 cover the whole."""
    fits = (width for width in _WIDTHS if span / width < _MOST_BINS)
    return next(fits, _WIDTHS[-1] * (int(span / _WIDTHS[-1] / _MOST_BINS) + 1))


def _attempts(cells: Sequence[str], firsts: Sequence[int]) -> dict[str, int]:
    counts = Counter(cells[at] for at in firsts)
    whole: Counter[int] = Counter()
    for text, count in counts.items():
        if number := whole_number(text):
            whole[number] += count
    return {str(number): whole[number] for number in sorted(whole)}


def _latencies(found: Iterable[int | None]) -> tuple[dict[str, int], list[int]]:
    known = sorted(ms for ms in found if ms is not None)
    if not known:
        return {}, []
    told = {f"p{share}": known[(len(known) - 1) * share // 100] for share in _PERCENTILES}
    counts = Counter(bisect_left(LATENCY_EDGES, ms) for ms in known)
    return {**told, "max": known[-1]}, [counts[at] for at in range(len(LATENCY_EDGES) + 1)]


def whole_number(text: str) -> int | None:
    """Return a cell as a whole number; None where it is none: the table may have been edited."""
    head, _, tail = text.partition(".")  # as pandas writes a number beside a gap
    is_whole = head.isascii() and head.isdigit() and len(head) <= _MOST_DIGITS
    return int(head) if is_whole and not tail.strip("0") else None


def _duration(text: str) -> int | None:
    """Return a duration in milliseconds; None where there is none, or it is longer than a day."""
    milliseconds = whole_number(text)
    return None if milliseconds is None or milliseconds > _LONGEST_MS else milliseconds


def _seconds(text: str) -> float | None:
    """Return a time in seconds since 1970; None where it is none at which a request can leave."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return seconds if 0 <= seconds < _END_OF_TIME else None
