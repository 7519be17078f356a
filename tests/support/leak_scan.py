"""Find a secret in a text, however it was written: raw, encoded, escaped, reversed, or a piece."""

from __future__ import annotations

import base64
import html
import json
import re
from collections import defaultdict
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

PIECE = 12
"""So many characters of a secret give it away."""

_STEP = 5

SHOWN = 4
"""So many of an access key ID may show."""

_PART = re.compile(r"[^\n,]*[\n,]|[^\n,]+")
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})|\\+([\"/\\bfnrt])")
_HEX = re.compile(rf"[0-9a-f]{{{PIECE},}}")
_TAG = re.compile(r"<[^<>]{0,200}>")
_UNSEEN = re.compile("[\\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@cache
def forms_of(secret: str) -> Mapping[str, str]:
    """Return the ways in which a secret could be written, by name."""
    raw = secret.encode()
    found = {
        "raw": secret,
        "url": quote(secret, safe=""),
        "hex": raw.hex(),
        "json": json.dumps(secret)[1:-1],
        "u-escapes": "".join(f"\\u{ord(letter):04x}" for letter in secret),
        "entities": "".join(f"&#{ord(letter)};" for letter in secret),
        "html": html.escape(secret),
        "utf-16": secret.encode("utf-16-le").decode("latin-1"),
        "reversed": secret[::-1],
    }
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        found[f"base64+{before}"] = text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
    return found


def readings(text: str) -> dict[str, str]:
    """Return a text as it is, and as whoever undoes its escapes, tags or breaks would read it."""
    found = {"": text}
    for name, undo in _UNDONE.items():
        plain = undo(text)
        if plain != text:
            found[name] = plain
    return found


def _unescaped(text: str) -> str:
    def letter(found: re.Match[str]) -> str:
        return chr(int(found[1], 16)) if found[1] else _LETTERS.get(found[2], found[2])

    return _ESCAPE.sub(letter, _ESCAPE.sub(letter, text))


_CLOSED_UP = "between tags"
_UNDONE = {
    "in entities": lambda text: html.unescape(html.unescape(text)) if "&" in text else text,
    "in a URL": lambda text: unquote_plus(text) if "%" in text else text,
    "in escapes": lambda text: _unescaped(text) if "\\" in text else text,
    _CLOSED_UP: lambda text: _UNSEEN.sub("", html.unescape(_TAG.sub("", text))),
}


def leaks(text: str, secrets: Mapping[str, str], signed: Container[str] = frozenset()) -> list[str]:
    """Name the secrets that a text holds, and how each is written.

    Args:
        text: The text.
        secrets: The secrets by name. Of an access key ID, whose name begins with "AK", the first
            four characters may show, and no five.
        signed: Pieces of signatures, made by `pieces_of`. Default: none.
    """
    found: dict[str, None] = {}
    read = readings(text)
    for name, secret in secrets.items():
        for form, told in forms_of(secret).items():
            if told in text:
                found[f"{name} as {form}"] = None
        for how, plain in read.items():
            wanted = _UNSEEN.sub("", secret) if how == _CLOSED_UP else secret
            if wanted in plain:
                found[f"{name} {how or 'as raw'}"] = None
            elif any(piece in plain for piece in _pieces(name, wanted)):
                found[f"a piece of {name} {how}".rstrip()] = None
    if signed:
        found |= dict.fromkeys(told for plain in read.values() for told in _signed(plain, signed))
    return list(found)


class Reader:
    """Looks through texts that grow: what stood at the same place before is not read again.

    A text is taken apart at its line ends and commas. A part is read with those on both sides of
    it, unless it came before behind the same part.
    """

    def __init__(self) -> None:
        self._known: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def unread(self, place: str, text: str) -> str:
        """Return what is new at a place, each stretch of it on a line of its own."""
        parts = _PART.findall(text)
        pairs = list(pairwise(["", *parts]))
        known = self._known[place]
        fresh = [at for at, pair in enumerate(pairs) if pair not in known]
        known.update(pairs)
        near = {at + step for at in fresh for step in (-1, 0, 1)}
        wanted = sorted(near.intersection(range(len(parts))))
        return "".join(
            parts[at] if at == before + 1 else "\n\0\n" + parts[at]
            for before, at in pairwise([-1, *wanted])
        )


def _pieces(name: str, secret: str) -> Iterator[str]:
    """Yield what cannot be missing from a text that holds `PIECE` characters of a secret."""
    if name.upper().startswith("AK"):
        size, step = SHOWN + 1, 1
    else:
        # Whatever twelve of them stand in a row, eight that begin at a multiple of five are there.
        size, step = PIECE - _STEP + 1, _STEP
    return (secret[at : at + size] for at in range(0, len(secret) - size + 1, step))


def pieces_of(signature: str) -> set[str]:
    """Return every piece of a signature, for `leaks`: there are too many to look for each."""
    return {signature[at : at + PIECE] for at in range(len(signature) - PIECE + 1)}


def _signed(plain: str, signed: Container[str]) -> Iterator[str]:
    for run in dict.fromkeys(_HEX.findall(plain)):  # an asset's ID comes again and again
        if any(run[at : at + PIECE] in signed for at in range(len(run) - PIECE + 1)):
            yield f"a piece of a signature: {run}"
