"""A run and the quota that the service enforces, in virtual time."""

from __future__ import annotations

from engine_play import ids, play
from pretend_service import PretendService

from vodnb.rules.model import Outcome
from vodnb.rules.pacing import parse_rate

SECOND = parse_rate("1500/min")


def confirms(service: PretendService) -> list[float]:
    """Return when the confirm calls came, in seconds."""
    return [time for name, _, time in service.calls if name == "confirm"]


def test_the_whole_quota_is_used_and_never_passed():
    """5,000 assets at an enforced 1,500 a minute: 5,000 POSTs, none throttled, 3 % of the ideal."""
    assets = ids(5000)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=0.08)
    service.quota = 1500
    book, _ = play(service, assets, ceiling=SECOND)
    times = confirms(service)
    assert book.outcomes == {Outcome.CONFIRMED: 5000}
    assert (len(times), service.throttled) == (5000, 0)
    assert times[-1] - times[0] <= 1.03 * 5000 / SECOND


def test_a_quota_that_is_halved_midway_is_found():
    """From the second minute on 750 a minute: all is confirmed, at most 2 % of calls throttled."""
    assets = ids(5000)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=0.08)
    service.quota = 1500
    service.later_quota = (60.0, 750)
    book, _ = play(service, assets, ceiling=SECOND)
    assert book.outcomes == {Outcome.CONFIRMED: 5000}
    assert 0 < service.throttled <= 0.02 * len(confirms(service))
