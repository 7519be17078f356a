"""The asset store on its own: states, lag, processing, queries; and the plan of the demo CSV."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.emulator.assets import CONFIRMED_STATES, AssetStore, Effect, Filter, as_stamp
from vodnb.emulator.samples import HEADER, sample_rows
from vodnb.rules.errors import InputError
from vodnb.rules.model import Outcome, Verdict
from vodnb.rules.verdicts import column_is_hex, judge

ID = "f488337c31c8e4622f1590735b134c65"
STATES = ["CREATING", "CANCELLED", "UPLOAD_FAILED", "DELETED", *sorted(CONFIRMED_STATES)]
GOALS = {"CREATED": "CREATED", "FAILED": "UPLOAD_FAILED", "CANCELLED": "CANCELLED"}


class Clock:
    """A clock that stands still until told."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Say what time it is."""
        return self.now


def new_store(clock: Clock | None = None) -> AssetStore:
    """Return an empty store."""
    return AssetStore(lock=threading.RLock(), clock=clock or Clock())


@pytest.mark.parametrize(("status", "goal"), GOALS.items())
def test_hanging_asset_takes_any_status(status, goal):
    """An asset that is CREATING goes where the confirmation says."""
    store = new_store()
    store.add(ID)
    assert store.confirm(ID, status) is Effect.DONE
    assert store.states() == {ID: goal}


@given(state=st.sampled_from(STATES), status=st.sampled_from(sorted(GOALS)), accept=st.booleans())
def test_only_a_hanging_asset_changes(state, status, accept):
    """Whatever is not CREATING keeps its state; only what already is can be accepted."""
    store = new_store()
    store.add(ID, state=state)
    effect = store.confirm(ID, status, is_repeat_accepted=accept)
    if state == "CREATING":
        assert effect is Effect.DONE
        return
    assert store.states() == {ID: state}
    there = state in CONFIRMED_STATES if status == "CREATED" else state == GOALS[status]
    if state == "DELETED":
        assert effect is Effect.UNKNOWN_ASSET
    else:
        assert effect is (Effect.REPEATED if accept and there else Effect.REFUSED)


def test_unknown_asset_is_not_made_up():
    """A confirmation of an unknown ID has no effect at all."""
    store = new_store()
    assert store.confirm(ID, "CREATED") is Effect.UNKNOWN_ASSET
    assert store.states() == {}
    assert store.get(ID) is None


def test_processing_follows_by_time():
    """With a script the asset moves on by itself; a cancelled one does not."""
    clock = Clock()
    store = new_store(clock)
    other = ID[::-1]
    store.add(ID)
    store.add(other)
    script = ((1.0, "WAITING_TRANSCODE"), (2.0, "TRANSCODE_SUCCEED"), (5.0, "PUBLISHED"))
    store.confirm(ID, "CREATED", processing=script)
    store.confirm(other, "CANCELLED", processing=script)
    seen = []
    for step in (0.0, 0.9, 0.1, 1.0, 3.0):
        clock.now += step
        seen.append(store.states()[ID])
    assert seen == ["CREATED", "CREATED", "WAITING_TRANSCODE", "TRANSCODE_SUCCEED", "PUBLISHED"]
    assert store.states()[other] == "CANCELLED"


def test_the_past_can_be_read():
    """A query that lags sees the state as it was, and when it began."""
    clock = Clock(1000.0)
    store = new_store(clock)
    store.add(ID, age=100.0)
    store.confirm(ID, "CREATED")
    asset = store.get(ID)
    assert asset is not None
    assert [asset.state_at(moment) for moment in (0.0, 999.9, 1000.0)] == [
        "CREATING",
        "CREATING",
        "CREATED",
    ]
    assert [asset.changed_at(moment) for moment in (0.0, 999.9, 1000.0)] == [900.0, 900.0, 1000.0]


