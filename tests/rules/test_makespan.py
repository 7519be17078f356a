"""How long a run will take: reckoned before it, and held against runs in virtual time."""

from __future__ import annotations

from random import Random

import pytest
from engine_play import ids, play
from pretend_service import PretendService

import vodnb
from vodnb.rules.errors import InputError
from vodnb.rules.makespan import reckon
from vodnb.rules.model import Status
from vodnb.rules.pacing import parse_rate

SECOND = parse_rate("1500/min")


def reckoned(states, *, looks=True, only_hanging=False, reads_back=True, lang="en"):
    """Reckon a run of CREATED at the published quota."""
    return reckon(
        states,
        status=Status.CREATED,
        only_hanging=only_hanging,
        looks=looks,
        reads_back=reads_back,
        rate=SECOND,
        lang=lang,
    )


def test_what_is_not_known_has_a_least_and_a_most():
    """Nothing is confirmed again, or everything is sent."""
    told = reckoned([""] * 1000)
    assert (told.looks, told.confirms, told.reads) == (100, (0, 1000), (0, 100))
    assert told.seconds == (pytest.approx(100 / SECOND), pytest.approx(1100 / SECOND))


def test_what_is_known_has_one_number():
    """A confirmed asset is not sent; an unknown ID is, for its code; unless only what hangs is."""
    states = ["CREATING"] * 30 + ["PUBLISHED"] * 60 + ["NO_ASSET"] * 10
    assert reckoned(states).confirms == (40, 40)
    assert reckoned(states, only_hanging=True).confirms == (30, 30)


def test_without_looking_all_is_sent():
    """Whatever was known before."""
    told = reckoned(["PUBLISHED", ""] * 50, looks=False, reads_back=False)
    assert (told.looks, told.confirms, told.reads) == (0, (100, 100), (0, 0))
    assert repr(told).splitlines() == ["100 assets", "100 calls to confirm", "0:05 at this rate"]


@pytest.mark.parametrize(
    ("share", "only_hanging"), [(1.0, False), (0.2, True), (0.04, True), (0.0, False)]
)
def test_a_run_takes_as_long_as_was_reckoned(share, only_hanging):
    """2,000 assets in virtual time, of which so many hang: within 4 % and a second."""
    assets = ids(2000)
    hang = round(share * 2000)
    states = ["CREATING"] * hang + ["PUBLISHED"] * (2000 - hang)
    Random(1).shuffle(states)
    service = PretendService(dict(zip(assets, states, strict=True)), latency=0.08)
    told = reckoned(states, only_hanging=only_hanging)
    play(service, assets, ceiling=SECOND, only_hanging=only_hanging, verify=True, workers=None)
    names = [name for name, _, _ in service.calls]
    assert names.count("confirm") == told.confirms[0] == told.confirms[1]
    assert names.count("info") == told.looks + told.reads[0]
    took = service.calls[-1][2] - service.calls[0][2]
    assert took == pytest.approx(told.seconds[0], rel=0.04, abs=1.0)


def test_it_speaks_both_languages():
    """Calls and time, as a range where it is one."""
    assert repr(reckoned([""] * 5000)).splitlines() == [
        "5,000 assets",
        "500 calls to look at them",
        "0 – 5,000 calls to confirm",
        "0 – 500 calls to read back",
        "0:21 – 3:45 at this rate",
    ]
    assert "约需 0:21 – 3:45" in repr(reckoned([""] * 5000, lang="zh"))


def test_a_connection_reckons_with_its_tables():
    """From IDs alone, and from a table of states; no call is made but the looking itself."""
    vod = vodnb.connect(sandbox=True)
    try:
        vod.sandbox.add(ids(30), state="CREATING")
        told = vod.estimate(ids(30))
        assert told.confirms == (0, 30)
        looked = vod.states(ids(30), progress=False)
        before = len(vod.sandbox.ledger())
        assert vod.estimate(looked).confirms == (30, 30)
        assert vod.estimate(looked, status="CANCELLED", check_first=False).looks == 3
        assert len(vod.sandbox.ledger()) == before
        with pytest.raises(InputError, match="Without a rate"):
            vod.estimate(looked, rate=None)
    finally:
        vod.close()
