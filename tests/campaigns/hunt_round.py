"""One round of the hunt: a server process, some legs of client processes, a quiet leg, a record."""

from __future__ import annotations

import hashlib
import json
import mmap
import multiprocessing
import os
import random
import signal
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hunt_client
import hunt_server
from hunt_client import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

BOUND = 150.0
"""Seconds in which a leg must end: as long as a verb waits for a service that does not answer, and
half a minute for all else."""

QUIET_BOUND = 30.0
"""Seconds in which a leg must end when nothing goes wrong any more."""

_STATES = ["CREATED", "CANCELLED", "UPLOAD_FAILED", "PUBLISHED", "NO_ASSET"]


@dataclass(slots=True, kw_only=True)
class Record:
    """All that there is to judge of a round; values only.

    Attributes:
        recipe: What the round was like.
        tables: The rows that each process was given, by its token.
        calls: The server's ledger.
        history: The states of each asset over time: when, which, whose doing.
        stories: What each process wrote down, by leg and actor.
        hits: What was done to a process from outside: leg, actor, what, when.
        overdue: Processes that did not end within their bound.
        crashed: What a process said that ended in another way than it should.
        stall: The longest time for which one of the processes was kept waiting, in seconds.
    """

    recipe: dict[str, Any]
    tables: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    history: dict[str, list[tuple[float, str, str]]] = field(default_factory=dict)
    stories: dict[tuple[int, int], list[dict[str, Any]]] = field(default_factory=dict)
    hits: list[tuple[int, int, str, float]] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    stall: float = 0.0


