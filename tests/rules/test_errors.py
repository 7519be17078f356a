"""The errors say what happened, what it means and what to do, and travel whole."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules import errors
from vodnb.rules.errors import ServiceError, SetupError, VodnbError

EVERY = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.VodnbError)
]

PARENTS = {
    "AccountError": "ServiceError",
    "BusyError": "ServiceError",
    "InputError": "VodnbError",
    "JournalError": "VodnbError",
    "NoAnswerError": "VodnbError",
    "RowError": "ServiceError",
    "ServiceError": "VodnbError",
    "SetupError": "VodnbError",
    "SignInError": "ServiceError",
    "UnsettledError": "VodnbError",
    "VodnbError": "Exception",
}


def by_name(kind: type) -> str:
    """Name a test case."""
    return kind.__name__


def make(kind: type[VodnbError]) -> VodnbError:
    """Make one error with everything that it can carry."""
    texts = ("Row 17 was refused.", "It is unknown.", "Remove it.")
    if issubclass(kind, ServiceError):
        return kind(*texts, code="VOD.10062", http_status=404, request_id="r-1")
    return kind(*texts)


def test_tree_is_the_drawn_one() -> None:
    """Each error stands below the one that says what the reader can do."""
    assert {kind.__name__: kind.__bases__[0].__name__ for kind in EVERY} == PARENTS


def test_every_error_is_listed() -> None:
    """No error of the module is left out of these tests."""
    made_here = {
        name
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if kind.__module__ == errors.__name__
    }
    assert made_here == {kind.__name__ for kind in EVERY}


def test_bad_input_is_a_value_error_too() -> None:
    """Who knows only Python's errors can catch a bad argument."""
    assert issubclass(errors.InputError, ValueError)


@pytest.mark.parametrize("kind", EVERY, ids=by_name)
def test_error_is_ours_and_documented(kind: type[VodnbError]) -> None:
    """Each error is a VodnbError, with words of its own."""
    assert issubclass(kind, VodnbError)
    assert kind.__dict__["__doc__"].strip()


@pytest.mark.parametrize("kind", EVERY, ids=by_name)
@pytest.mark.parametrize(
    "travel", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy]
)
def test_error_travels_whole(kind: type[VodnbError], travel: object) -> None:
    """Pickled or copied, an error keeps its kind, its words, its code and its notes."""
    assert callable(travel)
    error = make(kind)
    error.add_note("row 17")
    arrived = travel(error)
    assert type(arrived) is kind
    assert vars(arrived) == vars(error)
    assert arrived.args == error.args
    assert str(arrived) == "Row 17 was refused. It is unknown. Remove it."


@pytest.mark.parametrize("kind", EVERY, ids=by_name)
def test_only_what_happened_has_to_be_said(kind: type[VodnbError]) -> None:
    """An error with nothing to add is its first sentence, without a space too many."""
    assert str(kind("Gone.")) == "Gone."
    assert str(kind("Gone.", do="Wait.")) == "Gone. Wait."


@given(st.text(), st.text(), st.text())
def test_nothing_that_was_said_is_lost(what: str, means: str, do: str) -> None:
    """The text is the parts that were given, in order, one space between."""
    error = SetupError(what, means, do)
    assert str(error) == " ".join(filter(None, [what, means, do]))
    assert (error.what, error.means, error.do) == (what, means, do)


def test_service_error_carries_what_support_asks_for() -> None:
    """Code, status and request ID can be read, and are empty rather than missing."""
    error = make(errors.RowError)
    assert isinstance(error, ServiceError)
    assert (error.code, error.http_status, error.request_id) == ("VOD.10062", 404, "r-1")
    bare = ServiceError("Refused.")
    assert (bare.code, bare.http_status, bare.request_id) == ("", 0, "")
