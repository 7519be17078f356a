"""An exchange as text for a terminal and as HTML for a notebook. Everything shown is escaped."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

from vodnb.rules.words.markup import Markup, element
from vodnb.rules.words.wording import say

from .causes import diagnose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.rules.attempt import Timings
    from vodnb.rules.model import Lang

    from .canonical import CanonicalComparison
    from .recorded import RecordedCall

_SHOWN_CHARS = 4000
_SIDES = ("canonical.line", "canonical.ours", "canonical.theirs")
_STYLE = "margin:2px 0;white-space:pre-wrap;overflow-wrap:anywhere;max-width:72em"


def as_lines(exchange: RecordedCall) -> str:
    """Return an exchange as text."""
    lines = [_title(exchange), *_indented(_request(exchange))]
    if exchange.is_sent:
        lines += ["", *_indented(_answer(exchange))]
    lines += ["", *(f"{name}: {value}" for name, value in _facts(exchange))]
    if (found := diagnose(exchange)) and found.canonical:
        lines += ["", *_canonical_lines(found.canonical, exchange.lang)]
    return _printable("\n".join(lines))


def as_html(exchange: RecordedCall) -> Markup:
    """Return an exchange as HTML."""
    lang = exchange.lang
    pairs = [(name, _linked(name, value, exchange)) for name, value in _facts(exchange)]
    parts = [_strong(_title(exchange)), _facts_table(pairs)]
    if (found := diagnose(exchange)) and found.canonical:
        parts.append(_canonical_table(found.canonical, lang))
    shown = [(say("exchange.request", lang), _request(exchange))]
    if exchange.is_sent:
        shown.append((say("exchange.answer", lang), _answer(exchange)))
    for name, lines in shown:
        parts += [_strong(name), element("pre", "\n".join(lines), style=_STYLE)]
    return element("div", *parts, class_="vodnb-exchange", lang=lang)


def _strong(text: str) -> Markup:
    return element("div", element("strong", text))


def _timings_in_words(timings: Timings, lang: Lang) -> str:
    """Return how long the parts of a sending took, in one line."""
    known = [
        ("exchange.timings.connect", timings.connect_ms),
        ("exchange.timings.tls", timings.tls_ms),
        ("exchange.timings.first byte", timings.first_byte_ms),
        ("exchange.timings.total", timings.total_ms),
    ]
    parts = [say(key, lang, ms=ms) for key, ms in known if ms is not None]
    if timings.connect_ms is None and timings.first_byte_ms is not None:
        parts.insert(0, say("exchange.timings.reused", lang))
    return " · ".join(parts)


def _printable(text: str) -> str:
    """Return a text that cannot steer a terminal, nor turn its direction."""
    return "".join(
        char if char in "\n\t" or unicodedata.category(char)[0] != "C" else f"\\u{ord(char):04x}"
        for char in text
    )


def _title(exchange: RecordedCall) -> str:
    title = exchange.declared.title(exchange.lang)
    result = exchange.code or say("exchange.success", exchange.lang)
    if not exchange.is_sent:
        result = say("outcome.not_sent", exchange.lang)
    return f"{exchange.operation} · {title} · {result}"


def _request(exchange: RecordedCall) -> list[str]:
    last = exchange.last
    return _message(
        f"{last.method} {last.url}", last.request_headers, last.request_body, exchange.lang
    )


def _answer(exchange: RecordedCall) -> list[str]:
    last, lang = exchange.last, exchange.lang
    head = f"HTTP {last.http_status}"
    if last.http_status is None:
        head = say("exchange.no answer.why", lang, message=last.message or last.code)
    lines = _message(head, last.headers, last.body, lang)
    return [*lines, say("exchange.body.cut", lang)] if last.is_cut else lines


def _facts(exchange: RecordedCall) -> list[tuple[str, str]]:
    """Return what is to be said of an exchange, but for its request and answer."""
    lang, last, found = exchange.lang, exchange.last, diagnose(exchange)
    count = len(exchange.attempts) if exchange.is_sent else 0
    known = [
        ("label.code", exchange.code),
        ("exchange.message", exchange.message if exchange.code else ""),
        ("label.meaning", exchange.meaning),
        ("exchange.cause", found.cause if found else ""),
        ("label.do", found.do if found else ""),
        ("label.next", "" if found else exchange.next_step),
        (
            "exchange.request ID",
            say("exchange.request ID.quote", lang, id=last.request_id) if last.request_id else "",
        ),
        ("exchange.sent at", last.sent_at if exchange.is_sent else ""),
        ("exchange.timings", _timings_in_words(last.timings, lang) if exchange.is_sent else ""),
        ("label.attempts", str(count) if count else ""),
        ("exchange.signed with", say(f"way.{exchange.place.signed_with}", lang)),
        *(("exchange.note", say(f"note.{key}", lang, **values)) for key, values in exchange.notes),
        ("exchange.docs", exchange.doc_url),
        ("exchange.explorer", exchange.explorer_url),
    ]
    return [(say(key, lang), value) for key, value in known if value]


def _linked(name: str, value: str, exchange: RecordedCall) -> object:
    """Return a link for our own addresses; what a server sent never becomes one."""
    links = {say("exchange.docs", exchange.lang), say("exchange.explorer", exchange.lang)}
    if name not in links or not value.startswith("https://"):
        return value
    return element("a", value, href=value, target="_blank", rel="noopener",
                   style="text-decoration:underline")  # fmt: skip


def _facts_table(pairs: list[tuple[str, object]]) -> Markup:
    cell = "text-align:left;vertical-align:top;white-space:normal;max-width:60em"
    rows = [
        element(
            "tr",
            element("th", name, scope="row", style=f"{cell};white-space:nowrap"),
            element("td", told, style=cell),
        )
        for name, told in pairs
    ]
    return element("table", element("tbody", *rows))


def _message(head: str, headers: Mapping[str, str], body: str, lang: Lang) -> list[str]:
    """Return a request or an answer, as it goes over the wire."""
    lines = [head, *(f"{name}: {value}" for name, value in headers.items())]
    return [*lines, "", *_readable(body, lang).splitlines()] if body else lines


def _readable(body: str, lang: Lang) -> str:
    """Return a body as people read it: JSON on lines of its own, what is endless cut short."""
    try:
        told = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        told = body
    if len(told) <= _SHOWN_CHARS:
        return told
    rest = len(told) - _SHOWN_CHARS
    return f"{told[:_SHOWN_CHARS]}\n{say('exchange.body.more', lang, count=rest)}"


def _indented(message: list[str]) -> list[str]:
    """Return the lines of a message, all but its first indented."""
    head, *rest = message
    return [head, *(f"  {line}" if line else "" for line in rest)]


def _marked(comparison: CanonicalComparison, lang: Lang) -> list[tuple[str, str, str]]:
    mark = f" ← {say('canonical.first', lang)}"
    return [
        (f"{part}{mark if at == comparison.first else ''}", ours, theirs)
        for at, (part, ours, theirs) in enumerate(comparison.rows)
    ]


def _canonical_lines(comparison: CanonicalComparison, lang: Lang) -> list[str]:
    lines = [f"{say('canonical.title', lang)}:"]
    for part, ours, theirs in _marked(comparison, lang):
        if ours == theirs:
            lines.append(f"    {part}: {ours}")
        else:
            lines += [f"  ! {part}", f"      {say('canonical.ours', lang)}: {ours}"]
            lines.append(f"      {say('canonical.theirs', lang)}: {theirs}")
    return lines


def _canonical_table(comparison: CanonicalComparison, lang: Lang) -> Markup:
    cell = "text-align:left;vertical-align:top;overflow-wrap:anywhere;max-width:32em"
    titles = (element("th", say(key, lang), scope="col", style=cell) for key in _SIDES)
    rows = [element("tr", *titles)]
    for at, told in enumerate(_marked(comparison, lang)):
        tint = "background:rgba(198,40,40,.14)" if at == comparison.first else None
        rows.append(element("tr", *(element("td", text, style=cell) for text in told), style=tint))
    title = say("canonical.title", lang)
    caption = element("caption", title, style="text-align:left;font-weight:600")
    return element("table", caption, element("tbody", *rows))
