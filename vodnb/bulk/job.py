"""The handle of a run: start it, watch it, stop it, take its table, from any thread."""

from __future__ import annotations

import asyncio
import math
import random
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.bulk.engine.engine import Engine
from vodnb.bulk.engine.events import Phase, PhaseBegan, Sent, Settled, Warned
from vodnb.bulk.engine.plan import Item, Keep, Plan
from vodnb.bulk.engine.read_back import is_unverified
from vodnb.bulk.engine.recorder import Recorder
from vodnb.bulk.engine.run_state import RunState
from vodnb.bulk.pace.control import Control, Stop
from vodnb.bulk.pace.paced_call import PacedCall, limiter_for
from vodnb.journal.entries import Header
from vodnb.journal.opening import SUFFIX, OpenRun, Want, choose_folder, open_run
from vodnb.journal.owner import this_clock, this_process
from vodnb.journal.takeover import enter_first, take_over
from vodnb.rules.errors import VodnbError
from vodnb.rules.model import Lang, Outcome, Settlement
from vodnb.rules.operations import CONFIRM, INFO
from vodnb.rules.windows import utc_text
from vodnb.tables.results import build_results

from .background import BulkJob
from .in_words import describe_run

if TYPE_CHECKING:
    from collections import Counter

    import pandas as pd

    from vodnb.service.client import Client


_OURS = {"CLIENT.CANARY", "CLIENT.FAULT", "CLIENT.JOURNAL"}
"""Reasons to stop that what was not sent bears as its code."""


