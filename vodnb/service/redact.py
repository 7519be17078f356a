"""Keeps secrets out of sight: `Secret` holds one, `Redactor` strikes it out. No I/O of its own."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import re
from html import escape
from itertools import takewhile
from typing import TYPE_CHECKING, Never
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MASK = "***"

_AK_CHARS = 4
"""Of an access key ID four characters may show, so that one can tell which key it is."""

_LONG_ENOUGH = 20
"""A shorter value shows no part of itself: four characters would be too much of it."""


class Secret:
    """A value that shows itself only to `reveal()`; of a key ID four characters may show."""

    __slots__ = ("_is_key_id", "_open")

    def __init__(self, value: str, *, is_key_id: bool = False) -> None:
        # In a closure: inspectors that list slots find a function, not the text.
        self._open: Callable[[], str] = lambda: value
        self._is_key_id = is_key_id

    def reveal(self) -> str:
        """Return the secret text: the only way out. Do not keep it in a local variable."""
        return self._open()

    def masked(self) -> str:
        """Return what may be shown: `***`, or `AKEX***` for an access key ID."""
        shows = self._is_key_id and len(self._open()) >= _LONG_ENOUGH
        return f"{self._open()[:_AK_CHARS] if shows else ''}{MASK}"

    def __repr__(self) -> str:
        return f"Secret({self.masked()})"

    def __str__(self) -> str:
        return self.masked()

    def __format__(self, spec: str) -> str:
        return self.masked()

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        return {"text/plain": repr(self)}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self.reveal()), _bytes(other.reveal()))

    def __hash__(self) -> int:
        return hash((Secret, self.reveal()))

    def _refuse(self, *_: object) -> Never:
        raise TypeError("a Secret is neither copied nor pickled: pass the object itself on")

    __copy__ = __deepcopy__ = __reduce__ = __reduce_ex__ = __getstate__ = _refuse


class Redactor:
    """Strikes secrets out of text: those it knows, in any encoding, and what looks like one."""

    __slots__ = ("_clean", "_marks")

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._marks: dict[Secret, dict[Secret, str]] = {}
        self._clean: set[str] = set()
        self.add(*secrets)

    def add(self, *secrets: Secret) -> None:
        """Strike these out as well from now on."""
        marks = {head: dict(forms) for head, forms in self._marks.items()}
        for secret in secrets:
            for form in _forms(secret.reveal()):
                head = Secret(form[:_HEAD_CHARS])
                marks.setdefault(head, {})[Secret(form)] = secret.masked()
        # Longest first: a short secret within a long one must not break the long one up.
        # Replaced as a whole: another thread may be redacting right now.
        self._marks = dict(sorted(marks.items(), key=lambda mark: -max(map(_length, mark[1]))))
        self._clean = set()

    def __call__(self, text: str, *, limit: int = 2000) -> str:
        """Return the text without secrets, cut to `limit` characters (2,000: one table cell)."""
        clean = self._clean
        if not text or (text in clean and len(text) <= limit):
            return text
        struck = text
        for head, forms in self._marks.items():
            if head.reveal() in struck:
                struck = _strike(struck, head.reveal(), forms)
        struck = redact_patterns(struck)
        if struck == text and len(text) <= _SHORT and len(clean) < _MOST_CLEAN:
            clean.add(text)
        return struck if len(struck) <= limit else f"{struck[: limit - 1]}…"

    def finds(self, text: str) -> bool:
        """Return whether a text holds one of these secrets, in any encoding; patterns do not count.

        A secret of fewer than six characters is not looked for: it would be found everywhere.
        """
        heads = (head.reveal() for head in self._marks if _length(head) >= _LEAST_TO_FIND)
        return any(head in text for head in heads)

    def __repr__(self) -> str:
        return f"Redactor({sum(map(len, self._marks.values()))} forms)"


_HEAD_CHARS = 12
"""This much of a secret gives it away: servers and logs cut long values short."""

_SHORT, _MOST_CLEAN = 80, 256
"""Texts known to hold no secret: most headers of answers are the same ones again and again."""
_LEAST_TO_FIND = 6

_LEAST_CHARS = 4
"""Anything shorter is no secret, and striking it out would make holes everywhere."""

_REST = re.compile(r"(?:[\w%+/=~-]|\\[\\/nr]|&#?\w{1,8};)*")
"""What may still be of a secret that goes on in a spelling we do not know."""


def _strike(text: str, head: str, forms: Mapping[Secret, str]) -> str:
    """Replace secrets that begin with `head`, and beginnings of them where the rest was cut off.

    All that share a head go together, for the tokens of one service begin alike.
    """
    parts: list[str] = []
    begin = 0
    while (found := text.find(head, begin)) >= 0:
        same, is_whole, mask = max(
            (same := _shared(form.reveal(), text[found : found + _length(form)]),
             same == _length(form), mask)
            for form, mask in forms.items()
        )  # fmt: skip
        parts += (text[begin:found], mask)
        begin = found + same
        if not is_whole and (rest := _REST.match(text, begin)):
            begin = rest.end()
    return "".join((*parts, text[begin:]))


def _length(form: Secret) -> int:
    return len(form.reveal())


def _shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


_PERCENT = re.compile("%[0-9A-F]{2}")


def _forms(value: str) -> set[str]:
    """Return the ways in which a value may be written; none for one too short to hide."""
    if len(value) < _LEAST_CHARS:
        return set()
    raw = _bytes(value)
    quoted = {quote(value, safe=""), quote(value), quote_plus(value)}
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    plain = {
        value,
        *quoted,
        *(_PERCENT.sub(lambda found: found[0].lower(), form) for form in quoted),
        *escaped,
        *(form.replace("/", "\\/") for form in escaped),
        value.replace('"', '""'),  # CSV
        escape(value),
        escape(value).replace("&#x27;", "&#39;"),
        raw.hex(),
        raw.hex().upper(),
    }
    return plain | {form for form in _base64_forms(raw) if len(form) >= _HEAD_CHARS}


def _base64_forms(raw: bytes) -> set[str]:
    """Return what base64 makes of the bytes at each of the three places they may begin."""
    forms = set()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        # The first and last characters also depend on the neighbours.
        core = text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms


_VALUE = r"[^\s\"',;&|<>()\\]+"
_PATTERNS = (
    (re.compile(r"(?i)\b(Access=\w{0,4})" + _VALUE), rf"\1{MASK}"),
    (re.compile(r"(?i)\b((?:Signature|AWSAccessKeyId)(?:=|%3D))" + _VALUE), rf"\1{MASK}"),
    (
        re.compile(
            r"(?i)\b((?:x-subject-token|x-auth-token|x-security-token|x-user-token)"
            r"[\"']?\s*[:=,]\s*b?[\"']?)" + _VALUE
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)\b((?:Bearer|Basic)\s+)[\w+/=.~-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"\bMII[\w+/=%-]{20,}"), MASK),
    (re.compile(r"(?i)(\"(?:password|secret|sk|securitytoken)\"\s*:\s*\")[^\"]+"), rf"\1{MASK}"),
    (re.compile(r"(://)[^/\s@\"'<>]+@"), rf"\1{MASK}@"),
)


def redact_patterns(text: str) -> str:
    """Return the text without what looks like a secret, whether or not it is one of ours."""
    for pattern, mask in _PATTERNS:
        text = pattern.sub(mask, text)
    return text


_LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "proxy", "socks")))


class _QuietFilter(logging.Filter):
    """Takes secrets out of a record before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if "response_headers" in text:
            # At DEBUG httpcore logs the headers of answers: IAM's brings the token.
            text = text.partition(" return_value=")[0]
        record.msg, record.args = redact_patterns(text), ()
        return True


def quiet_http_logs() -> None:
    """Keep tokens and signatures out of the logs of httpx and httpcore, at every level.

    A filter works only on the very logger it hangs on, so each of them gets one.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, _QuietFilter) for known in logger.filters):
            logger.addFilter(_QuietFilter())


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")
