"""What states prove, before and after a confirm call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules import lifecycle
from vodnb.rules.lifecycle import (
    Finding,
    Stage,
    agrees,
    is_proof_needed,
    judge_doubt,
    read_state,
    settle_foreign,
    settle_unsent,
)
from vodnb.rules.model import Needs, Outcome, Settlement, Status
from vodnb.rules.words.explanation import explain_state

CONFIRMED = (
    "CREATED",
    "WAITING_TRANSCODE",
    "TRANSCODING",
    "TRANSCODE_SUCCEED",
    "TRANSCODE_FAILED",
    "PUBLISHED",
)
OTHERS = ("NO_ASSET", "UNCREATED", "CREATING", "CANCELLED", "UPLOAD_FAILED", "DELETED", "", "NEW")

GOALS = {
    Status.CREATED: CONFIRMED,
    Status.FAILED: ("UPLOAD_FAILED", "SERVER_ERROR"),
    Status.CANCELLED: ("CANCELLED",),
}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("CREATED", "CREATED"),
        (" UNCREATED", "UNCREATED"),
        ("NOASSET", "NO_ASSET"),
        ("published", "PUBLISHED"),
        (None, ""),
        (7, ""),
    ],
)
def test_states_are_read_however_the_documents_spell_them(text, state):
    """The documents spell states with blanks and without underscores."""
    assert read_state(text) == state


@pytest.mark.parametrize("only_hanging", [False, True])
@pytest.mark.parametrize("state", CONFIRMED)
def test_what_is_proved_confirmed_is_not_sent(state, only_hanging):
    """CREATED leaves out exactly what its state proves confirmed."""
    settled = settle_unsent(state, Status.CREATED, only_hanging=only_hanging)
    assert settled is not None
    assert (settled.outcome, settled.code) == (Outcome.ALREADY_CONFIRMED, "")
    assert settled.state_before == state


@pytest.mark.parametrize("state", OTHERS)
def test_whatever_is_not_proved_is_sent(state):
    """Unknown IDs and unknown states are sent, so that the code is the service's own."""
    assert settle_unsent(state, Status.CREATED, only_hanging=False) is None


@pytest.mark.parametrize("status", Status)
def test_where_only_what_hangs_is_sent_the_rest_is_left_alone(status):
    """A destructive status, and a reconciliation, touch nothing but CREATING."""
    assert settle_unsent("CREATING", status, only_hanging=True) is None
    for state in {*CONFIRMED, *OTHERS} - {"CREATING", "", *GOALS[status]}:
        settled = settle_unsent(state, status, only_hanging=True)
        assert settled is not None
        assert (settled.outcome, settled.code) == (Outcome.FAILED, "CLIENT.STATE")
        assert state in settled.message


@pytest.mark.parametrize("status", Status)
def test_where_only_what_hangs_is_sent_an_unread_state_is_no_verdict(status):
    """What could not be looked up is not sent, and is no failure either: it is asked again."""
    settled = settle_unsent("", status, only_hanging=True)
    assert settled is not None
    assert (settled.outcome, settled.code) == (Outcome.NOT_SENT, "CLIENT.UNREAD")


@pytest.mark.parametrize("only_hanging", [False, True])
@pytest.mark.parametrize("status", Status)
def test_a_state_that_is_already_what_was_asked_for_is_settled(status, only_hanging):
    """Whatever the status: an asset that is where it should be needs no call, and is no failure."""
    for state in GOALS[status]:
        settled = settle_unsent(state, status, only_hanging=only_hanging)
        assert settled is not None
        assert (settled.outcome, settled.code) == (Outcome.ALREADY_CONFIRMED, "")
        assert settled.state_before == state


