"""The assets of the sandbox and how their states change. Knows no HTTP; the clock is passed in."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from threading import RLock

CONFIRMED_STATES = frozenset(
    {
        "CREATED",
        "WAITING_TRANSCODE",
        "TRANSCODING",
        "TRANSCODE_SUCCEED",
        "TRANSCODE_FAILED",
        "PUBLISHED",
    }
)
"""The states that an asset can only be in once its upload was confirmed."""

_GOALS = {"CREATED": "CREATED", "FAILED": "UPLOAD_FAILED", "CANCELLED": "CANCELLED"}

Processing = tuple[tuple[float, str], ...]
"""What follows a confirmation: (seconds after it, state), in order of time."""


class Effect(StrEnum):
    """What a confirmation did to an asset."""

    DONE = "done"
    REPEATED = "repeated"
    REFUSED = "refused"
    UNKNOWN_ASSET = "unknown_asset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One asset, with its states over time."""

    asset_id: str
    title: str
    size: int
    """Bytes."""
    duration: int
    """Seconds."""
    created_at: float
    """Seconds since the epoch."""
    history: tuple[tuple[float, str], ...]
    """(from when, state) in order of time; it may reach into the future."""

    def state_at(self, moment: float) -> str:
        """Return the state at a moment; before the first known one, the first."""
        state = self.history[0][1]
        for since, later in self.history:
            if since > moment:
                break
            state = later
        return state

    def changed_at(self, moment: float) -> float:
        """Return when the state that holds at a moment began."""
        return max((since for since, _ in self.history if since <= moment), default=self.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which assets a query without IDs asks for; every empty field lets all of them pass."""

    start: str = ""
    """`yyyymmddhhmmss` in UTC, as `end`; both are times of creation."""
    end: str = ""
    text: str = ""
    is_oldest_first: bool = False


class AssetStore:
    """All assets of one sandbox; server thread and callers share its one lock."""

    def __init__(self, *, lock: RLock, clock: Callable[[], float]) -> None:
        self._lock = lock
        self._clock = clock
        self._assets: dict[str, Asset] = {}
        self.changes = 0

    def add(
        self, asset_id: str, *, state: str = "CREATING", title: str = "", age: float = 0.0
    ) -> Asset:
        """Take in an asset of this age in seconds, or put a known one into a new state."""
        number = int.from_bytes(hashlib.sha256(asset_id.encode()).digest()[:6])
        created_at = self._clock() - age
        asset = Asset(
            asset_id=asset_id,
            title=title or f"Asset {asset_id[:8]}",
            size=2_000_000 + number % 900_000_000,
            duration=20 + number % 5400,
            created_at=created_at,
            history=((created_at, state),),
        )
        self.put([asset])
        return asset

    def put(self, assets: Iterable[Asset]) -> None:
        """Take in assets as they are, in place of those with the same IDs."""
        with self._lock:
            self._assets.update((asset.asset_id, asset) for asset in assets)
            self.changes += 1

    def get(self, asset_id: str) -> Asset | None:
        """Return an asset, or None if there is none of this ID."""
        with self._lock:
            return self._assets.get(asset_id)

    def everything(self) -> list[Asset]:
        """Return all assets, oldest entry first."""
        with self._lock:
            return list(self._assets.values())

    def states(self) -> dict[str, str]:
        """Return the true state of every asset now, whatever the lag."""
        now = self._clock()
        return {asset.asset_id: asset.state_at(now) for asset in self.everything()}

    def confirm(
        self,
        asset_id: str,
        status: str,
        *,
        is_repeat_accepted: bool = False,
        processing: Processing = (),
    ) -> Effect:
        """Apply a confirmation: only an asset that is CREATING takes one."""
        with self._lock:
            asset = self._assets.get(asset_id)
            now = self._clock()
            state = asset.state_at(now) if asset else "DELETED"
            if asset is None or state == "DELETED":
                return Effect.UNKNOWN_ASSET
            goal = _GOALS[status]
            if state != "CREATING":
                is_there = state in CONFIRMED_STATES if status == "CREATED" else state == goal
                return Effect.REPEATED if is_there and is_repeat_accepted else Effect.REFUSED
            later = processing if status == "CREATED" else ()
            steps = ((now, goal), *((now + after, step) for after, step in later))
            past = tuple(entry for entry in asset.history if entry[0] <= now)
            self._assets[asset_id] = replace(asset, history=past + steps)
            self.changes += 1
            return Effect.DONE

    def select(self, wanted: Filter, *, keep: Callable[[Asset], bool]) -> Sequence[Asset]:
        """Return the assets that pass; `keep` judges states: each query has words of its own."""
        found = [
            asset
            for asset in self.everything()
            if wanted.text in asset.title
            and _is_within(asset.created_at, wanted.start, wanted.end)
            and keep(asset)
        ]
        found.sort(key=lambda asset: asset.created_at, reverse=not wanted.is_oldest_first)
        return found


def as_stamp(moment: float) -> str:
    """Return a moment the way the API writes it: `yyyymmddhhmmss` in UTC."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(moment))


def _is_within(moment: float, start: str, end: str) -> bool:
    if not start and not end:
        return True
    stamp = as_stamp(moment)
    return (not start or start <= stamp) and (not end or stamp <= end)
