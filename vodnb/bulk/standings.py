"""How each asset of a run stands, packed: what a run of millions needs is there from its start."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from copy import copy, deepcopy
from threading import Lock
from typing import TYPE_CHECKING, Self

from vodnb.rules.model import Outcome, Settlement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Standings"]

_Kind = tuple[Outcome, str, str, int | None, str, str]

_NONE = -1

_COLUMNS = ("_kind", "_elapsed_ms", "_attempts", "_sent_at", "_request_id", "_touched", "_doubtful")
"""What changes as assets come to stand otherwise; the rest only grows, and may be shared."""

_TIME_BYTES = 24
"""Width of a UTC ISO text with milliseconds and a Z."""

_ID_BYTES = 36
"""Width of a UUID with its dashes; the service's request IDs have 32 digits."""


class Standings(Mapping[str, Settlement]):
    """The settlement of each asset that was touched; written by one thread, read by any.

    It takes 72 bytes for an asset beside its place in a dict, all of them when it is made; a
    `Settlement` takes 400. What is alike for many assets is kept once.

    Args:
        assets: The distinct assets of the run; others may come later.
    """

    def __init__(self, assets: Iterable[str] = ()) -> None:
        self._places = {asset_id: place for place, asset_id in enumerate(assets)}
        size = len(self._places)
        self._kinds: list[_Kind] = []
        self._kind_numbers: dict[_Kind, int] = {}
        self._kind = array("i", [_NONE]) * size
        self._elapsed_ms = array("i", [_NONE]) * size
        self._attempts = array("i", [0]) * size
        self._sent_at = _Texts(_TIME_BYTES, size)
        self._request_id = _Texts(_ID_BYTES, size)
        self._touched = 0
        self._doubtful = 0
        self._lock = Lock()

    @property
    def doubtful(self) -> int:
        """How many assets are in doubt."""
        return self._doubtful

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
            vars(taken).update({name: deepcopy(vars(self)[name]) for name in _COLUMNS})
        return taken

    def __getitem__(self, asset_id: str) -> Settlement:
        place = self._places[asset_id]
        number = self._kind[place] if place < len(self._kind) else _NONE
        if number == _NONE:
            raise KeyError(asset_id)
        outcome, code, message, http_status, state_before, state_after = self._kinds[number]
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
        return (asset_id for asset_id in list(self._places) if asset_id in self)

    def __contains__(self, asset_id: object) -> bool:
        place = self._places.get(asset_id, _NONE) if isinstance(asset_id, str) else _NONE
        return 0 <= place < len(self._kind) and self._kind[place] != _NONE

    def __len__(self) -> int:
        return self._touched

    def _place(self, asset_id: str) -> int:
        place = self._places.setdefault(asset_id, len(self._places))
        if place == len(self._kind):
            self._kind.append(_NONE)
            self._elapsed_ms.append(_NONE)
            self._attempts.append(0)
            self._sent_at.append()
            self._request_id.append()
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


class _Texts:
    """Short ASCII texts side by side, in slots of one width; the odd ones beside them."""

    def __init__(self, width: int, size: int) -> None:
        self._width = width
        self._slots = bytearray(width * size)
        self._odd: dict[int, str] = {}

    def append(self) -> None:
        """Add an empty text."""
        self._slots.extend(bytes(self._width))

    def __getitem__(self, place: int) -> str:
        if place in self._odd:
            return self._odd[place]
        start = place * self._width
        return self._slots[start : start + self._width].rstrip(b"\0").decode("ascii")

    def __setitem__(self, place: int, text: str) -> None:
        self._odd.pop(place, None)
        is_odd = len(text) > self._width or not text.isascii() or "\0" in text
        if is_odd:
            self._odd[place] = text
        start = place * self._width
        slot = b"" if is_odd else text.encode("ascii")
        self._slots[start : start + self._width] = slot.ljust(self._width, b"\0")
