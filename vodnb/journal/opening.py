"""Where journals live, which run a call goes on with, and that nobody else works on its assets."""

from __future__ import annotations

import logging
import os
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules import lifecycle
from vodnb.rules.errors import InputError, JournalError
from vodnb.rules.model import Outcome, Settlement

from . import owner
from .entries import Header, Owner, Standing, doubt_of
from .journal import Journal, read_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .registry import Registration

_logger = logging.getLogger("vodnb")

SUFFIX = ".sqlite"
"""How the file name of a journal ends; before it stands the run ID, so that names sort by time."""

_ASKED = ("endpoint", "project_id", "status")
"""What two runs have in common where the records of one say something of the other's assets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What a call asks for; it names the run that it goes on with."""

    header: Header
    """The run as it would be if it began now."""
    assets: Sequence[str]
    """The distinct asset IDs, in order."""
    is_fresh: bool
    journal: Path | None = None
    """The journal of the one run to go on with, even if it is finished; None for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run that this process writes."""

    journal: Journal | None
    """Its journal; None for a run without one."""
    header: Header
    settled: dict[str, Settlement] = field(default_factory=dict)
    doubtful: dict[str, tuple[Settlement, float]] = field(default_factory=dict)
    """Assets that may have been confirmed, with the seconds since they last left."""
    is_new: bool = False
    entry: Registration | None = None
    """Its entry in the registry of runs under way; None for none."""

    def forget(self) -> None:
        """Let go of how assets stood, once that was taken over: it takes half a kilobyte each."""
        self.settled.clear()
        self.doubtful.clear()

    def give_back(self) -> None:
        """Leave a run that could not start as it was found: of a new one no trace."""
        if self.is_new and self.journal:
            self.journal.close()
            self.journal.path.unlink(missing_ok=True)
            owner.leave(self.header.run_id)
        if self.entry:
            self.entry.withdraw()
        if not self.is_new:
            self.close(is_finished=self.header.is_finished)

    def close(self, *, is_finished: bool, left: Iterable[str] = ()) -> None:
        """Let go of the run; whoever comes next asks about what is left."""
        try:
            if self.journal:
                self.journal.note(is_finished=is_finished, owner={})
        except JournalError as fault:
            # What was done stands, and its table is handed over; the run counts as unfinished.
            _logger.warning("run %s: %s", self.header.run_id, fault)
        finally:
            if self.journal:
                self.journal.close()
            owner.leave(self.header.run_id)
            if self.entry:
                self.entry.leave(left)