class Round:
    """Plays one round; it must have its process to itself.

    Args:
        recipe: What it is like.
        folder: An empty folder for it.
    """

    def __init__(self, recipe: dict[str, Any], folder: Path) -> None:
        self._recipe = recipe
        self._folder = folder
        chance = random.Random(f"assets {recipe['seed']}")
        self._assets = [
            hashlib.md5(f"{recipe['seed']} {number}".encode()).hexdigest()
            for number in range(recipe["assets"])
        ]
        is_hanging = [chance.random() < recipe["hanging"] for _ in self._assets]
        self._states = {
            asset_id: "CREATING" if hangs else chance.choice(_STATES)
            for asset_id, hangs in zip(self._assets, is_hanging, strict=True)
        }
        statuses = ["CREATED", "CANCELLED", "FAILED"]
        self._status = {
            asset_id: chance.choice(statuses) if recipe["status"] == "mixed" else recipe["status"]
            for asset_id in self._assets
        }
        self._clock = mmap.mmap(-1, 8)
        self._going: dict[int, Task] = {}
        self._record = Record(recipe=recipe)

    def play(self) -> Record:
        """Play it to its end."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ["HOME"] = str(self._folder / "home")
        Path(os.environ["HOME"]).mkdir(parents=True)
        states = {one: state for one, state in self._states.items() if state != "NO_ASSET"}
        ours, theirs = multiprocessing.Pipe()
        server = _fork(lambda: hunt_server.serve(theirs, states, self._recipe))
        theirs.close()
        try:
            self._endpoint = f"http://127.0.0.1:{ours.recv()}"
            self._legs(ours)
            _ask(ours, "record", None, into=self._take_ledger)
        finally:
            ours.close()
            with suppress(ProcessLookupError):
                os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
        return self._record

    def _take_ledger(self, told: dict[str, Any]) -> None:
        self._record.calls, self._record.history = told["calls"], told["history"]

    def _legs(self, pipe: Connection) -> None:
        for leg in range(self._recipe["legs"]):
            _ask(pipe, "leg", leg)
            self._leg([self._task(leg, actor) for actor in self._actors], bound=BOUND)
        _ask(pipe, "leg", None)
        time.sleep(self._recipe["lag"])
        for actor in self._actors:
            for number in range(len(self._task(0, actor).tables)):
                task = self._task(self._recipe["legs"], actor, quiet=number)
                self._leg([task], bound=QUIET_BOUND)

    @property
    def _actors(self) -> range:
        return range(2 if self._recipe["actors"] == "two" else 1)

    def _task(self, leg: int, actor: int, *, quiet: int | None = None) -> Task:
        tables = [self._rows(actor)]
        if self._recipe["actors"] == "together":
            tables.append(self._rows(1))
        mix = [each for each in self._recipe["mix"] if each[0] not in {"answer", "outsider"}]
        acts = [each for each in mix if each[1:3] == [leg, actor]]
        task = Task(
            leg=leg if quiet is None else leg + quiet,
            actor=actor,
            folder=self._folder,
            endpoint=self._endpoint,
            recipe=self._recipe,
            acts=acts if quiet is None else [],
            tables=tables if quiet is None else [tables[quiet]],
            clock=self._clock,
            is_quiet=quiet is not None,
        )
        self._record.tables |= {task.token(n): rows for n, rows in enumerate(task.tables)}
        return task

    def _rows(self, actor: int) -> list[tuple[str, str]]:
        """Return the rows of an actor: its assets, the first of them twice, and an empty cell."""
        count = len(self._assets)
        part = slice(0, count)
        if self._recipe["share"] == "overlap" and self._recipe["actors"] != "one":
            part = slice(0, 3 * count // 4) if actor == 0 else slice(count // 4, count)
        mine = self._assets[part]
        rows = [(asset_id, self._status[asset_id]) for asset_id in [*mine, mine[0]]]
        return [*rows, ("", "CREATED")]

    # -- a leg ----------------------------------------------------------------------------------

    def _leg(self, tasks: list[Task], *, bound: float) -> None:
        begun = time.monotonic()
        self._going = going = {}
        plan: list[tuple[float, Callable[[], None]]] = []
        for task in tasks:
            if going:
                time.sleep(self._recipe["apart"])
            pid = _fork(lambda task=task: hunt_client.play(task), errors=_errors(task))
            going[pid] = task
            plan += self._hits(pid, task, time.monotonic())
        plan.sort(key=lambda step: step[0])
        last = time.monotonic()
        while going:
            now = time.monotonic()
            self._record.stall = max(self._record.stall, now - last)
            last = now
            while plan and plan[0][0] <= now:
                plan.pop(0)[1]()
            for pid in list(going):
                gone, status = os.waitpid(pid, os.WNOHANG)
                if gone:
                    self._ended(going.pop(pid), status)
                elif now - begun > bound:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    task = going.pop(pid)
                    self._record.overdue.append(f"leg {task.leg}, process {task.actor}")
                    self._ended(task, 0)
            time.sleep(0.004)

    def _hits(self, pid: int, task: Task, begun: float) -> list[tuple[float, Callable[[], None]]]:
        steps: list[tuple[float, Callable[[], None]]] = []

        def hit(number: int) -> None:
            # Who has been waited for is gone, and its number may be another's.
            if pid in self._going:
                os.kill(pid, number)
                name = signal.Signals(number).name
                self._record.hits.append((task.leg, task.actor, name, time.monotonic()))

        if kill := task.has("kill"):
            steps.append((begun + kill[0], lambda: hit(signal.SIGKILL)))
        if several := task.has("signals"):
            name, first, count, gap = several
            number = signal.Signals[name]
            steps += [(begun + first + nth * gap, lambda: hit(number)) for nth in range(count)]
        if jump := task.has("jump"):
            steps.append((begun + jump[0], lambda: self._jump(jump[1])))
        return steps

    def _jump(self, seconds: float) -> None:
        (before,) = struct.unpack("d", self._clock[:8])
        self._clock[:8] = struct.pack("d", before + seconds)

    def _ended(self, task: Task, status: int) -> None:
        lines = task.story.read_text("utf-8").splitlines() if task.story.exists() else []
        story = [json.loads(line) for line in lines if line.endswith("}")]
        self._record.stories[task.leg, task.actor] = story
        stalls = [line["seconds"] for line in story if line["what"] == "stalled"]
        self._record.stall = max([self._record.stall, *stalls])
        was_hit = any(hit[:2] == (task.leg, task.actor) for hit in self._record.hits)
        if status and not (os.WIFSIGNALED(status) and was_hit):
            errors = _errors(task)
            said = errors.read_text("utf-8", errors="replace")[-1500:] if errors.exists() else ""
            if not (was_hit and (not said or "KeyboardInterrupt" in said)):
                self._record.crashed.append(f"leg {task.leg}, process {task.actor}: {said}")


def _errors(task: Task) -> Path:
    return task.folder / f"errors-{task.leg}-{task.actor}.txt"


def _ask(
    pipe: Connection,
    command: str,
    value: object,
    *,
    into: Callable[[Any], None] = lambda _told: None,
) -> None:
    pipe.send((command, value))
    into(pipe.recv())


def _fork(work: Callable[[], None], *, errors: Path | None = None) -> int:
    """Run work in a child that hears Ctrl-C; return its process ID."""
    if pid := os.fork():
        return pid
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if errors:
            sink = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
        work()
    finally:
        os._exit(1)
