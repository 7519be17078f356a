"""A connection to VOD: the verbs that settle assets join tables, runs and the service."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from vodnb.bulk.job import Job
from vodnb.bulk.series import Part, Series
from vodnb.rules.errors import InputError
from vodnb.rules.makespan import reckon
from vodnb.rules.options import check_destruction, read_status
from vodnb.rules.pacing import parse_rate
from vodnb.tables import read
from vodnb.tables.mixed import split_by_status
from vodnb.tables.results import refuse_other_status, usable_assets
from vodnb.tables.states import told_states

from .given import RunOptions, keep_for, options_in
from .inspecting import Inspecting

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import pandas as pd

    from vodnb.bulk.control import Control
    from vodnb.bulk.plan import Plan
    from vodnb.bulk.work import Run
    from vodnb.rules.makespan import Estimate
    from vodnb.rules.model import Status
    from vodnb.tables.read import Source

__all__ = ["Vod"]


class Vod(Inspecting):
    """A connection to VOD; made by `connect()`."""

    def confirm(
        self,
        assets: Source,
        *,
        status: str = "CREATED",
        status_column: str | None = None,
        rate: str | None = "1500/min",
        workers: int | None = None,
        deadline: float = 30,
        attempts: int = 5,
        check_first: bool = True,
        verify: bool = True,
        only_hanging: bool = False,
        journal: bool | str | os.PathLike[str] = True,
        fresh: bool = False,
        progress: bool = True,
        dry_run: bool = False,
        canary: int | None = None,
        destroy: int | None = None,
        lang: str | None = None,
    ) -> pd.DataFrame:
        """Confirm the upload of every asset and return the whole table, each row with its outcome.

        Source: https://support.huaweicloud.com/api-vod/vod_04_0198.html

        Args:
            assets: Whatever `load_assets` takes, its result, or an earlier results table.
            status: `"CREATED"`; `"FAILED"` and `"CANCELLED"` destroy uploaded parts.
            status_column: Ask for each row what its cell in this column says; a table without it
                asks `status` for all. Default None: a column called status does nothing by itself.
            rate: The tenant's quota, of which 98 % is used. Default: the published 1,500 calls a
                minute. None lifts the pacing, not the slowing down when throttled.
            workers: Calls under way at once, 1 to 64. Default None: as few as reach the rate at
                the latency that is met, for what is out cannot be called back.
            deadline: Seconds for one whole call. Default 30.
            attempts: Most sendings of one asset. Default 5; throttled ones do not count.
            check_first: Look states up before sending, ten assets a call, and leave out what is
                proved confirmed. Default True: it saves calls.
            verify: Read the state of what was sent back, ten assets a call, into `state_after`; a
                state that contradicts the answer makes the row `in_doubt`. Default True.
            only_hanging: Send only what is CREATING; the rest is `failed` with CLIENT.STATE and
                its state. Default False: what is not proved confirmed is sent, so that its error
                code is the service's own. The destructive statuses do it in any case.
            journal: Record every step, so that running the same cell again goes on where a crash
                or a stop left it. Default True: in `.vodnb` beside the input; or a folder; or
                the journal of one run, to go on with that one; or False, and a crash leaves no
                record of what was sent.
            fresh: Begin a new run even where an unfinished one could go on; what that one sent a
                moment ago is waited for all the same. Default False.
            progress: Show how it goes. Default True.
            dry_run: Only look, and say what would be sent and to which project; the rows that
                would be are `not_sent` with CLIENT.DRY_RUN. Default False.
            canary: Send only so many assets as a trial; the rest is `not_sent` with
                CLIENT.CANARY, and the same call without it goes on with the run. Default: all.
            destroy: For the destructive statuses: the number of distinct valid assets that they
                are asked for, typed, to say that you mean it.
            lang: `"zh"` or `"en"`. Default: the connection's.

        Returns:
            The user's columns and the outcome, error code, next step ... of each row. An
            interrupt stops the run and returns the table as it stands.

        Raises:
            InputError: The table or an option cannot be used; nothing was sent.
            SignInError: The credential was refused; no confirm call was sent.
            SetupError: The host cannot be reached; no confirm call was sent.
            JournalError: The journal cannot be written, or somebody else works on this run.

        Example:
            >>> results = vod.confirm(vod.sandbox.sample_csv("assets.csv"))
        """
        options = options_in(locals())
        return self._prepared(assets, RunOptions(**options)).run(progress=progress)

    async def aconfirm(
        self,
        assets: Source,
        *,
        status: str = "CREATED",
        status_column: str | None = None,
        rate: str | None = "1500/min",
        workers: int | None = None,
        deadline: float = 30,
        attempts: int = 5,
        check_first: bool = True,
        verify: bool = True,
        only_hanging: bool = False,
        journal: bool | str | os.PathLike[str] = True,
        fresh: bool = False,
        progress: bool = True,
        dry_run: bool = False,
        canary: int | None = None,
        destroy: int | None = None,
        lang: str | None = None,
    ) -> pd.DataFrame:
        """Do what `confirm` does without blocking the caller's loop; the same arguments.

        Raises:
            asyncio.CancelledError: The cell was interrupted: the run stops, and
                `vodnb.last_job().results()` has its table.

        Example:
            >>> results = await vod.aconfirm(assets)
        """
        options = options_in(locals())
        return await self.start(assets, **options).wait_async(progress=progress)

    def start(
        self,
        assets: Source,
        *,
        status: str = "CREATED",
        status_column: str | None = None,
        rate: str | None = "1500/min",
        workers: int | None = None,
        deadline: float = 30,
        attempts: int = 5,
        check_first: bool = True,
        verify: bool = True,
        only_hanging: bool = False,
        journal: bool | str | os.PathLike[str] = True,
        fresh: bool = False,
        dry_run: bool = False,
        canary: int | None = None,
        destroy: int | None = None,
        lang: str | None = None,
    ) -> Run:
        """Start what `confirm` does and return at once; the arguments of `confirm`.

        Returns:
            The job: `stop`, `pause`, `resume`, `done`, `results`, and it can be awaited.

        Raises:
            InputError: The table or an option cannot be used; nothing was sent.

        Example:
            >>> job = vod.start(assets)
        """
        return self._prepared(assets, RunOptions(**options_in(locals()))).begin()

    def _prepared(self, assets: Source, options: RunOptions) -> Run:
        """Return the run that a call asks for; it has not begun."""
        options.check()
        table = read.load_assets(assets)
        prepare = partial(self._job, options=options)
        if options.status_column is None:
            plan = _plan(table, read_status(options.status), options)
            _ask_for_count([plan], options)
            return prepare(plan, table)
        parts = [
            Part(plan=_plan(rows, each, options), table=rows, places=places)
            for each, (places, rows) in split_by_status(table, options.status_column).items()
        ]
        _ask_for_count([part.plan for part in parts], options)
        return Series(
            parts,
            table=table,
            prepare=prepare,
            service=self._client,
            lang=self._spoken(options.lang),
        )

    def _job(
        self,
        plan: Plan,
        table: pd.DataFrame,
        control: Control | None = None,
        *,
        options: RunOptions,
    ) -> Job:
        keep = keep_for(table, journal=options.journal, is_fresh=options.fresh)
        self._note_journal(keep)
        return Job(
            plan,
            table=table,
            service=self._client,
            ceiling=parse_rate(options.rate),
            lang=self._spoken(options.lang),
            keep=None if plan.is_dry else keep,
            control=control,
        )

    def reconcile(
        self,
        assets: Source,
        *,
        rate: str | None = "1500/min",
        workers: int | None = None,
        deadline: float = 30,
        attempts: int = 5,
        journal: bool | str | os.PathLike[str] = True,
        fresh: bool = False,
        progress: bool = True,
        dry_run: bool = False,
        canary: int | None = None,
        lang: str | None = None,
    ) -> pd.DataFrame:
        """Look at every asset, confirm only what hangs in CREATING, and read it back.

        The same as `confirm(assets, only_hanging=True)`. At ten assets a call, on a quota of its
        own, looking is ten times cheaper than confirming.

        Args:
            assets: Whatever `load_assets` takes, `find()` or an earlier results table.
            rate: As in `confirm`, like the other options.
            workers: Calls under way at once. Default None: as few as reach the rate.
            deadline: Seconds for one whole call.
            attempts: Most sendings of one asset.
            journal: Record every step.
            fresh: Begin a new run even where an unfinished one could go on.
            progress: Show how it goes, and at the end how many calls looking has spared.
            dry_run: Only look, and say what would be sent.
            canary: Send only so many assets as a trial.
            lang: `"zh"` or `"en"`.

        Returns:
            The table of `confirm`, with `state_before` and `state_after`: `already_confirmed` for
            what was so before, `confirmed` for what hung, `failed` with CLIENT.STATE for what no
            confirm call can help, and in `needs` what would.

        Raises:
            InputError: The table or an option cannot be used; nothing was sent.
            SignInError: The credential was refused, or may not read states; nothing was sent.
            SetupError: The host cannot be reached; nothing was sent.
            JournalError: The journal cannot be written, or somebody else works on this run.

        Example:
            >>> results = vod.reconcile(vod.find())
        """
        options = options_in(locals())
        return self.confirm(assets, only_hanging=True, progress=progress, **options)

    def estimate(
        self,
        assets: Source,
        *,
        status: str = "CREATED",
        rate: str = "1500/min",
        check_first: bool = True,
        verify: bool = True,
        only_hanging: bool = False,
        lang: str | None = None,
    ) -> Estimate:
        """Say how many calls a run will make and how long it takes; nothing is asked or sent.

        Args:
            assets: Whatever `confirm` takes. With a table of `states` or `find` the states are
                known, and so is what will be sent; with any other there is a least and a most.
            status: As in `confirm`, like the other options.
            rate: The tenant's quota, of which 98 % is used.
            check_first: Whether states are looked up before sending.
            verify: Whether what was sent is read back.
            only_hanging: Whether only what is CREATING is sent.
            lang: `"zh"` or `"en"`. Default: the connection's.

        Raises:
            InputError: The table or an option cannot be used.

        Example:
            >>> vod.estimate(vod.states("assets.csv"))
        """
        asked, pace = read_status(status), parse_rate(rate)
        if math.isinf(pace):
            raise InputError(
                "Without a rate there is no telling how long a run takes.",
                do='Give the quota, such as rate="1500/min".',
            )
        table = read.load_assets(assets)
        known = told_states(table)
        only = only_hanging or asked.is_destructive
        return reckon(
            [known.get(asset_id, "") for asset_id in usable_assets(table)],
            status=asked,
            only_hanging=only,
            looks=check_first or only,
            reads_back=verify,
            rate=pace,
            lang=self._spoken(lang),
        )


def _plan(table: pd.DataFrame, status: Status, options: RunOptions) -> Plan:
    refuse_other_status(table, status)
    return options.plan(status, usable_assets(table))


def _ask_for_count(plans: Sequence[Plan], options: RunOptions) -> None:
    """Ask for the typed count of what is destroyed, unless nothing is sent."""
    if not options.dry_run:
        counts = {plan.status: len(plan.assets) for plan in plans}
        check_destruction(counts, destroy=options.destroy)
