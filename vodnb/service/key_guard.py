"""Keeps an access key from being refused until it locks.

More than five refusals in a row lock a key for five minutes, for whoever uses it, and calls that
are out cannot be called back. So until a key is proved good its calls leave one by one, and when
one is refused, those that waited for their turn do not leave. A key that was good is refused only
when it is withdrawn, and then its lock costs nobody anything, or when this machine's clock jumps,
as on waking from sleep: then it has to prove itself again.
Source: https://support.huaweicloud.com/ocr_faq/ocr_01_0063.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vodnb.rules.codes import look_up
from vodnb.rules.model import AnswerClass

from .loop_lock import LoopLock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vodnb.rules.answers import Answer

_JUMP_SECONDS = 60.0
"""Of the 15 minutes that the service allows."""


@dataclass(eq=False, repr=False, kw_only=True)
class KeyGuard:
    """Lets signed calls leave: one by one until the key is proved good, then all."""

    clock: Callable[[], float]
    """Returns seconds since 1970, as signatures bear them."""
    steady: Callable[[], float] = time.monotonic
    """Returns seconds of a clock that never jumps."""

    def __post_init__(self) -> None:
        self._turn = LoopLock()
        self._refusals: list[Answer] = []
        self._good_at: float | None = None

    async def call(self, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make a call in its turn; return the refusal of another where one came meanwhile."""
        if self._is_verified():
            return await self._watch(make)
        refusals = len(self._refusals)
        async with self._turn.here():
            if len(self._refusals) > refusals:
                # The record of that sending belongs to the other call: this one never left.
                return replace(self._refusals[-1], attempt=None)
            if not self._is_verified():
                return await self._watch(make)
        return await self._watch(make)

    def _is_verified(self) -> bool:
        return self._good_at is not None and abs(self._offset() - self._good_at) < _JUMP_SECONDS

    def _offset(self) -> float:
        return self.clock() - self.steady()

    async def _watch(self, make: Callable[[], Awaitable[Answer]]) -> Answer:
        # What a call proves holds for the moment when it was signed.
        offset, refusals = self._offset(), len(self._refusals)
        answer = await make()
        if is_refused_key(answer):
            self._refusals.append(answer)
            self._good_at = None
        elif _is_from_vod(answer) and len(self._refusals) == refusals:
            self._good_at = offset
        return answer


def _is_from_vod(answer: Answer) -> bool:
    """Whether VOD itself has answered: it is asked only after the gateway took the signature."""
    return answer.kind is AnswerClass.DONE or answer.code.startswith("VOD.")


def is_refused_key(answer: Answer) -> bool:
    """Whether an answer refuses a signature."""
    return bool(answer.code) and look_up(answer.code, answer.http_status).kind == "auth"
