"""Where each asset of a run is among its assets: found by hash, in twelve bytes an asset."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Places"]


class Places:
    """The place of each asset; a dict of a million takes 74 bytes for each, this takes 12.

    Args:
        assets: The distinct assets. They are referred to, not copied; others may come later.
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
