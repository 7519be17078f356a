"""What a journal holds: the header of its run, and entries of what became of its assets."""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import dataclass, fields
from enum import IntEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from vodnb.rules.errors import JournalError
from vodnb.rules.model import Outcome, Settlement, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Owner = dict[str, Any]
"""Who writes a journal: `host`, `pid`, `boot`, `beat` (seconds since 1970)."""

Clock = dict[str, Any]
"""By which clock its times were taken: `host`, `offset` (of the time of day, in seconds)."""

_FORMAT = 1

_NAMES = [field.name for field in fields(Settlement)]
_parts_of = attrgetter(*_NAMES)

LOST = Settlement(outcome=Outcome.IN_DOUBT, code="CLIENT.NO_ANSWER")
"""How an asset stands whose entries cannot be read: it may have been sent."""

COLUMNS = ("asset_id", "standing", "left_at", *_NAMES, "checksum")
"""The columns of an entry, in the order of `as_row` and `as_entry`."""


class Standing(IntEnum):
    """What an entry says of its asset."""

    INTENT = 1
    """It is about to leave: from here on it may have its effect."""
    BOUNCED = 2
    """It provably had no effect."""
    SETTLED = 3
    """It has its outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal."""

    asset_id: str
    standing: Standing
    settlement: Settlement
    left_at: float = 0.0
    """When it last left, in seconds since 1970; 0 if never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a journal says of its run."""

    run_id: str
    path: Path
    endpoint: str
    project_id: str
    status: Status
    source: str
    """The file that the assets came from; "" for none."""
    began_at: str
    """When it began: UTC ISO text."""
    deadline: float
    """Longest deadline that its calls were given, in seconds."""
    is_finished: bool
    """Whether every asset has its outcome."""
    owner: Owner
    """Who writes it: `host`, `pid`, `boot`, `beat`; empty where nobody does."""
    clock: Clock
    is_salvaged: bool = False
    """Whether some of what it recorded is lost."""
    only_hanging: bool = False
    """Whether only what is CREATING may be sent."""


_IN_JOURNAL = [field.name for field in fields(Header) if field.name != "path"]


def doubt_of(asset_id: str, settlement: Settlement = LOST) -> Entry:
    """Return the entry of an asset that may have left up to this moment."""
    return Entry(
        asset_id=asset_id, standing=Standing.INTENT, settlement=settlement, left_at=time.time()
    )


def as_header(path: Path, values: Mapping[str, Any]) -> Header:
    """Return the header that a journal's values make.

    Raises:
        JournalError: A newer vodnb wrote it.
        KeyError, TypeError, ValueError: They are none of ours.
    """
    if values["format"] > _FORMAT:
        raise JournalError(
            f"The journal '{path}' has format {values['format']}, and this vodnb knows {_FORMAT}.",
            "A newer vodnb wrote it.",
            "Update vodnb, or give fresh=True to begin a new run.",
        )
    # Runs that began before `only_hanging` was written down sent everything.
    told = {"only_hanging": False, **values}
    as_told = {name: told[name] for name in _IN_JOURNAL}
    return Header(
        path=path,
        **as_told
        | {
            "status": Status(told["status"]),
            "deadline": float(told["deadline"]),
            "owner": dict(told["owner"]),
            "clock": dict(told["clock"]),
        },
    )


def as_values(header: Header) -> list[tuple[str, str]]:
    """Return names and JSON texts of a header's values."""
    values = {name: getattr(header, name) for name in _IN_JOURNAL}
    return [(name, json.dumps(value)) for name, value in {**values, "format": _FORMAT}.items()]


def checksum(values: tuple[object, ...]) -> int:
    """Return a number that tells whether stored values are still what was stored.

    SQLite notices a damaged page by its structure, not a flipped bit in a text.
    """
    return zlib.crc32(repr(values).encode("utf-8", "replace"))


def check_row(row: tuple[object, ...]) -> None:
    """Raise ValueError where a row, whose last value is its checksum, is not what was stored."""
    if checksum(row[:-1]) != row[-1]:
        raise ValueError(f"a row is not what was written: {row[0]!r}")


def as_entry(row: Sequence[Any]) -> Entry:
    """Return the entry that a row makes.

    Raises:
        KeyError, TypeError, ValueError: It is none of ours.
    """
    asset_id, standing, left_at, outcome, *rest, _ = row
    told = dict(zip(_NAMES[1:], rest, strict=True))
    return Entry(
        asset_id=asset_id,
        standing=Standing(standing),
        left_at=left_at,
        settlement=Settlement(outcome=Outcome(outcome), **told),
    )


def as_row(entry: Entry) -> tuple[object, ...]:
    """Return what is stored of an entry."""
    told = map(_storable, _parts_of(entry.settlement))
    row = (entry.asset_id, int(entry.standing), entry.left_at, *told)
    return (*row, checksum(row))


def _storable(value: object) -> object:
    """Return a value that SQLite takes: JSON may bring half a surrogate pair in a message."""
    if not isinstance(value, str):
        return value
    return str(value) if value.isascii() else value.encode("utf-8", "replace").decode()
