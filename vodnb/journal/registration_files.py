"""The two files of an entry of the registry: what it is, and which assets it has.

Of an asset the first 16 bytes of its SHA-256 are kept: Python's own hash differs by process.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Ids = NDArray[np.bytes_]
    Order = NDArray[np.int32]
    Places = NDArray[np.intp]

_FORMAT = 1
_WIDTH = 16
_AT_ONCE = 100_000
_LITTER_SECONDS = 3600.0
"""What was being written for so long never will be."""

_NAMES = {
    "owner": dict,
    "clock": dict,
    "endpoint": str,
    "project_id": str,
    "status": str,
    "run_id": str,
    "journal": str,
    "deadline": float,
    "sent_at": float,
}


def digests(assets: Iterable[str]) -> tuple[Ids, Order]:
    """Return 16 bytes for each asset, sorted; and at which place each of them stood."""
    each = iter(assets)
    parts = []
    while some := list(islice(each, _AT_ONCE)):
        # Half a surrogate pair, of a file that was read so, has no UTF-8.
        ids = (sha256(asset.encode("utf-8", "surrogatepass")).digest()[:_WIDTH] for asset in some)
        parts.append(b"".join(ids))
    found = np.frombuffer(b"".join(parts), dtype=f"S{_WIDTH}")
    order = np.argsort(found).astype(np.int32)
    return found[order], order


def without(ids: Ids, others: Ids) -> Ids:
    """Return assets less some of them; all are sorted."""
    return np.delete(ids, places_shared(ids, others))


def places_shared(mine: Ids, theirs: Ids) -> Places:
    """Return the places in `mine` of what is in `theirs` too; both are sorted."""
    few, many = (mine, theirs) if len(mine) <= len(theirs) else (theirs, mine)
    if not len(few):
        return np.empty(0, dtype=np.intp)
    at = np.minimum(np.searchsorted(many, few), len(many) - 1)
    is_shared = many[at] == few
    return np.flatnonzero(is_shared) if few is mine else at[is_shared]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationFiles:
    """Where an entry is kept."""

    folder: Path
    token: str
    """What both names begin with."""

    def told(self) -> dict[str, Any] | None:
        """Return what the entry is; None where it has gone meanwhile.

        What is damaged is of any service, and nobody knows how long ago it has sent.
        """
        path = self.folder / f"{self.token}.json"
        try:
            written_at = path.stat().st_mtime
            told = dict(json.loads(path.read_bytes()))
            is_whole = told.pop("format") == _FORMAT and all(
                isinstance(told[name], kind) for name, kind in _NAMES.items()
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            is_whole = False
        if is_whole:
            return told
        return {
            **{name: kind() for name, kind in _NAMES.items()},
            "clock": {"host": "", "offset": 0.0},
            "endpoint": None,
            "sent_at": written_at,
        }

    def tell(self, told: dict[str, Any], *, is_durable: bool) -> None:
        """Write what the entry is; where that must be durable, its assets are from then on too."""
        if is_durable:
            _sync(self.folder / f"{self.token}.ids")
        self._put("json", json.dumps({"format": _FORMAT, **told}).encode(), is_durable=is_durable)
        if is_durable:
            _sync(self.folder)

    def ids(self) -> Ids:
        """Return its assets, sorted."""
        try:
            told = (self.folder / f"{self.token}.ids").read_bytes()
        except FileNotFoundError:
            told = b""
        return np.frombuffer(told[: len(told) // _WIDTH * _WIDTH], dtype=f"S{_WIDTH}")

    def put_ids(self, ids: Ids) -> None:
        """Write its assets, which are sorted."""
        self._put("ids", ids.tobytes(), is_durable=False)

    def drop_ids(self, ids: Ids) -> None:
        """Take assets out, and all of it where none is left."""
        if len(left := without(self.ids(), ids)):
            self.put_ids(left)
        else:
            self.remove()

    def remove(self) -> None:
        """Remove both; without the first the second is nobody's."""
        for kind in ("json", "ids"):
            (self.folder / f"{self.token}.{kind}").unlink(missing_ok=True)

    def _put(self, kind: str, content: bytes, *, is_durable: bool) -> None:
        draft = self.folder / f"{self.token}.{secrets.token_hex(4)}.draft"
        try:
            made = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(made, "wb") as file:
                file.write(content)
                file.flush()
                if is_durable:
                    os.fsync(file.fileno())
            draft.replace(self.folder / f"{self.token}.{kind}")
        finally:
            draft.unlink(missing_ok=True)


def entries_in(folder: Path) -> Iterator[RegistrationFiles]:
    """Return the entries of a folder, in whatever order."""
    for path in folder.glob("*.json"):
        yield RegistrationFiles(folder=folder, token=path.stem)


def clear_away(folder: Path) -> None:
    """Remove what writers have left half done; it is our turn."""
    whole = {path.stem for path in folder.glob("*.json")}
    for path in folder.glob("*.ids"):
        if path.stem not in whole:
            path.unlink(missing_ok=True)
    written_at: dict[Path, float] = {}
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            written_at[path] = path.stat().st_mtime
    # By the clock of the files: ours may have been set forward, and nothing new is old.
    now = max(written_at.values(), default=0.0)
    for path, at in written_at.items():
        if path.suffix == ".draft" and now - at > _LITTER_SECONDS:
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk, where that can be asked for."""
    with suppress(OSError):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
