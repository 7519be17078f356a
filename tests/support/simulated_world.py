"""A service, a disk and a wall clock for the simulation: everything that outlives a crash."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from pretend_service import LOST, UNREACHABLE, refusal

from vodnb.bulk.engine.events import Bounced, Sent, Settled, Verified
from vodnb.bulk.engine.recorder import _STANDINGS
from vodnb.journal.entries import Entry
from vodnb.rules.answers import Reply, read_answer
from vodnb.rules.errors import SignInError
from vodnb.rules.operations import INFO

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from vodnb.bulk.engine.events import Event, Listener
    from vodnb.rules.answers import Answer, Fault
    from vodnb.rules.errors import VodnbError
    from vodnb.rules.operations import Operation

DEADLINE = 5.0
"""Seconds that a call may take; what it does at the service is done by then."""

_LONGEST_LAG = 3.0
_EPOCH = 1.7e9

_STATES = ["CREATING"] * 7 + ["CREATED", "CANCELLED", "NO_ASSET"]
_THROTTLED = [refusal("APIGW.0308", 429), refusal("VOD.10127")]
_DEAD_TOKEN = refusal("APIGW.0307", 401)
_PAGE = Reply(status=200, body=b"<html>sign in</html>")
_STRANGER = Reply(status=200, body=b'{"asset_id": "another"}')
_OPEN = [LOST, refusal("VOD.10051"), refusal("APIGW.0201", 504), _PAGE, _STRANGER]
"""Answers that leave open whether the call had its effect."""


class World:
    """What goes on whether we live or not.

    Attributes:
        assets: The assets of the table.
        goal: The state that a confirm call leads to.
        states: What each asset really is.
        effects: How often a call of ours confirmed an asset.
        calls: What befell each asset, in order: `look`, `maybe` (it may have had its effect) or
            `no` (it had none, and the answer says so), with the time it left.
        lines: The log of the story.
        crashed: Set when the process is gone.
    """

    endpoint = "http://pretend"
    project_id = "p" * 32

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.assets = [f"a{number}" for number in range(chance.choice([1, 3, 12, 25]))]
        self.states = {asset: chance.choice(_STATES) for asset in self.assets}
        self.states = {asset: state for asset, state in self.states.items() if state != "NO_ASSET"}
        self._shown = dict(self.states)
        self._lag = chance.choice([0.0, 0.0, chance.uniform(0, _LONGEST_LAG)])
        self._trouble = chance.choice([0.0, 0.05, 0.3, 0.7])
        self._takes_second = chance.random() < 0.5
        self.goal = "CREATED"
        self.effects: Counter[str] = Counter()
        self.calls: dict[str, list[tuple[str, float]]] = defaultdict(list)
        self.lines: list[str] = []
        self._wall_shift = _EPOCH
        self.life = 0
        self._crash_at: int | None = None
        begins = chance.uniform(0, 20) if chance.random() < 0.2 else float("inf")
        self._away = (begins, begins + chance.choice([3.0, 30.0, 200.0]))

    def begin(self) -> None:
        """Come to be, on the running loop."""
        self._loop = asyncio.get_running_loop()

    def wake(self, *, crash_at: int | None) -> None:
        """Start a process that dies at its n-th event."""
        self.life += 1
        self._crash_at = crash_at
        self.crashed = asyncio.Event()

    def wall(self) -> float:
        """Return the time of day in seconds since 1970."""
        return self._loop.time() + self._wall_shift

    def monotonic(self) -> float:
        """Return the seconds since the machine was started; nobody sets these."""
        return self._loop.time()

    def set_clock(self) -> None:
        """Now and then, the clock is set back or forward while nobody runs."""
        if self._chance.random() < 0.4:
            self._wall_shift += self._chance.uniform(-3600, 3600)

    def log(self, line: str) -> None:
        """Write a line of the story."""
        self.lines.append(line)

    async def tick(self, life: int) -> None:
        """Let one event pass; a dead process hangs here until it is swept away."""
        if self._crash_at is not None and life == self.life:
            self._crash_at -= 1
            if self._crash_at == 0:
                self.crashed.set()
        if self.is_dead(life):
            await self._loop.create_future()

    def is_dead(self, life: int) -> bool:
        """Whether that process is gone."""
        return life != self.life or self.crashed.is_set()

    # -- the service ----------------------------------------------------------------------------

    def redact(self, text: str) -> str:
        """Find no secret."""
        return text

    async def prepare(self) -> None:
        """Need nothing."""

    def error_for(self, answer: Answer) -> VodnbError:
        """Return an error that shows the code."""
        return SignInError(f"refused with {answer.code}", code=answer.code)

    async def call(
        self,
        operation: Operation,
        *,
        deadline: float = 0,
        leaves_by: float = math.inf,
        **fields: Any,
    ) -> Answer:
        """Serve one call; what has left has its effect even if the caller is gone by then."""
        del deadline
        life = self.life
        await self.tick(life)
        if self._loop.time() > leaves_by:
            return read_answer(operation, UNREACHABLE, sent=fields)
        serve = self._look if operation is INFO else self._confirm
        got, seconds = serve(fields["asset_id"])
        await asyncio.sleep(seconds)
        await self.tick(life)
        return read_answer(operation, got, sent=fields)

    def _is_away(self) -> bool:
        return self._away[0] <= self._loop.time() < self._away[1]

    def _look(self, asked: list[str]) -> tuple[Reply | Fault, float]:
        now = self._loop.time()
        self.log(f"look {now:.6f} {' '.join(asked)}")
        dice = self._chance.random()
        if self._is_away():
            return UNREACHABLE, 0.01
        if dice < self._trouble / 3:
            troubles = [LOST, UNREACHABLE, refusal("VOD.10051"), *_THROTTLED, _PAGE]
            if dice < self._trouble / 60:
                troubles = [_DEAD_TOKEN]
            return self._chance.choice(troubles), self._chance.uniform(0.01, DEADLINE)
        for asset in asked:
            self.calls[asset].append(("look", now))
        found = [
            {"asset_id": asset, "status": self._shown.get(asset, "NO_ASSET")}
            for asset in asked
            if self._chance.random() >= self._trouble / 20
        ]
        body = json.dumps({"asset_info_array": found}).encode()
        return Reply(status=200, body=body), self._chance.uniform(0.01, 0.1)

    def _confirm(self, asset: str) -> tuple[Reply | Fault, float]:
        now = self._loop.time()
        if self._is_away():
            return self._without_effect(asset, UNREACHABLE)
        if self._chance.random() < self._trouble:
            return self._trouble_for(asset)
        self.log(f"post {now:.6f} {asset}")
        self.calls[asset].append(("maybe", now))
        return self._true_answer(asset), self._chance.uniform(0.01, 0.5)

    def _true_answer(self, asset: str) -> Reply:
        state = self.states.get(asset)
        if state is None:
            return refusal("VOD.10062")
        if state != "CREATING" and not (state == self.goal and self._takes_second):
            return refusal("VOD.10126")
        self._take_effect(asset)
        return Reply(status=200, body=json.dumps({"asset_id": asset}).encode())

    def _trouble_for(self, asset: str) -> tuple[Reply | Fault, float]:
        sort = self._chance.random()
        if sort < 0.25:
            return self._without_effect(asset, self._chance.choice(_THROTTLED))
        if sort < 0.4:
            return self._without_effect(asset, UNREACHABLE)
        if sort < 0.42:
            return self._without_effect(asset, _DEAD_TOKEN)
        now = self._loop.time()
        self.log(f"post {now:.6f} {asset} in trouble")
        self.calls[asset].append(("maybe", now))
        if self._chance.random() < 0.6:
            # The effect may come long after the answer was lost, but within the deadline.
            moment = self._chance.choice([0.0, self._chance.uniform(0, DEADLINE)])
            self._loop.call_later(moment, self._take_effect, asset)
        return self._chance.choice(_OPEN), self._chance.uniform(0.01, DEADLINE)

    def _without_effect(self, asset: str, got: Reply | Fault) -> tuple[Reply | Fault, float]:
        now = self._loop.time()
        self.log(f"void {now:.6f} {asset}")
        self.calls[asset].append(("no", now))
        return got, 0.01

    def _take_effect(self, asset: str) -> None:
        if self.states.get(asset) == "CREATING":
            self.states[asset] = self.goal
            self.effects[asset] += 1
            self.log(f"effect {self._loop.time():.6f} {asset}")
            self._loop.call_later(self._lag, self._shown.__setitem__, asset, self.goal)

    def commit_seconds(self) -> float:
        """Return how long the disk takes this time."""
        return self._chance.choice([0.0, 0.001, 0.01, 0.2, self._chance.uniform(0, 1.5)])


class MemoryJournal:
    """The journal's stand-in: a list that survives the process.

    Real SQLite needs a thread, and a virtual clock cannot wait for one.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines: list[Entry] = []

    def entries(self) -> Iterator[Entry]:
        """Return the last entry of each asset, with the time of its last leaving."""
        last: dict[str, Entry] = {}
        for entry in self.lines:
            before = last[entry.asset_id].left_at if entry.asset_id in last else 0.0
            last[entry.asset_id] = Entry(
                asset_id=entry.asset_id,
                standing=entry.standing,
                settlement=entry.settlement,
                left_at=max(before, entry.left_at),
            )
        return iter(last.values())


