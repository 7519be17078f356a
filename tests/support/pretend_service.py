"""A service inside the process: assets with states, scripted answers, and a ledger."""

from __future__ import annotations

import asyncio
import json
import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from vodnb.rules.answers import Fault, FaultKind, Reply, read_answer
from vodnb.rules.errors import SignInError
from vodnb.rules.operations import CONFIRM, INFO, LIST

if TYPE_CHECKING:
    from vodnb.rules.answers import Answer
    from vodnb.rules.errors import VodnbError
    from vodnb.rules.operations import Operation

GOALS = {"CREATED": "CREATED", "FAILED": "UPLOAD_FAILED", "CANCELLED": "CANCELLED"}


def ids(count: int, first: int = 0) -> list[str]:
    """Return that many asset IDs, all different."""
    return [f"{number:032x}" for number in range(first, first + count)]


def refusal(code: str, status: int = 403, **headers: str) -> Reply:
    """Return an error answer of the service."""
    body = json.dumps({"error_code": code, "error_msg": f"told {code}"}).encode()
    return Reply(status=status, body=body, headers=headers)


LOST = Fault(kind=FaultKind.NO_ANSWER, detail="lost")
UNREACHABLE = Fault(kind=FaultKind.CONNECT, detail="refused")


class PretendService:
    """Speaks the engine's side of the API; every answer goes through the real reading of answers.

    Attributes:
        states: State of each asset; an asset without one is unknown.
        scripts: What the next confirm calls of an asset get, before it behaves: a pair of the
            answer and whether the call has its effect.
        info_script: What the next asset/info calls get.
        calls: The ledger: operation, asset IDs, loop time.
        latency: Seconds that a call takes.
        away: From when to when, in loop time, no call can connect.
        quota: Confirm calls a minute, in windows that open with a call; None for no limit.
        later_quota: From when another quota holds, and which.
        throttled: How many confirm calls were throttled.
        lag: For so many seconds after a confirm call asset/info tells the state before it.
    """

    endpoint = "http://pretend"

    def __init__(self, states: dict[str, str], *, latency: float = 0.01) -> None:
        self.states = states
        self.scripts: dict[str, list[tuple[Reply | Fault, bool]]] = defaultdict(list)
        self.info_script: list[Reply | Fault] = []
        self.calls: list[tuple[str, tuple[str, ...], float]] = []
        self.latency = latency
        self.away = (float("inf"), float("inf"))
        self.quota: int | None = None
        self.later_quota = (float("inf"), 0)
        self.throttled = 0
        self.lag = 0.0
        self._earlier: dict[str, tuple[float, str]] = {}
        self._window = (float("-inf"), 0)
        self.project_id = "p" * 32

    def redact(self, text: str) -> str:
        """Find no secret."""
        return text

    async def prepare(self) -> None:
        """Need nothing."""

    async def call(
        self,
        operation: Operation,
        *,
        deadline: float = 30,
        leaves_by: float = math.inf,
        **fields: object,
    ) -> Answer:
        """Serve one call."""
        del deadline, leaves_by
        await asyncio.sleep(self.latency)
        now = asyncio.get_running_loop().time()
        if self.away[0] <= now < self.away[1]:
            return read_answer(operation, UNREACHABLE, sent=fields)
        if operation in {INFO, LIST}:
            asked = tuple(map(str, fields["asset_id"]))
            self.calls.append((operation.name, asked, now))
            answers = self._info if operation is INFO else self._list
            is_scripted = operation is INFO and self.info_script
            got = self.info_script.pop(0) if is_scripted else answers(asked)
        else:
            assert operation is CONFIRM, operation
            asset_id = str(fields["asset_id"])
            self.calls.append(("confirm", (asset_id,), now))
            got = self._confirm(asset_id, str(fields["status"]))
        took = round(self.latency * 1000)
        return replace(read_answer(operation, got, sent=fields), elapsed_ms=took)

    def error_for(self, answer: Answer) -> VodnbError:
        """Return an error that shows the code."""
        return SignInError(f"refused with {answer.code}", code=answer.code)

    def posts(self, asset_id: str | None = None) -> int:
        """Count the confirm calls, of one asset or of all."""
        return sum(
            name == "confirm" and asset_id in {None, *asked} for name, asked, _ in self.calls
        )

    def _info(self, asked: tuple[str, ...]) -> Reply:
        found = [{"asset_id": asset_id, "status": self._shown(asset_id)} for asset_id in asked]
        return Reply(status=200, body=json.dumps({"asset_info_array": found}).encode())

    def _shown(self, asset_id: str) -> str:
        changed_at, before = self._earlier.get(asset_id, (-math.inf, ""))
        if self.lag and asyncio.get_running_loop().time() < changed_at + self.lag:
            return before
        return self.states.get(asset_id, "NO_ASSET")

    def _change(self, asset_id: str, state: str) -> None:
        before = self.states.get(asset_id, "NO_ASSET")
        self._earlier[asset_id] = (asyncio.get_running_loop().time(), before)
        self.states[asset_id] = state

    def _list(self, asked: tuple[str, ...]) -> Reply:
        found = [
            {"asset_id": asset_id, "asset_status": self.states[asset_id], "title": "t"}
            for asset_id in asked
            if self.states.get(asset_id, "CANCELLED") != "CANCELLED"
        ]
        return Reply(status=200, body=json.dumps({"total": 1, "assets": found}).encode())

    def _is_within_quota(self) -> bool:
        if self.quota is None:
            return True
        now = asyncio.get_running_loop().time()
        opened, count = self._window
        if now - opened >= 60.0:
            opened, count = now, 0
        limit = self.later_quota[1] if now >= self.later_quota[0] else self.quota
        is_within = count < limit
        self._window = (opened, count + is_within)
        self.throttled += not is_within
        return is_within

    def _confirm(self, asset_id: str, status: str) -> Reply | Fault:
        if not self._is_within_quota():
            return refusal("APIGW.0308", 429)
        if self.scripts[asset_id]:
            answer, has_effect = self.scripts[asset_id].pop(0)
            if has_effect:
                self._change(asset_id, GOALS[status])
            return answer
        if asset_id not in self.states:
            return refusal("VOD.10062")
        if self.states[asset_id] != "CREATING":
            return refusal("VOD.10126")
        self._change(asset_id, GOALS[status])
        return Reply(status=200, body=json.dumps({"asset_id": asset_id}).encode())