@pytest.mark.parametrize("status", list(Status))
def test_what_others_have_brought_out_of_reach_is_told_by_its_state(status):
    """After a doubt, where only CREATING may be sent; not what is unknown or where it should be."""
    reached = {"CREATED": "PUBLISHED", "CANCELLED": "CANCELLED", "FAILED": "UPLOAD_FAILED"}[status]
    for state in (reached, "CREATING", "", "NEW"):
        assert settle_foreign(state, status) is None
    for state in {"PUBLISHED", "CANCELLED", "UPLOAD_FAILED", "NO_ASSET", "DELETED"} - {reached}:
        told = settle_foreign(state, status)
        assert (told.outcome, told.code) == (Outcome.FAILED, "CLIENT.STATE")
        assert told.state_before == state


YES = Settlement(outcome=Outcome.CONFIRMED, attempts=1)
NO = Settlement(outcome=Outcome.FAILED, code="VOD.10062", attempts=1)


@pytest.mark.parametrize(
    ("told", "status", "state", "is_true"),
    [
        *((YES, Status.CREATED, state, True) for state in CONFIRMED),
        *((YES, Status.CREATED, state, True) for state in ("", "NEW")),
        *((YES, Status.CREATED, state, False) for state in ("CREATING", "NO_ASSET", "CANCELLED")),
        *((YES, Status.CREATED, state, False) for state in ("UPLOAD_FAILED", "DELETED")),
        *((YES, Status.CANCELLED, state, True) for state in ("CANCELLED", "NO_ASSET", "DELETED")),
        *((YES, Status.FAILED, state, True) for state in ("UPLOAD_FAILED", "NO_ASSET", "")),
        *((YES, Status.FAILED, state, False) for state in ("CREATING", *CONFIRMED)),
        *((NO, Status.CREATED, state, True) for state in ("", "NO_ASSET", "CREATING", "NEW")),
        *((NO, Status.CREATED, state, False) for state in CONFIRMED),
        (NO, Status.CANCELLED, "CREATING", True),
        (NO, Status.CANCELLED, "CANCELLED", False),
    ],
)
def test_a_state_read_back_agrees_with_the_answer_or_contradicts_it(told, status, state, is_true):
    """A yes needs a state beyond CREATING, a no needs any but the wanted one; "" proves nothing."""
    assert agrees(state, told, status) is is_true


def judge(state, status=Status.CREATED, *, code="CLIENT.NO_ANSWER", attempts=1, is_last=False):
    """Judge a doubt; by default the first answer was lost."""
    return judge_doubt(state, status, code=code, attempts=attempts, is_last=is_last)


@pytest.mark.parametrize("state", CONFIRMED)
def test_a_lost_answer_is_a_success_where_the_state_says_so(state):
    """The answer was lost, the effect is there: confirmed."""
    assert judge(state) is Finding.CONFIRMED


def test_a_refusal_of_the_first_call_means_it_was_confirmed_before():
    """VOD.10126 to the first and only call: somebody else confirmed it."""
    assert judge("CREATED", code="VOD.10126") is Finding.ALREADY_CONFIRMED


def test_a_refusal_after_a_doubt_means_that_the_first_call_worked():
    """VOD.10126 to the second call: our first had its effect."""
    assert judge("CREATED", code="VOD.10126", attempts=2) is Finding.CONFIRMED


def test_no_effect_is_sent_once_more_and_then_no_more():
    """Still CREATING after the settle time: one more call, then a definite failure."""
    assert judge("CREATING") is Finding.SEND_AGAIN
    assert judge("CREATING", is_last=True) is Finding.NO_EFFECT


def test_a_refusal_and_a_state_of_creating_contradict_each_other():
    """States may lag behind: nobody guesses."""
    assert judge("CREATING", code="VOD.10126") is Finding.IN_DOUBT
    early = judge_doubt(
        "CREATING", Status.CREATED, code="VOD.10126", attempts=1, is_last=False, may_lag=True
    )
    assert early is Finding.LOOK_AGAIN


