"""The journal of a run: a SQLite file that survives any crash.

Rollback journal and `synchronous=EXTRA`: home folders of shared notebook servers are often on NFS,
where WAL is not safe, and FULL lets a power cut undo the last commit: it does not sync the folder
once the rollback journal is deleted. Source: https://sqlite.org/pragma.html#pragma_synchronous
One writer, known by its claim; readers may always open the file.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from vodnb.rules.attempt import Attempt
from vodnb.rules.errors import JournalError

from .entries import COLUMNS, Standing, as_entry, as_header, as_row, as_values, check_row, checksum
from .forks import whole_at_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from .entries import Entry, Header, Owner


MOST_ATTEMPTS = 1000
"""Assets of a run whose failed sending is kept: enough to look into, few enough to stay small."""

_writes = whole_at_fork(threading.Lock())
"""Held during a transaction: a child that was forked amid one would roll it back when it ends.

Source: https://sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_
"""

_BUSY_SECONDS = 10.0
_SMALLEST_PAGE = 512

_SCHEMA = """
CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE asset (
  place INTEGER PRIMARY KEY, asset_id TEXT NOT NULL, checksum INTEGER NOT NULL
);
CREATE TABLE entry (
  n INTEGER PRIMARY KEY, asset_id TEXT NOT NULL, standing INTEGER NOT NULL, left_at REAL NOT NULL,
  outcome TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, http_status INTEGER,
  request_id TEXT NOT NULL, attempts INTEGER NOT NULL, sent_at TEXT NOT NULL, elapsed_ms INTEGER,
  state_before TEXT NOT NULL, state_after TEXT NOT NULL, checksum INTEGER NOT NULL
);
"""
_ATTEMPTS = """
CREATE TABLE IF NOT EXISTS attempt (
  asset_id TEXT PRIMARY KEY, told TEXT NOT NULL, checksum INTEGER NOT NULL
)
"""
"""Came later than the other tables: an older journal gets it when it is gone on with."""

_KEEP = "INSERT OR REPLACE INTO attempt VALUES (?, ?, ?)"
_ADD = "INSERT INTO asset (asset_id, checksum) VALUES (?, ?)"
_GROUPS = (64, 16, 4, 1)
_INSERTS = {
    size: f"INSERT INTO entry ({', '.join(COLUMNS)}) VALUES "  # noqa: S608  names of ours
    + ", ".join([f"({', '.join('?' * len(COLUMNS))})"] * size)
    for size in _GROUPS
}
"""Statements for so many entries: each execution hands the interpreter to another thread."""


class Journal:
    """An open journal. Every method may raise `JournalError`, and none is called at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._owner: Owner = {}
        self._kept: set[str] | None = None
        with _reading(path):
            self._base = _connect(path)

    @classmethod
    def create(cls, header: Header, assets: Iterable[str]) -> Self:
        """Write a new journal, readable by its owner only."""
        try:
            os.close(os.open(header.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as cause:
            raise _cannot("written", header.path, cause) from None
        journal = cls(header.path)
        journal._owner = header.owner
        try:
            with _writing(header.path), _writes:
                journal._base.executescript(_SCHEMA + _ATTEMPTS)
                with journal._base:
                    journal._base.executemany(_ADD, _each(assets))
                    # Last: a journal without a header was never begun, and is nobody's run.
                    journal._base.executemany("INSERT INTO run VALUES (?, ?)", as_values(header))
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

    def add(self, assets: Iterable[str], entries: Iterable[Entry] = ()) -> None:
        """Add assets to the run, and entries on them: all or none."""
        rows = list(map(as_row, entries))
        with self._commit():
            self._base.executemany(_ADD, _each(assets))
            self._append(rows)

    def assets(self) -> Iterator[str]:
        """Return the asset IDs, in order."""
        with _reading(self.path):
            for row in self._base.execute("SELECT asset_id, checksum FROM asset ORDER BY place"):
                check_row(row)
                yield row[0]

    def entries(self) -> Iterator[Entry]:
        """Return the last entry of each asset that has one, with the time when it last left."""
        query = f"SELECT {', '.join(COLUMNS)} FROM entry ORDER BY n"  # noqa: S608  names of ours
        left_at: dict[str, float] = {}
        last: dict[str, tuple[Any, ...]] = {}
        with _reading(self.path):
            for row in self._base.execute(query):
                check_row(row)
                last[row[0]] = row
                left_at[row[0]] = max(row[2], left_at.get(row[0], 0.0))
            for asset_id, left in left_at.items():
                # Each row is let go of as its entry is made: a run may have millions.
                yield replace(as_entry(last.pop(asset_id)), left_at=left)

    def last_left(self) -> float:
        """Return when an asset left last, in seconds since 1970; 0 for never."""
        with _reading(self.path):
            (left_at,) = self._base.execute("SELECT max(left_at) FROM entry").fetchone()
            return left_at or 0.0

    def counts(self) -> tuple[int, dict[str, int]]:
        """Return how many assets there are, and how many of them by outcome."""
        query = (
            "SELECT outcome, count(*) FROM entry WHERE standing != ? AND n IN "
            "(SELECT max(n) FROM entry GROUP BY asset_id) GROUP BY outcome"
        )
        with _reading(self.path):
            (assets,) = self._base.execute("SELECT count(*) FROM asset").fetchone()
            return assets, dict(self._base.execute(query, (Standing.BOUNCED,)))

    def write(
        self,
        entries: Iterable[Entry],
        attempts: Mapping[str, Attempt] = MappingProxyType({}),
    ) -> None:
        """Append entries, all or none; they are durable when this returns.

        Failed sendings go into the same commit, so that they cost no flush of their own; of a run's
        first `MOST_ATTEMPTS` assets they are kept.
        """
        rows = list(map(as_row, entries))
        with self._commit():
            if attempts:
                self._base.executemany(_KEEP, self._to_keep(attempts))
            self._append(rows)

    def _append(self, rows: Sequence[tuple[object, ...]]) -> None:
        done = 0
        for size in _GROUPS:
            while len(rows) - done >= size:
                values = list(chain.from_iterable(rows[done : done + size]))
                self._base.execute(_INSERTS[size], values)
                done += size

    def _to_keep(self, attempts: Mapping[str, Attempt]) -> Iterator[tuple[str, str, int]]:
        if self._kept is None:
            found = self._base.execute("SELECT asset_id FROM attempt")
            self._kept = {asset_id for (asset_id,) in found}
        for asset_id, attempt in attempts.items():
            if asset_id in self._kept or len(self._kept) < MOST_ATTEMPTS:
                self._kept.add(asset_id)
                # ASCII: a server may have sent half a surrogate pair, which SQLite does not take.
                told = json.dumps(attempt.as_json())
                yield asset_id, told, checksum((asset_id, told))

    def attempt(self, asset_id: str) -> Attempt | None:
        """Return the failed sending that is kept of an asset; None for none."""
        query = "SELECT asset_id, told, checksum FROM attempt WHERE asset_id = ?"
        with _reading(self.path):
            if not self._has_attempts():
                return None
            row = self._base.execute(query, (asset_id,)).fetchone()
            if row is None:
                return None
            check_row(row)
            return Attempt.from_json(json.loads(row[1]))

    @property
    def is_full(self) -> bool:
        """Whether no further failed sending is kept."""
        with _reading(self.path):
            if not self._has_attempts():
                return False
            (count,) = self._base.execute("SELECT count(*) FROM attempt").fetchone()
            return bool(count >= MOST_ATTEMPTS)

    def _has_attempts(self) -> bool:
        query = "SELECT count(*) FROM sqlite_master WHERE name = 'attempt'"
        return bool(self._base.execute(query).fetchone()[0])

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
        """Become the one writer, unless somebody else is."""
        with _writing(self.path), _writes, self._base:
            self._base.execute("BEGIN IMMEDIATE")
            present = self._present_owner()
            if present and not is_gone(present):
                raise _owned(self.path, present)
            self._base.execute(
                "UPDATE run SET value = ? WHERE name = 'owner'", (json.dumps(owner),)
            )
            self._base.execute(_ATTEMPTS)
        self._owner = owner

    @contextmanager
    def _commit(self) -> Iterator[None]:
        """Write in one transaction, unless somebody else has taken the run over meanwhile.

        A machine that has slept while others waited for its heartbeat wakes as a second writer.
        """
        with _writing(self.path), _writes, self._base:
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
        return as_header(path, values) if values else None


def _connect(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
    try:
        base.execute("PRAGMA synchronous=EXTRA")
    except sqlite3.Error:
        base.close()
        raise
    return base


def _values(base: sqlite3.Connection) -> dict[str, Any]:
    (tables,) = base.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        return {}
    return {name: json.loads(value) for name, value in base.execute("SELECT * FROM run")}


def _each(assets: Iterable[str]) -> Iterator[tuple[str, int]]:
    return ((asset_id, checksum((asset_id,))) for asset_id in assets)


def _check_size(path: Path) -> None:
    """Refuse a torn last page: SQLite fills up what is missing with zeros."""
    if path.stat().st_size % _SMALLEST_PAGE:
        raise _damaged(path, "it is cut off")


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
    copy = lay_copy(path)
    return JournalError(
        f"The journal '{path}' is damaged: {verdict}.",
        f"A copy is kept as '{copy.name}'. What it recorded cannot be trusted as a whole.",
        f"vodnb.salvage('{path}') saves what can be read; then run the same cell again.",
    )


def lay_copy(path: Path) -> Path:
    """Copy a damaged journal, lest what is left of it be lost; return where the copy is."""
    copy = path.with_name(f"{path.name}.damaged")
    with suppress(OSError):
        shutil.copy2(path, copy)
    return copy


def _owned(path: Path, owner: Owner) -> JournalError:
    return JournalError(
        f"The run of '{path.name}' is being worked on by process {owner.get('pid')} on "
        f"{owner.get('host')}.",
        "Two writers would send assets twice.",
        "Wait for it or stop it there; vodnb.runs() shows how far it is.",
    )