def folder_for(source: str, named: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that a run's journal is meant for.

    It is the one that was named, or that of the journal that was; by default `.vodnb` beside the
    source, or here where there is no file ("").
    """
    if named is None:
        return (Path(source).parent if source else Path()) / ".vodnb"
    path = Path(named)
    return path.parent if path.suffix == SUFFIX else path


def usual_folders() -> list[Path]:
    """Return where journals are looked for: here, and where they go that cannot be written here."""
    return [folder_for(""), Path.home() / ".vodnb" / "runs"]


def choose_folder(source: str, named: str | os.PathLike[str] | None) -> tuple[Path, bool]:
    """Return the folder of a run's journal, and whether it is the first choice.

    In the home folder is the second, where the usual one cannot be written or is somebody else's.

    Raises:
        InputError: A journal was named that is not there.
        JournalError: No journal can be written there.
    """
    if named is not None and Path(named).suffix == SUFFIX and not Path(named).is_file():
        raise InputError(
            f"There is no journal '{Path(named)}'.",
            "journal= takes a folder for journals, or the journal of a run to go on with.",
            "Name the folder, or a journal that vodnb.runs() lists.",
        )
    try:
        return _make(folder_for(source, named)), True
    except JournalError:
        if named is not None:
            raise
        return _make(usual_folders()[-1]), False


def open_run(folder: Path, want: Want) -> OpenRun:
    """Go on with the newest unfinished run of the same service, project, status and assets.

    Its assets must all be wanted; what is wanted beyond them is added. Else a new run begins.
    Either takes in what other runs may have sent a moment ago.

    Raises:
        InputError: The one run to go on with is of something else.
        JournalError: A journal is damaged, or the run is being worked on elsewhere.
    """
    old = None
    if not want.is_fresh:
        old = _read_named(want.journal, want) if want.journal else _find_unfinished(folder, want)
    opened = _take_over(old, want) if old else _begin(want)
    try:
        # Only now, for of two calls in the same moment each must see the other.
        others = _find_others(folder, ours=opened.header.run_id)
        _refuse_rivals(others, want)
        return _with_doubts_of_others(others, want, opened)
    except BaseException:
        opened.give_back()
        raise


def find_headers(folder: Path) -> Iterator[Header]:
    """Return the runs of a folder, the newest first."""
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        if header := read_header(path):
            yield header


def _make(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_ours = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
    except OSError as cause:
        raise _no_folder(folder, str(cause)) from None
    if not is_ours:
        raise _no_folder(folder, "it belongs to somebody else")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _no_folder(folder, "it is read-only")
    return folder


def _no_folder(folder: Path, why: str) -> JournalError:
    return JournalError(
        f"No journal can be written in '{folder}': {why}.",
        "What cannot be recorded is not sent.",
        "Name another folder with journal=..., or journal=False to go without one.",
    )


def _find_unfinished(folder: Path, want: Want) -> Header | None:
    left = (header for header in find_headers(folder) if not header.is_finished)
    return next((header for header in left if _is_part(header, want)), None)


def _read_named(path: Path, want: Want) -> Header:
    header = read_header(path)
    if header is None:
        raise InputError(
            f"The journal '{path}' holds no run.",
            "The run was cut off before it began; nothing was sent.",
            "Name the folder, or a journal that vodnb.runs() lists.",
        )
    if not _is_part(header, want):
        raise _another_run(header, want)
    return header


def _another_run(header: Header, want: Want) -> InputError:
    means = "What it recorded says nothing about these assets."
    for name in _ASKED:
        ours, wanted = getattr(header, name), getattr(want.header, name)
        if ours != wanted:
            return InputError(
                f"The journal '{header.path}' is of another run: its {name} is {ours}, and not "
                f"{wanted}.",
                means,
                "Connect to where it belongs and ask for the same; or name a folder for a new run.",
            )
    return InputError(
        f"The journal '{header.path}' is of another run: it has assets that are not in this table.",
        means,
        "vodnb.resume(path) goes on with that run; name a folder to begin one of your own.",
    )


def _is_part(header: Header, want: Want) -> bool:
    """Whether a run asks for the same, of assets that are all wanted."""
    if not _asks_the_same(header, want):
        return False
    wanted = set(want.assets)
    with closing(Journal.open(header.path)) as journal:
        return all(asset_id in wanted for asset_id in journal.assets())


def _asks_the_same(header: Header, want: Want) -> bool:
    return all(getattr(header, name) == getattr(want.header, name) for name in _ASKED)


def _begin(want: Want) -> OpenRun:
    # Before it can be found: a call in the same moment would go on with it as one that was cut off.
    owner.take(want.header.run_id)
    try:
        journal = Journal.create(want.header, want.assets)
    except BaseException:
        owner.leave(want.header.run_id)
        raise
    return OpenRun(journal=journal, header=want.header, is_new=True)


def _take_over(old: Header, want: Want) -> OpenRun:
    if not owner.take(old.run_id):
        raise JournalError(
            f"The run {old.run_id} is being worked on in this kernel.",
            "Two writers would send assets twice.",
            "Wait for it, or stop it: vodnb.last_job().stop().",
        )
    try:
        journal = Journal.open(old.path)
        try:
            journal.claim(owner.this_process(), is_gone=_is_free)
            # Anew: since it was found, somebody may have gone on with it and let go of it.
            old = read_header(old.path) or old
            known = set(journal.assets())
            more = [asset_id for asset_id in want.assets if asset_id not in known]
            # They may be assets of a salvaged run whose names were lost.
            journal.add(more, map(doubt_of, more) if old.is_salvaged else ())
            deadline = max(old.deadline, want.header.deadline)
            clock = owner.common_clock(old.clock)
            journal.note(deadline=deadline, is_finished=False, clock=clock)
            return _sort(journal, replace(old, clock=clock))
        except BaseException:
            journal.close()
            raise
    except BaseException:
        owner.leave(old.run_id)
        raise


def _refuse_rivals(others: Iterable[Header], want: Want) -> None:
    """Refuse where somebody works on some of the assets now, in whatever run, and say who."""
    place = (want.header.endpoint, want.header.project_id)
    for header in filter(is_under_way, others):
        is_there = (header.endpoint, header.project_id) == place
        if is_there and (shared := _shared(header, want)):
            raise JournalError(
                f"The run {header.run_id} is at work on {shared} of these assets: process "
                f"{header.owner.get('pid')} on {header.owner.get('host')}.",
                "Two writers would send assets twice.",
                "Wait for it or stop it there; vodnb.runs() shows how far it is.",
            )


def _with_doubts_of_others(others: Iterable[Header], want: Want, opened: OpenRun) -> OpenRun:
    """Return the run with what another one may have sent a moment ago, when it was cut off.

    Those calls may still have their effect: their assets are asked for after the settle time, as
    our own are. What left before that time is looked up like any other.
    """
    doubtful, deadline = dict(opened.doubtful), opened.header.deadline
    for header in others:
        # One at work has none of our assets, and would have to wait for its reader.
        if is_under_way(header) or not _asks_the_same(header, want):
            continue
        young = _young_doubts(header)
        wanted = set(want.assets) - set(opened.settled) if young else ()
        for asset_id, (settlement, age) in young.items():
            if asset_id in wanted:
                ours = doubtful.get(asset_id, (settlement, age))
                doubtful[asset_id] = (ours[0], min(age, ours[1]))
                deadline = max(deadline, header.deadline)
    return replace(opened, doubtful=doubtful, header=replace(opened.header, deadline=deadline))


def _young_doubts(header: Header) -> dict[str, tuple[Settlement, float]]:
    """Return what a run has left in doubt whose settle time is not over."""
    settle = header.deadline + lifecycle.SETTLE_MARGIN
    with suppress(JournalError), closing(Journal(header.path)) as journal:
        if owner.age(journal.last_left(), clock=header.clock) < settle:
            found = _sort(journal, header).doubtful
            return {one: doubt for one, doubt in found.items() if doubt[1] < settle}
    return {}


def _find_others(folder: Path, *, ours: str) -> list[Header]:
    """Return the other runs that are not finished; a damaged journal is nobody's."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(JournalError):
            header = read_header(path)
            if header and not header.is_finished and header.run_id != ours:
                found.append(header)
    return found


def _shared(header: Header, want: Want) -> int:
    wanted = set(want.assets)
    with closing(Journal(header.path)) as journal:
        return sum(asset_id in wanted for asset_id in journal.assets())


def is_under_way(header: Header) -> bool:
    """Whether somebody works on a run now: this process, or another that is alive."""
    is_held = bool(header.owner) and not _is_free(header.owner)
    return not header.is_finished and (owner.is_taken(header.run_id) or is_held)


def _is_free(present: Owner) -> bool:
    """Whether a run that we have taken may be written: a full disk may have kept our old claim."""
    return owner.is_this_process(present) or owner.is_gone(present)


def _sort(journal: Journal, header: Header) -> OpenRun:
    """Part what has its outcome from what is in doubt; what bounced is as if never touched."""
    settled: dict[str, Settlement] = {}
    doubtful: dict[str, tuple[Settlement, float]] = {}
    for entry in journal.entries():
        if entry.standing is Standing.BOUNCED:
            continue
        if entry.settlement.outcome is Outcome.IN_DOUBT:
            age = owner.age(entry.left_at, clock=header.clock)
            doubtful[entry.asset_id] = (entry.settlement, age)
        else:
            settled[entry.asset_id] = entry.settlement
    return OpenRun(journal=journal, header=header, settled=settled, doubtful=doubtful)
