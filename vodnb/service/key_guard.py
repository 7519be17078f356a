"""Keeps an access key from being refused until it locks.

More than five refusals in a row lock a key for five minutes, for whoever uses it. Calls that are
out cannot be called back, so only four signed ones are out at once; and when one is refused, those
that waited for their turn do not leave.
Source: https://support.huaweicloud.com/ocr_faq/ocr_01_0063.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from vodnb.rules.codes import look_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vodnb.rules.answers import Answer

__all__ = ["KeyGuard", "is_refused_key"]

_OUT_AT_ONCE = 4


class KeyGuard:
    """Lets signed calls leave, a few at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_OUT_AT_ONCE)
        self._refusals: list[Answer] = []

    async def call(self, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make a call in its turn; return the refusal of another where one came meanwhile.

        Args:
            make: Makes the call.
        """
        refusals = len(self._refusals)
        async with self._turns:
            if len(self._refusals) > refusals:
                return self._refusals[-1]
            answer = await make()
            if is_refused_key(answer):
                self._refusals.append(answer)
            return answer


def is_refused_key(answer: Answer) -> bool:
    """Whether an answer refuses a signature."""
    return bool(answer.code) and look_up(answer.code, answer.http_status).kind == "auth"
