"""What the options of a run may be."""

from __future__ import annotations

import numpy as np
import pytest

from vodnb.rules.errors import InputError
from vodnb.rules.model import Status
from vodnb.rules.options import check_destruction, check_numbers, check_trial, read_status
from vodnb.rules.words.translations import translate


def test_a_status_is_read_as_the_service_writes_it():
    """Only the three documented values pass."""
    assert [read_status(text) for text in ("CREATED", "FAILED", "CANCELLED")] == list(Status)


@pytest.mark.parametrize(
    ("text", "hint"), [("created", "CREATED"), ("CANCELED", "CANCELLED"), ("canceled", "CANCELLED")]
)
def test_a_near_miss_is_named(text, hint):
    """The usual slips get the right spelling back."""
    with pytest.raises(InputError, match=f'Did you mean "{hint}"') as refused:
        read_status(text)
    assert repr(text) in str(refused.value)


def test_an_unknown_status_is_refused():
    """Anything else is refused without a guess."""
    with pytest.raises(InputError) as refused:
        read_status("DELETED")
    assert "Did you mean" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "hint"), [("canceled", "您是想写“CANCELLED”吗？"), ("DELETED", "")]
)
def test_a_near_miss_is_named_in_one_language(status, hint):
    """A Chinese sentence has no English hint in it."""
    with pytest.raises(InputError) as refused:
        read_status(status)
    told = translate(refused.value.what, "zh")
    assert told == f"状态 '{status}' 不在 CREATED, FAILED, CANCELLED 之列。{hint}"


def test_all_wrong_numbers_are_named_at_once():
    """One call tells all that is wrong."""
    with pytest.raises(InputError) as refused:
        check_numbers(workers=0, deadline=-1, attempts=True)
    assert all(name in str(refused.value) for name in ("workers=0", "deadline=-1", "attempts=True"))


@pytest.mark.parametrize(
    "numbers",
    [
        {"workers": 65, "deadline": 30, "attempts": 5},
        {"workers": "8", "deadline": 30, "attempts": 5},
        {"workers": 8, "deadline": 601, "attempts": 5},
        {"workers": 8, "deadline": "30", "attempts": 5},
        {"workers": 8, "deadline": 30, "attempts": 0},
    ],
)
def test_numbers_out_of_range_are_refused(numbers):
    """Each number has its range."""
    with pytest.raises(InputError):
        check_numbers(**numbers)


def test_sane_numbers_pass():
    """The bounds themselves are allowed."""
    check_numbers(workers=1, deadline=0.5, attempts=1)
    check_numbers(workers=64, deadline=600, attempts=100)


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
@pytest.mark.parametrize("typed", [None, 36, 38, True, "37"])
def test_destruction_needs_the_exact_number(status, typed):
    """Nothing but the number of assets, typed as a number, lets a destructive run start."""
    with pytest.raises(InputError, match="destroy=37"):
        check_destruction({status: 37}, destroy=typed)


def test_the_exact_number_lets_destruction_start():
    """The number of assets is the consent."""
    check_destruction({Status.CANCELLED: 37}, destroy=37)


def test_what_was_counted_in_a_table_is_a_number():
    """`(table.verdict == "ok").sum()` is an integer of numpy's; its booleans are none."""
    check_destruction({Status.CANCELLED: 37}, destroy=np.int64(37))
    check_numbers(workers=np.int64(8), deadline=np.float32(30), attempts=np.int32(5))
    check_trial(dry_run=False, canary=np.int64(5))
    with pytest.raises(InputError, match="destroy=37"):
        check_destruction({Status.CANCELLED: 37}, destroy=np.int64(36))
    with pytest.raises(InputError, match="canary="):
        check_trial(dry_run=False, canary=np.True_)


def test_a_count_for_a_harmless_status_is_refused():
    """destroy= with CREATED shows a misunderstanding, so it is said."""
    check_destruction({Status.CREATED: 3}, destroy=None)
    with pytest.raises(InputError, match="CREATED destroys nothing"):
        check_destruction({Status.CREATED: 3}, destroy=3)
