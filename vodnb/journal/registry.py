"""The registry of runs under way: one for each user, wherever their journals lie.

A run enters with its assets before its first request, and is refused where another one has some
of them. What was killed, or has left doubts, stays until they are settled: whoever comes next asks.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vodnb.rules.errors import JournalError

from . import owner
from .owner import BEAT_SECONDS, this_clock, this_process
from .registration_files import (
    RegistrationFiles,
    clear_away,
    digests,
    entries_in,
    places_shared,
    without,
)
from .turns import turn_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .registration_files import Ids, Places

_logger = logging.getLogger("vodnb")

_KEEP_SECONDS = 30 * 24 * 3600.0
"""What nobody has settled for so long is forgotten."""

_LEEWAY = 2 * BEAT_SECONDS
"""What is under way may have sent so long after its last heartbeat."""

_NO_JOURNAL, _NOT_YET = "", "-"

_open: set[str] = set()
"""The entries of this process that are under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a run enters with."""

    endpoint: str
    project_id: str
    status: str
    run_id: str
    has_journal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a run that is over may have sent, of the assets of another one."""

    run_id: str
    journal: str
    deadline: float
    """Longest deadline of its calls, in seconds."""
    age: float
    """Seconds that have passed for sure since it may have sent last."""
    assets: Sequence[str]
    """The assets that both have."""


class Registration:
    """A run under way, as others see it."""

    def __init__(self, files: RegistrationFiles, claim: Claim, ids: Ids) -> None:
        self.left: list[Left] = []  # what earlier runs may have sent of its assets
        self._older: list[RegistrationFiles] = []
        self._unasked: list[str] = []
        self._files = files
        self._told: dict[str, Any] = {
            "owner": this_process(),
            "clock": this_clock(),
            "endpoint": claim.endpoint,
            "project_id": claim.project_id,
            "status": claim.status,
            "run_id": claim.run_id,
            "journal": _NOT_YET if claim.has_journal else _NO_JOURNAL,
            "deadline": 0.0,
            "sent_at": 0.0,
        }
        self._guard = threading.Lock()
        self._over = threading.Event()
        _open.add(files.token)
        try:
            files.put_ids(ids)
            files.tell(self._told, is_durable=False)
            threading.Thread(target=self._beat, name="vodnb-registry", daemon=True).start()
        except BaseException:
            self.withdraw()
            raise

    def begin(self, *, run_id: str, journal: Path | None, deadline: float) -> None:
        """Have it on disk that from now on calls may leave.

        The run may be an earlier one. The deadline is the longest of its calls and of those that it
        asks about.

        Raises:
            OSError: It cannot be written.
        """
        with self._guard:
            self._told |= {
                "run_id": run_id,
                "journal": str(journal.resolve()) if journal else _NO_JOURNAL,
                "deadline": float(deadline),
                "sent_at": time.time() + _LEEWAY,
            }
            self._files.tell(self._told, is_durable=True)

    def look_back(self, files: RegistrationFiles, left: Left) -> None:
        """Take note of an earlier run that may have sent some of its assets."""
        self._older.append(files)
        self.left.append(left)

    def spare(self, assets: Iterable[str]) -> None:
        """Leave assets to the earlier runs that have them in doubt: they are not asked about."""
        self._unasked += assets

    def leave(self, left: Iterable[str]) -> None:
        """End it: only what is left to be asked about stays, for whoever comes next."""
        if not self._told["sent_at"]:
            self.withdraw()
        elif self._end():
            try:
                self._settle(digests(left)[0])
            except (OSError, JournalError) as fault:
                # What stays there makes the next run ask once more than it must.
                _logger.warning("registry of runs: %s", fault)
            finally:
                _open.discard(self._files.token)

    def withdraw(self) -> None:
        """Leave no trace of it: nothing was sent."""
        if self._end():
            with suppress(OSError):
                self._files.remove()
            _open.discard(self._files.token)

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            with self._guard, suppress(OSError):
                if not self._over.is_set():
                    self._told |= {"owner": this_process(), "clock": this_clock()}
                    if self._told["sent_at"]:
                        self._told["sent_at"] = time.time() + _LEEWAY
                    self._files.tell(self._told, is_durable=False)

    def _end(self) -> bool:
        """Let the heart stand still; False where it does already."""
        with self._guard:
            was_alive = not self._over.is_set()
            self._over.set()
            return was_alive

    def _settle(self, doubtful: Ids) -> None:
        ours = self._files.ids()
        if len(doubtful):
            self._files.put_ids(doubtful)
            ended = {"owner": {}, "clock": this_clock(), "sent_at": time.time()}
            self._files.tell(self._told | ended, is_durable=True)
        if self._older:
            asked = without(ours, digests(self._unasked)[0])
            with turn_in(self._files.folder):
                for files in self._older:
                    files.drop_ids(asked)
        if not len(doubtful):
            self._files.remove()


