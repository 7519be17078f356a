"""One process at a time in a folder, on several machines that share it too.

Locks of the system do not reach every network drive. So the turn is a file with a number, and
whoever has made the highest one has it: a link is made at once, and not where the name is taken.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.errors import JournalError

from . import owner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .entries import Owner

_PREFIX = "lock."
_RELEASED = b"released"

_guards: dict[int, threading.Lock] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turn that this process has."""

    folder: Path
    number: int

    @property
    def is_ours(self) -> bool:
        """Whether nobody has taken it for that of a process that is gone, as we were asleep."""
        with suppress(OSError):
            return _highest(self.folder) == self.number
        return False


@contextmanager
def turn_in(folder: Path, *, patience: float = 10.0) -> Iterator[Turn]:
    """Have the folder to oneself.

    Waiting 10 seconds is plenty: whoever is in needs milliseconds.

    Raises:
        JournalError: Somebody else has it for longer than that; it says who.
        OSError: The folder cannot be written.
    """
    until = time.monotonic() + patience
    # By process: after a fork a guard may be held by a thread that the child does not have.
    guard = _guards.setdefault(os.getpid(), threading.Lock())
    if not guard.acquire(timeout=patience):
        raise _busy(folder, owner.this_process())
    try:
        turn = Turn(folder=folder, number=_take(folder, until))
        try:
            yield turn
        finally:
            _hand_on(turn)
    finally:
        guard.release()


def _take(folder: Path, until: float) -> int:
    while True:
        number = _highest(folder)
        holder = _holder(folder, number)
        if holder is None and _make(folder, number + 1):
            # Lower numbers are cleared away: where ours was one of them, somebody was quicker.
            if _highest(folder) == number + 1:
                return number + 1
            _path(folder, number + 1).unlink(missing_ok=True)
        if time.monotonic() > until:
            raise _busy(folder, holder or {})
        time.sleep(random.uniform(0.001, 0.02))  # noqa: S311  no secret


def _hand_on(turn: Turn) -> None:
    with suppress(OSError):
        for number in _numbers(turn.folder):
            if number < turn.number:
                _path(turn.folder, number).unlink(missing_ok=True)
        # In place: that takes no space on a full disk. The highest number always stays.
        with _path(turn.folder, turn.number).open("r+b") as file:
            file.write(_RELEASED)


def _holder(folder: Path, number: int) -> Owner | None:
    """Return who has the turn; None where nobody has, or only who is gone."""
    if not number:
        return None
    path = _path(folder, number)
    try:
        told = path.read_bytes()
        held_since = path.stat().st_mtime
    except FileNotFoundError:
        return {}
    if told.startswith(_RELEASED):
        return None
    try:
        holder = dict(json.loads(told))
    except ValueError:
        holder = {"beat": held_since}
    # A turn of this very process was never handed on: the guard lets one of its threads in.
    is_free = owner.is_this_process(holder) or owner.is_gone(holder)
    return None if is_free else holder


def _make(folder: Path, number: int) -> bool:
    """Make the file of a turn, whole at once; False where somebody else has."""
    told = json.dumps(owner.this_process()).encode()
    target = _path(folder, number)
    draft = folder / f"{secrets.token_hex(8)}.draft"
    try:
        _write(draft, told)
        os.link(draft, target)
    except FileExistsError:
        # Over a network the answer to a link that was made may be lost, and it is asked for again.
        return draft.stat().st_nlink > 1
    except OSError:
        if not draft.is_file():
            raise
        # Without links.
        with suppress(FileExistsError):
            _write(target, told)
            return True
        return False
    else:
        return True
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, told: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(told)


def _highest(folder: Path) -> int:
    return max(_numbers(folder), default=0)


def _numbers(folder: Path) -> list[int]:
    names = (path.name.removeprefix(_PREFIX) for path in folder.glob(f"{_PREFIX}*"))
    return [int(name) for name in names if name.isdecimal()]


def _path(folder: Path, number: int) -> Path:
    return folder / f"{_PREFIX}{number}"


def _busy(folder: Path, holder: Owner) -> JournalError:
    return JournalError(
        f"The registry of runs in '{folder}' is held by process {holder.get('pid', '?')} on "
        f"{holder.get('host', '?')}.",
        "Nothing is sent before it is known who works on these assets.",
        "It is held for milliseconds: if that process hangs, end it; then run the same cell again.",
    )
