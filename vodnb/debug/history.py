"""The exchanges of one session, the newest last: enough of them to look back, and no more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.rules.words.wording import say

if TYPE_CHECKING:
    from vodnb.rules.model import Lang

    from .exchange import Exchange

MOST_KEPT = 500
"""Exchanges of a session that are kept; an older one makes way."""


class History:
    """What a session has called; any thread may add and look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[int, Exchange] = {}
        self._count = 0

    def add(self, exchange: Exchange) -> int:
        """Keep an exchange, and return its number, from 1."""
        with self._lock:
            self._count += 1
            self._kept[self._count] = exchange
            if len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            return self._count

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return f"History({len(self)} exchanges)"

    def get(self, number: int) -> Exchange:
        """Return an exchange by its number; -1 is the last one.

        Raises:
            InputError: There is none of that number, or it has made way.
        """
        with self._lock:
            if number < 0:
                number = self._count + 1 + number
            if number in self._kept:
                return self._kept[number]
            first, last = min(self._kept, default=0), self._count
        raise InputError(
            f"There is no exchange {number} in this session's history.",
            f"Kept are {first} to {last}; the last {MOST_KEPT} of a session."
            if first
            else "No call was made yet.",
            "vod.history() lists them.",
        )

    def rows(self, lang: Lang) -> list[dict[str, object]]:
        """Return a row for each exchange, by column."""
        with self._lock:
            kept = dict(self._kept)
        return [
            {
                "n": number,
                "operation": exchange.operation,
                "method": exchange.last.method,
                "url": exchange.last.url,
                "http_status": exchange.http_status,
                "error_code": exchange.code,
                "result": say("exchange.success", lang)
                if exchange.ok
                else exchange.speak(lang).meaning,
                "request_id": exchange.request_id,
                "attempts": len(exchange.attempts),
                "sent_at": exchange.last.sent_at,
                "total_ms": exchange.last.timings.total_ms,
            }
            for number, exchange in kept.items()
        ]
