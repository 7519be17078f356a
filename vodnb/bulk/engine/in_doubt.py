"""Settles what is in doubt by reading its state, each asset only after its settle time."""

from __future__ import annotations

import asyncio
from dataclasses import KW_ONLY, dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from vodnb.rules import lifecycle
from vodnb.rules.lifecycle import Finding, is_proof_needed, judge_doubt, settle_foreign
from vodnb.rules.model import Outcome, Settlement
from vodnb.rules.operations import BATCH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from vodnb.bulk.pace.control import Control

    from .plan import Item, Plan


@dataclass(eq=False, repr=False)
class InDoubt:
    """The assets that may or may not have been confirmed."""

    plan: Plan
    _: KW_ONLY
    control: Control
    read: Callable[[Sequence[str]], Awaitable[dict[str, str]]]
    """Returns states by asset; empty where they cannot be read."""
    send: Callable[[Item], Awaitable[None]]
    settle: Callable[[Item, Settlement], None]
    _heap: list[tuple[float, int, Item]] = field(default_factory=list, init=False)
    _numbers: count[int] = field(default_factory=count, init=False)

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, items: Iterable[Item]) -> None:
        """Take assets in; whose state can be believed first is asked for first."""
        for item in items:
            heappush(self._heap, (self._due(item), next(self._numbers), item))

    async def settle_all(self) -> None:
        """Settle every one; what cannot be settled stays in doubt."""
        while self._heap:
            batch = [heappop(self._heap)[-1] for _ in range(min(BATCH, len(self._heap)))]
            states = await self._read_in_time(batch)
            works = (self._judge(item, states.get(item.asset_id, "")) for item in batch)
            # Where one fails, the calls of the others are out still, and come home first.
            for fault in await asyncio.gather(*works, return_exceptions=True):
                if fault:
                    raise fault

    async def _read_in_time(self, batch: Sequence[Item]) -> dict[str, str]:
        wait = self._due(batch[-1]) - asyncio.get_running_loop().time()
        if not await self.control.nap(max(0.0, wait)):
            return {}
        return await self.read([item.asset_id for item in batch])

    def _due(self, item: Item) -> float:
        """Return when the state of a doubtful asset can be believed."""
        if item.answer and is_proof_needed(item.answer.code):
            return item.left_at + lifecycle.SETTLE_MARGIN if item.is_read else 0.0
        return item.left_at + max(self.plan.deadline, item.deadline) + lifecycle.SETTLE_MARGIN

    async def _judge(self, item: Item, state: str) -> None:
        told = item.answer.code if item.answer else ""
        finding = judge_doubt(
            state,
            self.plan.status,
            code=told,
            attempts=item.sendings,
            is_last=item.is_resent or item.sendings >= self.plan.attempts,
            may_lag=not item.is_read,
        )
        item.is_read = True
        is_open = finding is Finding.SEND_AGAIN or not item.sendings
        foreign = settle_foreign(state, self.plan.status) if self.plan.must_look else None
        match finding:
            case Finding.SEND_AGAIN | Finding.IN_DOUBT if is_open and foreign:
                self.settle(item, replace(foreign, attempts=item.attempts, sent_at=item.sent_at))
            case Finding.LOOK_AGAIN:
                self.add([item])
            case Finding.SEND_AGAIN:
                item.is_resent = True
                await self.send(item)
            case Finding.NO_EFFECT:
                code = told if told and not told.startswith("CLIENT.") else "CLIENT.NO_EFFECT"
                ended = item.settlement(Outcome.FAILED, code=code, state_after=state)
                self.settle(item, ended)
            case _:
                self.settle(item, item.settlement(_OUTCOMES[finding], state_after=state))


_OUTCOMES = {
    Finding.CONFIRMED: Outcome.CONFIRMED,
    Finding.ALREADY_CONFIRMED: Outcome.ALREADY_CONFIRMED,
    Finding.REFUSED: Outcome.FAILED,
    Finding.IN_DOUBT: Outcome.IN_DOUBT,
}
