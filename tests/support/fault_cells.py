"""Runs many jobs against fault servers at the same time, and checks what must hold for each."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fault_server import FaultServer

import vodnb
from vodnb.bulk import doubts, engine, gate, limiter, line
from vodnb.bulk.loop import submit
from vodnb.rules.errors import VodnbError
from vodnb.service import http

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    import pytest
    from fault_cases import Case
    from fault_server import Act, Call, Script

BOUND = 30.0
"""Seconds in which a job must end, on a machine with other things to do."""

HURRY = 0.05
"""What is left of a hold or a back-off."""

STALL = 0.25
"""A stall of this part of a call's deadline makes a run worthless: healthy calls come too late."""

TRIES = 4
"""How often such a run is tried."""

CROWD = {1: 24, 32: 6}
"""How many jobs of how many workers run at the same time."""


def quicken(patch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of a run: settle margin, back-off, holds, probes, the longest hold."""
    back_off, slow = engine.back_off, limiter.Limiter.slow
    patch.setattr(doubts, "SETTLE_MARGIN", 0.7)
    patch.setattr(gate, "PROBES", tuple(HURRY * seconds for seconds in gate.PROBES))
    patch.setattr(engine, "back_off", lambda *args, **kw: HURRY * back_off(*args, **kw))
    patch.setattr(limiter.Limiter, "slow", lambda self, *, hold: slow(self, hold=HURRY * hold))
    patch.setattr(line, "LONGEST_HOLD", 6.0)
    # Reading the authorities takes longer than a whole small job, and plain HTTP needs none.
    patch.setattr(http.httpx, "create_ssl_context", functools.cache(http.httpx.create_ssl_context))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One job: a fault, where it strikes, and how many workers there are.

    Attributes:
        case: The fault.
        role: What is struck: `confirm`; `look`, the asking before sending; `back`, the reading
            back of a doubtful asset.
        position: `first`, `middle`, `last` or `every`.
        workers: Calls under way at once.
    """

    case: Case
    role: str
    position: str
    workers: int

    @property
    def name(self) -> str:
        """What the test is called."""
        return f"{self.case.name}-{self.position}-{self.workers}"

    @property
    def assets(self) -> list[str]:
        """The assets: of this cell alone, so that no run is taken for another's."""
        count = 34 if self.workers > 1 else 21 if self.role == "look" else 6
        seed = f"{self.role}{self.name}"
        return [hashlib.md5(f"{seed}{i}".encode()).hexdigest() for i in range(count)]

    @property
    def token(self) -> str:
        """A secret that is seen nowhere else."""
        return f"CANARY{hashlib.sha256(self.name.encode()).hexdigest()}"

    def chosen(self, count: int) -> list[int]:
        """Return the places that are struck, of so many."""
        places = {"first": [0], "middle": [count // 2], "last": [count - 1]}
        return places.get(self.position, list(range(count)))

    @property
    def hit(self) -> list[str]:
        """The assets that are struck."""
        assets = self.assets
        return [assets[place] for place in self.chosen(len(assets))]


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a job came to, and what the server knows of it."""

    table: pd.DataFrame | None = None
    error: VodnbError | None = None
    shown: str = ""
    in_time: bool = True
    states: dict[str, str] = field(default_factory=dict)
    ledger: list[Call] = field(default_factory=list)
    elsewhere: int = 0

    def row(self, asset_id: str) -> pd.Series[Any]:
        """Return the row of an asset."""
        return self.table.set_index("asset_id").loc[asset_id]

    def posts(self, asset_id: str) -> list[Call]:
        """Return the confirm calls for an asset."""
        return [c for c in self.ledger if c.operation == "confirm" and asset_id in c.asset_ids]


class LogWatch(logging.Handler):
    """Keeps what is logged, for a search."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record as text, its traceback included."""
        self.lines.append(f"{record.getMessage()} {record.exc_info or ''}")


def strike(cell: Cell) -> Script:
    """Return the script of a cell whose confirm calls are struck."""
    hit, spell = set(cell.hit), _Spell(cell.case.spell)
    lasting = cell.case.lasting or cell.position == "every"

    def script(call: Call) -> Act | None:
        acts = cell.case.acts
        if call.operation != "confirm" or not acts:
            return None
        if cell.case.spell:
            return acts[0] if spell.holds(strikes=call.asset_ids[0] in hit) else None
        if call.asset_ids[0] not in hit:
            return None
        if getattr(acts[0], "strikes_reused", False) and (not call.reused or call.again):
            return None
        if lasting:
            return acts[min(call.again, len(acts) - 1)]
        return acts[call.again] if call.again < len(acts) else None

    return _once_where_unread(script, lasting=lasting)


class _Spell:
    """A while that begins with its first strike."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    def holds(self, *, strikes: bool) -> bool:
        now = time.monotonic()
        if strikes and not self._until:
            self._until = now + self._seconds
        return now < self._until


def _once_where_unread(script: Script, *, lasting: bool) -> Script:
    """Count what is never read here: the ledger does not have it."""
    struck: set[tuple[str, ...]] = set()

    def counted(call: Call) -> Act | None:
        act = script(call)
        if act is None or not getattr(act, "leaves_unread", False):
            return act
        only_once = not lasting or getattr(act, "strikes_reused", False)
        if only_once and call.asset_ids in struck:
            return None
        struck.add(call.asset_ids)
        return act

    return counted


def run(cell: Cell, script: Script, states: dict[str, str], *, check_first: bool) -> Seen:
    """Run one job against a server of its own and return everything there is to know."""
    seen = Seen()
    with FaultServer({}) as elsewhere, FaultServer(states, script=script) as server:
        server.other_port = elsewhere.port
        vod = vodnb.connect(endpoint=server.endpoint, project_id="p" * 32, token=cell.token)
        job = vod.start(
            cell.assets,
            rate=None,
            workers=cell.workers,
            deadline=cell.case.deadline,
            check_first=check_first,
            journal=False,
        )
        until = time.monotonic() + BOUND
        while not job.done() and time.monotonic() < until:
            time.sleep(0.02)
        seen.in_time = job.done()
        job.stop()
        try:
            seen.table = job.wait(progress=False)
        except VodnbError as error:
            seen.error = error
        seen.shown = f"{job!r} {job._repr_mimebundle_()} {seen.error!r} {seen.error} {vod!r}"
        vod.close()
        server.wait_quiet()
        seen.states, seen.ledger = dict(server.states), list(server.ledger)
        seen.elsewhere = elsewhere.connections
    return seen


class Pulse:
    """Notes when vodnb's loop was kept waiting: a machine that is too busy proves nothing."""

    BEAT = 0.05

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []
        self._future = submit(self._beat())

    async def _beat(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(self.BEAT)
            late = time.monotonic() - before - self.BEAT
            if late > self.BEAT:
                self._late.append((before, late))

    def worst_since(self, begun: float) -> float:
        """Return the longest stall since then, in seconds."""
        return max((late for at, late in list(self._late) if at >= begun - 1.0), default=0.0)

    def stop(self) -> None:
        """Feel it no more."""
        self._future.cancel()


class Runner:
    """Runs all cells in the background; each test waits for its own."""

    def __init__(self, cells: Iterable[Cell], how: Any) -> None:
        self._how = how
        self._pulse = Pulse()
        self.starved = 0
        self._pools = {workers: ThreadPoolExecutor(most) for workers, most in CROWD.items()}
        self._futures: dict[Cell, Future[Seen]] = {
            cell: self._pools[cell.workers].submit(self._run, cell) for cell in cells
        }

    def _run(self, cell: Cell) -> Seen:
        """Run a cell, again where the machine stalled for a good part of the deadline."""
        for _ in range(TRIES):
            begun = time.monotonic()
            seen = self._how(cell)
            if self._pulse.worst_since(begun) < STALL * cell.case.deadline:
                break
            self.starved += 1
        return seen

    def seen(self, cell: Cell) -> Seen:
        """Return what a cell came to."""
        return self._futures[cell].result(timeout=300)

    def close(self) -> None:
        """Give up what nobody waits for any more."""
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)
        self._pulse.stop()


# -- what holds in every cell ---------------------------------------------------------------------


def check_common(cell: Cell, seen: Seen, log: LogWatch) -> None:
    """Check what must hold whatever the fault is."""
    assert seen.in_time, f"the job did not end within {BOUND} s"
    assert seen.elsewhere == 0, "another server was called"
    assert {call.operation for call in seen.ledger} <= {"confirm", "info"}
    _check_secret(cell, seen, log)
    for asset_id in cell.assets:
        _check_sendings(asset_id, seen.ledger)
    if seen.table is None:
        assert not any(call.operation == "confirm" for call in seen.ledger)
        return
    assert list(seen.table["asset_id"]) == cell.assets
    for row in seen.table.itertuples():
        _check_truth(row, seen, cell)


def _check_secret(cell: Cell, seen: Seen, log: LogWatch) -> None:
    told = seen.table.to_csv() if seen.table is not None else ""
    for text in (told, seen.shown, *log.lines):
        assert cell.token[:24] not in text, f"the token is shown: {text[:2000]}"


def _check_sendings(asset_id: str, ledger: list[Call]) -> None:
    """Between two sendings lies a question for the state, or a definite "not processed"."""
    may_send = True
    for call in ledger:
        if asset_id not in call.asset_ids:
            continue
        if call.operation == "info":
            may_send = True
        elif call.operation == "confirm":
            assert may_send, f"{asset_id} was sent again without asking"
            may_send = call.refused


def _check_truth(row: Any, seen: Seen, cell: Cell) -> None:
    state = seen.states.get(row.asset_id, "NO_ASSET")
    posts = seen.posts(row.asset_id)
    by_us = [call for call in posts if call.effect is not None]
    assert len(by_us) <= 1
    assert row.attempts >= len([call for call in posts if not call.refused])
    match row.outcome:
        case "confirmed":
            assert state == "CREATED", f"reported confirmed, is {state}"
            # After a doubt nobody can tell whose doing it was.
            assert by_us or row.state_after, "reported confirmed, and was so before"
        case "already_confirmed":
            assert state == "CREATED"
            # A refusal names no asset: shifted by a desync, it may be another one's.
            assert not by_us or cell.case.name.startswith("20-")
        case "failed":
            assert not by_us, "reported failed, and is confirmed"
        case "not_sent":
            assert not by_us, "reported not sent, and is confirmed"
        case "in_doubt":
            assert row.sent_at
        case other:
            raise AssertionError(other)
    if row.outcome in {"confirmed", "already_confirmed"}:
        assert not row.error_code
    else:
        assert row.error_code, "a row that is not well has no code"
        assert row.meaning
        assert row.next_step


def check_ends(asset_id: str, seen: Seen, expected: Any) -> None:
    """Check that a row ended in one of the ways that its fault allows."""
    row, posts = seen.row(asset_id), seen.posts(asset_id)
    story = f"{row.to_dict()}; sent {len(posts)} times; {seen.states.get(asset_id)}"
    assert row.outcome in expected.outcomes, story
    if expected.codes:
        assert row.error_code in expected.codes, story
    if expected.posts:
        assert len(posts) in expected.posts, story
    if expected.read_back:
        assert row.state_after == "CREATED", story


def watch_log() -> tuple[LogWatch, Any]:
    """Listen to everything that is logged; return the watch, and what ends it."""
    watch, root, ours = LogWatch(), logging.getLogger(), logging.getLogger("vodnb")
    root.addHandler(watch)
    ours.setLevel(logging.DEBUG)

    def end() -> None:
        root.removeHandler(watch)
        ours.setLevel(logging.NOTSET)

    return watch, end
