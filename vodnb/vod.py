"""A connection to VOD: the verbs that settle assets join tables, runs and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.bulk.job import Job, new_run_id
from vodnb.bulk.plan import Plan
from vodnb.rules.options import check_destruction, check_numbers, check_trial, read_status
from vodnb.rules.pacing import parse_rate
from vodnb.tables import read
from vodnb.tables.results import refuse_other_status, usable_assets

from .asking import Asking
from .given import keep_for, options_in

if TYPE_CHECKING:
    import os

    import pandas as pd

    from vodnb.tables.read import Source

__all__ = ["Vod"]


class Vod(Asking):
    """A connection to VOD; made by `connect()`."""

    def confirm(
        self,
        assets: Source,
        *,
        status: str = "CREATED",
        rate: str | None = "1500/min",
        workers: int = 8,
        deadline: float = 30,
        attempts: int = 5,
        check_first: bool = True,
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
            rate: The tenant's quota, of which 98 % is used. Default: the published 1,500 calls a
                minute. None lifts the pacing, not the slowing down when throttled.
            workers: Calls under way at once, 1 to 64. Default 8: enough for the quota.
            deadline: Seconds for one whole call. Default 30.
            attempts: Most sendings of one asset. Default 5; throttled ones do not count.
            check_first: Look states up before sending, ten assets a call, and leave out what is
                proved confirmed. Default True: it saves calls.
            journal: Record every step, so that running the same cell again goes on where a crash
                or a stop left it. Default True: in `.vodnb` beside the input; or a folder; or
                the journal of one run, to go on with that one; or False, and a crash leaves no
                record of what was sent.
            fresh: Begin a new run even where an unfinished one could go on. Default False.
            progress: Show how it goes. Default True.
            dry_run: Only look, and say what would be sent and to which project; the rows that
                would be are `not_sent` with CLIENT.DRY_RUN. Default False.
            canary: Send only so many assets as a trial; the rest is `not_sent` with
                CLIENT.CANARY, and the same call without it goes on with the run. Default: all.
            destroy: For the destructive statuses: the number of distinct valid assets in the
                table, typed, to say that you mean it.
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
        return self.start(assets, **options).wait(progress=progress)

    async def aconfirm(
        self,
        assets: Source,
        *,
        status: str = "CREATED",
        rate: str | None = "1500/min",
        workers: int = 8,
        deadline: float = 30,
        attempts: int = 5,
        check_first: bool = True,
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
        rate: str | None = "1500/min",
        workers: int = 8,
        deadline: float = 30,
        attempts: int = 5,
        check_first: bool = True,
        journal: bool | str | os.PathLike[str] = True,
        fresh: bool = False,
        dry_run: bool = False,
        canary: int | None = None,
        destroy: int | None = None,
        lang: str | None = None,
    ) -> Job:
        """Start what `confirm` does and return at once; the arguments of `confirm`.

        Returns:
            The job: `stop`, `pause`, `resume`, `done`, `results`, and it can be awaited.

        Raises:
            InputError: The table or an option cannot be used; nothing was sent.

        Example:
            >>> job = vod.start(assets)
        """
        wanted = read_status(status)
        ceiling = parse_rate(rate)
        check_numbers(workers=workers, deadline=deadline, attempts=attempts)
        table = read.load_assets(assets)
        refuse_other_status(table, wanted)
        plan = Plan(
            run_id=new_run_id(),
            status=wanted,
            assets=usable_assets(table),
            workers=workers,
            attempts=attempts,
            deadline=float(deadline),
            look_first=check_first,
            is_dry=dry_run,
            canary=canary,
        )
        check_trial(dry_run=dry_run, canary=canary)
        if not dry_run:
            check_destruction(wanted, count=len(plan.assets), destroy=destroy)
        return Job(
            plan,
            table=table,
            service=self._client,
            ceiling=ceiling,
            lang=self._spoken(lang),
            keep=None if dry_run else keep_for(table, journal=journal, is_fresh=fresh),
        )