@pytest.mark.parametrize("state", ["CANCELLED", "UPLOAD_FAILED", "DELETED", "NO_ASSET"])
def test_a_refused_asset_that_was_given_up_stays_refused(state):
    """VOD.10126 with a state that explains it is a definite no."""
    assert judge(state, code="VOD.10126") is Finding.REFUSED


@pytest.mark.parametrize("state", ["", "SOMETHING_NEW", "OBS_CREATING"])
@pytest.mark.parametrize("status", list(Status))
def test_a_state_we_cannot_read_leaves_the_doubt(state, status):
    """Unread and unknown states settle nothing."""
    assert judge(state, status) is Finding.IN_DOUBT


@pytest.mark.parametrize(
    ("status", "state"), [(Status.CANCELLED, "CANCELLED"), (Status.FAILED, "UPLOAD_FAILED")]
)
def test_destruction_is_confirmed_by_its_own_state(status, state):
    """A lost answer to a destructive call is settled by the state it leads to."""
    assert judge(state, status) is Finding.CONFIRMED
    assert judge(state, status, code="VOD.10126") is Finding.ALREADY_CONFIRMED
    assert judge(state, status, code="VOD.10126", attempts=2) is Finding.CONFIRMED
    assert judge("CREATING", status) is Finding.NO_EFFECT
    assert judge("CREATED", status) is Finding.IN_DOUBT


@given(
    state=st.sampled_from(CONFIRMED + OTHERS),
    code=st.sampled_from(["CLIENT.NO_ANSWER", "VOD.10126", "VOD.10051"]),
    status=st.sampled_from([Status.FAILED, Status.CANCELLED]),
    attempts=st.integers(1, 5),
    is_last=st.booleans(),
)
def test_destruction_is_never_repeated_on_doubt(state, code, status, attempts, is_last):
    """No state, code or count makes a destructive call go out again."""
    finding = judge(state, status, code=code, attempts=attempts, is_last=is_last)
    assert finding is not Finding.SEND_AGAIN


def test_only_the_refused_state_needs_proof():
    """VOD.10126 alone is a definite answer that still leaves the outcome open."""
    assert is_proof_needed("VOD.10126")
    assert not is_proof_needed("VOD.10062")


@pytest.mark.parametrize("state", [*lifecycle._STAGES, "OBS_CREATING", "OBS_CREATE_FAILED"])
def test_every_state_is_explained_in_both_languages(state):
    """Whatever we take a stage from has words of its own, and somebody who acts."""
    english, needs = explain_state(state, "en")
    chinese, same = explain_state(state, "zh")
    assert needs is same
    assert english.endswith(".")
    assert chinese.endswith("。")
    assert english not in {explain_state("", "en")[0], explain_state("HIBERNATING", "en")[0]}


def test_only_what_hangs_needs_a_confirmation():
    """Who acts follows from the stage; what is not known is looked at by a person."""
    asked = {state for state in lifecycle._STAGES if explain_state(state, "en")[1] is Needs.CONFIRM}
    assert asked == {"CREATING"}
    for state, stage in lifecycle._STAGES.items():
        is_well = explain_state(state, "en")[1] is Needs.NOTHING
        assert is_well <= (stage is Stage.CONFIRMED)
    assert explain_state("", "en")[1] is explain_state("HIBERNATING", "zh")[1] is Needs.LOOK


@pytest.mark.parametrize(
    ("status", "state", "finding"),
    [
        (Status.CREATED, "CREATED", Finding.ALREADY_CONFIRMED),
        (Status.CREATED, "CREATING", Finding.SEND_AGAIN),
        (Status.CANCELLED, "CANCELLED", Finding.ALREADY_CONFIRMED),
        (Status.FAILED, "CREATING", Finding.NO_EFFECT),
    ],
)
def test_where_it_is_lost_whether_it_was_sent_nothing_is_claimed(status, state, finding):
    """From a salvaged journal: the state may be what was asked for, but is not claimed as ours."""
    assert judge_doubt(state, status, code="", attempts=0, is_last=False) is finding
