"""What the options of a run may be; each refusal says what to write instead. Pure."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, TypeGuard

from .errors import InputError
from .model import Status
from .pacing import MOST_WORKERS

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_DEADLINE = 600
"""Seconds; a run waits as long as its deadline before it asks what became of a lost call."""


def read_status(status: object) -> Status:
    """Return the status that was asked for, one of the three."""
    try:
        return Status(str(status))
    except ValueError:
        guess = str(status).strip().upper().replace("CANCELED", "CANCELLED")
        hint = f' Did you mean "{guess}"?' if guess in set(Status) else ""
        raise InputError(
            f"status={status!r} is none of {', '.join(Status)}.{hint}",
            "They are written in capitals; note the two L of CANCELLED.",
        ) from None


def check_numbers(*, workers: object, deadline: object, attempts: object) -> None:
    """Refuse numbers that are out of their range, all of them at once, each with its value."""
    wrong = []
    if workers is not None and not (_is_whole(workers) and 1 <= workers <= MOST_WORKERS):
        wrong.append(f"workers={workers!r} is not a whole number from 1 to {MOST_WORKERS}")
    if not (_is_number(deadline) and 0 < deadline <= _LONGEST_DEADLINE):
        wrong.append(f"deadline={deadline!r} is not a number of seconds up to {_LONGEST_DEADLINE}")
    if not (_is_whole(attempts) and attempts >= 1):
        wrong.append(f"attempts={attempts!r} is not a whole number from 1")
    if wrong:
        raise InputError(
            "; ".join(wrong) + ".", do="Leave them out: the defaults are right for VOD."
        )


def check_trial(*, dry_run: bool, canary: object) -> None:
    """Refuse a trial that makes no sense: both kinds at once, or no whole number from 1."""
    if canary is None:
        return
    if not (_is_whole(canary) and canary >= 1):
        raise InputError(
            f"canary={canary!r} is not a whole number from 1.",
            do="canary=5 sends five assets and leaves the rest.",
        )
    if dry_run:
        raise InputError(
            f"dry_run=True and canary={canary} exclude each other.",
            "A dry run sends nothing, a canary sends a few.",
            "Leave one of them out.",
        )


def check_destruction(counts: Mapping[Status, int], *, destroy: object) -> None:
    """Ask for the typed count of the distinct valid assets that are destroyed, before any is."""
    asked = " and ".join(status for status in counts if status.is_destructive)
    count = sum(counts[status] for status in counts if status.is_destructive)
    if not asked:
        if destroy is not None:
            raise InputError(
                f"destroy={destroy!r} goes with the statuses FAILED and CANCELLED only.",
                do="Leave it out: CREATED destroys nothing.",
            )
    elif not _is_whole(destroy) or destroy != count:
        raise InputError(
            f"{asked} destroys the uploaded parts of {count} distinct valid assets in this table, "
            f"and destroy={destroy!r} is not that number.",
            "Nothing was sent.",
            f"If you mean it, write destroy={count}.",
        )


# A number that was counted in a table is one of numpy's, which are no int and no float.


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool)
