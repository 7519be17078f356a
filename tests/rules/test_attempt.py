"""One sending as a value: it goes into JSON and comes back, and anything else is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules.attempt import Attempt, Timings

TEXT = st.text(max_size=20)
HEADERS = st.dictionaries(TEXT, TEXT, max_size=3)
MS = st.none() | st.floats(0, 1e6)
TIMINGS = st.builds(Timings, connect_ms=MS, tls_ms=MS, first_byte_ms=MS, total_ms=MS)
ATTEMPTS = st.builds(
    Attempt,
    operation=TEXT, method=TEXT, url=TEXT, request_headers=HEADERS, request_body=TEXT,
    body_digest=TEXT, sent_at=TEXT, http_status=st.none() | st.integers(100, 599), headers=HEADERS,
    body=TEXT, is_cut=st.booleans(), code=TEXT, message=TEXT, request_id=TEXT, timings=TIMINGS,
)  # fmt: skip


@given(ATTEMPTS)
def test_attempt_comes_back_from_json(attempt):
    """Whatever is in it."""
    assert Attempt.from_json(json.loads(json.dumps(attempt.as_json()))) == attempt


GOOD = Attempt(operation="info", method="GET", url="x").as_json()


@pytest.mark.parametrize(
    "changes",
    [
        {"url": 1}, {"headers": {"x": 1}}, {"headers": []}, {"request_headers": None},
        {"http_status": "200"}, {"http_status": True}, {"timings": {"total_ms": "1"}},
        {"timings": None}, {"colour": "red"}, {"body": None},
    ],
)  # fmt: skip
def test_what_is_no_attempt_is_refused(changes):
    """A part of another type, a part too many: what was read is shown and sent."""
    with pytest.raises((TypeError, ValueError, KeyError)):
        Attempt.from_json({**GOOD, **changes})


@pytest.mark.parametrize("told", [None, [], "x", {}])
def test_what_is_nothing_of_the_kind_is_refused(told):
    """Neither is anything that is no object."""
    with pytest.raises((TypeError, KeyError)):
        Attempt.from_json(told)
