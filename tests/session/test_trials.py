"""Before the whole: a dry run sends nothing, a canary sends a few; the same call then goes on."""

from __future__ import annotations

from collections import Counter

import pytest
from jobs import outcomes

import vodnb
from vodnb.emulator.faults import Behaviour
from vodnb.rules.errors import InputError


@pytest.fixture
def box():
    """Return a sandbox without a quota: twenty that hang, ten that do not."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None), assets=20) as running:
        running.add([f"{number:032x}" for number in range(5)], state="PUBLISHED")
        running.add([f"{number:032x}" for number in range(5, 10)], state="CANCELLED")
        yield running


@pytest.fixture
def vod(box, tmp_path, monkeypatch):
    """Return a connection to it, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    connection = vodnb.connect(
        endpoint=box.endpoint, region=box.region, project_id=box.project_id, token=box.token
    )
    yield connection
    connection.close()


def posts(box):
    """Count the confirm calls by asset."""
    return Counter(call.asset_id for call in box.ledger() if call.operation == "confirm")


def test_a_dry_run_says_what_would_be_sent_and_where(vod, box, tmp_path):
    """It looks, so that it can say it exactly; it sends nothing and leaves no run behind."""
    job = vod.start(list(box.states()), rate=None, dry_run=True)
    table = job.wait(progress=False)
    assert posts(box) == {}
    assert outcomes(table) == {"not_sent": 25, "already_confirmed": 5}
    dry = table[table["outcome"] == "not_sent"]
    assert set(dry["error_code"]) == {"CLIENT.DRY_RUN"}
    assert Counter(dry["state_before"]) == {"CREATING": 20, "CANCELLED": 5}
    assert set(dry["attempts"]) == {0}
    told = repr(job)
    assert "A dry run: nothing was sent. 25 assets would be sent as CREATED" in told
    assert f"to project {box.project_id} at {box.endpoint}" in told
    assert not (tmp_path / ".vodnb").exists()
    assert list(vodnb.to_retry(table)["asset_id"]) == list(dry["asset_id"])


def test_a_dry_run_of_a_destruction_needs_no_count_and_touches_nothing(vod, box):
    """It tells the number to type; only what is CREATING would be touched."""
    assets = list(box.states())
    table = vod.confirm(assets, status="CANCELLED", dry_run=True, rate=None, progress=False)
    assert posts(box) == {}
    codes = Counter(table["error_code"])
    assert codes == {"CLIENT.DRY_RUN": 20, "CLIENT.STATE": 5, "": 5}  # five are cancelled already


def test_the_same_call_without_dry_run_sends_it(vod, box):
    """What a dry run announced is what is then sent."""
    assets = list(box.states())
    dry = vod.confirm(assets, dry_run=True, rate=None, progress=False)
    announced = set(dry.loc[dry["error_code"] == "CLIENT.DRY_RUN", "asset_id"])
    vod.confirm(assets, rate=None, progress=False)
    assert set(posts(box)) == announced


@pytest.mark.parametrize("check_first", [True, False])
@pytest.mark.parametrize("workers", [1, 8])
def test_a_canary_sends_that_many_and_the_same_call_goes_on(vod, box, check_first, workers):
    """Five are sent; the rest is the same run's, and nothing is sent twice."""
    assets = [one for one, state in box.states().items() if state == "CREATING"]
    options = {"rate": None, "workers": workers, "check_first": check_first}
    job = vod.start(assets, canary=5, **options)
    table = job.wait(progress=False)
    assert sum(posts(box).values()) == 5
    assert outcomes(table) == {"confirmed": 5, "not_sent": 15}
    assert set(table.loc[table["outcome"] == "not_sent", "error_code"]) == {"CLIENT.CANARY"}
    assert "only 5 were sent, as asked" in repr(job)
    assert vodnb.runs()["state"].tolist() == ["unfinished"]
    rest = vod.confirm(assets, progress=False, **options)
    assert outcomes(rest) == {"confirmed": 20}
    assert set(rest["run_id"]) == {job.run_id}
    assert posts(box) == Counter(assets)
    assert vodnb.runs()["state"].tolist() == ["finished"]


@pytest.mark.waits
def test_a_canary_comes_to_its_end(vod, box, monkeypatch):
    """A lost answer among the few is settled by its state before the run ends."""
    monkeypatch.setattr("vodnb.rules.lifecycle.SETTLE_MARGIN", 0.2)
    assets = [one for one, state in box.states().items() if state == "CREATING"]
    box.fault(drop=True, effect=True, asset_id=assets[0])
    table = vod.confirm(assets, canary=3, rate=None, deadline=1, progress=False)
    assert outcomes(table) == {"confirmed": 3, "not_sent": 17}
    assert sum(posts(box).values()) == 3


def test_what_needs_no_sending_is_no_canary(vod, box):
    """Already confirmed assets do not count; a canary larger than the table is the whole."""
    assets = list(box.states())
    table = vod.confirm(assets, canary=100, rate=None, progress=False)
    assert outcomes(table) == {"confirmed": 20, "already_confirmed": 5, "failed": 5}
    assert vodnb.runs()["state"].tolist() == ["finished"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"canary": 0}, "canary=0 is not a whole number"),
        ({"canary": "five"}, "canary='five' is not"),
        ({"canary": True}, "canary=True is not"),
        ({"canary": 5, "dry_run": True}, "exclude each other"),
    ],
)
def test_a_trial_that_makes_no_sense_is_refused(vod, box, options, told):
    """Nothing is sent, and the message names the value."""
    with pytest.raises(InputError, match=told):
        vod.confirm(list(box.states()), **options)
    assert box.ledger() == []