class MemoryRecorder:
    """The recorder's stand-in: the same order of things, without a thread."""

    def __init__(self, journal: MemoryJournal, *, listen: Listener) -> None:
        self._journal = journal
        self._world = journal.world
        self._life = self._world.life
        self._listen = listen
        self._waiting: list[tuple[Event | None, Entry, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    def intend(self, events: Sequence[Sent]) -> asyncio.Future[None]:
        """Return what is done when the intents are durable."""
        *others, last = events
        for event in others:
            self._put(event, is_heard=False)
        return self._put(last, is_heard=False)

    def hurry(self) -> None:
        """Need nothing: it never waits for more."""

    def hear(self, event: Sent) -> None:
        """Let a leaving be heard that was noted ahead."""
        if not self._world.is_dead(self._life):
            self._listen(event)

    def retract(self, event: Bounced) -> None:
        """Note that an asset did not leave after all."""
        if not self._world.is_dead(self._life):
            self._put(event, is_heard=False)

    def tell(self, event: Event) -> None:
        """Let an event be heard, an outcome only when it is durable."""
        if self._world.is_dead(self._life):
            return
        if isinstance(event, Bounced | Settled | Verified):
            self._put(event)
        else:
            self._listen(event)

    async def catch_up(self) -> None:
        """Wait until everything so far is heard."""
        await self.finish()

    async def finish(self) -> None:
        """Wait until everything is written and heard."""
        while self._writer and not self._writer.done() and not self._world.is_dead(self._life):
            await asyncio.wait({self._writer})

    def _put(
        self, event: Sent | Bounced | Settled | Verified, *, is_heard: bool = True
    ) -> asyncio.Future[None]:
        entry = Entry(
            asset_id=event.asset_id,
            standing=_STANDINGS[type(event)],
            settlement=event.settlement,
            left_at=self._world.wall() if isinstance(event, Sent) else 0.0,
        )
        durable = asyncio.get_running_loop().create_future()
        self._waiting.append((event if is_heard else None, entry, durable))
        if not self._writer or self._writer.done():
            self._writer = asyncio.ensure_future(self._write())
        return durable

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            await self._world.tick(self._life)
            await asyncio.sleep(self._world.commit_seconds())
            if self._world.is_dead(self._life):
                return
            self._journal.lines += [entry for _, entry, _ in group]
            await self._world.tick(self._life)
            for event, _, durable in group:
                if event:
                    self._listen(event)
                if not durable.done():
                    durable.set_result(None)
