"""How assets stand, packed: what comes out is what went in, whatever it was."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.journal import standings as standings_module
from vodnb.journal.standings import Standings
from vodnb.rules.model import Outcome, Settlement

NAMES = [f"{number:032x}" for number in range(6)]

texts = st.one_of(
    st.just(""),
    st.text(max_size=60),
    st.text(alphabet="0123456789abcdef-\0", max_size=40),
    st.just("2026-11-24T01:54:47.123Z"),
)
some = st.builds(
    Settlement,
    outcome=st.sampled_from(Outcome),
    code=texts,
    message=texts,
    http_status=st.none() | st.integers(100, 599),
    request_id=texts,
    attempts=st.integers(0, 2**31 - 1),
    sent_at=texts,
    elapsed_ms=st.none() | st.integers(0, 2**31 - 1),
    state_before=texts,
    state_after=texts,
)
steps = st.lists(st.tuples(st.sampled_from(NAMES), some))


@given(st.integers(0, 6), steps, steps)
def test_it_behaves_like_a_dict(known, before, after):
    """Each asset stands as it was last put; a snapshot stays as it was."""
    standings, plain = Standings(NAMES[:known]), {}
    for asset_id, settlement in before:
        standings.put(asset_id, settlement)
        plain[asset_id] = settlement
    snapshot, then = standings.snapshot(), plain.copy()
    for asset_id, settlement in after:
        standings.put(asset_id, settlement)
        plain[asset_id] = settlement
    for packed, wanted in ((standings, plain), (snapshot, then)):
        assert dict(packed) == wanted
        assert len(packed) == len(wanted)
        doubtful = [one for one in wanted if wanted[one].outcome is Outcome.IN_DOUBT]
        assert packed.doubtful == len(doubtful)
        assert sorted(packed.in_doubt()) == sorted(doubtful)
        for name in NAMES:
            assert (name in packed) is (name in wanted)
            assert packed.get(name) == wanted.get(name)


@pytest.mark.parametrize("asset_id", [NAMES[0], "unheard of", None])
def test_what_was_not_touched_is_not_there(asset_id):
    """Being planned is no standing."""
    standings = Standings(NAMES)
    assert asset_id not in standings
    assert standings.get(asset_id) is None


def test_what_is_alike_is_kept_once():
    """Ten thousand confirmed assets need no memory that was not there, but their own texts."""
    assets = [f"{number:032x}" for number in range(10_000)]
    standings = Standings(assets)
    before = _bytes_of(standings)
    sent_at = "2026-11-24T01:54:47.123Z"
    request_ids = [f"request-{number}" for number in range(len(assets))]
    for number, asset_id in enumerate(assets):
        settled = Settlement(
            outcome=Outcome.CONFIRMED,
            http_status=200,
            request_id=request_ids[number],
            attempts=1,
            sent_at=sent_at,
            elapsed_ms=number,
        )
        standings.put(asset_id, settled)
    assert _bytes_of(standings) - before < 1000
    assert before < 41 * len(assets)
    for asset_id, request_id in zip(assets, request_ids, strict=True):
        assert standings[asset_id].request_id is request_id
        assert standings[asset_id].sent_at is sent_at


def _bytes_of(standings: Standings) -> int:
    own, standings_module = vars(standings), vars(standings._index)
    parts = [part for name, part in {**own, **standings_module}.items() if name != "_assets"]
    return sum(map(sys.getsizeof, parts))


@pytest.mark.parametrize("likely", [1, 3, 1000])
def test_assets_of_one_hash_are_told_apart(monkeypatch, likely):
    """Each has its own place, whether it was there at the start or came later."""
    monkeypatch.setattr(
        standings_module, "hash", lambda text: int(text, 16) % likely - 1, raising=False
    )
    found = standings_module.IdIndex(NAMES[:4])
    assert [found.find(name) for name in NAMES] == [0, 1, 2, 3, None, None]
    assert [found.add(name) for name in reversed(NAMES)] == [4, 5, 3, 2, 1, 0]
    assert [found.find(name) for name in NAMES] == [0, 1, 2, 3, 5, 4]
    assert (list(found), len(found)) == ([*NAMES[:4], NAMES[5], NAMES[4]], 6)
