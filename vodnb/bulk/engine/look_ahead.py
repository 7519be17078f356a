"""Looks assets up before they leave, and again what has waited for too long since.

A state is true when it is read, and old news after a pause, a hold or a queue: meanwhile an upload
may have been confirmed elsewhere, and would be destroyed. So no asset is looked up long before it
can leave, and none leaves on a look that is not fresh.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import KW_ONLY, dataclass
from itertools import islice
from typing import TYPE_CHECKING

from vodnb.rules.lifecycle import LOOK_GOOD_FOR
from vodnb.rules.operations import BATCH

from .plan import Item, Plan

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Awaitable, Callable, Sequence


_LOOK_AGAIN = 0.6
"""Part of its time after which a look is made anew: the rest is for the journal and the way out."""


@dataclass(eq=False, repr=False)
class LookAhead:
    """The assets that are still to be sent, in order, each with its state where it is looked up."""

    plan: Plan
    _: KW_ONLY
    ready: deque[Item]
    """Where what is looked up waits for its turn, the first one first."""
    read: Callable[[Sequence[str]], Awaitable[dict[str, str]]]
    """Returns states by asset; empty where they cannot be read."""
    admit: Callable[[Item], bool]
    """Settles an asset by its state; returns whether it still is to be sent."""
    goes_on: Callable[[], Awaitable[bool]]
    """Waits while nothing may leave; returns whether the run goes on."""
    rate: Callable[[], float]
    """Returns how many assets a second leave at the most."""

    def __post_init__(self) -> None:
        self._unseen = iter(self.plan.assets)
        self._known: dict[str, str] = {}
        self._known_at = -math.inf
        self._waiting: set[str] = set()
        self._has_room = asyncio.Event()
        self._clock = asyncio.get_running_loop().time

    def learn(self, states: dict[str, str]) -> None:
        """Take in the states of the first assets, which have just been asked for."""
        self._known, self._known_at = states, self._clock()

    async def next(self) -> Item | None:
        """Return the next asset that is to be sent; None where none is left, or the run stops."""
        while not self.ready:
            most = self._room()
            if most < 1:
                self._has_room.clear()
                await self._has_room.wait()
            elif not (batch := list(islice(self._unseen, most))) or not await self.goes_on():
                return None
            else:
                await self._look([Item(asset_id=asset_id) for asset_id in batch])
        item = self.ready.popleft()
        self._waiting.add(item.asset_id)
        return item

    def unlooked(self, most: int) -> Item | None:
        """Return the next asset of a run that does not look first; so many are ready at a time."""
        missing = most - len(self.ready)
        self.ready.extend(Item(asset_id=one) for one in islice(self._unseen, missing))
        return self.ready.popleft() if self.ready else None

    async def is_due(self, item: Item) -> bool:
        """Look an asset up anew where that was too long ago; return whether it is to be sent.

        Those whose turn is next and whose looks are old as well come along in the same call.
        """
        while self._is_old(item):
            others: list[Item] = []
            while self.ready and len(others) < BATCH - 1 and self._is_old(self.ready[0]):
                others.append(self.ready.popleft())
            states: dict[str, str] = {}
            try:
                states = await self._states([item, *others])
            finally:
                # Unread, they stay old, and are asked for again when it is their turn.
                due = [one for one in others if not states or self._is_still_due(one, states)]
                self.ready.extendleft(reversed(due))
            if not self._is_still_due(item, states) or not await self.goes_on():
                return False
        return True

    def leaves_by(self, item: Item) -> float:
        """Return until when an asset that leaves now may do so on its look, by the loop's clock."""
        self.ends(item)
        if not self.plan.status.is_destructive:
            return math.inf
        return -math.inf if item.looked_at is None else item.looked_at + LOOK_GOOD_FOR

    def ends(self, item: Item) -> None:
        """Take note that an asset waits no more: another one may be looked up."""
        self._waiting.discard(item.asset_id)
        self._has_room.set()

    # -- looking --------------------------------------------------------------------------------

    async def _look(self, items: list[Item]) -> None:
        self._waiting.update(item.asset_id for item in items)
        try:
            states = await self._states(items)
        finally:
            self._waiting.difference_update(item.asset_id for item in items)
            self._has_room.set()
        self.ready.extend(item for item in items if self._is_still_due(item, states))

    async def _states(self, items: Sequence[Item]) -> dict[str, str]:
        asked = [item.asset_id for item in items]
        if self._is_young(self._known_at) and all(one in self._known for one in asked):
            states, looked_at = self._known, self._known_at
        else:
            states = await self.read(asked)
            looked_at = self._clock()
        # Where nothing was told, the first one's look was in vain, and that is known.
        for item in items if states else items[:1]:
            item.looked_at = looked_at
        return states

    def _is_still_due(self, item: Item, states: dict[str, str]) -> bool:
        told = states.get(item.asset_id, "")
        item.state = told if told or self.plan.must_look else item.state
        return self.admit(item)

    # -- how far --------------------------------------------------------------------------------

    @property
    def _good_for(self) -> float:
        """Seconds for which a look is good."""
        if self.plan.status.is_destructive:
            return LOOK_GOOD_FOR * _LOOK_AGAIN
        # Nothing is destroyed by a needless call, so at a slow pace one look serves whole batches.
        return max(LOOK_GOOD_FOR, 2 * BATCH / self.rate())

    def _is_old(self, item: Item) -> bool:
        # What may have reached the service is settled by reading back, and not here.
        is_fresh = item.looked_at is not None and self._is_young(item.looked_at)
        return not is_fresh and not item.sendings

    def _is_young(self, looked_at: float) -> bool:
        return self._clock() - looked_at < self._good_for

    def _room(self) -> int:
        """Return how many more may be looked up now: what leaves while a look is good."""
        most = max(1.0, self.rate() * self._good_for) - len(self._waiting)
        if self.plan.status.is_destructive:
            return int(min(BATCH, most))
        return BATCH if most >= BATCH else 0
