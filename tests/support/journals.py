"""Journals for tests: made by hand, with what a crash would have left in them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from vodnb.journal.entries import Entry, Header, Standing
from vodnb.journal.journal import Journal
from vodnb.journal.opening import Want
from vodnb.journal.owner import this_clock, this_process
from vodnb.rules.model import Outcome, Settlement, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RUN_ID = "20260101T000000Z-abcdef"

DOUBT = Settlement(
    outcome=Outcome.IN_DOUBT,
    code="CLIENT.NO_ANSWER",
    attempts=1,
    sent_at="2026-01-01T00:00:00.000Z",
    state_before="CREATING",
)
DONE = Settlement(outcome=Outcome.CONFIRMED, http_status=200, attempts=1, elapsed_ms=12)
BACK = Settlement(outcome=Outcome.NOT_SENT, code="CLIENT.CONNECT", attempts=1)


def header_at(path: Path, **changes: Any) -> Header:
    """Return the header of a run whose journal is at `path`."""
    values: dict[str, Any] = {
        "run_id": path.name.removesuffix(".sqlite"),
        "path": path,
        "endpoint": "http://pretend",
        "project_id": "p" * 32,
        "status": Status.CREATED,
        "source": "",
        "began_at": "2026-01-01T00:00:00.000Z",
        "deadline": 30.0,
        "is_finished": False,
        "owner": {},
        "clock": this_clock(),
    }
    return Header(**{**values, **changes})


def new_journal(path: Path, assets: Sequence[str] = ("a", "b", "c"), **changes: Any) -> Journal:
    """Create a journal over these assets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Journal.create(header_at(path, **changes), assets)


def intent(asset_id: str, *, left_at: float = 1000.0) -> Entry:
    """Return the entry of an asset that is about to leave."""
    return Entry(asset_id=asset_id, standing=Standing.INTENT, settlement=DOUBT, left_at=left_at)


def settled(asset_id: str, settlement: Settlement = DONE) -> Entry:
    """Return the entry of an asset that has its outcome."""
    return Entry(asset_id=asset_id, standing=Standing.SETTLED, settlement=settlement)


def bounced(asset_id: str, settlement: Settlement = BACK) -> Entry:
    """Return the entry of an asset that provably came back."""
    return Entry(asset_id=asset_id, standing=Standing.BOUNCED, settlement=settlement)


def want(
    folder: Path,
    assets: Sequence[str],
    *,
    is_fresh: bool = False,
    run_id: str = "20270101T000000Z-ffffff",
    **changes: Any,
) -> Want:
    """Return what a call asks for that would begin a run of its own."""
    owned = {"owner": this_process(), **changes}
    header = header_at(folder / f"{run_id}.sqlite", **owned)
    return Want(header=header, assets=list(assets), is_fresh=is_fresh)


def leave_behind(
    folder: Path,
    assets: Sequence[str] = "abc",
    entries: Sequence[Entry] = (),
    run_id: str = RUN_ID,
    **changes: Any,
) -> str:
    """Leave the journal of a process that is gone."""
    with closing(new_journal(folder / f"{run_id}.sqlite", list(assets), **changes)) as journal:
        journal.write(entries)
    return run_id
