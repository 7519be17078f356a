"""When to stop knocking: a service that mostly does not answer is left alone for a while. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

_WINDOW = 20
_FEWEST = 5
_BAD_SHARE = 0.5

PROBES = (5.0, 5.0, *(10.0,) * 11)
"""Seconds before each probe: the last comes after 120, as long as a blocking verb waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The calls of late: whether each was left without a trustworthy answer.

    A definite no is an answer: a table of wrong IDs is no outage.

    Attributes:
        recent: The last twenty calls, newest last; True for one without an answer.
    """

    recent: tuple[bool, ...] = ()

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
