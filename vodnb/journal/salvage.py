"""Saves from a damaged journal what can be read; whatever cannot is in doubt, and asked for.

A journal that is whole is read by `journal`; this reads around the pages that SQLite refuses.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vodnb.rules.errors import InputError, JournalError
from vodnb.rules.model import Outcome

from .entries import COLUMNS, LOST, Standing, as_entry, as_header, check_row, doubt_of
from .journal import Journal, lay_copy
from .opening import is_under_way

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .entries import Entry, Header


_SMALLEST_ROW = 8
"""Bytes: a file of so many times this holds no more rows, whatever its damaged pages say."""


def salvage(path: Path) -> None:
    """Write a damaged journal anew from what can be read of it; the damaged file is kept aside.

    Outcomes that can be read stand. Every other asset of its run is in doubt, even one without an
    entry: its entry may be what was lost.

    Raises:
        InputError: There is no such file.
        JournalError: Its header cannot be read, or somebody works on the run.
    """
    if not path.is_file():
        raise InputError(f"There is no journal '{path}'.", do="vodnb.runs() lists what there is.")
    with tempfile.TemporaryDirectory() as scratch:
        header, assets, entries = _read(path, Path(scratch))
    if is_under_way(header):
        raise JournalError(
            f"The run {header.run_id} is being worked on by process {header.owner.get('pid')} on "
            f"{header.owner.get('host')}.",
            "A journal that is written is not damaged.",
            "Wait for it or stop it there.",
        )
    lay_copy(path)
    anew = path.with_name(f"{path.name}.salvaged")
    anew.unlink(missing_ok=True)
    lost = replace(header, path=anew, is_finished=False, is_salvaged=True, owner={})
    with closing(Journal.create(lost, assets)) as journal:
        journal.write(_standing(assets, entries))
    # Else SQLite would play the old file's interrupted commit back into the new one.
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
    anew.replace(path)


def _standing(assets: Iterable[str], entries: Iterable[Entry]) -> Iterator[Entry]:
    """Return how each asset stands for sure: by its outcome, or in doubt since this moment."""
    last = {entry.asset_id: entry for entry in entries}
    for asset_id in assets:
        entry = last.get(asset_id)
        is_known = entry and entry.settlement.outcome is not Outcome.IN_DOUBT
        if entry and is_known and entry.standing is Standing.SETTLED:
            yield entry
        else:
            known = entry.settlement if entry and entry.standing is Standing.INTENT else LOST
            yield doubt_of(asset_id, known)


def _read(path: Path, scratch: Path) -> tuple[Header, list[str], list[Entry]]:
    """Return what can be read of a copy: SQLite may change what it opens."""
    copy = scratch / path.name
    shutil.copyfile(path, copy)
    with suppress(FileNotFoundError):
        shutil.copyfile(f"{path}-journal", f"{copy}-journal")
    _fill_up(copy)
    most = path.stat().st_size // _SMALLEST_ROW
    with closing(sqlite3.connect(copy)) as base:
        header = _read_header(base, path)
        rows = _rows(base, "asset", "place", ("asset_id", "checksum"), most)
        assets = dict.fromkeys(row[0] for row in rows)
        entries = [as_entry(row) for row in _rows(base, "entry", "n", COLUMNS, most)]
    assets |= dict.fromkeys(entry.asset_id for entry in entries)
    return header, list(assets), entries


def _fill_up(copy: Path) -> None:
    """Make up with zeros for what was cut off: SQLite opens no file shorter than it says."""
    with copy.open("r+b") as file:
        head = file.read(32)
        size = int.from_bytes(head[16:18]) * int.from_bytes(head[28:32])
        if copy.stat().st_size < size < 1 << 40:
            file.truncate(size)


def _read_header(base: sqlite3.Connection, path: Path) -> Header:
    try:
        rows = base.execute("SELECT name, value FROM run").fetchall()
        return as_header(path, {name: json.loads(value) for name, value in rows})
    except (sqlite3.Error, KeyError, TypeError, ValueError) as cause:
        raise JournalError(
            f"Nothing can be saved of '{path}': its header cannot be read ({cause}).",
            "Which assets of it were sent is not known.",
            "Move it away and run the same cell again with check_first=True: every asset is "
            "looked up before anything is sent.",
        ) from None


def _rows(
    base: sqlite3.Connection, table: str, key: str, columns: tuple[str, ...], most: int
) -> Iterator[tuple[Any, ...]]:
    """Return the rows that are as they were written, in order: unreadable ranges are halved."""
    query = f"SELECT {', '.join(columns)} FROM {table} WHERE {key} BETWEEN ? AND ? ORDER BY {key}"  # noqa: S608
    ranges = [(1, most)]
    while ranges:
        low, high = ranges.pop()
        try:
            found = base.execute(query, (low, high)).fetchall()
        except sqlite3.Error:
            if low < high:
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)]
            continue
        for row in found:
            with suppress(ValueError):
                check_row(row)
                yield row
