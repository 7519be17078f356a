"""Windows of creation time: how they are given, written for the service, and split. Pure.

Source: https://support.huaweicloud.com/api-vod/vod_04_0203.html (times in UTC, `yyyymmddhhmmss`;
no query shows more than its first 20,000 results, or counts more).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from .errors import InputError

MOST_RESULTS = 20_000
"""So many results a query can show; a count of so many may be more."""

FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any asset."""

_AGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Window:
    """A span of whole seconds, both ends included."""

    start: datetime
    end: datetime

    @property
    def can_split(self) -> bool:
        """Whether it has more than one second."""
        return self.start < self.end

    def halves(self) -> tuple[Window, Window]:
        """Return two windows that share no second and leave none out."""
        seconds = int((self.end - self.start).total_seconds())
        middle = self.start + timedelta(seconds=seconds // 2)
        later = Window(start=middle + timedelta(seconds=1), end=self.end)
        return Window(start=self.start, end=middle), later

    def query(self, *, margin: int = 0) -> dict[str, str]:
        """Return it as the service's fields, widened by so many seconds on both sides."""
        wider = timedelta(seconds=margin)
        return {"start_time": _stamp(self.start - wider), "end_time": _stamp(self.end + wider)}

    def holds(self, moment: str) -> bool:
        """Whether an ISO text lies within; one that is no time does, for the service says so."""
        try:
            return self.start <= datetime.fromisoformat(moment) <= self.end
        except ValueError:
            return True

    def __str__(self) -> str:
        return f"{utc_text(self.start)} to {utc_text(self.end)}"


def choose_windows(
    *, since: object, until: object, min_age: object, now: datetime
) -> tuple[Window, Window | None]:
    """Return the span to sweep, and that of the younger ones which are only counted."""
    start = FIRST_MOMENT if since is None else read_moment("since", since)
    last = now.replace(microsecond=0)
    end = last if until is None else min(read_moment("until", until, is_end=True), last)
    old = last - min(read_age(min_age), last - FIRST_MOMENT)
    if start > min(end, old):
        raise InputError(
            f"Nothing lies between since={utc_text(start)} and {utc_text(min(end, old))}.",
            f"The end is until={until!r}, now, or min_age={min_age!r} before now: the earliest.",
            "Give an earlier since, or min_age=None to take in what may still be uploading.",
        )
    if end <= old:
        return Window(start=start, end=end), None
    return Window(start=start, end=old), Window(start=old + timedelta(seconds=1), end=end)


def read_moment(name: str, given: object, *, is_end: bool = False) -> datetime:
    """Return a moment in UTC, to the second; without a zone it is local, a day may be its end."""
    try:
        # The first and last days of the calendar may lie beyond it in UTC.
        return _parse(given, is_end=is_end).astimezone(UTC).replace(microsecond=0)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"{name}={given!r} is no time.",
            do=f'Write {name}="2026-11-01" or {name}="2026-11-01T09:30", local time unless it has '
            "a zone, or give a datetime.",
        ) from None


def _parse(given: object, *, is_end: bool) -> datetime:
    if isinstance(given, datetime):
        # Made anew, for a Timestamp of pandas without a zone refuses to be local time.
        return datetime.combine(given.date(), given.timetz())
    text = given.strip() if isinstance(given, str) else given
    if isinstance(text, str) and len(text) > len("2026-11-01"):
        return datetime.fromisoformat(text)
    day = date.fromisoformat(text) if isinstance(text, str) else text
    if not isinstance(day, date):
        raise TypeError(given)
    # Local midnight may be on either side of a change of the clocks: each day has its own offset.
    return datetime.combine(day, time(23, 59, 59) if is_end else time.min)


def read_age(given: object) -> timedelta:
    """Return how old an asset must be."""
    if given is None:
        return timedelta()
    if isinstance(given, timedelta) and given >= timedelta():
        return given
    found = _AGE.fullmatch(given) if isinstance(given, str) else None
    if not found:
        raise InputError(
            f"min_age={given!r} is no age.",
            do='Write min_age="24h", "30m" or "7d"; min_age=None takes the youngest in.',
        )
    try:
        return timedelta(**{_UNITS[found[2].lower()]: float(found[1])})
    except OverflowError:
        # Longer than any calendar is: no asset is as old as that.
        return timedelta.max


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


def utc_text(moment: datetime | float, timespec: str = "auto") -> str:
    """Return a moment, in UTC or in seconds since 1970, as text in Z; `auto` cuts nothing off."""
    then = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return then.isoformat(timespec=timespec).replace("+00:00", "Z")
