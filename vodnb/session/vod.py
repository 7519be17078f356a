"""A connection to VOD, and its verbs: what each takes and returns. The helpers do the work."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Unpack

from vodnb.debug.catalogue import Catalogue
from vodnb.service.settings.settings import Settings, SettingsTable, explain
from vodnb.tables.history import build_history

from .calls import Calls
from .connection import Connection, check_up
from .exchanges import Exchanges
from .options import (
    AskOptions,
    EstimateOptions,
    FindOptions,
    ReconcileOptions,
    RunOptions,
    StartOptions,
    StatesOptions,
    gathering,
    like,
)
from .runs import Runs
from .surveys import Surveys

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from datetime import date, timedelta

    import pandas as pd

    from vodnb.bulk.background import BulkJob
    from vodnb.bulk.survey import Survey
    from vodnb.debug.checkup import Checkup
    from vodnb.debug.exchange import Exchange
    from vodnb.emulator.server import Sandbox
    from vodnb.rules.makespan import Estimate
    from vodnb.service.redact import Secret
    from vodnb.tables.read import Source


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
        self._connection = Connection(settings, place=place, sandbox=sandbox)
        self._calls = Calls(self._connection)
        self._surveys = Surveys(self._connection)
        self._runs = Runs(self._connection)
        self._exchanges = Exchanges(self._connection, self._calls, self._runs)

    # -- runs -----------------------------------------------------------------------------------

    @gathering
    def confirm(
        self,
        _options: RunOptions,
        /,
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
        id_column: str | None = None,
        id_form: str | None = None,
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
            id_column: Column that holds the IDs. Default: as `load_assets` finds it.
            id_form: `"any"` lets IDs of every form through. Default: the one that the column
                proves, where it proves one.

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
        return self._runs.prepare(assets, _options).run(progress=_options["progress"])

    @like(confirm)
    async def aconfirm(self, assets: Source, **options: Unpack[RunOptions]) -> pd.DataFrame:
        """Do what `confirm` does without blocking the caller's loop; the same arguments.

        Raises:
            asyncio.CancelledError: The cell was interrupted: the run stops, and
                `vodnb.last_job().results()` has its table.

        Example:
            >>> results = await vod.aconfirm(assets)
        """
        run = self._runs.prepare(assets, options).begin()
        return await run.wait_async(progress=options["progress"])

    @like(confirm)
    def start(self, assets: Source, **options: Unpack[StartOptions]) -> BulkJob:
        """Start what `confirm` does and return at once; the arguments of `confirm`.

        Returns:
            The job: `stop`, `pause`, `resume`, `done`, `results`, and it can be awaited.

        Raises:
            InputError: The table or an option cannot be used; nothing was sent.

        Example:
            >>> job = vod.start(assets)
        """
        return self._runs.prepare(assets, options).begin()

    @like(confirm)
    def reconcile(
        self, assets: Source, *, progress: bool = True, **options: Unpack[ReconcileOptions]
    ) -> pd.DataFrame:
        """Look at every asset, confirm only what hangs in CREATING, and read it back.

        The same as `confirm(assets, only_hanging=True)`. At ten assets a call, on a quota of its
        own, looking is ten times cheaper than confirming.

        Args:
            assets: Whatever `load_assets` takes, `find()` or an earlier results table.
            progress: Show how it goes, and at the end how many calls looking has spared.
            options: As in `confirm`.

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
        return self.confirm(assets, only_hanging=True, progress=progress, **options)

    @like(confirm)
    def estimate(self, assets: Source, **options: Unpack[EstimateOptions]) -> Estimate:
        """Say how many calls a run will make and how long it takes; nothing is asked or sent.

        Args:
            assets: Whatever `confirm` takes. With a table of `states` or `find` the states are
                known, and so is what will be sent; with any other there is a least and a most.
            options: As in `confirm`; without a rate there is no telling.

        Raises:
            InputError: The table or an option cannot be used.

        Example:
            >>> vod.estimate(vod.states("assets.csv"))
        """
        return self._surveys.estimate(assets, options)

    # -- asking ---------------------------------------------------------------------------------

    @gathering
    def states(
        self,
        _options: StatesOptions,
        /,
        assets: Source,
        *,
        rate: str | None = "1500/min",
        workers: int = 8,
        deadline: float = 30,
        progress: bool = True,
        lang: str | None = None,
        id_column: str | None = None,
        id_form: str | None = None,
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
            id_column: Column that holds the IDs. Default: as `load_assets` finds it.
            id_form: `"any"` lets IDs of every form through, as in `load_assets`.

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
        return self._surveys.states(assets, _options).run(progress=_options["progress"])

    @like(states)
    def start_states(self, assets: Source, **options: Unpack[AskOptions]) -> Survey:
        """Start what `states` does and return at once; the arguments of `states`.

        Returns:
            The survey: `stop`, `pause`, `resume`, `done`, `results`, and it can be awaited.

        Raises:
            InputError: The table or an option cannot be used; nothing was asked.

        Example:
            >>> survey = vod.start_states("assets.csv")
        """
        return self._surveys.states(assets, options).begin()

    @gathering
    def find(
        self,
        _options: FindOptions,
        /,
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
        return self._surveys.find(_options).run(progress=_options["progress"])

    # -- single calls ---------------------------------------------------------------------------

    def call(
        self,
        operation: str,
        *,
        destroy: int | None = None,
        deadline: float = 30,
        lang: str | None = None,
        **fields: object,
    ) -> Exchange:
        """Make one call and return all of it: request, answer, timings, meaning; redacted.

        A refusal is an answer too: it is returned, not raised. Nothing is retried; only a token of
        an IAM user that has run out is renewed once.

        Args:
            operation: Its name here or in the API Explorer, as in `vod.operations`.
            destroy: 1, typed, where the status destroys uploaded parts.
            deadline: Seconds for the whole call. Default 30.
            lang: `"zh"` or `"en"`. Default: the connection's.
            fields: The fields of the request, as `vod.operations.<name>?` lists them. A call of
                `token` takes the IAM user of the connection.

        Returns:
            The exchange; `.curl()`, `.python()`, `.sdk()`, `.replay()`, `.diff(other)` and
            `.save(path)` go on from it.

        Raises:
            InputError: A field is wrong or missing, or `destroy` is; nothing was sent.
            SignInError: An IAM user was refused its token.
            SetupError: The project cannot be looked up.

        Example:
            >>> vod.call("confirm", asset_id="f4" * 16, status="CREATED")
        """
        return self._calls.call(operation, fields, destroy=destroy, deadline=deadline, lang=lang)

    def preview(self, operation: str, *, lang: str | None = None, **fields: object) -> Exchange:
        """Return the request that `call` would send; nothing is sent.

        Args:
            operation: Its name.
            lang: `"zh"` or `"en"`. Default: the connection's.
            fields: The fields of the request.

        Raises:
            InputError: A field is wrong or missing.

        Example:
            >>> vod.preview("info", asset_id=["f4" * 16]).curl()
        """
        return self._calls.preview(operation, fields, lang=lang)

    def replay(
        self, exchange: Exchange, *, destroy: int | None = None, deadline: float = 30
    ) -> Exchange:
        """Make the call of an exchange again, on this connection; return the new exchange.

        Args:
            exchange: Whatever was recorded: of a session, of a file, of a row.
            destroy: 1, typed, where the status destroys uploaded parts.
            deadline: Seconds for the whole call. Default 30.

        Raises:
            InputError: `destroy` is missing, or it was masked and cannot be made again.

        Example:
            >>> vod.replay(vodnb.load_exchange("refused.json"))
        """
        return self._calls.replay(exchange, destroy=destroy, deadline=deadline)

    @property
    def operations(self) -> Catalogue:
        """The calls that can be made; Tab lists them, `?` shows fields, limits, quota and source.

        Example:
            >>> vod.operations.confirm
        """
        return Catalogue(self.call, self._connection.settings.lang)

    def history(self, *, lang: str | None = None) -> pd.DataFrame:
        """Return the exchanges of this session as a table, the newest last.

        Args:
            lang: `"zh"` or `"en"`. Default: the connection's.

        Returns:
            One row for each of the last 500; `vod.exchange(n)` gives the exchange of a row.

        Example:
            >>> vod.history()
        """
        return build_history(self._calls.history.rows(self._connection.spoken(lang)))

    def exchange(
        self,
        row: object = -1,
        *,
        journal: str | os.PathLike[str] | None = None,
        lang: str | None = None,
    ) -> Exchange:
        """Return the exchange behind a row of results, or one of this session by its number.

        Failures of a run are kept in its journal: the last sending of each of the first 1,000
        assets, bodies cut at 4,096 characters. Of any other row the request is built anew, and
        what the row tells of the answer stands in it; a note says so.

        Args:
            row: A row of results (`results.iloc[3]`), a row of `history()`, or a number of it.
                Default -1: the last exchange of this session.
            journal: Folder of the run's journal, or the journal. Default: where runs of this
                session kept theirs, `.vodnb` in the current folder, and `~/.vodnb/runs`.
            lang: `"zh"` or `"en"`. Default: the connection's.

        Raises:
            InputError: It is neither a row nor a number of an exchange.
            JournalError: The journal is damaged.

        Example:
            >>> vod.exchange(results.iloc[3])
        """
        return self._exchanges.of(row, journal=journal, lang=lang)

    # -- the connection -------------------------------------------------------------------------

    def settings(self) -> SettingsTable:
        """Return each setting, secrets masked, and where it came from.

        Example:
            >>> vod.settings()
        """
        return explain(self._connection.settings)

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
        self._connection.sign_in(credentials)

    def doctor(self, *, lang: str | None = None) -> Checkup:
        """Check Python, kernel, packages, settings, network, clock, credential and quota.

        At most two calls carry the credential, and neither changes anything.

        Args:
            lang: `"zh"` or `"en"`. Default: the connection's.

        Returns:
            One line a check, each with what to do; `exit_status` is 0, 1 (something to mind) or 2.

        Example:
            >>> vod.doctor()
        """
        return check_up(self._connection.settings, self._connection.spoken(lang))

    @property
    def sandbox(self) -> Sandbox:
        """The server of our own that this connection talks to.

        Raises:
            SetupError: This is a connection to the real service.

        Example:
            >>> vod.sandbox.sample_csv("assets.csv")
        """
        return self._connection.its_sandbox()

    @property
    def is_sandbox(self) -> bool:
        """Whether this is a connection to a server of our own."""
        return self._connection.sandbox is not None

    @property
    def endpoint(self) -> str:
        """Where VOD is."""
        return self._connection.settings.endpoint

    def goes_where(self, other: Vod) -> bool:
        """Whether another connection surely means the same assets.

        Args:
            other: Another connection.

        Returns:
            True for the same endpoint and project. While a project is still to be looked up, for
            the same endpoint, region and credential, which will find the same one.

        Example:
            >>> vod.goes_where(vodnb.connect(sandbox=True))
        """
        return self._connection.goes_where(other._connection)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not be seen of this connection, for whoever scans what is handed on."""
        return self._connection.settings.secrets

    def is_secret(self, text: str) -> bool:
        """Return whether a text holds a secret of this connection, in whatever spelling.

        Args:
            text: Any text.

        Example:
            >>> vod.is_secret("a title")
            False
        """
        return self._connection.is_secret(text)

    def close(self) -> None:
        """Stop what is under way, as `job.stop()` does, and close the connections.

        The next call opens them again.

        Example:
            >>> vod.close()
        """
        self._connection.close()

    def __repr__(self) -> str:
        return repr(self._connection)
