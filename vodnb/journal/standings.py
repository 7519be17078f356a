"""How each asset of a run stands, packed: what a run of millions needs is there from its start."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from threading import Lock
from typing import Self

import numpy as np

from vodnb.rules.model import Outcome, Settlement

_Kind = tuple[Outcome, str, str, int | None, str, str]

_NONE = -1

_COLUMNS = ("_kind", "_elapsed_ms", "_attempts", "_sent_at", "_request_id", "_touched", "_doubtful")
"""What changes as assets come to stand otherwise; the rest only grows, and may be shared."""


class Standings(Mapping[str, Settlement]):
    """The settlement of each asset that was touched; written by one thread, read by any.

    It takes 40 bytes for an asset, all of them when it is made, and the texts that are its own: the
    results table takes over those very texts. A `Settlement` takes 400. What is alike for many
    assets is kept once. The distinct assets given are not copied; others may come later.
    """

    def __init__(self, assets: Sequence[str] = ()) -> None:
        self._index = IdIndex(assets)
        size = len(self._index)
        self._kinds: list[_Kind] = []
        self._kind_numbers: dict[_Kind, int] = {}
        self._kind = array("i", [_NONE]) * size
        self._elapsed_ms = array("i", [_NONE]) * size
        self._attempts = array("i", [0]) * size
        self._sent_at = [""] * size
        self._request_id = [""] * size
        self._touched = 0
        self._doubtful = 0
        self._lock = Lock()

    @property
    def doubtful(self) -> int:
        """How many assets are in doubt."""
        return self._doubtful

    def in_doubt(self) -> list[str]:
        """Return the assets that are in doubt."""
        if not self._doubtful:
            return []
        with self._lock:
            kinds = {at for at, kind in enumerate(self._kinds) if kind[0] is Outcome.IN_DOUBT}
            pairs = zip(self._index, self._kind, strict=False)  # a snapshot is the shorter one
            return [asset_id for asset_id, kind in pairs if kind in kinds]

    def sent(self) -> list[str]:
        """Return the assets that were sent, whatever came of it."""
        with self._lock:
            pairs = zip(self._index, self._attempts, strict=False)
            return [asset_id for asset_id, attempts in pairs if attempts]

    def put(self, asset_id: str, settlement: Settlement) -> None:
        """Set how an asset stands."""
        with self._lock:
            place = self._place(asset_id)
            before = self._kind[place]
            self._touched += before == _NONE
            self._doubtful -= before != _NONE and self._kinds[before][0] is Outcome.IN_DOUBT
            self._doubtful += settlement.outcome is Outcome.IN_DOUBT
            self._kind[place] = self._number(settlement)
            elapsed = settlement.elapsed_ms
            self._elapsed_ms[place] = _NONE if elapsed is None else elapsed
            self._attempts[place] = settlement.attempts
            self._sent_at[place] = settlement.sent_at
            self._request_id[place] = settlement.request_id

    def snapshot(self) -> Self:
        """Return how the assets stand now; what comes later does not change it."""
        taken = copy(self)
        with self._lock:
            vars(taken).update({name: copy(vars(self)[name]) for name in _COLUMNS})
        return taken

    def __getitem__(self, asset_id: str) -> Settlement:
        place = self._touched_place(asset_id)
        if place is None:
            raise KeyError(asset_id)
        outcome, code, message, http_status, state_before, state_after = self._kinds[
            self._kind[place]
        ]
        elapsed = self._elapsed_ms[place]
        return Settlement(
            outcome=outcome,
            code=code,
            message=message,
            http_status=http_status,
            request_id=self._request_id[place],
            attempts=self._attempts[place],
            sent_at=self._sent_at[place],
            elapsed_ms=None if elapsed == _NONE else elapsed,
            state_before=state_before,
            state_after=state_after,
        )

    def __iter__(self) -> Iterator[str]:
        return (asset_id for asset_id in self._index if asset_id in self)

    def __contains__(self, asset_id: object) -> bool:
        return isinstance(asset_id, str) and self._touched_place(asset_id) is not None

    def __len__(self) -> int:
        return self._touched

    def _touched_place(self, asset_id: str) -> int | None:
        place = self._index.find(asset_id)
        # A snapshot knows the places of what came after it, and nothing of how that stands.
        is_touched = place is not None and place < len(self._kind) and self._kind[place] != _NONE
        return place if is_touched else None

    def _place(self, asset_id: str) -> int:
        place = self._index.add(asset_id)
        if place == len(self._kind):
            self._kind.append(_NONE)
            self._elapsed_ms.append(_NONE)
            self._attempts.append(0)
            self._sent_at.append("")
            self._request_id.append("")
        return place

    def _number(self, settlement: Settlement) -> int:
        kind = (
            settlement.outcome,
            settlement.code,
            settlement.message,
            settlement.http_status,
            settlement.state_before,
            settlement.state_after,
        )
        number = self._kind_numbers.setdefault(kind, len(self._kinds))
        if number == len(self._kinds):
            self._kinds.append(kind)
        return number


class IdIndex:
    """The place of each asset; a dict of a million takes 74 bytes for each, this takes 12.

    The distinct assets are referred to, not copied; others may come later.
    """

    def __init__(self, assets: Sequence[str]) -> None:
        self._assets = assets
        hashes = np.fromiter(map(hash, assets), dtype=np.int64, count=len(assets))
        order = np.argsort(hashes, kind="stable")
        self._hashes = array("q", hashes[order].tobytes())
        self._order = array("i", order.astype(np.int32).tobytes())
        self._later: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._assets) + len(self._later)

    def __iter__(self) -> Iterator[str]:
        yield from self._assets
        yield from list(self._later)

    def find(self, asset_id: str) -> int | None:
        """Return the place of an asset; None where it is not among them."""
        wanted = hash(asset_id)
        at = bisect_left(self._hashes, wanted)
        while at < len(self._hashes) and self._hashes[at] == wanted:
            if self._assets[self._order[at]] == asset_id:
                return self._order[at]
            at += 1
        return self._later.get(asset_id)

    def add(self, asset_id: str) -> int:
        """Return the place of an asset, which is a new last one where it is not among them."""
        found = self.find(asset_id)
        return self._later.setdefault(asset_id, len(self)) if found is None else found
