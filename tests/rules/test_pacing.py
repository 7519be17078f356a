"""When to send: even spacing, slowing down, growing back, backing off."""

from __future__ import annotations

import math
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules.errors import InputError
from vodnb.rules.pacing import Pace, back_off, may_retry, parse_rate, parse_retry_after


@pytest.mark.parametrize(
    ("rate", "a_second"),
    [("1500/min", 24.5), ("25/s", 24.5), (" 90000 / h ", 24.5), ("1.5/sec", 1.47)],
)
def test_a_rate_is_used_to_98_percent(rate, a_second):
    """The rate names the quota; two percent of it stay free."""
    assert parse_rate(rate) == pytest.approx(a_second)


def test_no_rate_lifts_the_pacing():
    """None is the one way to say: as fast as it goes."""
    assert parse_rate(None) == math.inf


@pytest.mark.parametrize("rate", ["", "fast", "0/min", "-5/s", "10/day", "10", 25, "1e400/s"])
def test_what_is_no_rate_is_refused_with_what_to_write(rate):
    """The refusal repeats the value and shows the three right ways."""
    with pytest.raises(InputError, match="1500/min") as refused:
        parse_rate(rate)
    assert repr(rate) in str(refused.value)


def calls_within(pace: Pace, *, seconds: float) -> int:
    """Play a worker that always has something to send."""
    now, count = 1000.0, 0
    until = now + seconds
    while (now := now + pace.wait(now)) < until:
        pace = pace.taken(now)
        count += 1
    return count


def test_a_minute_of_the_published_quota_never_exceeds_it():
    """At 98 % of 1,500 a minute, no minute sees more than the quota, burst included."""
    count = calls_within(Pace.of(24.5), seconds=60)
    assert 1465 <= count <= 1480


def test_after_a_stall_only_a_small_burst_follows():
    """A worker that was away for a minute does not make up for all of it."""
    pace = Pace.of(10).taken(0.0)
    now, burst = 60.0, 0
    while pace.wait(now) == 0:
        pace = pace.taken(now)
        burst += 1
    assert burst <= 10


def test_throttling_holds_and_then_slows():
    """A throttled quota is left alone for the hold, then goes on at 70 %."""
    pace = Pace.of(10).taken(0.0).slowed(0.0, hold=3.0)
    assert pace.wait(0.0) == 3.0
    assert pace.rate_at(3.0) == pytest.approx(7.0)


def test_calls_throttled_together_slow_once():
    """Eight calls in flight that are all throttled teach one lesson, not eight."""
    once = Pace.of(10).slowed(0.0, hold=3.0)
    again = once.slowed(1.0, hold=5.0)
    assert again.rate_at(3.0) == once.rate_at(3.0)
    assert again.wait(1.0) == 5.0


def test_after_a_hold_one_call_goes_ahead_of_the_others():
    """The first call after a hold is alone; the others follow once the service has taken it."""
    pace = Pace.of(10).slowed(0.0, hold=3.0).taken(3.0)
    assert pace.wait(3.1) == pytest.approx(1.9)
    assert pace.passed(3.1).wait(3.1) == 0


def test_a_call_ahead_that_is_throttled_does_not_slow_again():
    """A minute's quota that is used up says nothing new about the rate."""
    pace = Pace.of(10).slowed(0.0, hold=3.0).taken(3.0).slowed(3.1, hold=4.0)
    assert pace.probes == 1
    assert pace.wait(3.1) == pytest.approx(4.0)
    assert pace.rate_at(7.1) == pytest.approx(7.0)


def test_what_was_in_flight_does_not_end_a_hold():
    """A call that left before the throttling and was taken tells nothing of what comes after."""
    pace = Pace.of(10).slowed(0.0, hold=3.0)
    assert pace.passed(1.0) == pace


def test_the_rate_grows_back_to_its_ceiling():
    """One a second, until the ceiling."""
    pace = Pace.of(10).slowed(0.0, hold=2.0)
    assert pace.rate_at(3.0) == pytest.approx(8.0)
    assert pace.rate_at(60.0) == 10.0


def test_an_unpaced_quota_learns_its_rate_from_what_was_seen():
    """Without a ceiling, slowing down starts from the calls of the last seconds."""
    pace = Pace.of(math.inf)
    for tick in range(200):
        assert pace.wait(tick / 100) == 0
        pace = pace.taken(tick / 100)
    assert 50 < pace.slowed(2.0, hold=2.0).rate_at(4.0) < 100


@given(holds=st.lists(st.floats(0, 120), max_size=30))
def test_no_throttling_brings_the_rate_to_a_standstill(holds):
    """However often it is throttled, the next call comes."""
    pace, now = Pace.of(24.5), 0.0
    for hold in holds:
        pace = pace.slowed(now, hold=hold)
        now += hold
    assert pace.wait(now) <= 120
    assert pace.rate_at(now) > 0


@given(attempt=st.integers(1, 1000), chance=st.floats(0, 1))
def test_backing_off_stays_within_half_a_minute(attempt, chance):
    """Full jitter: anything from nothing to the bound, never more than 30 seconds."""
    assert 0 <= back_off(attempt, chance=lambda: chance) <= 30


def test_backing_off_grows():
    """The bound doubles with every failure."""
    assert [back_off(n, chance=lambda: 1.0) for n in (1, 2, 3)] == [1.0, 2.0, 4.0]


def test_the_retry_budget_is_a_fifth_and_ten():
    """A storm of failures cannot more than add a fifth to what is sent."""
    assert may_retry(retries=9, sent=0)
    assert not may_retry(retries=10, sent=0)
    assert may_retry(retries=29, sent=100)
    assert not may_retry(retries=30, sent=100)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("86400", 86400.0),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("1e400", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_or_ignored(text, seconds):
    """Whatever stands in the header, the answer is a sane number or none."""
    assert parse_retry_after(text, now=0.0) == seconds


def test_retry_after_may_be_a_date():
    """A date is compared with the time of day; one in the past says nothing."""
    assert parse_retry_after(formatdate(1030, usegmt=True), now=1000.0) == pytest.approx(30)
    assert parse_retry_after(formatdate(900, usegmt=True), now=1000.0) is None
