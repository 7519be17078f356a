"""Says what an answer amounts to for a person: which error, and what to do. Raises nothing itself.

An error is chosen by the catalogue's kind of the code, never by HTTP status or by words.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vodnb.rules.codes import look_up
from vodnb.rules.errors import (
    AccountError,
    BusyError,
    NoAnswerError,
    RowError,
    ServiceError,
    SetupError,
    SignInError,
    VodnbError,
)
from vodnb.rules.model import AnswerClass
from vodnb.service.transport.http import proxy_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.rules.answers import Answer
    from vodnb.service.settings.settings import Settings

_BY_KIND: Mapping[str, type[ServiceError]] = {
    "auth": SignInError,
    "permission": SignInError,
    "account": AccountError,
    "throttle": BusyError,
    "server": BusyError,
}
_BY_CODE: Mapping[str, type[ServiceError]] = {
    "CLIENT.SIGN_IN": SignInError,
    "CLIENT.THROTTLED": BusyError,
}
_NO_CONNECTION = frozenset({"CLIENT.DNS", "CLIENT.TLS", "CLIENT.CONNECT"})

_SKEW_SECONDS = 300
"""The gateway takes a signature within 15 minutes of its clock; 5 already point at the cause."""


def error_from(answer: Answer, settings: Settings, *, endpoint: str, project_id: str) -> VodnbError:
    """Return the error that an answer amounts to, which is redacted."""
    entry = look_up(answer.code, answer.http_status)
    host = urlsplit(endpoint).netloc
    means, do = entry.meaning(settings.lang), entry.next_step(settings.lang)
    if answer.code in _NO_CONNECTION:
        way = _way(do, settings, endpoint)
        return SetupError(f"{host} was not reached: {answer.message}.", means, way)
    status = f" (HTTP {answer.http_status})" if answer.http_status else ""
    what = f"{host} answered {answer.code}{status}: {answer.message or 'without a word'}"
    chosen = _BY_CODE.get(answer.code) or _BY_KIND.get(entry.kind)
    if chosen is None and entry.answer is AnswerClass.AMBIGUOUS:
        told = f"No trustworthy answer came from {host}{status}: {answer.message}"
        return NoAnswerError(told, means, do)
    if chosen is None and entry.answer is AnswerClass.GLOBAL:
        return SetupError(what, means, _way(do, settings, endpoint))
    return (chosen or RowError)(
        f"{what} [project {project_id or 'unknown'}, request {answer.request_id or 'without ID'}]",
        means,
        do,
        code=answer.code,
        http_status=answer.http_status or 0,
        request_id=answer.request_id,
    )


def _way(do: str, settings: Settings, endpoint: str) -> str:
    """Add what decides whether and how a host is reached."""
    proxy = proxy_for(endpoint) or "none"
    return (
        f"{do} [endpoint {settings.endpoint}, region {settings.region or 'not given'}, "
        f"proxy {proxy}, ca_bundle {settings.ca_bundle or 'none'}]"
    )


def clock_offset(answer: Answer, now: float) -> str:
    """Say by how much this machine's clock is off; "" if it is right, or if nobody knows."""
    try:
        server = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return ""
    offset = now - server
    if abs(offset) <= _SKEW_SECONDS:
        return ""
    which = "ahead" if offset > 0 else "behind"
    return (
        f"This machine's clock is {abs(offset) / 60:.0f} minutes {which} of the service's, and a "
        "signature holds for 15 minutes: set the clock."
    )
