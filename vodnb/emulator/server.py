"""A sandbox as its user holds it: starts, hands out what opens it, takes assets, stops."""

from __future__ import annotations

import logging
import secrets
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from vodnb.rules.errors import InputError, SetupError

from .admission import Admission, Credentials, Key
from .api import Api
from .asgi import AsgiApp, LedgerEntry
from .assets import AssetStore
from .csv_files import ids_in, write_sample
from .faults import Behaviour, FaultPlan, InjectedFault
from .host import Host
from .iam import REGION
from .memory import Memory, read_memory, write_memory
from .samples import ExpectedRow, sample_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import FrameType


_LOG = logging.getLogger(__name__)
_STARTING = threading.Lock()
_SHARED: list[Sandbox] = []
"""The one sandbox of this process."""

_NOT_STATES = ("NO_ASSET", "NOASSET", "UNCREATED")


class Sandbox:
    """A VOD of one's own: a server on loopback, and the handle on it. Made by `sandbox()`.

    Attributes:
        endpoint: Address of its VOD.
        iam_endpoint: Address of its IAM.
        region: The region it says it is in.
        project_id: Its one project.
        token: A token for `X-Auth-Token`.
        ak: Access key ID.
        sk: Secret key.
        temporary_key: A temporary access key with its security token.
        iam_user: Name of its IAM user.
        iam_password: Password of its IAM user.
        iam_domain: Account of its IAM user.
    """

    def __init__(
        self,
        *,
        port: int,
        behaviour: Behaviour,
        assets: int,
        state_file: Path | None,
        clock: Callable[[], float],
    ) -> None:
        memory = read_memory(state_file) if state_file else None
        lock = threading.RLock()
        own = memory.credentials if memory else Credentials.invent()
        self._state_file = state_file
        self._store = AssetStore(lock=lock, clock=clock)
        tokens = memory.tokens if memory else None
        self._admission = Admission(own, lock=lock, clock=clock, tokens=tokens)
        self._faults = FaultPlan(lock=lock)
        self._api = Api(
            store=self._store, admission=self._admission, clock=clock, behaviour=behaviour
        )
        self._app = AsgiApp(api=self._api, faults=self._faults, clock=clock, hang_up=self._hang_up)
        self._truths: dict[Path, list[ExpectedRow]] = {}
        self.region = REGION
        self.project_id = own.project_id
        self.ak = own.key.ak
        self.sk = own.key.sk
        self.temporary_key: Key = own.temporary_key
        self.iam_user = own.iam_user
        self.iam_password = own.iam_password
        self.iam_domain = own.iam_domain
        self.token = memory.token if memory else ""
        if memory:
            self._store.put(memory.assets)
        else:
            self.add(secrets.token_hex(16) for _ in range(assets))
        if self._admission.tokens().get(self.token, 0.0) <= clock():
            self.new_token()
        self._saved: tuple[int, int] | None = None
        self._save()  # a bad path must show now, not at the end
        self._host = Host(self._app, port=port, closing=self._app.closing, chore=self._save_or_warn)
        self.endpoint = self.iam_endpoint = self._host.endpoint

    @property
    def behaviour(self) -> Behaviour:
        """The switches; set another `Behaviour` to change them while it runs."""
        return self._api.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._api.behaviour = behaviour

    def __repr__(self) -> str:
        return f"Sandbox(endpoint={self.endpoint!r}, project_id={self.project_id!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add(self, ids_or_csv: str | Path | Iterable[str], state: str = "CREATING") -> list[str]:
        """Take in assets, or put known ones into another state.

        Args:
            ids_or_csv: IDs, one ID, or the path of a CSV file with a column `asset_id` or with
                one column only. IDs are cleaned as loading cleans them; unusable ones are left out.
            state: The state they are in from now on. Default CREATING: uploaded, not confirmed.

        Returns:
            The IDs taken in, each once.

        Raises:
            InputError: The file cannot be used, or `state` is none that an asset can be in.

        Example:
            >>> vod.sandbox.add(["f4" * 16], state="PUBLISHED")
        """
        if state in _NOT_STATES or state != state.strip().upper() or not state:
            raise InputError(
                f"state={state!r} is no state that an asset can be in.",
                "The sandbox answers NO_ASSET for every ID that was not added.",
                "Give a state in capitals, such as CREATING, CREATED, PUBLISHED or CANCELLED.",
            )
        asset_ids = ids_in(ids_or_csv)
        for asset_id in asset_ids:
            self._store.add(asset_id, state=state)
        return asset_ids

    def states(self) -> dict[str, str]:
        """Return the true state of every asset, whatever the queries still show.

        Example:
            >>> vod.sandbox.states()
        """
        return self._store.states()

    def sample_csv(self, path: str | Path, n: int = 200, *, seed: str | None = None) -> Path:
        """Write a CSV of assets with the usual troubles, and take the assets in.

        Args:
            path: Where to write it; an earlier demo CSV there is replaced, nothing else is.
            n: How many data rows. Default 200.
            seed: Makes the IDs. Default None: new ones at each call.

        Returns:
            The path.

        Raises:
            InputError: n is less than 1, or the file cannot be written.

        Example:
            >>> vod.sandbox.sample_csv("assets.csv", n=40)
        """
        rows = sample_rows(n, seed=secrets.token_hex(8) if seed is None else seed)
        target = Path(path)
        write_sample(target, rows)
        known = {row.asset_id: row for row in rows if row.asset_id and row.state}
        for age, row in enumerate(known.values()):
            self._store.add(row.asset_id, state=row.state, title=row.cells[1], age=3600.0 + age)
        self._truths[target.resolve()] = [row.expected for row in rows]
        return target

    def truth(self, path: str | Path) -> list[ExpectedRow]:
        """Return what must come of each data row of a CSV that `sample_csv` wrote here.

        Raises:
            InputError: This sandbox did not write that file.

        Example:
            >>> vod.sandbox.truth(vod.sandbox.sample_csv("assets.csv"))
        """
        try:
            return list(self._truths[Path(path).resolve()])
        except KeyError:
            raise InputError(
                f"This sandbox did not write {path}, so it cannot tell what must come of it.",
                do="Write one with sample_csv() of this same sandbox.",
            ) from None

    def fault(
        self,
        *,
        code: str = "",
        http_status: int | None = None,
        body: str | bytes | Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        drop: bool = False,
        operation: str | None = "confirm",
        asset_id: str | None = None,
        times: int = 1,
        skip: int = 0,
        effect: bool = False,
    ) -> None:
        """Ask for trouble: the next matching calls get another answer, or none.

        With only `delay` or `headers` the true answer is given, late or with those headers.

        Args:
            code: Error code to answer with.
            http_status: HTTP status. Default None: the one that belongs to the code.
            body: The whole body, in place of the usual one for the code.
            headers: Headers to add.
            delay: Seconds to wait before acting; an effect comes after it.
            drop: Close the connection without an answer.
            operation: The call it befalls; None for every call. Default "confirm".
            asset_id: Only calls about this asset. Default None: all.
            times: How many matching calls it befalls.
            skip: How many matching calls pass first.
            effect: Whether the call has its effect all the same (the answer is lost or wrong).

        Raises:
            InputError: An unknown operation, or numbers that plan no fault.

        Example:
            >>> vod.sandbox.fault(code="VOD.10127", times=3)  # throttled three times
        """
        self._faults.add(
            InjectedFault(
                code=code,
                http_status=http_status,
                body=body,
                headers=dict(headers or {}),
                delay=delay,
                drop=drop,
                operation=operation,
                asset_id=asset_id,
                times=times,
                skip=skip,
                effect=effect,
            )
        )

    def clear_faults(self) -> None:
        """Forget every fault that is still planned.

        Example:
            >>> vod.sandbox.clear_faults()
        """
        self._faults.clear()

    def ledger(self) -> list[LedgerEntry]:
        """Return every API call served so far; `GET {endpoint}/_sandbox/ledger` gives the same.

        Example:
            >>> [call.asset_id for call in vod.sandbox.ledger() if call.operation == "confirm"]
        """
        return list(self._app.ledger)

    def expire_tokens(self) -> None:
        """Let every token die now, as after a change of password.

        Example:
            >>> with vodnb.sandbox() as box:
            ...     box.expire_tokens()
        """
        self._admission.expire_tokens()

    def new_token(self) -> str:
        """Issue a token, show it as `token` from now on, and return it.

        Example:
            >>> vod.sign_in(token=vod.sandbox.new_token())
        """
        self.token, _ = self._admission.issue_token(self.behaviour.token_life)
        return self.token

    def as_json(self) -> dict[str, object]:
        """Return what a script in another process needs; `assets` lists the IDs of all assets.

        Example:
            >>> vod.sandbox.as_json()["endpoint"]
        """
        return {
            "endpoint": self.endpoint,
            "iam_endpoint": self.iam_endpoint,
            "project_id": self.project_id,
            "token": self.token,
            "ak": self.ak,
            "sk": self.sk,
            "assets": list(self.states()),
        }

    @property
    def is_running(self) -> bool:
        """Whether it still answers."""
        return self._host.is_running

    def stop(self) -> None:
        """Stop the server, closing every connection, and write the state file. Safe to repeat.

        Example:
            >>> box = vodnb.sandbox()
            >>> box.stop()
        """
        self._host.stop()
        self._save_or_warn()

    def _hang_up(self, client: tuple[str, int]) -> None:
        self._host.hang_up(client)  # which stands later than the app that it serves

    def _save(self) -> None:
        changes = (self._store.changes, self._admission.changes)
        if self._state_file is None or changes == self._saved:
            return
        memory = Memory(
            credentials=self._admission.credentials,
            token=self.token,
            tokens=self._admission.tokens(),
            assets=self._store.everything(),
        )
        write_memory(self._state_file, memory)
        self._saved = changes

    def _save_or_warn(self) -> None:
        try:
            self._save()
        except SetupError as fault:
            _LOG.warning("The sandbox cannot write %s: %s", self._state_file, fault.__cause__)


