"""A connection to VOD: its verbs join tables, runs and the service."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from vodnb.bulk.job import Job, new_run_id
from vodnb.bulk.loop import submit
from vodnb.bulk.plan import Plan
from vodnb.bulk.survey import Survey
from vodnb.bulk.sweep import Sweep
from vodnb.rules.errors import SetupError
from vodnb.rules.lifecycle import read_state
from vodnb.rules.options import check_destruction, check_numbers, check_trial, read_status
from vodnb.rules.pacing import parse_rate
from vodnb.rules.windows import choose_windows
from vodnb.service.client import Client
from vodnb.service.settings import explain
from vodnb.tables import read
from vodnb.tables.results import refuse_other_status, usable_assets
from vodnb.verbs import spoken

from .given import CREDENTIALS, hidden_text, keep_for, options_in, read_here, refuse_non_text

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from datetime import date, timedelta

    import pandas as pd

    from vodnb.emulator.server import Sandbox
    from vodnb.service.redact import Secret
    from vodnb.service.settings import Settings, SettingsTable
    from vodnb.tables.read import Source

__all__ = ["Vod"]


class Vod:
    """A connection to VOD; made by `connect()`.

    Args:
        settings: Where and as whom.
        place: Where `connect` was told to go, for signing in again.
        sandbox: The server of our own, if it is one.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        place: Mapping[str, str | Secret | None] = MappingProxyType({}),
        sandbox: Sandbox | None = None,
    ) -> None:
        self._settings = settings
        self._place = place
        self._sandbox = sandbox
        self._client = Client(settings)

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
        language = spoken(lang) if lang else self._settings.lang
        return Job(
            plan,
            table=table,
            service=self._client,
            ceiling=ceiling,
            lang=language,
            keep=None if dry_run else keep_for(table, journal=journal, is_fresh=fresh),
        )

    def states(
        self,
        assets: Source,
        *,
        rate: str | None = "1500/min",
        workers: int = 8,
        deadline: float = 30,
        progress: bool = True,
        lang: str | None = None,
    ) -> pd.DataFrame:
        """Ask for the state of each asset, ten a call; nothing is changed.

        Args:
            assets: Whatever `load_assets` takes, or its table.
            rate: Calls for one `min` or `s`. Default "1500/min", the tenant's quota of this call,
                of which 98 % is used: 245 assets a second. None lifts the pacing.
            workers: Calls under way at once, 1 to 64. Default 8.
            deadline: Seconds for one whole call. Default 30. A lost answer is asked for again.
            progress: Show how it goes. Default True.
            lang: `"zh"` or `"en"`. Default: the connection's.

        Returns:
            The user's columns and `state`, `state_meaning`, `needs` (who has to act: `confirm` for
            what hangs), `asset_title`, `asset_size` (bytes), `created_at` and `modified_at` (UTC),
            and the `error_code` of what could not be asked for. Where the IAM user may not call
            asset/info the list is asked, which knows no cancelled assets. An interrupt returns the
            table as it stands. Source: api-vod/vod_04_0022.html, vod_04_0203.html.

        Raises:
            InputError: The table or an option cannot be used.
            SignInError: The credential was refused.
            SetupError: The host cannot be reached.

        Example:
            >>> states = vod.states("assets.csv")
        """
        check_numbers(workers=workers, deadline=deadline, attempts=1)
        ceiling = parse_rate(rate)
        table = read.load_assets(assets)
        survey = Survey(
            usable_assets(table),
            table=table,
            service=self._client,
            ceiling=ceiling,
            workers=workers,
            deadline=float(deadline),
            lang=spoken(lang) if lang else self._settings.lang,
        )
        return survey.wait(progress=progress)

    def find(
        self,
        *,
        state: str | Sequence[str] | None = "CREATING",
        since: str | date | None = None,
        until: str | date | None = None,
        min_age: str | timedelta | None = "24h",
        title: str | None = None,
        category: int | None = None,
        rate: str | None = "1500/min",
        workers: int = 8,
        deadline: float = 30,
        progress: bool = True,
        lang: str | None = None,
    ) -> pd.DataFrame:
        """Sweep the project for assets, with no table at all: by default, for what hangs.

        Args:
            state: The state that is looked for, or several; None for all. Default "CREATING": an
                upload that was never confirmed, or is still going on.
            since: Created no earlier: ISO text or a date; local time unless it has a zone. Default:
                the beginning.
            until: Created no later, likewise; a day stands for its end. Default: now.
            min_age: Leave out what is younger, and count it: `"24h"`, `"30m"`, `"7d"`, or None for
                nothing. Default "24h": an upload may take long.
            title: Text to look for in title and category.
            category: Number of a category.
            rate: As in `states`: calls of its own quota.
            workers: Calls under way at once, 1 to 64. Default 8.
            deadline: Seconds for one whole call. Default 30. A lost answer is asked for again.
            progress: Show how it goes, and which span of time was swept. Default True.
            lang: `"zh"` or `"en"`. Default: the connection's.

        Returns:
            A table of assets, the oldest first, that can be given to `confirm`: `asset_id`, the
            columns of `states`, and `age`. No query shows more than 20,000 results, so spans of
            time are halved until each can be read whole; what cannot be, for it lies within one
            second, is said and is in `attrs["vodnb"]["open"]`. Source: api-vod/vod_04_0203.html.

        Raises:
            InputError: An argument makes no sense.
            SignInError: The credential was refused, or may not list.
            SetupError: The host cannot be reached.

        Example:
            >>> hanging = vod.find(since="2026-11-01")
        """
        check_numbers(workers=workers, deadline=deadline, attempts=1)
        now = datetime.now(UTC)
        window, younger = choose_windows(since=since, until=until, min_age=min_age, now=now)
        wanted = [state] if isinstance(state, str) else list(state or ())
        filters = {
            "query_string": title,
            "category_id": None if category is None else str(category),
        }
        sweep = Sweep(
            window,
            younger=younger,
            states=frozenset(map(read_state, wanted)),
            filters={name: value for name, value in filters.items() if value is not None},
            service=self._client,
            ceiling=parse_rate(rate),
            workers=workers,
            deadline=float(deadline),
            now=now,
            lang=spoken(lang) if lang else self._settings.lang,
        )
        return sweep.wait(progress=progress)

    def settings(self) -> SettingsTable:
        """Return each setting, secrets masked, and where it came from.

        Example:
            >>> vod.settings()
        """
        return explain(self._settings)

    def sign_in(self, **credentials: str) -> None:
        """Take new credentials, for instance a fresh token; then run the same cell again.

        Args:
            credentials: `token=`, or `ak=` and `sk=`, or `iam_user=`, `iam_password=` and
                `iam_domain=`, as in `connect`.

        Raises:
            SetupError: They are incomplete, or are no credentials.

        Example:
            >>> vod.sign_in(token=getpass.getpass())
        """
        hidden = {name: hidden_text(text) for name, text in credentials.items()}
        # A verbose traceback shows the variables of this frame.
        credentials.clear()
        if unknown := set(hidden) - CREDENTIALS:
            raise SetupError(
                f"sign_in knows no {', '.join(sorted(unknown))}.",
                do=f"It takes {', '.join(sorted(CREDENTIALS))}; for anything else, connect anew.",
            )
        refuse_non_text(hidden)
        known = {
            **self._place,
            "endpoint": self._settings.endpoint,
            "iam_endpoint": self._settings.iam_endpoint or None,
            "region": self._settings.region or None,
            "project_id": self._client.project_id or None,
            "lang": self._settings.lang,
        }
        self._settings = read_here(**known, **hidden)
        self.close()
        self._client = Client(self._settings)

    @property
    def sandbox(self) -> Sandbox:
        """The server of our own that this connection talks to.

        Raises:
            SetupError: This is a connection to the real service.
        """
        if self._sandbox is None:
            raise SetupError(
                f"{self!r} talks to the real service.",
                do="vodnb.connect(sandbox=True) gives a connection with a sandbox.",
            )
        return self._sandbox

    @property
    def endpoint(self) -> str:
        """Where VOD is."""
        return self._settings.endpoint

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        submit(self._client.aclose()).result(timeout=10)

    def __repr__(self) -> str:
        project = self._client.project_id or "to be looked up"
        return f"Vod({self._settings.endpoint}, project {project})"
