"""The journal of a run: a SQLite file that survives any crash. The only file that knows sqlite3.

Rollback journal and `synchronous=FULL`: home folders of shared notebook servers are often on NFS,
where WAL is not safe. One writer, known by its claim; readers may always open the file.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from enum import IntEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self

from vodnb.rules.errors import JournalError
from vodnb.rules.model import Outcome, Settlement, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["Entry", "Header", "Journal", "Owner", "Standing", "read_header"]

Owner = dict[str, Any]
"""Who writes a journal: `host`, `pid`, `boot`, `beat` (seconds since 1970)."""

_FORMAT = 1
_BUSY_SECONDS = 10.0
_SMALLEST_PAGE = 512

_SCHEMA = """
CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE asset (place INTEGER PRIMARY KEY, asset_id TEXT NOT NULL);
CREATE TABLE entry (
  n INTEGER PRIMARY KEY, asset_id TEXT NOT NULL, standing INTEGER NOT NULL, left_at REAL,
  outcome TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, http_status INTEGER,
  request_id TEXT NOT NULL, attempts INTEGER NOT NULL, sent_at TEXT NOT NULL, elapsed_ms INTEGER,
  state_before TEXT NOT NULL, state_after TEXT NOT NULL
);
"""
_NAMES = [field.name for field in fields(Settlement)]
_COLUMNS = ", ".join(_NAMES)
_parts_of = attrgetter(*_NAMES)
_INSERT = (
    f"INSERT INTO entry (asset_id, standing, left_at, {_COLUMNS}) "  # noqa: S608  names of ours
    f"VALUES (?, ?, ?{', ?' * len(_NAMES)})"
)


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
    """One line of the journal.

    Attributes:
        asset_id: The asset.
        standing: What this says of it.
        settlement: How it stands.
        left_at: When it last left, in seconds since 1970; 0 if never.
    """

    asset_id: str
    standing: Standing
    settlement: Settlement
    left_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a journal says of its run.

    Attributes:
        run_id: Name of the run.
        path: Where its journal is.
        endpoint: Where the service is.
        project_id: Whose assets they are.
        status: What is asked for.
        source: The file that the assets came from; "" for none.
        began_at: When it began: UTC ISO text.
        deadline: Longest deadline that its calls were given, in seconds.
        is_finished: Whether every asset has its outcome.
        owner: Who writes it: `host`, `pid`, `boot`, `beat`; empty where nobody does.
    """

    run_id: str
    path: Path
    endpoint: str
    project_id: str
    status: Status
    source: str
    began_at: str
    deadline: float
    is_finished: bool
    owner: Owner


class Journal:
    """An open journal. Every method may raise `JournalError`, and none is called at once.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._owner: Owner = {}
        with _reading(path):
            self._base = _connect(path)

    @classmethod
    def create(cls, header: Header, assets: Iterable[str]) -> Self:
        """Write a new journal, readable by its owner only.

        Args:
            header: The run.
            assets: Its distinct asset IDs, in order.

        Raises:
            JournalError: It cannot be written.
        """
        try:
            os.close(os.open(header.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as cause:
            raise _cannot("written", header.path, cause) from None
        journal = cls(header.path)
        journal._owner = header.owner
        try:
            with _writing(header.path):
                journal._base.executescript(_SCHEMA)
                with journal._base:
                    add = "INSERT INTO asset (asset_id) VALUES (?)"
                    journal._base.executemany(add, _each(assets))
                    # Last: a journal without a header was never begun, and is nobody's run.
                    journal._base.executemany("INSERT INTO run VALUES (?, ?)", _as_rows(header))
        except JournalError:
            journal.close()
            header.path.unlink(missing_ok=True)
            raise
        return journal

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a journal that exists, after checking that it is whole.

        Raises:
            JournalError: It is damaged; a copy is laid beside it.
        """
        journal = cls(path)
        try:
            with _reading(path):
                verdict = journal._base.execute("PRAGMA quick_check").fetchone()[0]
                _check_size(path)
            if verdict != "ok":
                raise _damaged(path, verdict)
        except JournalError:
            journal.close()
            raise
        return journal

    def add(self, assets: Iterable[str]) -> None:
        """Add assets to the run."""
        with self._commit():
            self._base.executemany("INSERT INTO asset (asset_id) VALUES (?)", _each(assets))

    def assets(self) -> Iterator[str]:
        """Return the asset IDs, in order."""
        with _reading(self.path):
            for (asset_id,) in self._base.execute("SELECT asset_id FROM asset ORDER BY place"):
                yield asset_id

    def entries(self) -> Iterator[Entry]:
        """Return the last entry of each asset that has one."""
        names = ", ".join(f"entry.{name}" for name in _NAMES)
        query = (
            f"SELECT entry.asset_id, entry.standing, last.left_at, {names} FROM entry JOIN "  # noqa: S608
            "(SELECT max(n) AS n, max(left_at) AS left_at FROM entry GROUP BY asset_id) AS last "
            "ON entry.n = last.n"
        )
        with _reading(self.path):
            for asset_id, standing, left_at, outcome, *rest in self._base.execute(query):
                yield Entry(
                    asset_id=asset_id,
                    standing=Standing(standing),
                    left_at=left_at or 0.0,
                    settlement=Settlement(
                        outcome=Outcome(outcome), **dict(zip(_NAMES[1:], rest, strict=True))
                    ),
                )

    def counts(self) -> tuple[int, dict[str, int]]:
        """Return how many assets there are, and how many of them by outcome."""
        query = (
            "SELECT outcome, count(*) FROM entry WHERE standing != ? AND n IN "
            "(SELECT max(n) FROM entry GROUP BY asset_id) GROUP BY outcome"
        )
        with _reading(self.path):
            (assets,) = self._base.execute("SELECT count(*) FROM asset").fetchone()
            return assets, dict(self._base.execute(query, (Standing.BOUNCED,)))

    def write(self, entries: Iterable[Entry]) -> None:
        """Append entries, all or none; they are durable when this returns."""
        with self._commit():
            self._base.executemany(_INSERT, map(_as_row, entries))

    def note(self, **values: object) -> None:
        """Set values of the header."""
        with self._commit():
            self._base.executemany(
                "INSERT OR REPLACE INTO run VALUES (?, ?)",
                [(name, json.dumps(value)) for name, value in values.items()],
            )
        if isinstance(owner := values.get("owner"), dict):
            self._owner = owner

    def claim(self, owner: Owner, *, is_gone: Callable[[Owner], bool]) -> None:
        """Become the one writer.

        Args:
            owner: Who we are.
            is_gone: Says of the present owner whether it is gone.

        Raises:
            JournalError: Somebody else writes it.
        """
        with _writing(self.path), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            present = self._present_owner()
            if present and not is_gone(present):
                raise _owned(self.path, present)
            self._base.execute(
                "UPDATE run SET value = ? WHERE name = 'owner'", (json.dumps(owner),)
            )
        self._owner = owner

    @contextmanager
    def _commit(self) -> Iterator[None]:
        """Write in one transaction, unless somebody else has taken the run over meanwhile.

        A machine that has slept while others waited for its heartbeat wakes as a second writer.
        """
        with _writing(self.path), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            present = self._present_owner()
            if {**present, "beat": 0} != {**self._owner, "beat": 0}:
                raise _owned(self.path, present)
            yield

    def _present_owner(self) -> Owner:
        with _reading(self.path):
            row = self._base.execute("SELECT value FROM run WHERE name = 'owner'").fetchone()
            return dict(json.loads(row[0]))

    def close(self) -> None:
        """Close the file."""
        self._base.close()


