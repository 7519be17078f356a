"""Entries of the registry for tests: of runs under way, and of such as were killed."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from journals import RUN_ID

from vodnb.journal import owner, registry
from vodnb.journal.registry import Claim, Registration, enter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

GONE = {**owner.this_process(), "pid": os.getpid(), "began": "another"}
"""A process of this number that began at another time."""


BEAT = Registration._beat


@contextlib.contextmanager
def hearts_stand_still() -> Iterator[None]:
    """Let no entry of a test write on when the test is over, nor stay open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Registration, "_beat", lambda _: None)
        yield
    registry._open.clear()


def claim(**changes: Any) -> Claim:
    """Return the claim of a run."""
    told = {"endpoint": "http://pretend", "project_id": "p" * 32, "status": "CREATED"}
    return Claim(**{**told, "run_id": RUN_ID, "has_journal": True, **changes})


def begun(
    assets: Sequence[str], *, journal: Path | None = None, deadline: float = 30.0, **changes: Any
) -> Registration:
    """Return the entry of a run that may have sent something."""
    entry = enter(claim(has_journal=journal is not None, **changes), assets)
    entry.begin(run_id=RUN_ID, journal=journal, deadline=deadline)
    return entry


def orphaned(entry: Registration, **changes: Any) -> Path:
    """Let the process of an entry have been killed; return its file."""
    entry._end()
    registry._open.clear()
    path = entry._files.folder / f"{entry._files.token}.json"
    told = {**json.loads(path.read_text("utf-8")), "owner": GONE, **changes}
    path.write_text(json.dumps(told), "utf-8")
    return path
