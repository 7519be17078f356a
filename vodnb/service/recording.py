"""Makes the redacted record of one sending, at the one place where its parts come together.

Nothing leaves here but what may be shown: whatever keeps or prints it later needs no care.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vodnb.rules.answers import Answer, Fault, Reply
from vodnb.rules.attempt import Attempt
from vodnb.rules.operations import TOKEN, Operation
from vodnb.rules.windows import utc_text
from vodnb.service.transport.http import COMMON_HEADERS

from .redact import MASK, Redactor

if TYPE_CHECKING:
    from .request import Request

Watch = Callable[[Attempt], None]
"""Told of each sending of a call."""

LONG_BODY = 65_536
"""Characters of a body that are kept of a call somebody looks at."""

SHORT_BODY = 4096
"""Characters of a body that are kept of a failed call in a run of many."""

_SECRET_HEADERS = frozenset(
    {"x-subject-token", "set-cookie", "x-auth-token", "x-security-token", "cookie"}
)
_SECRET_IN_ANSWERS = _SECRET_HEADERS | {"authorization"}
"""Of a request the names that were signed are kept: they explain a refusal."""
_HEADER_CHARS = 2000
_MOST_BYTES = 4
"""Of a character in UTF-8."""
_PARTED = "\x1e"
"""Parts texts that are redacted together; it is white space, so no pattern runs across it."""


def masked_headers(headers: Mapping[str, str], redact: Redactor) -> dict[str, str]:
    """Return the headers of an answer as they may be shown."""
    values = _cleaned(_hidden(headers, _SECRET_IN_ANSWERS), redact)
    return dict(zip(headers, (_cut(value) for value in values), strict=True))


def record_attempt(
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
    """Return the record of one sending, made at `sent_at` in seconds since 1970.

    Of a body so many characters are kept at most.
    """
    signature = headers.get("Authorization", "").rpartition("Signature=")[2]
    reply = got if isinstance(got, Reply) else None
    ours = {"Host": urlsplit(request.url).netloc, **COMMON_HEADERS, **headers}
    theirs = reply.headers if reply else {}
    # Looking through a body of a megabyte takes a tenth of a second, which all workers would wait
    # for. A secret that the cut goes through is known by its beginning.
    came = reply.body[: _MOST_BYTES * most] if reply else b""
    texts = (
        request.url,
        request.body.decode("utf-8", "replace"),
        came.decode("utf-8", "replace"),
        answer.message,
        answer.request_id,
        *_hidden(ours, _SECRET_HEADERS),
        *_hidden(theirs, _SECRET_IN_ANSWERS),
    )
    url, sent, body, message, request_id, *values = _cleaned(texts, redact, signature=signature)
    return Attempt(
        operation=operation.name,
        method=request.method,
        url=_cut(url, LONG_BODY),
        request_headers=dict(zip(ours, map(_cut, values), strict=False)),
        request_body=_cut(sent, LONG_BODY),
        body_digest="" if operation is TOKEN else hashlib.sha256(request.body).hexdigest(),
        sent_at=utc_text(sent_at, "milliseconds"),
        http_status=answer.http_status,
        headers=dict(zip(theirs, map(_cut, values[len(ours) :]), strict=True)),
        body=_cut(body, most),
        is_cut=reply is not None
        and (reply.is_cut or len(came) < len(reply.body) or len(body) > most),
        code=answer.code,
        message=_cut(message),
        request_id=_cut(request_id, 200),
        timings=got.timings,
    )


def _hidden(headers: Mapping[str, str], secret: frozenset[str]) -> list[str]:
    return [MASK if name.lower() in secret else value for name, value in headers.items()]


def _cleaned(texts: Sequence[str], redact: Redactor, *, signature: str = "") -> list[str]:
    """Return texts without secrets; they are looked through together, which costs a tenth.

    A gateway may echo the signature bare, where no pattern would know it: it is struck out first.
    """
    joined = _PARTED.join(text.replace(_PARTED, " ") for text in texts)
    if signature:
        joined = joined.replace(signature, MASK)
    parts = redact(joined, limit=2 * len(joined) + _HEADER_CHARS).split(_PARTED)
    if len(parts) == len(texts):
        return parts
    return [redact(text.replace(signature or _PARTED, MASK), limit=2 * len(text)) for text in texts]


def _cut(text: str, most: int = _HEADER_CHARS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