def new_run_id() -> str:
    """Return a name for a run: its UTC time and six random hex digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


class Job(BulkJob):
    """A run under way, or done.

    Attributes:
        trials_left: Of a trial, how many more assets may be sent, once it is done; else infinity.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        table: pd.DataFrame,
        service: Client,
        ceiling: float,
        lang: Lang,
        keep: Keep | None = None,
        control: Control | None = None,
    ) -> None:
        self._plan = plan
        self._total = len(plan.assets)
        self._keep = keep
        self._table = table
        self._ceiling = ceiling  # calls a second of each quota; infinity lifts the pacing
        self._state = RunState(plan.assets)
        self._taken_over = 0
        self._is_verified = True
        self.trials_left = math.inf
        super().__init__(control or Control(), service=service, lang=lang)

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return self._plan.run_id

    @property
    def share(self) -> float:
        """How much of the run is settled, from 0 to 1."""
        return self._state.settled / max(self._total, 1)

    @property
    def counts(self) -> Counter[Outcome]:
        """How many assets are settled so far, by outcome."""
        return self._state.outcomes.copy()

    @property
    def codes(self) -> Counter[str]:
        """How many assets are settled so far, by error code; "" stands for none."""
        return self._state.codes.copy()

    def _build(self) -> pd.DataFrame:
        """Return the table: what is under way is `in_doubt`, what was not reached `not_sent`."""
        stop = self._stopped
        untouched = Settlement(
            outcome=Outcome.NOT_SENT,
            code=stop.code if stop and stop.code in _OURS else "CLIENT.STOPPED",
            message=stop.reason if stop else "",
        )
        return build_results(
            self._table,
            settlements=self._state.settlements
            if self.done()
            else self._state.settlements.snapshot(),
            untouched=untouched,
            status=self._plan.status,
            run_id=self._plan.run_id,
            lang=self._lang,
        )

    is_part = False
    """Whether it is one run of several that a table asks for."""

    async def _run(self) -> None:
        opened = None
        try:
            await self._service.prepare()
            if not self._plan.is_dry:
                opened = await self._open_aside()
            await self._run_engine(opened)
        except VodnbError:
            if opened:
                await asyncio.to_thread(opened.give_back)
                opened = None
            raise
        finally:
            if opened:
                await asyncio.to_thread(self._let_go_of, opened)

    def _let_go_of(self, opened: OpenRun) -> None:
        settlements = self._state.settlements
        # What a run has sent that was stopped, or whose other parts go on, is asked about by who
        # comes next without a look.
        is_over = self._is_finished and not self.is_part
        left = settlements.in_doubt() + ([] if is_over else settlements.sent())
        opened.close(is_finished=self._is_finished, left=dict.fromkeys(left))

    async def _open_aside(self) -> OpenRun:
        """Enter the run and open its journal in a thread: either may be long, or on a slow disk."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._open))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # Given up meanwhile; the thread is not, and what it opens must not stay taken.
            opening.add_done_callback(_let_go)
            raise

    def _open(self) -> OpenRun:
        header = self._header(Path(), source="")
        has_journal, warn = self._keep is not None, self._warn
        entry = enter_first(header, self._plan.assets, has_journal=has_journal, warn=warn)
        opened = None
        try:
            without = OpenRun(journal=None, header=header)
            opened = self._open_journal(self._keep) if self._keep else without
            looks_first = self._plan.look_first or self._plan.must_look
            return take_over(opened, entry, looks_first=looks_first, warn=warn) if entry else opened
        except BaseException:
            if opened:
                opened.give_back()
            if entry:
                entry.withdraw()
            raise

    def _open_journal(self, keep: Keep) -> OpenRun:
        folder, is_usual = choose_folder(keep.source, keep.folder)
        header = self._header(folder / f"{self._plan.run_id}{SUFFIX}", source=keep.source)
        named = Path(keep.folder) if keep.folder is not None else None
        want = Want(
            header=header,
            assets=self._plan.assets,
            is_fresh=keep.is_fresh,
            journal=named if named and named.suffix == SUFFIX else None,
        )
        opened = open_run(folder, want)
        if not is_usual:
            self._warn("CLIENT.ELSEWHERE")
        return opened

    def _header(self, path: Path, *, source: str) -> Header:
        return Header(
            run_id=self._plan.run_id,
            path=path,
            endpoint=self._service.endpoint,
            project_id=self._service.project_id,
            status=self._plan.status,
            source=source,
            began_at=_utc_text(),
            deadline=self._plan.deadline,
            is_finished=False,
            only_hanging=self._plan.only_hanging,
            owner=this_process(),
            clock=this_clock(),
        )

    async def _run_engine(self, opened: OpenRun | None) -> None:
        confirm, info = (
            PacedCall(
                operation,
                service=self._service,
                limiter=limiter_for(operation, self._service, ceiling=self._ceiling),
                control=self._control,
                listen=self._state.hear,
                deadline=self._plan.deadline,
            )
            for operation in (CONFIRM, INFO)
        )
        engine = Engine(
            self._take_up(opened) if opened else self._plan,
            service=self._service,
            confirm=confirm,
            info=info,
            control=self._control,
            recorder=Recorder(opened.journal if opened else None, listen=self._state.hear),
            recall=self._state.settlements.__getitem__,
            doubtful=_items(opened) if opened else (),
            unverified=_unverified_in(opened) if opened else (),
            now=_utc_text,
            chance=random.random,
        )
        if opened:
            opened.forget()
        try:
            await engine.run()
        finally:
            self._stopped = engine.stopped or self._stopped
            self._is_verified = engine.is_verified
            self.trials_left = engine.trials_left

    def _take_up(self, opened: OpenRun) -> Plan:
        """Take over what is known of the run, and return the plan of what is left."""
        self._plan = replace(self._plan, run_id=opened.header.run_id)
        self._taken_over = len(opened.settled)
        for asset_id, settlement in opened.settled.items():
            self._state.hear(Settled(asset_id=asset_id, settlement=settlement))
        self._state.spared = 0
        for asset_id, (settlement, _) in opened.doubtful.items():
            self._state.hear(Sent(asset_id=asset_id, settlement=settlement))
        if not opened.settled and not opened.doubtful:
            return self._plan
        left = [
            asset_id
            for asset_id in self._plan.assets
            if asset_id not in opened.settled and asset_id not in opened.doubtful
        ]
        return replace(self._plan, assets=left)

    @property
    def _is_finished(self) -> bool:
        """Whether every asset has an outcome that is no doubt, and was read back."""
        certain = self._state.settled - self._state.outcomes[Outcome.IN_DOUBT]
        return certain == self._total and self._is_verified

    def in_words(self, *, by_form: bool = False) -> list[str]:
        """Return how it stands, in words: a line, and what the user must know.

        Args:
            by_form: Whether a form shows it: what only a cell's user can do is left out then.

        Example:
            >>> job.in_words()
        """
        service, status = self._service, str(self._plan.status)
        dry = {"status": status, "project": service.project_id, "endpoint": service.endpoint}
        return describe_run(
            self._state,
            total=self._total,
            seconds=self._seconds(),
            is_paused=self._control.is_paused,
            stop=self._stopped,
            lang=self._lang,
            taken_over=self._taken_over,
            dry=dry if self._plan.is_dry else None,
            by_form=by_form,
        )

    def as_it_stands(self) -> pd.DataFrame:
        """Return the table even where the run could not start, and `results` raises.

        Example:
            >>> job.as_it_stands()
        """
        return self._build()

    def end_with(self, stop: Stop | None) -> None:
        """Note that it has ended early; a mixed job does so when it ends.

        Args:
            stop: Why. None: as noted already.

        Example:
            >>> job.end_with(None)
        """
        self._stopped = self._stopped or stop
        self._note_end()

    def _warn(self, code: str) -> None:
        self._state.hear(Warned(code=code))

    def _note_end(self) -> None:
        self._state.hear(PhaseBegan(phase=Phase.STOPPED))


def _let_go(opening: asyncio.Future[OpenRun]) -> None:
    if not opening.cancelled() and not opening.exception():
        opening.result().give_back()


def _items(opened: OpenRun) -> list[Item]:
    """Return the assets that an earlier process left in doubt."""
    now = asyncio.get_running_loop().time()
    return [
        Item(
            asset_id=asset_id,
            state=settlement.state_before,
            attempts=settlement.attempts,
            sent_at=settlement.sent_at,
            left_at=now - age,
            deadline=opened.header.deadline,
        )
        for asset_id, (settlement, age) in opened.doubtful.items()
    ]


def _unverified_in(opened: OpenRun) -> list[str]:
    """Return the assets that an earlier process has not read back."""
    return [one for one, settlement in opened.settled.items() if is_unverified(settlement)]


def _utc_text() -> str:
    return _text_of(time.time_ns() // 1_000_000)


@lru_cache(maxsize=1)
def _text_of(milliseconds: int) -> str:
    """Return a time of day as text: one for all assets that are sent in the same millisecond."""
    return utc_text(milliseconds / 1000, "milliseconds")
