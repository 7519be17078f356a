"""Sweeping a project: exactly the service's set, or the window that could not be read is named."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from connections import point_to
from hypothesis import given, settings
from hypothesis import strategies as st
from pretend_library import Library
from pretend_service import LOST, refusal

import vodnb
from vodnb.bulk.pace.reads import Reads
from vodnb.bulk.sweep import Sweep
from vodnb.cli import main
from vodnb.emulator.faults import Behaviour
from vodnb.rules.errors import InputError, SignInError
from vodnb.rules.windows import Window, choose_windows

pytestmark = pytest.mark.waits

START = datetime(2026, 1, 1, tzinfo=UTC)
BASE = int(START.timestamp())
ALL = Window(start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2026, 12, 31, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _probe_soon(monkeypatch):
    monkeypatch.setattr("vodnb.bulk.pace.circuit_breaker.PROBES", (0.01,) * 10)
    monkeypatch.setattr("vodnb.bulk.pace.reads.back_off", lambda *_, **__: 0.01)


def sweep(library, *, window=ALL, younger=None, states=("CREATING",), workers=8):
    """Sweep a library; return the work that is done and its table."""
    work = Sweep(
        window,
        younger=younger,
        states=frozenset(states),
        filters={},
        reads=Reads(library, ceiling=math.inf, deadline=30.0),
        workers=workers,
        now=datetime(2026, 12, 31, tzinfo=UTC),
        lang="en",
    )
    return work, work.run(progress=False)


def library_of(*clusters, state="CREATING"):
    """Return a library with so many assets at each of these seconds."""
    rows, number = [], 0
    for second, count in clusters:
        for _ in range(count):
            rows.append((BASE + second, f"{number:032x}", state))
            number += 1
    return Library(rows)


def ids(library, state="CREATING"):
    """Return the IDs of a library's assets in one state."""
    return sorted(asset_id for _, asset_id, found in library.rows if found == state)


def test_a_small_project_is_read_page_by_page():
    """Two hundred and fifty assets, the oldest first, with state and age."""
    library = library_of(*[(second * 60, 1) for second in range(250)])
    work, table = sweep(library)
    assert sorted(table["asset_id"]) == ids(library)
    assert table["created_at"].is_monotonic_increasing
    assert table["age"].iloc[0] == timedelta(days=364)
    assert set(table["verdict"]) == {"ok"}
    assert len(library.queries) <= 6
    assert repr(work).startswith("Finished · 250 found")
    assert table.attrs["vodnb"]["open"] == []


@pytest.mark.campaign
@pytest.mark.long
def test_a_hundred_thousand_in_clusters_are_found_exactly():
    """Windows are halved until each is shown whole; boundaries neither lose nor double."""
    chance = random.Random(5)
    seconds = [(chance.randrange(10_000_000), chance.choice([1, 1, 1, 400])) for _ in range(950)]
    library = library_of(*seconds, (5_000_000, 19_000), (5_000_001, 18_000), (7, 150))
    assert len(library.rows) > 100_000
    work, table = sweep(library)
    assert sorted(table["asset_id"]) == ids(library)
    assert "NOT COMPLETE" not in repr(work)
    assert len(library.queries) < len(library.rows) / 100 * 1.5 + 200


@pytest.mark.campaign
def test_more_than_the_cap_in_one_second_is_said():
    """20,001 assets of one second cannot be told apart: the window is named, the rest exact."""
    library = library_of((100, 20_001), *[(second, 3) for second in range(90)], (101, 50))
    work, table = sweep(library)
    found = set(table["asset_id"])
    crowd = {asset_id for moment, asset_id, _ in library.rows if moment == BASE + 100}
    assert found - crowd == set(ids(library)) - crowd
    assert len(found & crowd) == 20_000
    (told,) = table.attrs["vodnb"]["open"]
    assert told.startswith("2026-01-01T00:01:40Z to 2026-01-01T00:01:40Z")
    assert "NOT COMPLETE: the window 2026-01-01T00:01:40Z" in repr(work)


@pytest.mark.campaign
@pytest.mark.parametrize("is_inclusive", [True, False])
def test_whether_the_ends_belong_to_a_window_is_learned(is_inclusive):
    """No page says so: either way nothing is lost at a boundary."""
    library = library_of(*[(second, 7) for second in range(5000)])
    library.is_inclusive = is_inclusive
    _, table = sweep(library)
    assert sorted(table["asset_id"]) == ids(library)
    assert table.attrs["vodnb"]["open"] == []


def test_assets_that_go_their_ways_meanwhile_hide_no_other():
    """What is confirmed amid the reading leaves the list: those behind it are still found."""
    library = library_of(*[(second, 1) for second in range(3000)])
    chance = random.Random(3)
    gone = set()

    def confirm_some(_count):
        for _ in range(9):
            place = chance.randrange(len(library.rows))
            moment, asset_id, _ = library.rows[place]
            library.rows[place] = (moment, asset_id, "CREATED")
            gone.add(asset_id)

    library.after = confirm_some
    _, table = sweep(library, workers=1)
    assert set(ids(library)) <= set(table["asset_id"])
    assert set(table["asset_id"]) - set(ids(library)) <= gone


