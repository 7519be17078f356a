"""Which runs there are, and how far each has come: for people, and for going on by name."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError, JournalError

from .journal import Journal, read_header
from .opening import SUFFIX, is_under_way, usual_folders

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from vodnb.rules.attempt import Attempt

    from .entries import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """How a run stands, for people."""

    run_id: str
    state: str
    """`finished`, `unfinished`, `under way` or `damaged`."""
    path: Path
    header: Header | None = None
    """What it is; None where it is damaged."""
    assets: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Its assets by outcome; those not listed have none yet."""


def list_runs(folders: Sequence[Path]) -> list[RunInfo]:
    """Return every run of these folders, the newest first; a damaged one is listed as such."""
    paths = [path for folder in folders for path in folder.glob(f"*{SUFFIX}")]
    found = [_find(path) for path in sorted(paths, key=lambda path: path.name)]
    return [run for run in reversed(found) if run]


def find_journal(named: str | os.PathLike[str]) -> Path | None:
    """Return the journal of a run, named by its ID or by the journal's path; None for none."""
    path = Path(named)
    return path if path.suffix == SUFFIX and path.is_file() else journal_of(str(named))


def journal_of(run_id: str, folders: Iterable[Path] | None = None) -> Path | None:
    """Return the journal of a run; None where it is in none of the folders, or the usual ones."""
    # A run ID comes from a table, and a table from anywhere: it is a name, never a path.
    name = f"{run_id}{SUFFIX}"
    paths = [folder / name for folder in folders or usual_folders()]
    return next((path for path in paths if path.name == name and path.is_file()), None)


def find_run(named: str | os.PathLike[str] | None) -> tuple[Header, list[str]]:
    """Return a run to go on with, the newest unfinished one where none is named, and its assets.

    Raises:
        InputError: There is no such run, or nothing is unfinished.
        JournalError: Its journal is damaged.
    """
    if not named:
        known = list_runs(usual_folders())
        path = next((run.path for run in known if run.state == "unfinished"), None)
    else:
        path = Path(named) if Path(named).is_file() else journal_of(str(named))
    header = read_header(path) if path else None
    if header is None:
        raise _no_such_run(named)
    with closing(Journal.open(header.path)) as journal:
        return header, list(journal.assets())


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAttempt:
    """What a journal tells of one sending."""

    attempt: Attempt | None = None
    """The failed sending; None where it was not kept."""
    is_found: bool = False
    is_full: bool = False
    """Whether it keeps no further sendings."""


def find_attempt(run_id: str, asset_id: str, folders: Iterable[Path]) -> KeptAttempt:
    """Return what the journal of a run keeps of an asset's failed sending."""
    path = journal_of(run_id, folders)
    if path is None:
        return KeptAttempt()
    with closing(Journal(path)) as journal:
        attempt = journal.attempt(asset_id)
        return KeptAttempt(attempt=attempt, is_found=True, is_full=journal.is_full)


def _no_such_run(named: object) -> InputError:
    if named is None:
        return InputError(
            "No run is unfinished here.",
            "It is looked for in .vodnb in the current folder, and in ~/.vodnb/runs.",
            "Give the path of its journal; vodnb.runs(folder) lists what another folder holds.",
        )
    listed = ", ".join(run.run_id for run in list_runs(usual_folders())[:5]) or "none"
    return InputError(
        f"There is no run '{named}'.",
        f"The newest runs here: {listed}.",
        "Give a run ID that vodnb.runs() lists, or the path of a journal.",
    )


def _find(path: Path) -> RunInfo | None:
    run_id = path.name.removesuffix(SUFFIX)
    try:
        header = read_header(path)
        if header is None:
            return None
        with closing(Journal.open(path)) as journal:
            assets, outcomes = journal.counts()
    except JournalError:
        return RunInfo(run_id=run_id, state="damaged", path=path)
    is_held = is_under_way(header)
    state = "finished" if header.is_finished else "under way" if is_held else "unfinished"
    return RunInfo(
        run_id=run_id, state=state, path=path, header=header, assets=assets, outcomes=outcomes
    )
