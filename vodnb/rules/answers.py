"""What an answer means and what it allows. Pure: values in, a value out.

Decided on `error_code`, never on HTTP status, wherever there is a code: VOD sends nearly every
business error as HTTP 403, internal faults and throttling among them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import AnswerClass
    from .operations import Operation

__all__ = ["Answer", "Fault", "FaultKind", "Reply", "read_answer"]

MAX_BODY_BYTES = 1 << 20
"""A body is cut here: no true answer comes near it, and an endless one must not fill the memory."""


class FaultKind(StrEnum):
    """What went wrong on the way, when no answer came."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    NO_ANSWER = "no_answer"
    BAD_ANSWER = "bad_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer as it came off the wire, cut at `MAX_BODY_BYTES`.

    Attributes:
        status: HTTP status.
        headers: Headers, names in lower case.
        body: The body; whatever was read of it.
        cut: Whether the body was longer than the limit.
        elapsed_ms: From the first byte sent to the last byte read, in milliseconds.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """No answer: what happened instead.

    Attributes:
        kind: What went wrong.
        detail: The cause in words, redacted.
        elapsed_ms: How long it took to find out, in milliseconds.
    """

    kind: FaultKind
    detail: str = ""
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one attempt came to.

    Attributes:
        kind: What it allows next.
        code: The service's error code or one of ours; "" if and only if `kind` is DONE.
        message: The service's words (not redacted here), or the cause in ours.
        http_status: HTTP status; None where no answer came.
        request_id: The service's request ID; "" for none.
        data: The JSON object of a true success; empty otherwise.
        headers: Headers of the answer, names in lower case.
        elapsed_ms: Duration in milliseconds.
    """

    kind: AnswerClass
    code: str = ""
    message: str = ""
    http_status: int | None = None
    request_id: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    elapsed_ms: int = 0


def read_answer(operation: Operation, got: Reply | Fault, *, sent: Mapping[str, object]) -> Answer:
    """Say what an attempt came to.

    Args:
        operation: The call that was made.
        got: What came back, or what happened instead.
        sent: The fields of the request, to compare with what is echoed.
    """
    raise NotImplementedError
