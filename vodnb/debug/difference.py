"""What differs between two exchanges, part by part; what differs each time is left out. Pure."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from vodnb.rules.words.markup import Displayable, Markup, element, table
from vodnb.rules.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vodnb.rules.model import Lang

    from .recorded import RecordedCall

_VOLATILE = frozenset({"authorization", "content-length", "date", "x-request-id", "x-sdk-date"})
_SHOWN_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Difference(Displayable):
    """What differs between two exchanges.

    Attributes:
        rows: Part, the one's value and the other's; "" where it has none.
        lang: The language it speaks.
    """

    rows: tuple[tuple[str, str, str], ...]
    lang: Lang = "en"

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        lines = [self._headline()]
        for part, left, right in self.rows:
            lines += [f"  {part}", f"    - {_cut(left)}", f"    + {_cut(right)}"]
        return "\n".join([*lines, say("difference.left out", self.lang)])

    def _as_html(self) -> Markup:
        return self.as_html()

    def as_html(self) -> Markup:
        """Return it as a table.

        Example:
            >>> exchange.diff(exchange.replay()).as_html()
        """
        lang = self.lang
        small = element("div", say("difference.left out", lang), style="opacity:.75;font-size:12px")
        if not self.rows:
            return element("div", self._headline(), small)
        header = [say(f"difference.{key}", lang) for key in ("part", "left", "right")]
        rows = [(part, _cut(left), _cut(right)) for part, left, right in self.rows]
        return element("div", table(header, rows, caption=self._headline()), small)

    def _headline(self) -> str:
        if not self.rows:
            return say("difference.none", self.lang)
        return say("difference.count", self.lang, count=len(self.rows))


def differences(one: RecordedCall, other: RecordedCall) -> Difference:
    """Return what differs between two exchanges."""
    left, right = dict(_parts(one)), dict(_parts(other))
    names = dict.fromkeys([*left, *right])
    rows = (
        (name, left.get(name, ""), right.get(name, ""))
        for name in names
        if left.get(name) != right.get(name)
    )
    return Difference(rows=tuple(rows), lang=one.lang)


def _parts(exchange: RecordedCall) -> Iterator[tuple[str, str]]:
    last, url = exchange.last, urlsplit(exchange.last.url)
    yield "operation", exchange.operation
    yield "method", last.method
    yield "host", f"{url.scheme}://{url.netloc}"
    yield "path", url.path
    query = parse_qs(url.query, keep_blank_values=True)
    yield from ((f"query {name}", ", ".join(values)) for name, values in query.items())
    yield from _headers("header", last.request_headers)
    yield from _leaves("body", last.request_body)
    yield "attempts", str(len(exchange.attempts) if exchange.is_sent else 0)
    yield "HTTP status", str(last.http_status or "")
    yield "code", last.code
    yield from _headers("answer header", last.headers)
    yield from _leaves("answer", last.body)


def _headers(kind: str, headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        if name.lower() not in _VOLATILE:
            yield f"{kind} {name.lower()}", value


def _leaves(kind: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield the leaves of a JSON text by their path; the text itself where it is no JSON."""
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        yield kind, text
        return
    waiting = deque([(kind, found)])
    while waiting:
        path, value = waiting.popleft()
        if isinstance(value, dict) and value:
            waiting += [(f"{path}.{name}", inner) for name, inner in value.items()]
        elif isinstance(value, list) and value:
            waiting += [(f"{path}[{at}]", inner) for at, inner in enumerate(value)]
        elif path.rpartition(".")[2] != "request_id":
            yield path, json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"
