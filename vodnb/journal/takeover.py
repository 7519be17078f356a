"""Enters a run in the registry, and takes over what earlier ones may have sent of its assets."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules import lifecycle
from vodnb.rules.errors import JournalError
from vodnb.rules.model import Outcome, Settlement

from . import entries, owner
from .entries import LOST, Header, Standing, doubt_of
from .journal import Journal, read_header
from .registry import Claim, Left, Registration, enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .opening import OpenRun

    Doubt = tuple[Settlement, float]


def enter_first(
    header: Header, assets: Sequence[str], *, has_journal: bool, warn: Callable[[str], None]
) -> Registration | None:
    """Enter a run in the registry before its first request; None where there can be none.

    Raises:
        JournalError: Somebody is at work on some of the assets; or there is no registry, and the
            run destroys.
    """
    claim = Claim(
        endpoint=header.endpoint,
        project_id=header.project_id,
        status=str(header.status),
        run_id=header.run_id,
        has_journal=has_journal,
    )
    try:
        return enter(claim, assets)
    except OSError as cause:
        _go_without(header, cause, warn)
        return None


def take_over(
    opened: OpenRun, entry: Registration, *, looks_first: bool, warn: Callable[[str], None]
) -> OpenRun:
    """Return a run with what earlier ones may have sent of its assets; it may begin to send.

    Its journal has them too. `warn` hears that there is no registry.

    Raises:
        JournalError: Its journal cannot be written; or there is no registry, and the run destroys.
    """
    taken: dict[str, Doubt] = {}
    deadline = opened.header.deadline
    for left in entry.left:
        if opened.journal and left.journal == str(opened.journal.path.resolve()):
            continue
        deadline = max(deadline, left.deadline)
        for asset_id, doubt in _doubts_of(left, opened.header, looks_first=looks_first).items():
            if asset_id in opened.settled:
                entry.spare([asset_id])
            else:
                ours = opened.doubtful.get(asset_id) or taken.get(asset_id)
                taken[asset_id] = (ours[0], min(ours[1], doubt[1])) if ours else doubt
    if taken and opened.journal:
        opened.journal.note(deadline=deadline)
        opened.journal.add((), _entries(taken))
    journal = opened.journal.path if opened.journal else None
    try:
        entry.begin(run_id=opened.header.run_id, journal=journal, deadline=deadline)
    except OSError as cause:
        _go_without(opened.header, cause, warn)
    return replace(
        opened,
        doubtful=opened.doubtful | taken,
        header=replace(opened.header, deadline=deadline),
        entry=entry,
    )


def _go_without(header: Header, cause: OSError, warn: Callable[[str], None]) -> None:
    if header.status.is_destructive:
        raise JournalError(
            f"The registry of runs under way in your home folder cannot be had: {cause}.",
            "What destroys is sent only where no other process can be at work on it.",
            "Make ~/.vodnb writable for you alone, then run the same cell again.",
        ) from None
    warn("CLIENT.NO_REGISTRY")


def _doubts_of(left: Left, header: Header, *, looks_first: bool) -> dict[str, Doubt]:
    """Return what an earlier run may have sent: all of it, where no journal tells."""
    told = None
    with suppress(JournalError):
        told = _told_by_journal(left, header, looks_first=looks_first)
    return dict.fromkeys(left.assets, (LOST, left.age)) if told is None else told


def _told_by_journal(left: Left, ours: Header, *, looks_first: bool) -> dict[str, Doubt] | None:
    path = Path(left.journal)
    header = read_header(path) if left.journal and path.is_file() else None
    if header is None or header.run_id != left.run_id:
        return None
    wanted = set(left.assets)
    found: dict[str, Doubt] = {}
    with closing(Journal.open(path)) as journal:
        for entry in journal.entries():
            doubt = _doubt_of(entry, header, ours, looks_first=looks_first)
            if doubt and entry.asset_id in wanted:
                found[entry.asset_id] = doubt
        if header.is_salvaged:
            # The names of some of its assets may be lost.
            lost = wanted - set(journal.assets())
            found |= dict.fromkeys(lost, (LOST, left.age))
    return found


def _doubt_of(
    entry: entries.Entry, theirs: Header, ours: Header, *, looks_first: bool
) -> Doubt | None:
    """Return how an asset stands that is to be asked about; None where it need not be.

    What has its outcome is asked about too where no look would tell: where there is none, or the
    state may lag behind.
    """
    if entry.standing is Standing.BOUNCED:
        return None
    age = owner.age(entry.left_at, clock=theirs.clock)
    is_over = age >= theirs.deadline + lifecycle.SETTLE_MARGIN
    is_certain = entry.settlement.outcome is not Outcome.IN_DOUBT
    if is_certain and (not entry.left_at or (is_over and looks_first)):
        return None
    was_before_us = is_over and not ours.status.is_destructive
    if theirs.status is not ours.status or was_before_us:
        # Not this run's doing.
        return LOST, age
    return replace(entry.settlement, outcome=LOST.outcome, code=LOST.code), age


def _entries(taken: Mapping[str, Doubt]) -> Iterator[entries.Entry]:
    for asset_id, (settlement, age) in taken.items():
        entry = doubt_of(asset_id, settlement)
        yield replace(entry, left_at=entry.left_at - age)
