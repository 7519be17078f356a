"""What the gateway signed beside what we signed, and the first line where they part. Pure.

A refused signature comes with the gateway's canonical request, its lines parted by `|`.
Source: https://support.huaweicloud.com/devg-apisign/api-sign-errorcode.html (APIGW.0301).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vodnb.service.signing import canonical_request

if TYPE_CHECKING:
    from vodnb.rules.attempt import Attempt

_ECHO = re.compile(r"canonicalRequest:(.*)", re.DOTALL)
_NAMES = re.compile(r"SignedHeaders=([^,\s]+)")
_DIGEST = re.compile(r"[0-9a-f]{64}|UNSIGNED-PAYLOAD")
_PARTS = ("method", "path", "query")


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalComparison:
    """Two canonical requests, line by line.

    Attributes:
        rows: What the line is, ours, and the gateway's.
        first: Which row is the first to differ; None where none does.
    """

    rows: tuple[tuple[str, str, str], ...]
    first: int | None

    @property
    def part(self) -> str:
        """What differs first: method, path, query, a header's name, signed headers or body."""
        return "" if self.first is None else self.rows[self.first][0]

    @property
    def ours(self) -> str:
        """Our text of the line that differs first."""
        return "" if self.first is None else self.rows[self.first][1]

    @property
    def theirs(self) -> str:
        """The gateway's text of the line that differs first."""
        return "" if self.first is None else self.rows[self.first][2]


def told_by(attempt: Attempt) -> str:
    """Return all that the service said of a refusal; its message may be cut, its body is longer."""
    try:
        found = json.loads(attempt.body)
    except (ValueError, RecursionError):
        return attempt.message
    told = found.get("error_msg") if isinstance(found, dict) else None
    return told if isinstance(told, str) and len(told) > len(attempt.message) else attempt.message


def compare_canonical(attempt: Attempt) -> CanonicalComparison | None:
    """Lay the gateway's canonical request beside ours; None where it told none."""
    echo = _ECHO.search(told_by(attempt))
    signed = _NAMES.search(attempt.request_headers.get("Authorization", ""))
    if not echo or not signed:
        return None
    sent = {name.lower(): value for name, value in attempt.request_headers.items()}
    sent.setdefault("host", urlsplit(attempt.url).netloc)
    request = canonical_request(
        attempt.method,
        attempt.url,
        signed={name: sent.get(name, "") for name in signed[1].split(";")},
        body_digest=attempt.body_digest,
    )
    ours = _named(request.split("\n"))
    theirs = _named(_their_lines(echo[1].strip()))
    names = dict.fromkeys([*ours, *theirs])
    order = [*_PARTS, *sorted(name for name in names if name.startswith("header ")),
             "signed headers", "body"]  # fmt: skip
    rows = tuple((name, ours.get(name, ""), theirs.get(name, "")) for name in order)
    first = next((at for at, (_, one, other) in enumerate(rows) if one != other), None)
    return CanonicalComparison(rows=rows, first=first)


def _their_lines(echo: str) -> list[str]:
    r"""Return the lines of an echo; some gateways part them by `|`, some by a line break."""
    lines = echo.split("|") if "|" in echo else echo.split("\n")
    # Words may follow the digest.
    found = _DIGEST.match(lines[-1])
    return [*lines[:-1], found[0] if found else lines[-1]]


def _named(lines: list[str]) -> dict[str, str]:
    """Return the lines of a canonical request by what they are."""
    # An echo that was cut short has fewer lines than these five.
    method, path, query, *rest = lines if lines[2:] else [*lines, "", "", ""][:3]
    *headers, names, digest = rest if rest[1:] else [*rest, "", ""]
    found = dict(zip(_PARTS, (method, path, query), strict=True))
    for line in headers:
        name, colon, value = line.partition(":")
        if colon:
            found[f"header {name}"] = value.strip()
    return {**found, "signed headers": names, "body": digest}