@pytest.mark.parametrize("states", [("CREATING",), ("CREATING", "PUBLISHED"), ()])
def test_only_the_wanted_states_are_found(states):
    """Even where the service takes no notice of the filter."""
    library = library_of((1, 30))
    library.rows += [(BASE + 2, f"{number:032x}", "PUBLISHED") for number in range(1000, 1040)]
    library.rows += [(BASE + 3, f"{number:032x}", "CREATED") for number in range(2000, 2010)]
    honest = library.matching
    library.matching = lambda fields: honest({**fields, "status": None})
    _, table = sweep(library, states=states)
    assert set(table["state"]) == (set(states) or {"CREATING", "PUBLISHED", "CREATED"})
    assert len(table) == {1: 30, 2: 70, 0: 80}[len(states)]


def test_the_young_are_counted_and_left_out():
    """An upload still in progress is CREATING too."""
    library = library_of((0, 10), (86_400 * 3, 4))
    now = START + timedelta(days=3, hours=1)
    window, younger = choose_windows(since=None, until=None, min_age="24h", now=now)
    work, table = sweep(library, window=window, younger=younger)
    assert len(table) == 10
    assert "4 younger ones are left out" in repr(work)


def test_a_count_of_the_young_that_is_lost_leaves_nothing_open():
    """All that was looked for was found."""
    library = library_of((0, 10), (86_400 * 3, 4))
    now = START + timedelta(days=3, hours=1)
    window, younger = choose_windows(since=None, until=None, min_age="24h", now=now)

    def lose_the_last(count):
        library.script = [refusal("VOD.10053", 400)] if count == 2 else []

    library.after = lose_the_last
    _, table = sweep(library, window=window, younger=younger)
    assert (len(table), len(library.queries)) == (10, 3)
    assert table.attrs["vodnb"]["open"] == []


def test_lost_answers_are_asked_for_again():
    """Nothing changes by asking."""
    library = library_of(*[(second, 1) for second in range(500)])
    library.script = [LOST, refusal("VOD.10051"), LOST]
    _, table = sweep(library)
    assert sorted(table["asset_id"]) == ids(library)


def test_a_page_that_cannot_be_had_is_told():
    """Refused in the middle: what was found stands, and the rest is named as open."""
    library = library_of(*[(second, 1) for second in range(500)])
    library.after = lambda count: library.script.extend([refusal("APIGW.0307", 401)] * (count == 3))
    work, table = sweep(library, workers=1)
    assert 0 < len(table) < 500
    assert table.attrs["vodnb"]["open"]
    assert "NOT COMPLETE" in repr(work)
    assert "APIGW.0307" in repr(work)


def test_a_refusal_at_the_start_is_raised():
    """One call, then the error."""
    library = library_of((1, 5))
    library.script = [refusal("APIGW.0302")] * 9
    with pytest.raises(SignInError):
        sweep(library)
    assert len(library.queries) == 1


def test_nothing_found_is_an_empty_table():
    """With its columns, ready to be looked at."""
    _, table = sweep(Library([]))
    assert len(table) == 0
    assert {"asset_id", "state", "age", "created_at"} <= set(table.columns)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=12),
    st.integers(30, 300),
    st.booleans(),
)
def test_any_library_is_found_exactly_or_said_to_be_open(clusters, cap, is_inclusive):
    """With a cap of any size: no asset is missing without a window that says so."""
    cap = cap // 10 * 10
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vodnb.bulk.sweep.MOST_RESULTS", cap)
        patch.setattr("vodnb.bulk.sweep._PAGE", 10)
        patch.setattr("pretend_library.CAP", max(cap, 100))
        library = library_of(*clusters)
        library.is_inclusive = is_inclusive
        served = library._serve

        def serve(fields):
            return served({**fields, "size": "10"})

        library._serve = serve
        _, table = sweep(library)
    missing = set(ids(library)) - set(table["asset_id"])
    assert set(table["asset_id"]) <= set(ids(library))
    assert table["asset_id"].is_unique
    assert not missing or table.attrs["vodnb"]["open"]


def test_the_verb_and_the_command_sweep_the_sandbox(tmp_path, monkeypatch):
    """`vod.find` and `vodnb find`: what hangs, ready to be confirmed."""
    monkeypatch.chdir(tmp_path)
    with vodnb.sandbox(behaviour=Behaviour(quota=None), assets=0) as box:
        box.add(f"{number:032x}" for number in range(230))
        box.add([f"{number:032x}" for number in range(230, 240)], state="PUBLISHED")
        point_to(box, monkeypatch)
        vod = vodnb.connect(lang="en")
        assert len(vod.find(progress=False)) == 0
        hanging = vod.find(min_age=None, progress=False)
        assert sorted(hanging["asset_id"]) == [f"{number:032x}" for number in range(230)]
        done = CliRunner().invoke(main, ["find", "--min-age", "none", "--state", "PUBLISHED"])
        assert done.exit_code == 0, done.output
        assert len(vodnb.load_assets("found.csv")) == 10
        results = vod.confirm(hanging, rate=None, progress=False)
        assert set(results["outcome"]) == {"confirmed"}
        assert len(vod.find(min_age=None, progress=False)) == 0
        vod.close()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"since": "soon"}, "since='soon' is no time"),
        ({"min_age": "old"}, "min_age='old' is no age"),
        ({"since": "2999-01-01"}, "Nothing lies between"),
        ({"workers": 0}, "workers=0"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(options, told):
    """Before any call, with the value."""
    with vodnb.sandbox() as box:
        vod = vodnb.connect(
            endpoint=box.endpoint, region=box.region, project_id=box.project_id, token=box.token
        )
        with pytest.raises(InputError, match=told):
            vod.find(**options)
        assert box.ledger() == []
        vod.close()
