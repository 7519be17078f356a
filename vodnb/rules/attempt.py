"""One sending of a request and what came back, as it may be shown: redacted. Pure.

It is made where the bytes leave, and kept by whoever explains a call: a journal, a history, a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long the parts of one sending took, in milliseconds; None for what did not happen."""

    connect_ms: float | None = None
    """To look the host up and connect; None on a connection that stood already."""
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    """From the start, as `total_ms`, which ends with the last byte or with the failure."""
    total_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sending; every text in it was redacted when it was made."""

    operation: str
    method: str
    url: str
    request_headers: Mapping[str, str] = field(default_factory=dict)
    """Secrets masked, as in those of the answer."""
    request_body: str = ""
    body_digest: str = ""
    """SHA-256 of the bytes of that body in hex; "" where it held a secret."""
    sent_at: str = ""
    """By this machine's clock: UTC ISO text ending in Z."""
    http_status: int | None = None
    """None where no answer came."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the answer, names in lower case."""
    body: str = ""
    is_cut: bool = False
    """Whether more of the body came than is kept."""
    code: str = ""
    """The service's or one of ours; "" for a success."""
    message: str = ""
    """The service's words, or what happened instead of an answer."""
    request_id: str = ""
    timings: Timings = field(default_factory=Timings)

    def as_json(self) -> dict[str, object]:
        """Return it as JSON takes it; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: object) -> Attempt:
        """Return what `as_json` gave.

        Raises:
            KeyError, TypeError, ValueError: It is none of ours.
        """
        if not isinstance(told, Mapping):
            raise TypeError(f"an attempt is a JSON object, not {type(told).__name__}")
        made = cls(**{**told, "timings": Timings(**told["timings"])})
        numbers = (made.timings.connect_ms, made.timings.tls_ms, made.timings.first_byte_ms)
        if not all(_is_number(one) for one in (*numbers, made.timings.total_ms, made.http_status)):
            raise TypeError("a time or status is no number")
        texts = (made.operation, made.method, made.url, made.request_body, made.body_digest,
                 made.sent_at, made.body, made.code, made.message, made.request_id,
                 *_flat(made.request_headers), *_flat(made.headers))  # fmt: skip
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("a part of it is no text")
        return made


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _flat(headers: object) -> list[object]:
    if not isinstance(headers, Mapping):
        raise TypeError("headers are a JSON object")
    return [*headers, *headers.values()]
