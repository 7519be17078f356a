"""Asks for the states of many assets, ten a call; what is lost is asked again: nothing changes.

Where asset/info is not permitted the list is asked instead; what neither tells stays open.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import TYPE_CHECKING

from vodnb.bulk.pace.control import BY_HAND
from vodnb.bulk.pace.reads import LOST, Reads, is_forbidden
from vodnb.rules.asset_info import AssetInfo, read_asset_info
from vodnb.rules.model import AnswerClass, Lang
from vodnb.rules.operations import BATCH, INFO, LIST
from vodnb.tables.states import build_states

from .background import BackgroundTask
from .in_words import describe_survey

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vodnb.rules.answers import Answer


class Survey(BackgroundTask):
    """Asking under way, or done."""

    def __init__(
        self,
        assets: Sequence[str],
        *,
        table: pd.DataFrame,
        reads: Reads,
        workers: int,
        lang: Lang,
    ) -> None:
        self._total = len(assets)
        self._table = table
        self._workers = workers
        self._left = deque(assets)
        self._infos: dict[str, AssetInfo] = {}
        self._codes: dict[str, str] = {}
        self._call = INFO
        self._reads = reads
        super().__init__(reads.control, service=reads.service, lang=lang)

    @property
    def share(self) -> float:
        """How much is told, from 0 to 1."""
        return (len(self._infos) + len(self._codes)) / max(self._total, 1)

    # -- on the loop thread ---------------------------------------------------------------------

    async def _run(self) -> None:
        await self._service.prepare()
        # Alone: of a credential that is refused, no more than this is tried.
        if fault := await self._ask(self._take()):
            raise self._service.error_for(fault)
        await asyncio.gather(*[self._work() for _ in range(self._workers)])
        if self._control.is_stopped:
            self._stopped = self._reads.stopped or BY_HAND

    async def _work(self) -> None:
        while not self._control.is_stopped and (batch := self._take()):
            await self._ask(batch)

    def _take(self) -> list[str]:
        return [self._left.popleft() for _ in range(min(BATCH, len(self._left)))]

    async def _ask(self, batch: Sequence[str]) -> Answer | None:
        """Ask for some assets until they are told; return an answer that stands in the way."""
        call = self._call
        answer = await self._reads.ask(call, asset_id=list(batch)) if batch else None
        if answer is None:
            return None
        if answer.kind is AnswerClass.DONE:
            seen = read_asset_info(call, answer.data)
            for asset_id in batch:
                self._infos[asset_id] = seen.get(asset_id) or AssetInfo(asset_id=asset_id)
        elif answer.kind is AnswerClass.PERMANENT:
            await self._ask_apart(batch, answer)
        elif call is INFO and is_forbidden(answer):
            self._call = LIST
            return await self._ask(batch)
        else:
            self._codes.update(dict.fromkeys(batch, answer.code))
            if answer.kind not in LOST:
                self._reads.stop(answer.code, answer.message)
            return answer
        return None

    async def _ask_apart(self, batch: Sequence[str], answer: Answer) -> None:
        """Ask for each asset of a refused call alone: one strange ID must not cost the others."""
        if len(batch) == 1:
            self._codes[batch[0]] = answer.code
            return
        for asset_id in batch:
            await self._ask([asset_id])

    # -- in any thread --------------------------------------------------------------------------

    def _build(self) -> pd.DataFrame:
        stop = self._stopped or BY_HAND
        return build_states(
            self._table,
            infos=self._infos.copy(),
            codes=self._codes.copy(),
            untold=stop.code,
            redact=self._service.redact,
            lang=self._lang,
        )

    def _lines(self) -> list[str]:
        states = Counter(found.state for found in self._infos.copy().values())
        return describe_survey(
            states,
            unread=len(self._codes),
            total=self._total,
            seconds=self._seconds(),
            is_done=self.done(),
            is_paused=self._control.is_paused,
            slowed_by=self._reads.slowed_by,
            stop=self._stopped,
            lang=self._lang,
        )
