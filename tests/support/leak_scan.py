"""Find a secret in a text, however it was written: raw, encoded, escaped, reversed, or a piece."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

PIECE = 12


def forms_of(secret: str) -> dict[str, str]:
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


def leaks(text: str, secrets: dict[str, str]) -> list[str]:
    """Name the secrets that a text holds, and how each is written."""
    found = []
    for name, secret in secrets.items():
        found += [f"{name} as {form}" for form, told in forms_of(secret).items() if told in text]
        pieces = {secret[at : at + PIECE] for at in range(len(secret) - PIECE + 1)}
        if any(piece in text for piece in pieces):
            found.append(f"a piece of {name}")
    return found