def enter(claim: Claim, assets: Sequence[str]) -> Registration:
    """Enter a run, before its first request.

    Raises:
        JournalError: Somebody is at work on some of the assets; it says who.
        OSError: There can be no registry: the home folder cannot be written, or is not ours.
    """
    folder = folder_of_entries()
    ids, order = digests(assets)
    while True:
        with turn_in(folder) as turn:
            clear_away(folder)
            older = list(_look_at_others(folder, claim, ids))
            entry = Registration(
                RegistrationFiles(folder=folder, token=secrets.token_hex(8)), claim, ids
            )
            if turn.is_ours:
                break
            entry.withdraw()
    for files, told, places in older:
        left = Left(
            run_id=told["run_id"],
            journal=told["journal"],
            deadline=told["deadline"],
            age=owner.age(told["sent_at"], clock=told["clock"]),
            assets=[assets[place] for place in sorted(order[places].tolist())],
        )
        entry.look_back(files, left)
    return entry


def _look_at_others(
    folder: Path, claim: Claim, ids: Ids
) -> Iterator[tuple[RegistrationFiles, dict[str, Any], Places]]:
    """Return the entries that may have sent some of these assets, and the places of those."""
    for files in entries_in(folder):
        told = files.told()
        if told is None:
            continue
        is_held = _is_held(told, files.token)
        if not is_held and _is_of_no_use(told):
            files.remove()
        elif _is_there(told, claim) and len(places := places_shared(ids, files.ids())):
            if is_held:
                raise _taken(told, len(places))
            yield files, told, places


def _is_there(told: dict[str, Any], claim: Claim) -> bool:
    place = (told["endpoint"], told["project_id"])
    return told["endpoint"] is None or place == (claim.endpoint, claim.project_id)


def _is_held(told: dict[str, Any], token: str) -> bool:
    present = told["owner"]
    if owner.is_this_process(present):
        return token in _open
    return bool(present) and not owner.is_gone(present)


def _is_of_no_use(told: dict[str, Any]) -> bool:
    return not told["sent_at"] or time.time() - told["sent_at"] > _KEEP_SECONDS


def _taken(told: dict[str, Any], shared: int) -> JournalError:
    run_id, present = told["run_id"], told["owner"]
    journal = {_NO_JOURNAL: "not kept", _NOT_YET: "not open yet"}.get(
        told["journal"], told["journal"]
    )
    means = "Two writers would send assets twice; a paused run holds its assets too."
    if owner.is_this_process(present):
        return JournalError(
            f"{shared} of these assets are being worked on in this kernel: run {run_id}, its "
            f"journal is {journal}.",
            means,
            "Wait for it, or stop it: vodnb.last_job().stop().",
        )
    return JournalError(
        f"{shared} of these assets are being worked on by process {present.get('pid')} on "
        f"{present.get('host')}: run {run_id}, its journal is {journal}.",
        means,
        "Wait for it or stop it there. If that process hangs for good, end it; then run the same "
        "cell again.",
    )


def folder_of_entries() -> Path:
    """Return the folder of the registry, made where it is missing, readable by its owner only.

    Raises:
        OSError: It cannot be had.
    """
    try:
        folder = Path.home() / ".vodnb" / "under_way"
    except RuntimeError as cause:
        raise OSError(str(cause)) from None
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and each.stat().st_uid != os.getuid():
            raise PermissionError(f"'{each}' belongs to somebody else")
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"'{folder}' is read-only")
    return folder
