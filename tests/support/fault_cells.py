"""One cell of the fault matrix: a job against a fault server, and what must hold for each."""

from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import wait
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from fault_server import FaultServer

import vodnb
from vodnb.rules.errors import VodnbError

if TYPE_CHECKING:
    import pandas as pd
    from fault_cases import Case, Ends
    from fault_server import Act, Script
    from fault_wire import Call

BOUND = 30.0
"""Seconds in which a job must end, on a machine with other things to do."""

POSITIONS = ("first", "middle", "last", "every")
IS_THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""Whether every fault is struck at every position by few and by many, which takes minutes."""

CANARY = "CANARY"
"""How every secret of a cell begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One job: a fault, where it strikes, and how many workers there are.

    Attributes:
        case: The fault.
        role: What is struck: `confirm`; `look`, the asking before sending; `back`, the reading
            back of a doubtful asset; `outage`, everything for a while.
        position: One of `POSITIONS`.
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
        few, many = {"look": (21, 34), "outage": (34, 120)}.get(self.role, (6, 34))
        count = many if self.workers > 1 else few
        seed = f"{self.role}{self.name}"
        return [hashlib.md5(f"{seed}{i}".encode()).hexdigest() for i in range(count)]

    @property
    def token(self) -> str:
        """A secret that is seen nowhere else."""
        return f"{CANARY}{hashlib.sha256(self.name.encode()).hexdigest()}"

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
    """What a job came to, and what the server knows of it.

    Attributes:
        rows: Its table, a row an object; None where the job could not start.
        error: Why it could not.
        shown: All that it shows of itself.
        in_time: Whether it ended by itself.
        states: State of each asset in the end.
        ledger: The calls that were served.
        elsewhere: Connections that another server saw, which nobody should call.
    """

    rows: list[SimpleNamespace] | None = None
    error: VodnbError | None = None
    shown: str = ""
    in_time: bool = True
    states: dict[str, str] = field(default_factory=dict)
    ledger: list[Call] = field(default_factory=list)
    elsewhere: int = 0

    def row(self, asset_id: str) -> SimpleNamespace:
        """Return the row of an asset."""
        return next(row for row in self.rows if row.asset_id == asset_id)

    def posts(self, asset_id: str) -> list[Call]:
        """Return the confirm calls for an asset."""
        return [c for c in self.ledger if c.operation == "confirm" and asset_id in c.asset_ids]


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
    seen, lag = Seen(), cell.case.lag
    with FaultServer({}) as elsewhere, FaultServer(states, script=script, lag=lag) as server:
        server.other_port = elsewhere.port
        vod = vodnb.connect(endpoint=server.endpoint, project_id="p" * 32, token=cell.token)
        job = vod.start(
            cell.assets,
            rate=None,
            workers=cell.workers,
            deadline=cell.case.deadline,
            check_first=check_first,
            # Where reading is struck for good, reading back would only wait for its end.
            verify=cell.role in {"confirm", "look"},
            journal=False,
        )
        seen.in_time = not wait([job._future], timeout=BOUND).not_done
        job.stop()
        try:
            seen.rows = _rows(job.wait(progress=False))
        except VodnbError as error:
            seen.error = error
        seen.shown = f"{job!r} {job._repr_mimebundle_()} {seen.error!r} {seen.error} {vod!r}"
        vod.close()
        server.wait_quiet()
        seen.states, seen.ledger = dict(server.states), list(server.ledger)
        seen.elsewhere = elsewhere.connections
    return seen


def _rows(table: pd.DataFrame) -> list[SimpleNamespace]:
    columns = [table[name].tolist() for name in table]
    return [
        SimpleNamespace(**dict(zip(table, cells, strict=True)))
        for cells in zip(*columns, strict=True)
    ]


# -- what holds in every cell ---------------------------------------------------------------------


def check_common(cell: Cell, seen: Seen) -> None:
    """Check what must hold whatever the fault is."""
    assert seen.in_time, f"the job did not end within {BOUND} s"
    assert seen.elsewhere == 0, "another server was called"
    assert {call.operation for call in seen.ledger} <= {"confirm", "info"}
    assert CANARY not in f"{seen.rows} {seen.shown}", "the token is shown"
    for asset_id in cell.assets:
        _check_sendings(asset_id, seen.ledger)
    if seen.rows is None:
        assert not any(call.operation == "confirm" for call in seen.ledger)
        return
    assert [row.asset_id for row in seen.rows] == cell.assets
    for row in seen.rows:
        _check_truth(row, seen, cell)


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


def check_rows(cell: Cell, seen: Seen) -> None:
    """Check that each row ended in one of the ways that the fault allows, struck or not."""
    assert seen.error is None
    hit = cell.hit
    struck = cell.case.every if cell.position == "every" else cell.case.once
    for asset_id in cell.assets:
        _check_ends(asset_id, seen, struck if asset_id in hit else cell.case.others)


def _check_ends(asset_id: str, seen: Seen, expected: Ends) -> None:
    row, posts = seen.row(asset_id), seen.posts(asset_id)
    story = f"{row}; sent {len(posts)} times; {seen.states.get(asset_id)}"
    assert row.outcome in expected.outcomes, story
    if expected.codes:
        assert row.error_code in expected.codes, story
    if expected.posts:
        assert len(posts) in expected.posts, story
    if expected.read_back:
        assert row.state_after == "CREATED", story