def sandbox(
    *,
    port: int = 0,
    behaviour: Behaviour | None = None,
    assets: int = 0,
    state_file: str | Path | None = None,
    clock: Callable[[], float] = time.time,
) -> Sandbox:
    """Start a sandbox.

    Args:
        port: Port on 127.0.0.1. Default 0: any free one.
        behaviour: The switches. Default None: the documented behaviour.
        assets: How many CREATING assets to begin with; a state file that exists keeps its own.
        state_file: Keeps credentials and assets across restarts, readable by its owner only.
            Default None: all ends with the process.
        clock: Seconds since the epoch; tests pass their own.

    Raises:
        SetupError: The port is taken, or the state file cannot be used.

    Example:
        >>> box = vodnb.sandbox(assets=100)
    """
    return Sandbox(
        port=port,
        behaviour=behaviour or Behaviour(),
        assets=assets,
        state_file=None if state_file is None else Path(state_file),
        clock=clock,
    )


def shared_sandbox() -> Sandbox:
    """Return the one sandbox of this process; started by the first call, it ends with it."""
    with _STARTING:
        if not (_SHARED and _SHARED[0].is_running):
            _SHARED[:] = [sandbox()]
        return _SHARED[0]


def serve(running: Sandbox) -> None:
    """Wait until SIGINT or SIGTERM, then stop the sandbox. Call it in the main thread."""
    caught: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    earlier = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not caught and running.is_running:
            time.sleep(0.1)
    finally:
        running.stop()
        for number, handler in earlier.items():
            signal.signal(number, handler)
