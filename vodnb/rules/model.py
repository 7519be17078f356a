"""The words of vodnb as values: outcome, verdict, status, settlement. Pure: no I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Lang = Literal["zh", "en"]


class Status(StrEnum):
    """What a confirm call asks for. Note the spelling CANCELLED, with two L.

    Source: https://support.huaweicloud.com/api-vod/vod_04_0198.html
    """

    CREATED = "CREATED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_destructive(self) -> bool:
        """Whether this status destroys uploaded parts (so it is never repeated on doubt)."""
        return self is not Status.CREATED


class Outcome(StrEnum):
    """How a row ended: exactly one of these."""

    CONFIRMED = "confirmed"
    ALREADY_CONFIRMED = "already_confirmed"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    NOT_SENT = "not_sent"
    INVALID = "invalid"

    @property
    def is_good(self) -> bool:
        """Whether the asset is confirmed; such rows carry no error code."""
        return self in (Outcome.CONFIRMED, Outcome.ALREADY_CONFIRMED)


class Verdict(StrEnum):
    """What loading says of a row's ID cell: exactly one of these."""

    OK = "ok"
    CLEANED = "cleaned"
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    MANGLED = "mangled"
    NOT_AN_ID = "not_an_id"
    RAGGED = "ragged"

    @property
    def is_usable(self) -> bool:
        """Whether the row points at an asset that can be sent."""
        return self in (Verdict.OK, Verdict.CLEANED, Verdict.DUPLICATE)


class AnswerClass(StrEnum):
    """What came of one attempt, and so what may be done next."""

    DONE = "done"
    """A true success: right status, JSON, and the same asset ID came back."""
    PERMANENT = "permanent"
    """A definite no for this asset; the next one may well succeed."""
    REJECTED = "rejected"
    """Throttled: provably not processed; wait, slow down, send again."""
    AMBIGUOUS = "ambiguous"
    """It may have had its effect: never send again before asking for the state."""
    GLOBAL = "global"
    """Every asset would fail alike (sign-in, account, TLS, wrong host): stop."""
    NOT_SENT = "not_sent"
    """It provably never left; send again freely."""


class Needs(StrEnum):
    """Who or what has to act before the row is settled."""

    NOTHING = "nothing"
    CONFIRM = "confirm"
    RETRY = "retry"
    RE_UPLOAD = "re-upload"
    FIX_THE_ID = "fix the ID"
    ADMINISTRATOR = "administrator"
    WAIT = "wait"
    LOOK = "look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How one asset ended, with everything its rows will show."""

    outcome: Outcome
    """`invalid` belongs to rows and never appears here."""
    code: str = ""
    """The service's or one of ours; empty if and only if the outcome is good."""
    message: str = ""
    """The service's own words, redacted."""
    http_status: int | None = None
    """Of the last answer, as the request ID; None where none came."""
    request_id: str = ""
    attempts: int = 0
    """How many times the confirm call was sent."""
    sent_at: str = ""
    """When it was first sent: UTC ISO text ending in Z; "" if never."""
    elapsed_ms: int | None = None
    """Of the last attempt."""
    state_before: str = ""
    """As looked up before sending, or read back after it; "" where that was not done."""
    state_after: str = ""


RESULT_COLUMNS = (
    "outcome",
    "error_code",
    "error_msg",
    "meaning",
    "next_step",
    "needs",
    "retryable",
    "http_status",
    "request_id",
    "attempts",
    "sent_at",
    "elapsed_ms",
    "state_before",
    "state_after",
    "requested_status",
    "run_id",
)
"""The columns that a run appends to the user's table, in order."""
