"""Random loaded tables and random ends of their assets, for what must hold of every results."""

from __future__ import annotations

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

from vodnb.rules.model import Outcome, Settlement, Status
from vodnb.tables.read import load_assets
from vodnb.tables.results import build_results

FEWER = settings(max_examples=settings().max_examples // 3)
"""For properties of whole tables: each example costs as much as thirty of a text."""

ASSETS = tuple(f"{number:032x}" for number in range(0xA1, 0xA7))
BROKEN = ("", "  ", "1.23E+31", "see ticket 4711", "待补")
CLEANED = tuple(f" {asset_id} " for asset_id in ASSETS[:2]) + tuple(f"'{ASSETS[3]}" for _ in "x")
TITLES = ("title", "标题", "outcome", "run_id", "requested_status", "meaning", "=cmd", "-", "a'b")
CODES = ("VOD.10051", "VOD.10062", "APIGW.0308", "CLIENT.STOPPED", "CLIENT.NO_ANSWER", "=HYPER()")
RISKY = (
    "=1+1",
    "+86 10",
    "-x",
    "@x",
    "\tx",
    "\rx",
    "'x",
    "''=x",
    " =x",
    '"=x',
    "＝x",
    "-12.5",
    "",
    "CREATED",
)

texts = st.one_of(st.sampled_from(RISKY), st.text(st.characters(codec="utf-8"), max_size=8))
words = st.text(st.characters(codec="utf-8"), max_size=8)


@st.composite
def settlements(draw, outcomes=tuple(Outcome)[:-1]):
    """Return how one asset ended."""
    outcome = draw(st.sampled_from(outcomes))
    return Settlement(
        outcome=outcome,
        code="" if outcome.is_good else draw(st.sampled_from(CODES)),
        message=draw(texts),
        http_status=draw(st.none() | st.sampled_from([200, 403, 429, 500])),
        request_id=draw(texts),
        attempts=draw(st.integers(0, 5)),
        sent_at=draw(st.sampled_from(["", "2026-01-02T03:04:05.678Z"])),
        elapsed_ms=draw(st.none() | st.integers(0, 99_999)),
        state_before=draw(st.sampled_from(["", "CREATING", "NO_ASSET"])),
        state_after=draw(st.sampled_from(["", "CREATED", "TRANSCODE_FAILED"])),
    )


@st.composite
def indexes(draw, size):
    """Return an index of some odd kind."""
    kind = draw(st.sampled_from(["plain", "repeated", "texts", "levels"]))
    if kind == "plain":
        return pd.RangeIndex(size)
    keys = draw(st.lists(st.sampled_from(["x", "y", "="]), min_size=size, max_size=size))
    if kind == "texts":
        return pd.Index(keys, name="key")
    if kind == "repeated":
        return pd.Index([ord(key) for key in keys])
    pairs = [(key, place // 2) for place, key in enumerate(keys)]
    return pd.MultiIndex.from_tuples(pairs, names=["a", "b"]) if pairs else pd.RangeIndex(0)


@st.composite
def user_tables(draw, *, odd_index=True, cells=texts):
    """Return a user's table, and the title of its ID column."""
    title = draw(st.sampled_from(["asset_id", "媒资ID"]))
    id_cells = st.sampled_from([*ASSETS, *ASSETS, *CLEANED, *BROKEN])
    ids = draw(st.lists(id_cells, max_size=8))
    others = draw(st.lists(st.sampled_from(TITLES), unique=True, max_size=4))
    columns = {title: ids}
    for other in others:
        columns[other] = draw(st.lists(cells, min_size=len(ids), max_size=len(ids)))
    index = draw(indexes(len(ids))) if odd_index else pd.RangeIndex(len(ids))
    return pd.DataFrame(columns, index=index, dtype="string[python]"), title


@st.composite
def runs(draw, **options):
    """Return a loaded table and how each of some assets ended."""
    frame, title = draw(user_tables(**options))
    return load_assets(frame, id_column=title), draw(
        st.dictionaries(st.sampled_from(ASSETS), settlements())
    )


def finished(table, ended, *, status=Status.CREATED, run_id="run-1", lang="en"):
    """Return the results of a run in which the other assets were not reached."""
    untouched = Settlement(outcome=Outcome.NOT_SENT, code="CLIENT.STOPPED", message="stopped")
    return build_results(
        table, settlements=ended, untouched=untouched, status=status, run_id=run_id, lang=lang
    )
