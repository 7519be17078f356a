"""One process of the hunt: does what a cell or a command does, and writes down what came of it.

It may be killed at any moment. Its story is a file of JSON lines, each written at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import struct
import sys
import threading
import time
import traceback
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from arena import FAST
from hunt_interrupts import interrupt_at

import vodnb
from vodnb.bulk.engine import intents
from vodnb.cli import main as command_line
from vodnb.rules import lifecycle
from vodnb.rules.errors import VodnbError
from vodnb.session.runs import Runs

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable

    from vodnb.session.vod import Vod

TOLD = ("asset_id", "outcome", "error_code", "request_id", "requested_status", "run_id", "attempts")
"""The columns of a table that the judge reads."""

AFTERLIFE = 1.2
"""Seconds that an interrupted process lives on, as a kernel does: what still runs is seen."""

_wall, _wall_ns = time.time, time.time_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a process is to do.

    Attributes:
        leg: Number of the leg.
        actor: Which of the processes.
        folder: The folder of the round.
        endpoint: Where the service is.
        recipe: What the round is like.
        acts: What befalls this process, or what its user does.
        tables: The rows of each of its tables: pairs of an ID and a status.
        clock: Seconds by which the wall clock is off, for all processes; 8 bytes.
        is_quiet: Whether nothing goes wrong.
    """

    leg: int
    actor: int
    folder: Path
    endpoint: str
    recipe: dict[str, Any]
    acts: list[list[Any]] = field(default_factory=list)
    tables: list[list[tuple[str, str]]] = field(default_factory=list)
    clock: mmap.mmap
    is_quiet: bool = False

    def has(self, kind: str) -> list[Any] | None:
        """Return the parameters of an act, or None."""
        return next((each[3:] for each in self.acts if each[0] == kind), None)

    @property
    def story(self) -> Path:
        """Where the story goes."""
        return self.folder / f"story-{self.leg}-{self.actor}.jsonl"

    @property
    def verb(self) -> str:
        """Which verb runs."""
        return "confirm" if self.is_quiet else str(self.recipe["verb"])

    def token(self, number: int | str) -> str:
        """Return the token of a run: the server knows by it who calls."""
        return f"hunt-{self.leg}-{self.actor}-{number}"


def play(task: Task) -> None:
    """Do the task and end the process."""
    status = 1
    try:
        _Client(task).play()
        status = 0
    except BaseException:  # noqa: BLE001  whatever it is, the process ends here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


