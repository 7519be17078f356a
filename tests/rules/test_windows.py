"""Spans of creation time: how they are given, and how they are halved."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules.errors import InputError
from vodnb.rules.windows import FIRST_MOMENT, Window, choose_windows, read_age, read_moment

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
moments = st.integers(0, 900_000_000).map(lambda second: FIRST_MOMENT + timedelta(seconds=second))


@pytest.fixture
def in_shanghai(monkeypatch):
    """Let local time be that of Shanghai, UTC+8."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_shanghai")
@pytest.mark.parametrize(
    ("given_", "is_end", "expected"),
    [
        ("2026-11-01", False, "2026-10-31T16:00:00"),
        ("2026-11-01", True, "2026-11-01T15:59:59"),
        (date(2026, 11, 1), False, "2026-10-31T16:00:00"),
        (date(2026, 11, 1), True, "2026-11-01T15:59:59"),
        (" 2026-11-01T09:30 ", True, "2026-11-01T01:30:00"),
        ("2026-11-01T09:30:15.9Z", False, "2026-11-01T09:30:15"),
        ("2026-11-01T09:30+02:00", False, "2026-11-01T07:30:00"),
        (datetime.fromisoformat("2026-11-01T09:00"), False, "2026-11-01T01:00:00"),
        (
            datetime(2026, 11, 1, 9, tzinfo=timezone(timedelta(hours=1))),
            True,
            "2026-11-01T08:00:00",
        ),
        (pd.Timestamp("2026-11-01T09:00:00.123456789"), False, "2026-11-01T01:00:00"),
        (pd.Timestamp("2026-11-01T09:00", tz="Europe/Berlin"), False, "2026-11-01T08:00:00"),
    ],
)
def test_a_time_without_a_zone_is_local(given_, is_end, expected):
    """A day stands for its start or its end; what has a zone keeps it."""
    moment = read_moment("since", given_, is_end=is_end)
    assert moment == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert moment.tzinfo is UTC
    assert type(moment) is datetime


@pytest.mark.usefixtures("in_shanghai")
@pytest.mark.parametrize(
    "given_",
    [
        "soon",
        "",
        "2026-13-01",
        "2026-11-01 25:00:00",
        20261101,
        None,
        pd.NaT,
        date.min,
        "0001-01-01T00:00+08:00",
    ],
)
def test_what_is_no_time_is_refused(given_):
    """With the name of the argument and the value; so is what lies before the calendar in UTC."""
    with pytest.raises(InputError, match=r"since=.* is no time"):
        read_moment("since", given_)


@pytest.mark.parametrize(
    ("given_", "seconds"),
    [("24h", 86400), ("30m", 1800), ("7d", 604800), (" 1.5 H", 5400), ("90s", 90), ("2w", 1209600),
     (timedelta(hours=2), 7200), (None, 0), (timedelta(), 0)],
)  # fmt: skip
def test_an_age_is_a_number_and_a_unit(given_, seconds):
    """Or a timedelta; None is no age."""
    assert read_age(given_).total_seconds() == seconds


@pytest.mark.parametrize("given_", ["soon", "24", 24, "-3h", timedelta(hours=-1), "h"])
def test_what_is_no_age_is_refused(given_):
    """With the value and a way to write it."""
    with pytest.raises(InputError, match=r"min_age=.* is no age"):
        read_age(given_)


def test_the_young_have_a_window_of_their_own():
    """What is swept and what is only counted share no second and leave none out."""
    window, younger = choose_windows(since=None, until=None, min_age="24h", now=NOW)
    assert (window.start, window.end) == (FIRST_MOMENT, datetime(2026, 11, 23, 12, tzinfo=UTC))
    assert younger == Window(
        start=datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC), end=NOW.replace(microsecond=0)
    )


@pytest.mark.parametrize(("until", "min_age"), [("2026-11-01T00:00Z", "24h"), (None, None)])
def test_where_nothing_is_too_young_there_is_one_window(until, min_age):
    """It ends long ago, or the youngest are wanted too."""
    _, younger = choose_windows(since=None, until=until, min_age=min_age, now=NOW)
    assert younger is None


@pytest.mark.parametrize("min_age", ["999999d", "9" * 30 + "w", timedelta.max])
def test_older_than_any_asset_leaves_nothing(min_age):
    """An age beyond the calendar is an age like any other: the answer tells what is wrong."""
    with pytest.raises(InputError, match=f"Nothing lies .*min_age={re.escape(repr(min_age))}"):
        choose_windows(since="2026-01-01", until=None, min_age=min_age, now=NOW)


def test_the_future_is_cut_off():
    """`until` tomorrow is now."""
    window, _ = choose_windows(since=None, until="2027-01-01", min_age=None, now=NOW)
    assert window.end == NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    "options",
    [
        {"since": "2026-11-24T00:00Z", "until": None, "min_age": "24h"},
        {"since": "2026-11-02", "until": "2026-11-01", "min_age": None},
        {"since": "2027-01-01", "until": None, "min_age": None},
    ],
)
def test_an_empty_span_is_refused(options):
    """It tells both ends, and how to widen it."""
    with pytest.raises(InputError, match="Nothing lies between since="):
        choose_windows(**options, now=NOW)


@given(moments, moments)
def test_halves_share_nothing_and_lose_nothing(one, other):
    """Every second of a window lies in exactly one of its halves."""
    window = Window(start=min(one, other), end=max(one, other))
    if not window.can_split:
        assert window.start == window.end
        return
    early, late = window.halves()
    assert (early.start, late.end) == (window.start, window.end)
    assert late.start - early.end == timedelta(seconds=1)
    assert early.start <= early.end
    assert late.start <= late.end


def test_it_is_written_as_the_service_reads_it():
    """`yyyymmddhhmmss` in UTC; widened on both sides where its ends do not belong to it."""
    window = Window(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 2, tzinfo=UTC))
    assert window.query() == {"start_time": "20260101000000", "end_time": "20260102000000"}
    assert window.query(margin=1) == {"start_time": "20251231235959", "end_time": "20260102000001"}
    assert str(window) == "2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("moment", "holds"),
    [("2026-01-01T00:00:00Z", True), ("2026-01-02T00:00:00Z", True), ("", True),
     ("2025-12-31T23:59:59Z", False), ("2026-01-02T00:00:01Z", False)],
)  # fmt: skip
def test_it_holds_its_ends_and_what_has_no_time(moment, holds):
    """An asset without a time was shown for this window, and belongs to it."""
    window = Window(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 2, tzinfo=UTC))
    assert window.holds(moment) is holds
