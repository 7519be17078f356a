"""The service of the hunt: a fault server that knows who called, what it told, and what changed.

It is as cruel as the documents allow: a destructive call may destroy what somebody else confirmed.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import fault_server
from fault_server import GOALS, PORTS, FaultServer, Talk
from fault_wire import reply
from hunt_faults import answer_badly

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from fault_server import Act
    from fault_wire import Call


@dataclass(slots=True, kw_only=True)
class Entry:
    """One call as the judge sees it.

    Attributes:
        operation: `confirm` or `info`.
        assets: The assets it names.
        at: When it was received, on the monotonic clock of the machine.
        sender: The token it came with, which names the process.
        status: What a confirm call asks for.
        effect: When it changed an asset; None if it did not.
        refused: Whether it was certainly not processed, and the answer says so.
        fault: How it was answered badly; "" for well.
        told: The states that its answer told, as far as they are to be believed.
        answered: When the answer was handed to the network; None for none.
        request_id: The request ID of its answer.
    """

    operation: str
    assets: list[str]
    at: float
    sender: str
    status: str = ""
    effect: float | None = None
    refused: bool = False
    fault: str = ""
    told: dict[str, str] = field(default_factory=dict)
    answered: float | None = None
    request_id: str = ""


class HuntTalk(Talk):
    """A call under way, with its line of the ledger."""

    server: HuntServer

    def __init__(self, talk: Talk, entry: Entry) -> None:
        super().__init__(talk.server, talk.conn, talk.call)
        self.entry = entry

    def apply(self) -> None:
        """Let the call have its effect."""
        self.server.change(self.entry)

    def answer(self) -> bytes:
        """Let the call have its effect and return the healthy answer."""
        return self.server.serve(self.entry)


class HuntServer(FaultServer):
    """The service.

    Args:
        states: State of each asset; an asset without one is unknown.
        recipe: What goes wrong.
    """

    def __init__(self, states: dict[str, str], recipe: dict[str, Any]) -> None:
        super().__init__(states, script=self._choose, lag=recipe["lag"])
        self._recipe = recipe
        self._chance = random.Random(recipe["seed"])
        self._leg: int | None = None
        self._counts: dict[str, int] = {}
        self.entries: list[Entry] = []
        self.history = {one: [(0.0, state, "start")] for one, state in states.items()}

    # -- what a leg is like ---------------------------------------------------------------------

    def begin_leg(self, leg: int | None) -> None:
        """Let the faults of a leg begin; None for: everything is well from now on."""
        self._leg, self._counts = leg, {}
        if leg is None:
            self.lag = 0.0

    def _ingredients(self, kind: str) -> Sequence[list[Any]]:
        return [each for each in self._recipe["mix"] if each[0] == kind and each[1] == self._leg]

    def _choose(self, call: Call) -> Act:
        nth = self._counts.get(call.operation, 0)
        self._counts[call.operation] = nth + 1
        bad = None
        for _, _, operation, kind, effect, first, count in self._ingredients("answer"):
            if operation == call.operation and first <= nth < first + count:
                bad = (kind, effect)

        async def act(talk: Talk) -> bool:
            entry = Entry(
                operation=call.operation,
                assets=list(call.asset_ids),
                at=call.at,
                sender=call.headers.get("x-auth-token", ""),
                status=call.status,
                request_id=f"{len(self.entries):032x}",
            )
            self.entries.append(entry)
            if self._leg is not None:
                await asyncio.sleep(self._recipe["latency"])
            mine = HuntTalk(talk, entry)
            if bad:
                kind, effect = bad
                lives = await answer_badly(
                    mine, kind, effect=effect, deadline=self._recipe["deadline"]
                )
            else:
                await mine.send(mine.answer())
                lives = True
            entry.answered = time.monotonic()
            self._let_others_act(entry)
            return lives

        return act

    # -- the service ----------------------------------------------------------------------------

    def change(self, entry: Entry) -> None:
        """Let a confirm call change its asset, where the state allows it."""
        asset_id = entry.assets[0]
        state, goal = self.states.get(asset_id), GOALS[entry.status]
        destroys = self._recipe["cruel"] and entry.status != "CREATED" and state == "CREATED"
        if state == "CREATING" or destroys:
            self._set(asset_id, goal, entry.sender)
            entry.effect = time.monotonic()

    def _set(self, asset_id: str, state: str, by: str) -> None:
        now = time.monotonic()
        self._before[asset_id] = (self.states[asset_id], now)
        self.states[asset_id] = state
        self.history[asset_id].append((now, state, by))

    def serve(self, entry: Entry) -> bytes:
        """Serve a call as a healthy service does; return its answer."""
        if entry.operation == "info":
            entry.told = {one: self.shown(one) for one in entry.assets}
            found = [{"asset_id": one, "status": state} for one, state in entry.told.items()]
            body: dict[str, object] = {"asset_info_array": found, "total": len(found)}
            return reply(200, body, X_Request_Id=entry.request_id)
        if entry.operation != "confirm":
            return self.refusal("APIGW.0101", 404)
        state = self.states.get(entry.assets[0])
        is_there = state == GOALS[entry.status]
        self.change(entry)
        if entry.effect is None and not (is_there and self._recipe["takes second"]):
            code = "VOD.10126" if state else "VOD.10062"
            body = {"error_code": code, "error_msg": f"told {code}"}
            return reply(403, body, X_Request_Id=entry.request_id)
        return reply(200, {"asset_id": entry.assets[0]}, X_Request_Id=entry.request_id)

    # -- somebody else --------------------------------------------------------------------------

    def _let_others_act(self, entry: Entry) -> None:
        """Somebody else confirms some of what we have just told to hang."""
        for _, _, share, seconds in self._ingredients("outsider"):
            for asset_id, state in entry.told.items():
                if state == "CREATING" and self._chance.random() < share:
                    self.loop.call_later(seconds, self._confirm_elsewhere, asset_id)

    def _confirm_elsewhere(self, asset_id: str) -> None:
        if self.states[asset_id] == "CREATING":
            self._set(asset_id, "CREATED", "outsider")


def serve(pipe: Connection, states: dict[str, str], recipe: dict[str, Any]) -> None:
    """Be the server's process: do as the pipe says, until it closes.

    Args:
        pipe: Gets the port at first; then takes `leg` and `record` commands.
        states: State of each asset.
        recipe: What goes wrong.
    """
    first = os.getpid() * 7 % len(PORTS)  # rounds side by side must not look at the same ones
    fault_server._unused_ports = itertools.chain(PORTS[first:], PORTS[:first])
    with HuntServer(states, recipe) as server:
        pipe.send(server.port)
        while True:
            try:
                command, value = pipe.recv()
            except EOFError:
                return
            if command == "leg":
                server.loop.call_soon_threadsafe(server.begin_leg, value)
                pipe.send(None)
            else:
                entries = [asdict(entry) for entry in server.entries]
                pipe.send({"calls": entries, "history": server.history})
