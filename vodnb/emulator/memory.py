"""What a sandbox remembers in a file: its credentials and assets. Never leaves half a file."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.errors import SetupError

from .admission import Credentials, Key
from .assets import Asset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORMAT = "vodnb sandbox 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Everything of a sandbox that outlives its process."""

    credentials: Credentials
    token: str
    """The one that the handle shows."""
    tokens: Mapping[str, float]
    """Every one, and when it dies."""
    assets: Sequence[Asset]


def read_memory(path: Path) -> Memory | None:
    """Return what a state file holds, or None where there is no such file.

    Raises:
        SetupError: The file cannot be read, or is no state file of a sandbox.
    """
    try:
        data = json.loads(path.read_bytes())
        data = data[_FORMAT]
        own = data["credentials"]
        own["key"], own["temporary_key"] = Key(**own["key"]), Key(**own["temporary_key"])
        return Memory(
            credentials=Credentials(**own),
            token=data["token"],
            tokens=data["tokens"],
            assets=[_as_asset(row) for row in data["assets"]],
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise SetupError(
            f"The state file {path} cannot be used ({type(fault).__name__}).",
            "It cannot be read, or vodnb did not write it; it was left as it is.",
            "Name another file, or move this one away.",
        ) from None


def write_memory(path: Path, memory: Memory) -> None:
    """Write a state file, readable by its owner only.

    Raises:
        SetupError: It cannot be written; an earlier one is still whole.
    """
    data = {
        "credentials": asdict(memory.credentials),
        "token": memory.token,
        "tokens": dict(memory.tokens),
        "assets": [
            [row.asset_id, row.title, row.size, row.duration, row.created_at, row.history]
            for row in memory.assets
        ],
    }
    try:
        write_atomically(path, json.dumps({_FORMAT: data}).encode())
    except OSError as fault:
        raise SetupError(
            f"The state file {path} cannot be written: {fault.strerror}.",
            "The sandbox would forget everything when it stops.",
            "Name a file in a folder that exists and that you may write to.",
        ) from fault


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put a whole file in place of whatever is there; what was there is whole until then.

    Raises:
        OSError: It cannot be written; what was there is still whole.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _as_asset(row: Sequence[object]) -> Asset:
    asset_id, title, size, duration, created_at, history = row
    return Asset(
        asset_id=str(asset_id),
        title=str(title),
        size=int(str(size)),
        duration=int(str(duration)),
        created_at=float(str(created_at)),
        history=_as_history(history),
    )


def _as_history(entries: object) -> tuple[tuple[float, str], ...]:
    if not isinstance(entries, list) or not entries:
        raise ValueError("an asset without a history")
    return tuple((float(since), str(state)) for since, state in entries)