def read_header(path: Path) -> Header | None:
    """Return what a journal says of its run; None where it was never begun.

    Raises:
        JournalError: It cannot be read, or was written by a newer vodnb.
    """
    with _reading(path):
        with closing(_connect(path)) as base:
            values = _values(base)
        _check_size(path)
        return _as_header(path, values) if values else None


def _as_header(path: Path, values: dict[str, Any]) -> Header:
    if values["format"] > _FORMAT:
        raise JournalError(
            f"The journal '{path}' has format {values['format']}, and this vodnb knows {_FORMAT}.",
            "A newer vodnb wrote it.",
            "Update vodnb, or give fresh=True to begin a new run.",
        )
    return Header(
        run_id=values["run_id"],
        path=path,
        endpoint=values["endpoint"],
        project_id=values["project_id"],
        status=Status(values["status"]),
        source=values["source"],
        began_at=values["began_at"],
        deadline=float(values["deadline"]),
        is_finished=values["is_finished"],
        owner=dict(values["owner"]),
    )


def _connect(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
    try:
        base.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        base.close()
        raise
    return base


def _values(base: sqlite3.Connection) -> dict[str, Any]:
    (tables,) = base.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        return {}
    return {name: json.loads(value) for name, value in base.execute("SELECT * FROM run")}


def _as_rows(header: Header) -> list[tuple[str, str]]:
    values = {
        field.name: getattr(header, field.name) for field in fields(header) if field.name != "path"
    }
    return [(name, json.dumps(value)) for name, value in {**values, "format": _FORMAT}.items()]


def _each(assets: Iterable[str]) -> Iterator[tuple[str]]:
    return ((asset_id,) for asset_id in assets)


def _check_size(path: Path) -> None:
    """Refuse a torn last page: SQLite fills up what is missing with zeros."""
    if path.stat().st_size % _SMALLEST_PAGE:
        raise _damaged(path, "it is cut off")


def _as_row(entry: Entry) -> tuple[object, ...]:
    told = map(_storable, _parts_of(entry.settlement))
    return (entry.asset_id, entry.standing, entry.left_at, *told)


def _storable(value: object) -> object:
    """Return a value that SQLite takes: JSON may bring half a surrogate pair in a message."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say into a `JournalError`."""
    try:
        yield
    except (sqlite3.Error, OSError) as cause:
        raise _cannot("written", path, cause) from None


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say, and what we did not write, into a `JournalError`."""
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.ProgrammingError, OSError) as cause:
        raise _cannot("read", path, cause) from None
    except (sqlite3.Error, ValueError, KeyError, TypeError) as cause:
        raise _damaged(path, str(cause)) from None


def _cannot(verb: str, path: Path, cause: Exception) -> JournalError:
    return JournalError(
        f"The journal '{path}' cannot be {verb}: {cause}.",
        "What cannot be recorded is not sent.",
        "Free some space or name another place with journal=..., then run the same cell again.",
    )


def _damaged(path: Path, verdict: str) -> JournalError:
    copy = path.with_name(f"{path.name}.damaged")
    with suppress(OSError):
        shutil.copy2(path, copy)
    return JournalError(
        f"The journal '{path}' is damaged: {verdict}.",
        f"A copy is kept as '{copy.name}'. What it recorded cannot be trusted as a whole.",
        "Move the journal away and run the same cell again: every asset is looked up before "
        "anything is sent.",
    )


def _owned(path: Path, owner: Owner) -> JournalError:
    return JournalError(
        f"The run of '{path.name}' is being worked on by process {owner.get('pid')} on "
        f"{owner.get('host')}.",
        "Two writers would send assets twice.",
        "Wait for it or stop it there; vodnb.runs() shows how far it is.",
    )
