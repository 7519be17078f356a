"""Exchanges as JSON files: written whole or not at all, and checked when they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vodnb.rules.attempt import Attempt
from vodnb.rules.errors import InputError
from vodnb.rules.operations import OPERATIONS
from vodnb.rules.words.wording import say
from vodnb.tables.formats.files import replacing

if TYPE_CHECKING:
    import os

    from .recorded import RecordedCall

_KIND = "vodnb exchange"
_FORMAT = 1
_PLACE = ("endpoint", "iam_endpoint", "region", "project_id", "signed_with", "proxy")
_WAYS = {"token", "key", "temporary key", "user"}
_MOST_BYTES = 16 << 20


def as_text(exchange: RecordedCall) -> str:
    """Return the text of an exchange's file; it names no file of this machine."""
    told = {
        "kind": _KIND,
        "format": _FORMAT,
        "operation": exchange.operation,
        "is_sent": exchange.is_sent,
        "lang": exchange.lang,
        "place": {name: getattr(exchange.place, name) for name in _PLACE},
        "notes": [[key, dict(values)] for key, values in exchange.notes],
        "attempts": [attempt.as_json() for attempt in exchange.attempts],
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def from_text(text: str, source: str) -> dict[str, Any]:
    """Return the parts of the exchange that a text holds; `source` is its name in an error.

    Raises:
        InputError: It is no exchange, or a newer vodnb wrote it.
    """
    try:
        return _parts(json.loads(text), source)
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        raise InputError(
            f"'{source}' is no saved exchange: {type(cause).__name__}: {cause}.",
            do="Give a file that exchange.save(path) wrote.",
        ) from None


def _parts(told: dict[str, Any], source: str) -> dict[str, Any]:
    if told["kind"] != _KIND:
        raise ValueError("it is of another kind")
    if told["format"] > _FORMAT:
        raise InputError(
            f"The exchange '{source}' has format {told['format']}, and this vodnb knows {_FORMAT}.",
            "A newer vodnb wrote it.",
            "Update vodnb.",
        )
    place = {name: told["place"][name] for name in _PLACE}
    attempts = tuple(map(Attempt.from_json, told["attempts"]))
    names = {told["operation"], *(attempt.operation for attempt in attempts)}
    if not all(isinstance(value, str) for value in place.values()):
        raise TypeError("a part of its place is no text")
    if place["signed_with"] not in _WAYS or told["lang"] not in {"zh", "en"}:
        raise ValueError("it was signed or speaks in a way that is not known")
    if len(names) != 1 or not names <= OPERATIONS.keys() or not attempts:
        raise ValueError("it is of no call that is known")
    notes = tuple((key, dict(values)) for key, values in told["notes"])
    for key, values in notes:
        say(f"note.{key}", told["lang"], **values)
    same = {"operation": told["operation"], "is_sent": bool(told["is_sent"]), "lang": told["lang"]}
    return {**same, "place": place, "notes": notes, "attempts": attempts}


def read_text(path: str | os.PathLike[str]) -> str:
    """Return the text of a file.

    Raises:
        InputError: It cannot be read as text, or is far too big to be an exchange.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        text = file.read_text("utf-8") if size <= _MOST_BYTES else ""
    except (OSError, ValueError) as cause:
        raise InputError(
            f"The exchange '{file}' cannot be read: {cause}.",
            do="Give a file that exchange.save(path) wrote.",
        ) from None
    if size > _MOST_BYTES:
        raise InputError(
            f"'{file}' has {size:,} bytes; no saved exchange comes near {_MOST_BYTES:,}.",
            do="Give a file that exchange.save(path) wrote.",
        )
    return text


def write_text(path: str | os.PathLike[str], text: str, *, overwrite: bool) -> Path:
    """Write a file as a whole; return its path.

    Raises:
        InputError: It is there already and `overwrite` is False, or it cannot be written.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise InputError(
            f"'{target}' exists already.",
            "It may hold another exchange, so it is not replaced.",
            "Name another file, or give overwrite=True.",
        )
    try:
        with replacing(target, mode=0o600) as stream:
            stream.write(text.encode(errors="replace"))
    except OSError as cause:
        raise InputError(
            f"The exchange cannot be written to '{target}': {cause.strerror or cause}.",
            do="Name a file in a folder that exists and that you may write to.",
        ) from None
    return target
