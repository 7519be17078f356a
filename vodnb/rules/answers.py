"""What an answer means and what it allows. Pure: values in, a value out.

Decided on `error_code`, never on HTTP status, wherever there is a code: VOD sends nearly every
business error as HTTP 403, internal faults and throttling among them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from .attempt import Attempt, Timings
from .codes import as_listed, look_up
from .model import AnswerClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .operations import Operation

MAX_BODY_BYTES = 1 << 20
"""A body is cut here: no true answer comes near it, and an endless one must not fill the memory."""


class FaultKind(StrEnum):
    """What went wrong on the way, when no answer came; our codes have the same names."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    NO_ANSWER = "no_answer"
    BAD_ANSWER = "bad_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer as it came off the wire, cut at `MAX_BODY_BYTES`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    is_cut: bool = False
    elapsed_ms: int = 0
    """From the first byte sent to the last byte read."""
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """No answer: what happened instead."""

    kind: FaultKind
    detail: str = ""
    """The cause in words, redacted."""
    elapsed_ms: int = 0
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one attempt came to."""

    kind: AnswerClass
    code: str = ""
    """The service's or one of ours; empty if and only if `kind` is DONE."""
    message: str = ""
    """The service's words (not redacted here), or the cause in ours."""
    http_status: int | None = None
    """None where no answer came."""
    request_id: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    """The JSON object of a true success; empty otherwise."""
    headers: Mapping[str, str] = field(default_factory=dict)
    elapsed_ms: int = 0
    attempt: Attempt | None = None
    """The sending that came to this, redacted; kept of what is no success."""


def read_answer(operation: Operation, got: Reply | Fault, *, sent: Mapping[str, object]) -> Answer:
    """Say what an attempt came to; what is echoed is compared with what was sent."""
    if isinstance(got, Fault):
        code = f"CLIENT.{got.kind.name}"
        kind = look_up(code).answer
        return Answer(kind=kind, code=code, message=got.detail, elapsed_ms=got.elapsed_ms)
    found = None if got.is_cut else _parse(got.body)
    code, message = _service_error(found)
    if code:
        return _refused(got, code, message, found)
    if got.status != operation.success:
        return _refused(got, _code_for_status(got.status, found), message or _glimpse(got), found)
    if (
        not isinstance(found, dict)
        or operation.answers_with not in found
        or _tells_error(got, found)
    ):
        return _refused(got, "CLIENT.BAD_ANSWER", _glimpse(got), found)
    if operation.echoes and found[operation.echoes] != sent.get(operation.echoes):
        told = f"asked for {sent.get(operation.echoes)}, answered for {found[operation.echoes]!r}"
        return _refused(got, "CLIENT.MISMATCH", told, found)
    return Answer(
        kind=AnswerClass.DONE,
        http_status=got.status,
        request_id=_request_id(got, found),
        data=found,
        headers=got.headers,
        elapsed_ms=got.elapsed_ms,
    )


def _refused(reply: Reply, code: str, message: str, found: object) -> Answer:
    return Answer(
        kind=look_up(code, reply.status).answer,
        code=code,
        message=message,
        http_status=reply.status,
        request_id=_request_id(reply, found),
        headers=reply.headers,
        elapsed_ms=reply.elapsed_ms,
    )


_STATUS_CODES: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "CLIENT.SIGN_IN",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "CLIENT.PROXY",
    HTTPStatus.TOO_MANY_REQUESTS: "CLIENT.THROTTLED",
}


def _code_for_status(status: int, found: object) -> str:
    """Return our own code for an answer that brings none of the service's."""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return "CLIENT.REDIRECT"
    other = "CLIENT.NO_CODE" if isinstance(found, dict) else "CLIENT.BAD_ANSWER"
    return _STATUS_CODES.get(status, other)


def _parse(body: bytes) -> object:
    """Return the JSON of a body, or None where it is not strict JSON."""
    try:
        return json.loads(body, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        # A body of 100,000 brackets raises RecursionError, which is no ValueError.
        return None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_SHAPES = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"))
_BLANK = (None, "")


def _service_error(found: object) -> tuple[str, str]:
    """Return the service's code and message in a body, in any shape that has been seen.

    A code without a dot, such as IAM's `401`, only repeats the HTTP status and counts as none; the
    words beside it are kept.
    """
    words = ""
    # A loop: since Python 3.12 the parser goes deeper than calls of Python's own may.
    while isinstance(found, dict):
        for code_key, message_key in _SHAPES:
            code, message = found.get(code_key), found.get(message_key)
            told = message if isinstance(message, str) and code_key in found else ""
            if _is_code(code):
                return str(code), told
            words = words or told
        found = found.get("error")
    return "", words


def _is_code(code: object) -> bool:
    """Whether it may be a code of the service's; ours, which say what has left, are not."""
    return isinstance(code, str) and "." in code and not as_listed(code).startswith("CLIENT.")


def _tells_error(reply: Reply, found: Mapping[str, object]) -> bool:
    """Whether a body that should be a success tells of an error, in whatever words."""
    told = [found.get(name) for name in ("error_code", "errorCode", "error")]
    repeated = (*_BLANK, reply.status, str(reply.status))
    return any(each not in _BLANK for each in told) or found.get("code") not in repeated


def _request_id(reply: Reply, found: object) -> str:
    told = reply.headers.get("x-request-id", "")
    if not told and isinstance(found, dict) and isinstance(found.get("request_id"), str):
        return str(found["request_id"])
    return told


_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_GLIMPSE_CHARS = 160


def _glimpse(reply: Reply) -> str:
    """Return one line that shows what kind of thing answered."""
    head = reply.body[:4096].decode("utf-8", errors="replace")
    words = " ".join(_TAGS.sub(" ", head).split())[:_GLIMPSE_CHARS]
    sort = reply.headers.get("content-type", "no content type")
    return f"HTTP {reply.status}, {sort}: {words or 'empty body'}"