def test_assets_are_found_by_time_and_title():
    """Both ends of the time belong to it; the newest comes first unless asked otherwise."""
    store = new_store(Clock(1_700_000_000.0))
    for age, name in ((0.0, "c"), (60.0, "b"), (120.0, "a")):
        store.add(name * 32, title=f"Lecture {name}", age=age)
    minute_ago = as_stamp(1_700_000_000.0 - 60)
    assert minute_ago == "20231114221220"

    def found(**wanted: object) -> str:
        assets = store.select(Filter(**wanted), keep=lambda asset: asset.asset_id[0] != "x")
        return "".join(asset.asset_id[0] for asset in assets)

    assert found() == "cba"
    assert found(is_oldest_first=True) == "abc"
    assert found(start=minute_ago) == "cb"
    assert found(end=minute_ago) == "ba"
    assert found(start=minute_ago, end=minute_ago) == "b"
    assert found(text="Lecture a") == "a"
    assert not store.select(Filter(), keep=lambda _: False)


@given(n=st.integers(1, 250), seed=st.text("abc", max_size=4))
def test_sample_is_what_was_asked_for(n, seed):
    """A sample has n rows, the same for the same seed, and each row tells its truth once."""
    rows = sample_rows(n, seed=seed)
    assert len(rows) == n
    assert rows == sample_rows(n, seed=seed)
    first: dict[str, object] = {}
    for row in rows:
        expected = row.expected
        assert (expected.code == "") == expected.outcome.is_good
        assert (expected.outcome is Outcome.INVALID) == (not expected.verdict.is_usable)
        assert (expected.asset_id == "") == (not expected.verdict.is_usable)
        assert (len(row.cells) == len(HEADER)) == (expected.verdict is not Verdict.RAGGED)
        if expected.verdict is Verdict.DUPLICATE:
            assert first[expected.asset_id] == (row.cells, expected.outcome, expected.code)
        elif expected.asset_id:
            assert expected.asset_id not in first
            first[expected.asset_id] = (row.cells, expected.outcome, expected.code)


@pytest.mark.parametrize("n", [1, 20, 200, 1000])
def test_sample_cells_are_judged_as_promised(n):
    """What the sample says of a cell is what the rules say of it."""
    rows = [row for row in sample_rows(n) if row.expected.verdict is not Verdict.RAGGED]
    assert column_is_hex(row.cells[0] for row in rows)
    for row in rows:
        found = judge(row.cells[0], hex_column=True)
        promised = row.expected.verdict
        is_copy = promised is Verdict.DUPLICATE
        assert found.verdict is (Verdict.OK if is_copy else promised), row.cells[0]
        if promised.is_usable:
            assert found.asset_id == row.expected.asset_id


def test_default_sample_has_the_usual_troubles():
    """The 200 rows hold every trouble in its share."""
    rows = sample_rows(200)
    verdicts = Counter(row.expected.verdict for row in rows)
    assert verdicts == {
        Verdict.OK: 171,
        Verdict.CLEANED: 8,
        Verdict.DUPLICATE: 8,
        Verdict.EMPTY: 4,
        Verdict.MANGLED: 4,
        Verdict.NOT_AN_ID: 3,
        Verdict.RAGGED: 2,
    }
    codes = Counter(
        row.expected.code for row in rows if row.expected.verdict is not Verdict.DUPLICATE
    )
    assert codes == {
        "": 150 + 8 + 8,
        "VOD.10062": 6,
        "VOD.10126": 7,
        "CLIENT.EMPTY": 4,
        "CLIENT.MANGLED": 4,
        "CLIENT.NOT_AN_ID": 3,
        "CLIENT.RAGGED": 2,
    }
    ragged = [len(row.cells) for row in rows if row.expected.verdict is Verdict.RAGGED]
    assert sorted(ragged) == [2, 4]
    cleaned = {row.cells[0] for row in rows if row.expected.verdict is Verdict.CLEANED}
    assert len({cell[:1] for cell in cleaned}) >= 5


def test_sample_of_a_seed_stays_the_same():
    """Whoever wrote down what came of a seed finds it so in every version."""
    told = [(*row.cells, row.expected.verdict.value) for row in sample_rows(2000)]
    assert hashlib.sha256(repr(told).encode()).hexdigest()[:16] == "ecf6244efdf12516"


def test_sample_of_nothing_is_refused():
    """A sample needs a row."""
    with pytest.raises(InputError, match="n=0 rows"):
        sample_rows(0)
