"""Which runs there are, and how far each has come: for people, and for going on by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError, JournalError

from .journal import Journal, read_header
from .opening import SUFFIX, is_under_way

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from vodnb.rules.attempt import Attempt

    from .entries import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """How a run stands, for people.

    Attributes:
        run_id: Name of the run.
        state: `finished`, `unfinished`, `under way` or `damaged`.
        path: Its journal.
        header: What it is; None where it is damaged.
        assets: How many assets it has.
        outcomes: Its assets by outcome; those not listed have none yet.
    """

    run_id: str
    state: str
    path: Path
    header: Header | None = None
    assets: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)


def usual_folders() -> list[Path]:
    """Return the folders in which journals are looked for."""
    return [Path(".vodnb"), Path.home() / ".vodnb" / "runs"]


def list_runs(folders: Sequence[Path]) -> list[RunInfo]:
    """Return every run of these folders, the newest first; a damaged one is listed as such."""
    paths = [path for folder in folders for path in folder.glob(f"*{SUFFIX}")]
    found = [_find(path) for path in sorted(paths, key=lambda path: path.name)]
    return [run for run in reversed(found) if run]


def find_run(named: str | os.PathLike[str] | None) -> tuple[Header, list[str]]:
    """Return a run to go on with, and its assets.

    Args:
        named: Its run ID, or the path of its journal; None for the newest unfinished one.

    Raises:
        InputError: There is no such run, or nothing is unfinished.
        JournalError: Its journal is damaged.
    """
    if named is not None and Path(named).is_file():
        path = Path(named)
    else:
        known = list_runs(usual_folders())
        fits = [run for run in known if run.run_id == named or (not named and _is_left(run))]
        if not fits:
            raise _no_such_run(named, [run.run_id for run in known])
        path = fits[0].path
    header = read_header(path)
    if header is None:
        raise _no_such_run(named, [])
    journal = Journal.open(path)
    try:
        return header, list(journal.assets())
    finally:
        journal.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAttempt:
    """What a journal tells of one sending.

    Attributes:
        attempt: The failed sending; None where it was not kept.
        is_found: Whether there is a journal of the run at all.
        is_full: Whether it keeps no further sendings.
    """

    attempt: Attempt | None = None
    is_found: bool = False
    is_full: bool = False


def find_attempt(run_id: str, asset_id: str, folders: Iterable[Path]) -> KeptAttempt:
    """Return what the journal of a run keeps of an asset's failed sending.

    Args:
        run_id: The run.
        asset_id: The asset.
        folders: Where its journal may be.

    Raises:
        JournalError: The journal is damaged.
    """
    # A run ID comes from a table, and a table from anywhere: it is a name, never a path.
    name = f"{run_id}{SUFFIX}"
    paths = [folder / name for folder in folders] if Path(name).name == name else []
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return KeptAttempt()
    journal = Journal(path)
    try:
        attempt = journal.attempt(asset_id)
        return KeptAttempt(attempt=attempt, is_found=True, is_full=journal.is_full)
    finally:
        journal.close()


def _is_left(run: RunInfo) -> bool:
    return run.state == "unfinished"


def _no_such_run(named: object, known: Sequence[str]) -> InputError:
    if named is None:
        return InputError(
            "No run is unfinished here.",
            "It is looked for in .vodnb in the current folder, and in ~/.vodnb/runs.",
            "Give the path of its journal; vodnb.runs(folder) lists what another folder holds.",
        )
    listed = ", ".join(known[:5]) or "none"
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
        journal = Journal.open(path)
        try:
            assets, outcomes = journal.counts()
        finally:
            journal.close()
    except JournalError:
        return RunInfo(run_id=run_id, state="damaged", path=path)
    is_held = is_under_way(header)
    state = "finished" if header.is_finished else "under way" if is_held else "unfinished"
    return RunInfo(
        run_id=run_id, state=state, path=path, header=header, assets=assets, outcomes=outcomes
    )
