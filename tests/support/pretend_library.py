"""A library of assets inside the process: lists them by time, as large as one likes."""

from __future__ import annotations

import asyncio
import json
import math
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pretend_service import PretendService

from vodnb.rules.answers import Fault, Reply, read_answer
from vodnb.rules.operations import LIST

if TYPE_CHECKING:
    from vodnb.rules.answers import Answer
    from vodnb.rules.operations import Operation

CAP = 20_000


class Library(PretendService):
    """Answers asset/list by windows of time.

    Attributes:
        rows: Seconds since 1970, asset ID and state, in order of time.
        is_inclusive: Whether the ends of a window belong to it.
        script: What the next calls get instead.
        after: Called with the number of each call once it was answered.
    """

    def __init__(self, rows: list[tuple[int, str, str]]) -> None:
        super().__init__({}, latency=0.0)
        self.rows = sorted(rows)
        self.is_inclusive = True
        self.script: list[Reply | Fault] = []
        self.queries: list[dict[str, Any]] = []
        self.after = lambda _count: None

    async def call(
        self,
        operation: Operation,
        *,
        deadline: float = 30,
        leaves_by: float = math.inf,
        **fields: Any,
    ) -> Answer:
        """Serve one call."""
        del deadline, leaves_by
        assert operation is LIST
        await asyncio.sleep(0)
        self.queries.append(fields)
        got = self.script.pop(0) if self.script else self._serve(fields)
        self.after(len(self.queries))
        return read_answer(operation, got, sent=fields)

    def matching(self, fields: dict[str, Any]) -> list[tuple[int, str, str]]:
        """Return what a query asks for, the newest first."""
        start, end = (_seconds(fields[name]) for name in ("start_time", "end_time"))
        if not self.is_inclusive:
            start, end = start + 1, end - 1
        low = bisect_left(self.rows, (start,))
        high = bisect_right(self.rows, (end, "~"))
        wanted = fields.get("status")
        return [row for row in self.rows[low:high] if not wanted or row[2] in wanted][::-1]

    def _serve(self, fields: dict[str, Any]) -> Reply:
        page, size = int(fields["page"]), int(fields["size"])
        assert size <= 100
        assert (page + 1) * size <= CAP
        found = self.matching(fields)
        rows = [
            {
                "asset_id": asset_id,
                "asset_status": state,
                "title": "t",
                "create_time": datetime.fromtimestamp(moment, UTC).strftime("%Y%m%d%H%M%S"),
            }
            for moment, asset_id, state in found[page * size : (page + 1) * size]
        ]
        body = json.dumps({"total": min(len(found), CAP), "assets": rows}).encode()
        return Reply(status=200, body=body)


def _seconds(stamp: str) -> int:
    return int(datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp())
