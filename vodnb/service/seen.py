"""Makes the redacted record of one sending, at the one place where its parts come together.

Nothing leaves here but what may be shown: whatever keeps or prints it later needs no care.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vodnb.rules.answers import Reply
from vodnb.rules.attempt import Attempt
from vodnb.rules.operations import TOKEN

from .http import COMMON_HEADERS
from .redact import MASK

if TYPE_CHECKING:
    from vodnb.rules.answers import Answer, Fault
    from vodnb.rules.operations import Operation

    from .redact import Redactor
    from .request import Request

__all__ = ["LONG_BODY", "SHORT_BODY", "Watch", "masked_headers", "seen_attempt"]

Watch = Callable[[Attempt], None]
"""Told of each sending of a call."""

LONG_BODY = 65_536
"""Characters of a body that are kept of a call somebody looks at."""

SHORT_BODY = 4096
"""Characters of a body that are kept of a failed call in a run of many."""

_SECRET_HEADERS = frozenset(
    {"x-subject-token", "set-cookie", "x-auth-token", "x-security-token", "cookie"}
)
_HEADER_CHARS = 2000


def masked_headers(headers: Mapping[str, str], redact: Callable[[str], str]) -> dict[str, str]:
    """Return the headers of an answer as they may be shown."""
    secret = {*_SECRET_HEADERS, "authorization"}
    return {
        name: MASK if name.lower() in secret else redact(value) for name, value in headers.items()
    }


def seen_attempt(
    operation: Operation,
    request: Request,
    headers: Mapping[str, str],
    got: Reply | Fault,
    *,
    answer: Answer,
    sent_at: float,
    redact: Redactor,
    most: int,
) -> Attempt:
    """Return the record of one sending.

    Args:
        operation: The call.
        request: What was sent, without its sign-in.
        headers: The headers that were sent, sign-in included.
        got: What came back.
        answer: What it came to.
        sent_at: When it was made, in seconds since 1970.
        redact: Strikes secrets out.
        most: Characters of a body that are kept.
    """
    signature = headers.get("Authorization", "").rpartition("Signature=")[2]

    def clean(text: str, limit: int = _HEADER_CHARS) -> str:
        # A gateway may echo the signature bare, where no pattern would know it.
        struck = text.replace(signature, MASK) if signature else text
        return redact(struck, limit=limit)

    reply = got if isinstance(got, Reply) else None
    body = reply.body.decode("utf-8", "replace") if reply else ""
    sent = {"Host": urlsplit(request.url).netloc, **COMMON_HEADERS, **headers}
    return Attempt(
        operation=operation.name,
        method=request.method,
        url=clean(request.url, LONG_BODY),
        # Of a signed request the names it signed are kept: they explain a refusal.
        request_headers={
            name: MASK if name.lower() in _SECRET_HEADERS else clean(value)
            for name, value in sent.items()
        },
        request_body=clean(request.body.decode("utf-8", "replace"), LONG_BODY),
        body_digest="" if operation is TOKEN else hashlib.sha256(request.body).hexdigest(),
        sent_at=f"{datetime.fromtimestamp(sent_at, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        http_status=answer.http_status,
        headers=masked_headers(reply.headers if reply else {}, clean),
        body=clean(body, most),
        is_cut=reply is not None and (reply.cut or len(body) > most),
        code=answer.code,
        message=clean(answer.message),
        request_id=clean(answer.request_id, 200),
        timings=got.timings,
    )
