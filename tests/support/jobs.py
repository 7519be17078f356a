"""Start real jobs against a service inside the process, and wait for what they do."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from journals import RUN_ID
from pretend_service import PretendService, ids

from vodnb.bulk.engine.plan import Plan
from vodnb.bulk.job import Job
from vodnb.rules.model import Status
from vodnb.tables.read import load_assets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from vodnb.rules.answers import Answer
    from vodnb.rules.model import Lang
    from vodnb.rules.operations import Operation


def start(
    service: PretendService,
    assets: list[str],
    *,
    ceiling: float = math.inf,
    workers: int = 4,
    look_first: bool = True,
    lang: Lang = "en",
) -> Job:
    """Start a job over these assets on the real loop thread."""
    plan = Plan(
        run_id=RUN_ID,
        status=Status.CREATED,
        assets=assets,
        workers=workers,
        attempts=5,
        deadline=30.0,
        look_first=look_first,
    )
    table = load_assets(assets)
    return Job(plan, table=table, service=service, ceiling=ceiling, lang=lang).begin()


def wait_until(holds: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Wait until something holds; fail where it does not come to hold."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.005)


class Gate(PretendService):
    """Holds the confirm calls of chosen assets until it is opened.

    Attributes:
        free: How many calls of each asset it lets pass first.
        out: The assets whose calls are held now or were held.
    """

    def __init__(self, states: dict[str, str], *, held: list[str]) -> None:
        super().__init__(states, latency=0.001)
        self.held = set(held)
        self.free = 0
        self.out: set[str] = set()
        self._opened = asyncio.Event()

    async def call(self, operation: Operation, **fields: Any) -> Answer:
        """Serve one call, a held one only when the gate is open."""
        asset = fields["asset_id"]
        if operation.name == "confirm" and asset in self.held and self.posts(asset) >= self.free:
            self.out.add(asset)
            self._loop = asyncio.get_running_loop()
            await self._opened.wait()
        return await super().call(operation, **fields)

    def open(self) -> None:
        """Let the held calls go on."""
        self._loop.call_soon_threadsafe(self._opened.set)


def gate_over(count: int, *, held: int) -> tuple[Gate, list[str]]:
    """Return a service that holds the first assets, and all assets."""
    assets = ids(count)
    return Gate(dict.fromkeys(assets, "CREATING"), held=assets[:held]), assets


def creating(count: int, **options: Any) -> tuple[PretendService, list[str]]:
    """Return a service whose assets are all there to be confirmed."""
    assets = ids(count)
    return PretendService(dict.fromkeys(assets, "CREATING"), **options), assets


def outcomes(table: pd.DataFrame) -> Counter[str]:
    """Count the rows by outcome."""
    return Counter(table["outcome"])


@contextlib.contextmanager
def interrupts(*moments: Callable[[], object]) -> Iterator[None]:
    """Interrupt the main thread, as a notebook's Stop does, each time that something holds."""

    def watch() -> None:
        for holds in moments:
            wait_until(holds)
            time.sleep(0.02)
            signal.raise_signal(signal.SIGINT)

    helper = threading.Thread(target=watch)
    helper.start()
    yield
    helper.join()
