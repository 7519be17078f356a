"""When to send, to wait, to slow down, to stop knocking. Pure: time and chance are passed in."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_USED_SHARE = 0.98
"""Share of the quota that is used; the rest is for clocks that differ and for the console."""

_BURST = 8
"""Calls that may follow at once after a stall."""

_SLOW_DOWN = 0.7
"""Factor on the rate when throttled."""

_PROBE_SECONDS = 2.0
"""Time for the answer to the one call that goes after a hold, before another one goes."""

_SEEN_SECONDS = 5.0
"""How far back the calls are counted where no ceiling is set."""

LONGEST_HOLD = 120.0
"""Seconds that a blocking verb waits for better times."""

FEWEST_WORKERS, MOST_WORKERS = 4, 64
"""Four refusals in a row do not lock an access key, and four calls of 160 ms reach the quota."""

_MOST_RATE = 1200.0
"""Calls a second that one core makes; it bounds the workers where no quota does."""

_SPARE = 1.25
"""Factor on the workers, for calls that take longer than most."""

_WINDOW = 20
_FEWEST = 5
_BAD_SHARE = 0.5

PROBES = (5.0, 5.0, *(10.0,) * 11)
"""Seconds before each probe: the last comes after 120, as long as a blocking verb waits."""

_UNITS = {"s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*([a-z]+)\s*", re.IGNORECASE)


def parse_rate(rate: str | None) -> float:
    """Return calls a second, 98 % of the quota that `rate` names; infinity for None.

    It is such as `"1500/min"` or `"25/s"`.
    """
    if rate is None:
        return math.inf
    found = _RATE.fullmatch(rate) if isinstance(rate, str) else None
    unit = _UNITS.get(found[2].lower()) if found else None
    calls = float(found[1]) if found else 0.0
    if unit is None or not 0 < calls < math.inf:
        raise InputError(
            f"rate={rate!r} is not a rate.",
            "It is the quota of the tenant: calls per second, minute or hour.",
            'Write rate="1500/min", rate="25/s", or rate=None to lift the pacing.',
        )
    return calls / unit * _USED_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The pace of one quota: evenly spaced slots, slowed when throttled, growing back."""

    ceiling: float
    """Most calls a second; infinity where the pacing is lifted."""
    rate: float
    """Calls a second as of `since`, on the way back to the ceiling."""
    since: float = -math.inf
    next_at: float = -math.inf
    """The next free slot; moments are in seconds of the caller's clock."""
    hold_until: float = -math.inf
    seen_from: float = -math.inf
    """When counting of calls began, to know the rate where no ceiling is set."""
    seen: int = 0
    probes: int = -1
    """Calls after a hold, one at a time, that were throttled too; -1 while calls are taken."""

    @classmethod
    def of(cls, ceiling: float) -> Pace:
        """Return a fresh pace with this many calls a second."""
        return cls(ceiling=ceiling, rate=ceiling)

    def rate_at(self, now: float) -> float:
        """Return calls a second now: it grows back by one a second, or 5 % where that is more."""
        if self.rate >= self.ceiling:
            return self.ceiling
        grown = self.rate + max(1.0, 0.05 * self.rate) * max(0.0, now - self.since)
        return min(self.ceiling, grown)

    def wait(self, now: float) -> float:
        """Return the seconds until the next call may go."""
        return max(0.0, self.next_at - now, self.hold_until - now)

    def taken(self, now: float) -> Pace:
        """Return the pace after one call has gone now."""
        if self.probes >= 0:
            return replace(self, next_at=now + _PROBE_SECONDS)
        spacing = 1.0 / self.rate_at(now)
        start = max(self.next_at, now - _BURST * spacing)
        fresh = now - self.seen_from > _SEEN_SECONDS
        return replace(
            self,
            next_at=start + spacing,
            seen_from=now if fresh else self.seen_from,
            seen=1 if fresh else self.seen + 1,
        )

    def slowed(self, now: float, *, hold: float) -> Pace:
        """Return the pace after a call was throttled, with nothing sent for so many seconds."""
        until = max(self.hold_until, now + hold)
        if now < self.hold_until:
            # Calls that were in flight together are throttled together: that is one lesson.
            return replace(self, hold_until=until)
        if self.probes >= 0:
            # The quota of this minute is used up; that says nothing new about the rate.
            return replace(self, hold_until=until, since=until, probes=self.probes + 1)
        rate = self.rate_at(now)
        if math.isinf(rate):
            rate = self.seen / max(now - self.seen_from, 0.1)
        slower = max(_SLOW_DOWN * rate, 0.2)
        return replace(self, rate=slower, since=until, hold_until=until, probes=0)

    def passed(self, now: float) -> Pace:
        """Return the pace after the service has taken a call."""
        if self.probes < 0 or now < self.hold_until:
            # What was in flight when the hold began says nothing of what comes after it.
            return self
        return replace(self, probes=-1, next_at=now)


def back_off(failures: int, *, chance: Callable[[], float]) -> float:
    """Return the seconds to wait before the next attempt: full jitter, at most 30.

    The bound is one second after the first failure, for a blip is over by then, and doubles with
    each one more.
    """
    return chance() * min(30.0, 2.0 ** min(failures - 1, 5))


def workers_for(*, rate: float, latency: float) -> int:
    """Return how many workers a rate (a second) takes at a latency (seconds): not one more."""
    wanted = math.ceil(min(rate, _MOST_RATE) * latency * _SPARE) + 1
    return min(max(wanted, FEWEST_WORKERS), MOST_WORKERS)


def may_retry(*, retries: int, sent: int) -> bool:
    """Whether the shared budget allows one more retry: a fifth of what was sent, and ten."""
    return retries < 0.2 * sent + 10


def parse_retry_after(text: str, *, now: float) -> float | None:
    """Return the seconds that `Retry-After` asks for at this time of day; None for no sense."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The calls of late: whether each was left without a trustworthy answer.

    A definite no is an answer: a table of wrong IDs is no outage.
    """

    recent: tuple[bool, ...] = ()
    """Newest last; True for one without an answer."""

    def seen(self, *, is_bad: bool) -> Breaker:
        """Return the breaker after one more call."""
        return replace(self, recent=(*self.recent, is_bad)[-_WINDOW:])

    @property
    def is_open(self) -> bool:
        """Whether to send nothing until a probe was answered: half of late are bad.

        From five calls on, for a lonely worker must not use up its asset's attempts on an outage;
        for the same reason the last five are enough by themselves.
        """
        if len(self.recent) < _FEWEST:
            return False
        are_last_bad = all(self.recent[-_FEWEST:])
        return are_last_bad or sum(self.recent) >= _BAD_SHARE * len(self.recent)