class _Client:
    def __init__(self, task: Task) -> None:
        self._task = task
        self._stall = 0.0

    def play(self) -> None:
        """Do the task."""
        task = self._task
        self._prepare()
        self._tell("begins", pid=os.getpid())
        vods = [self._connect(number) for number in range(len(task.tables))]
        if task.has("fork") is not None:
            self._use(vods[0])
            if pid := os.fork():
                os.waitpid(pid, 0)
                return
        self._live(vods)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._tell("stalled", seconds=self._stall)
        self._tell("ends")

    def _prepare(self) -> None:
        lifecycle.SETTLE_MARGIN = FAST.margin
        intents._FRESH = 0.8 * FAST.margin
        clock = self._task.clock
        time.time = lambda: _wall() + struct.unpack("d", clock[:8])[0]
        time.time_ns = lambda: _wall_ns() + int(1e9 * struct.unpack("d", clock[:8])[0])
        threading.Thread(target=self._watch_stalls, daemon=True).start()
        here = self._task.folder / f"here-{self._task.leg % 2}-{self._task.actor}"
        here.mkdir(exist_ok=True)
        os.chdir(here)

    def _watch_stalls(self) -> None:
        """Note when this process was kept waiting: a machine that is too busy proves nothing."""
        while True:
            before = time.monotonic()
            time.sleep(0.05)
            self._stall = max(self._stall, time.monotonic() - before - 0.05)

    def _tell(self, what: str, **more: object) -> None:
        line = json.dumps({"what": what, "at": time.monotonic(), **more})
        with self._task.story.open("a", encoding="utf-8") as story:
            story.write(f"{line}\n")

    def _connect(self, number: int | str) -> Vod:
        token = self._task.token(number)
        return vodnb.connect(
            endpoint=self._task.endpoint, project_id="p" * 32, token=token, lang="en"
        )

    # -- what the user does ---------------------------------------------------------------------

    def _live(self, vods: list[Vod]) -> None:
        task = self._task
        if task.has("states") is not None:
            self._use(vods[0])
        if look := task.has("look"):
            self._look(last=look[0])
        self._schedule()
        for again in range(2 if task.has("again") is not None else 1):
            if not self._cell(vods, is_first=again == 0):
                break
        for vod in vods:
            try:
                vod.close()
            except Exception as error:  # noqa: BLE001  it is judged
                self._tell_error(error)

    def _use(self, vod: Vod) -> None:
        try:
            ids = [asset_id for asset_id, _ in self._task.tables[0]][:3]
            vod.states(ids, deadline=FAST.deadline, progress=False)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  it is judged
            self._tell_error(error)

    def _look(self, *, last: int) -> None:
        """Ask for all states, and interrupt the asking."""
        vod = self._connect("look")
        ids = [asset_id for asset_id, _ in self._task.tables[0]]
        try:
            interrupt_at(last)
            vod.states(ids, deadline=FAST.deadline, rate=None, progress=False)
        except KeyboardInterrupt:
            sys.setprofile(None)
            time.sleep(0.2)
            self._tell("lost look")
        except Exception as error:  # noqa: BLE001  it is judged
            sys.setprofile(None)
            self._tell_error(error)
        sys.setprofile(None)
        vod.close()

    def _cell(self, vods: list[Vod], *, is_first: bool) -> bool:
        """Run the cell; return whether it came to its end by itself."""
        try:
            if len(vods) > 1:
                return self._two_at_once(vods)
            if is_first and (last := self._task.has("early")):
                interrupt_at(last[0])
            table = self._run(vods[0])
            sys.setprofile(None)
            self._tell_table(table, 0)
        except KeyboardInterrupt:
            sys.setprofile(None)
            self._after_interrupt()
            return False
        except BaseException as error:  # noqa: BLE001  it is judged
            sys.setprofile(None)
            self._tell_error(error)
            return False
        return True

    def _two_at_once(self, vods: list[Vod]) -> bool:
        jobs = []
        for number, vod in enumerate(vods):
            try:
                jobs.append((number, vod.start(self._table(number), **self._options(number))))
            except VodnbError as error:
                self._tell_error(error, number)
        for number, job in jobs:
            try:
                self._tell_table(job.wait(progress=False), number)
            except VodnbError as error:
                self._tell_error(error, number)
        return True

    def _run(self, vod: Vod) -> pd.DataFrame:
        table, options = self._table(0), self._options(0)
        if self._task.has("resume") is not None and (journal := self._unfinished()):
            for name in ("status", "status_column", "check_first", "verify", "journal"):
                options.pop(name, None)
            return vodnb.resume(journal, vod=vod, progress=False, **options)
        match self._task.verb:
            case "start":
                return vod.start(table, **options).wait(progress=False)
            case "aconfirm":
                return asyncio.run(vod.aconfirm(table, progress=False, **options))
            case "reconcile":
                options.pop("check_first")
                options.pop("verify")
                options.pop("status")
                return vod.reconcile(table, progress=False, **options)
            case "cli":
                return self._command(options)
        return vod.confirm(table, progress=False, **options)

    def _options(self, number: int) -> dict[str, Any]:
        recipe, task = self._task.recipe, self._task
        statuses = {asset_id: status for asset_id, status in task.tables[number] if asset_id}
        count = sum(status != "CREATED" for status in statuses.values())
        is_mixed = recipe["status"] == "mixed"
        options: dict[str, Any] = {
            "rate": "1500/min" if recipe["paced"] else None,
            "workers": recipe["workers"],
            "deadline": FAST.deadline,
            "check_first": recipe["look"] or task.is_quiet,
            "verify": recipe["verify"] or task.is_quiet,
            "status": "CREATED" if is_mixed else recipe["status"],
        }
        if is_mixed:
            options["status_column"] = "status"
        if count:
            options["destroy"] = count
        if recipe["place"] == "apart":
            options["journal"] = task.folder / f"apart-{task.leg}-{task.actor}-{number}"
        elif recipe["place"] == "none":
            options["journal"] = False
        if task.has("fresh") is not None:
            options["fresh"] = True
        return options

    def _table(self, number: int) -> Path | pd.DataFrame:
        rows = self._task.tables[number]
        frame = pd.DataFrame(rows, columns=["asset_id", "status"])
        if self._task.recipe["place"] == "here" and self._task.verb != "cli":
            return frame
        # Two processes with the same rows have the same file, and so the same journal.
        name = f"{zlib.crc32(repr(rows).encode()):08x}.csv"
        path = self._task.folder / "tables" / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            written = path.with_suffix(f".{os.getpid()}")
            frame.to_csv(written, index=False)
            written.replace(path)
        return path

    def _unfinished(self) -> Path | None:
        for folder in [*self._task.folder.glob("*/.vodnb"), *self._task.folder.glob("apart-*")]:
            listed = vodnb.runs(folder)
            for journal, state in zip(listed["journal"], listed["state"], strict=True):
                if state not in {"finished", "under way"}:
                    return Path(journal)
        return None

    def _command(self, options: dict[str, Any]) -> pd.DataFrame:
        """Run the command line; its table is the file that it writes."""
        task = self._task
        out = task.folder / f"out-{task.leg}-{task.actor}.csv"
        _take_for_granted(
            {name: options[name] for name in ("deadline", "journal") if name in options}
        )
        os.environ["VODNB_TOKEN"] = task.token(0)
        words = ["confirm", str(self._table(0)), "-o", str(out), "--endpoint", task.endpoint]
        words += ["--project-id", "p" * 32, "--workers", str(task.recipe["workers"])]
        words += ["--rate", options["rate"] or "none"]
        words += [] if options["check_first"] else ["--no-check-first"]
        words += [] if options["verify"] else ["--no-verify"]
        if "status_column" in options:
            words += ["--status-column", "status"]
        else:
            words += ["--status", options["status"]]
        if "destroy" in options:
            words += ["--destroy", str(options["destroy"])]
        try:
            command_line(words, standalone_mode=True)
        except SystemExit as ended:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._tell("exit", status=ended.code)
            if not out.exists():
                raise _NoTableError(str(ended.code)) from None
        return vodnb.load_assets(out)

    # -- what befalls it ------------------------------------------------------------------------

    def _schedule(self) -> None:
        def later(seconds: float, do: Callable[[], None]) -> None:
            timer = threading.Timer(seconds, do)
            timer.daemon = True
            timer.start()

        def hold(seconds: float) -> None:
            if job := vodnb.last_job():
                job.pause()
                time.sleep(seconds)
                job.resume()

        def stop() -> None:
            if job := vodnb.last_job():
                job.stop()

        if pause := self._task.has("pause"):
            later(pause[0], lambda: hold(pause[1]))
        if ends := self._task.has("stop"):
            later(ends[0], stop)
        if (chdir := self._task.has("chdir")) is not None:
            elsewhere = self._task.folder / "elsewhere"
            elsewhere.mkdir(exist_ok=True)
            later(chdir[0], lambda: os.chdir(elsewhere))

    def _after_interrupt(self) -> None:
        """Do what a kernel does after an interrupt: live on, with the last job at hand."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        job = vodnb.last_job()
        self._tell("interrupted", has_job=job is not None)
        until = time.monotonic() + AFTERLIFE
        while time.monotonic() < until:
            time.sleep(0.05)
        if job is None:
            return
        try:
            self._tell_table(job.results(), 0)
        except VodnbError as error:
            self._tell_error(error)

    # -- what came of it ------------------------------------------------------------------------

    def _tell_table(self, table: pd.DataFrame, number: int) -> None:
        rows = [
            ["" if pd.isna(cell) else str(cell) for cell in cells]
            for cells in zip(*[table[name].tolist() for name in TOLD], strict=True)
        ]
        self._tell("table", number=number, rows=rows)

    def _tell_error(self, error: BaseException, number: int = 0) -> None:
        if isinstance(error, _NoTableError):
            self._tell("no table", status=str(error))
            return
        kinds = [kind.__name__ for kind in type(error).__mro__]
        text = "".join(traceback.format_exception(error))[-1500:]
        self._tell("error", number=number, kinds=kinds, text=text)


class _NoTableError(Exception):
    """A command ended without its file."""


def _take_for_granted(options: dict[str, Any]) -> None:
    """Let the runs of this process have options that the command line does not know."""
    prepare = Runs.prepare

    def prepared(runs: Runs, assets: Any, asked: Any) -> Any:
        return prepare(runs, assets, {**asked, **options})

    Runs.prepare = prepared
