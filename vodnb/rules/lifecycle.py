"""What the state of an asset proves, before and after a confirm call. Pure: values in, values out.

States: https://support.huaweicloud.com/api-vod/vod_04_0022.html; documents spell some of them in
two ways, so compare only what `read_state` returns.
"""

from __future__ import annotations

from enum import StrEnum

from .model import Outcome, Settlement, Status

SETTLE_MARGIN = 6.0
"""Seconds beyond the deadline before a doubtful asset's state is believed: states may lag by 5."""


class Stage(StrEnum):
    """Where in its life an asset stands."""

    MISSING = "missing"
    HANGING = "hanging"
    CONFIRMED = "confirmed"
    UPLOAD_FAILED = "upload_failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"
    UNKNOWN = "unknown"


_STAGES = {
    "NO_ASSET": Stage.MISSING,
    "UNCREATED": Stage.MISSING,
    "CREATING": Stage.HANGING,
    "CREATED": Stage.CONFIRMED,
    "WAITING_TRANSCODE": Stage.CONFIRMED,
    "TRANSCODING": Stage.CONFIRMED,
    "TRANSCODE_SUCCEED": Stage.CONFIRMED,
    "TRANSCODE_FAILED": Stage.CONFIRMED,
    "PUBLISHED": Stage.CONFIRMED,
    "UPLOAD_FAILED": Stage.UPLOAD_FAILED,
    "SERVER_ERROR": Stage.UPLOAD_FAILED,
    "FAILED": Stage.UPLOAD_FAILED,
    "CANCELLED": Stage.CANCELLED,
    "DELETING": Stage.DELETED,
    "DELETED": Stage.DELETED,
    "DELETE_FAILED": Stage.DELETED,
}

_GOALS = {
    Status.CREATED: Stage.CONFIRMED,
    Status.FAILED: Stage.UPLOAD_FAILED,
    Status.CANCELLED: Stage.CANCELLED,
}

LOOK_GOOD_FOR = 5.0
"""Seconds after a look in which a destructive call may leave: later its state may be another."""

_NOT_ACCEPTED = "VOD.10126"
"""The asset's state does not accept a confirmation: only its state can tell why."""


def read_state(text: object) -> str:
    """Return a state as we write it: upper case, no blanks, `NOASSET` as `NO_ASSET`."""
    state = text.strip().upper() if isinstance(text, str) else ""
    return "NO_ASSET" if state == "NOASSET" else state


def stage_of(state: str) -> Stage:
    """Return where a state stands; what we do not know is UNKNOWN, never guessed."""
    return _STAGES.get(state, Stage.UNKNOWN)


def settle_unsent(state: str, status: Status, *, only_hanging: bool) -> Settlement | None:
    """Return how an asset ends without being sent, or None where it must be sent.

    What is already what the run asks for is not asked for again. Of the rest all is sent, so that
    its error code is the service's own, or only what is CREATING; what nobody knows the state of is
    `not_sent`.
    """
    stage = stage_of(state)
    if stage is _GOALS[status]:
        return Settlement(outcome=Outcome.ALREADY_CONFIRMED, state_before=state)
    if not only_hanging or stage is Stage.HANGING:
        return None
    if not state:
        return Settlement(outcome=Outcome.NOT_SENT, code="CLIENT.UNREAD")
    return Settlement(
        outcome=Outcome.FAILED,
        code="CLIENT.STATE",
        message=f"the state is {state}; {status} is sent to CREATING assets only",
        state_before=state,
    )


def settle_foreign(state: str, status: Status) -> Settlement | None:
    """Return how a doubtful asset ends that its state keeps from being sent; None where it may be.

    For runs that send only what is CREATING: others have brought the asset where it is. What we do
    not know, and what is where the run would bring it, is not judged here.
    """
    if stage_of(state) in {Stage.UNKNOWN, Stage.HANGING, _GOALS[status]}:
        return None
    return settle_unsent(state, status, only_hanging=True)


def agrees(state: str, settlement: Settlement, status: Status) -> bool:
    """Whether the state read back after a definite answer can be true beside it.

    A state that could not be read, or that we do not know, contradicts nothing.
    """
    stage = stage_of(state)
    if stage is Stage.UNKNOWN:
        return True
    if not settlement.outcome.is_good:
        return stage is not _GOALS[status]
    if status.is_destructive:
        return stage not in {Stage.HANGING, Stage.CONFIRMED}
    return stage is Stage.CONFIRMED


def is_proof_needed(code: str) -> bool:
    """Whether a definite answer with this code still leaves the outcome to the state."""
    return code == _NOT_ACCEPTED


class Finding(StrEnum):
    """What reading back says of a doubtful asset."""

    CONFIRMED = "confirmed"
    ALREADY_CONFIRMED = "already_confirmed"
    REFUSED = "refused"
    NO_EFFECT = "no_effect"
    SEND_AGAIN = "send_again"
    LOOK_AGAIN = "look_again"
    IN_DOUBT = "in_doubt"


def judge_doubt(
    state: str,
    status: Status,
    *,
    code: str,
    attempts: int,
    is_last: bool,
    may_lag: bool = False,
) -> Finding:
    """Say what the state, read after the settle time, makes of a doubtful asset.

    The state is "" where it could not be read, and `may_lag` where it was read so soon that it may
    be an earlier one. `attempts` is how often the confirm call may have reached the service, 0
    where that is lost; `is_last` says that it must not be sent again.
    """
    stage = stage_of(state)
    if stage is Stage.UNKNOWN:
        return Finding.IN_DOUBT
    if stage is _GOALS[status]:
        return _reached(code=code, attempts=attempts)
    if code == _NOT_ACCEPTED:
        # "Not CREATING any more" and a state of CREATING contradict each other: states may lag.
        if stage is Stage.HANGING:
            return Finding.LOOK_AGAIN if may_lag else Finding.IN_DOUBT
        return Finding.REFUSED
    if status.is_destructive:
        return Finding.NO_EFFECT if stage is Stage.HANGING else Finding.IN_DOUBT
    return Finding.NO_EFFECT if is_last else Finding.SEND_AGAIN


def _reached(*, code: str, attempts: int) -> Finding:
    """Say whose doing it is that the asset is where it should be."""
    is_ours = attempts > 1 or (attempts == 1 and code != _NOT_ACCEPTED)
    return Finding.CONFIRMED if is_ours else Finding.ALREADY_CONFIRMED
