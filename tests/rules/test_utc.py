"""A moment is written one way, as text in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vodnb.rules.windows import utc_text


@pytest.mark.parametrize(
    ("moment", "timespec", "text"),
    [
        (0, "seconds", "1970-01-01T00:00:00Z"),
        (1.9996, "milliseconds", "1970-01-01T00:00:01.999Z"),
        (1.25, "microseconds", "1970-01-01T00:00:01.250000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "auto", "2026-01-02T03:04:05Z"),
    ],
)
def test_moment_is_written_in_utc_and_cut_off(moment, timespec, text):
    """It ends in Z; what is finer than asked is not rounded up into the next second."""
    assert utc_text(moment, timespec) == text
