"""Reads back what was sent and answered: answer and state agree, or the asset is in doubt."""

from __future__ import annotations

import asyncio
from dataclasses import KW_ONLY, InitVar, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from vodnb.rules import lifecycle
from vodnb.rules.lifecycle import agrees
from vodnb.rules.model import Outcome, Settlement
from vodnb.rules.operations import BATCH
from vodnb.rules.pacing import FEWEST_WORKERS

from .events import Verified

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from vodnb.bulk.pace.control import Control

    from .plan import Plan


def is_unverified(settlement: Settlement) -> bool:
    """Whether an answer alone says how an asset stands, and no state that was read since."""
    is_told = settlement.outcome in {Outcome.CONFIRMED, Outcome.FAILED}
    return is_told and bool(settlement.attempts) and not settlement.state_after


@dataclass(eq=False, repr=False)
class ReadBack:
    """The assets that were answered for and are to be read back."""

    plan: Plan
    _: KW_ONLY
    control: Control
    read: Callable[[list[str]], Awaitable[dict[str, str]]]
    """Returns states by asset; empty where they cannot be read."""
    recall: Callable[[str], Settlement]
    tell: Callable[[Verified], None]
    unverified: InitVar[Iterable[str]]
    """Assets that an earlier process has not read back."""

    def __post_init__(self, unverified: Iterable[str]) -> None:
        self._assets = list(unverified) if self.plan.verify else []
        self._contrary: dict[str, str] = {}
        self._last_at = asyncio.get_running_loop().time()
        self.is_complete = not self._assets

    def __len__(self) -> int:
        return len(self._assets)

    def add(self, asset_id: str) -> None:
        """Take in an asset whose answer has just come."""
        if self.plan.verify:
            self._assets.append(asset_id)
            self._last_at = asyncio.get_running_loop().time()
            self.is_complete = False

    async def read_all(self) -> None:
        """Read every one back; what seems contrary once more, when no state can lag any longer."""
        await self._read_each(self._assets, is_last=False)
        wait = self._last_at + lifecycle.SETTLE_MARGIN - asyncio.get_running_loop().time()
        if self._contrary and await self.control.nap(max(0.0, wait)):
            await self._read_each(list(self._contrary), is_last=True)
        self.is_complete = not self.control.is_stopped

    async def _read_each(self, assets: list[str], *, is_last: bool) -> None:
        left = iter(assets)
        workers = range(self.plan.workers or FEWEST_WORKERS)
        await asyncio.gather(*[self._work(left, is_last=is_last) for _ in workers])

    async def _work(self, left: Iterator[str], *, is_last: bool) -> None:
        while not self.control.is_stopped and (batch := list(islice(left, BATCH))):
            states = await self.read(batch)
            for asset_id in batch:
                # What contradicts its answer and cannot be read once more does so still.
                known = "" if self.control.is_stopped else self._contrary.get(asset_id, "")
                if state := states.get(asset_id, "") or known:
                    self._judge(asset_id, state, is_last=is_last)

    def _judge(self, asset_id: str, state: str, *, is_last: bool) -> None:
        told = self.recall(asset_id)
        proved = replace(told, state_after=state)
        if not agrees(state, told, self.plan.status):
            if not is_last:
                self._contrary[asset_id] = state
                return
            message = f"the answer said {told.code or told.outcome}, and the state is {state}"
            proved = replace(
                proved, outcome=Outcome.IN_DOUBT, code="CLIENT.DISAGREES", message=message
            )
        self.tell(Verified(asset_id=asset_id, settlement=proved))
