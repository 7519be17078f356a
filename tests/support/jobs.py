"""Start real jobs against a service inside the process, and wait for what they do."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from vodnb.bulk.job import Job
from vodnb.bulk.plan import Plan
from vodnb.rules.model import Status
from vodnb.tables.read import load_assets

if TYPE_CHECKING:
    from collections.abc import Callable

    from pretend_service import PretendService

    from vodnb.rules.model import Lang


def ids(count: int) -> list[str]:
    """Return that many asset IDs."""
    return [f"{number:032x}" for number in range(count)]


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
        run_id="20260101T000000Z-abcdef",
        status=Status.CREATED,
        assets=assets,
        workers=workers,
        attempts=5,
        deadline=30.0,
        look_first=look_first,
    )
    table = load_assets(assets)
    return Job(plan, table=table, service=service, ceiling=ceiling, lang=lang)


def wait_until(holds: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Wait until something holds; fail where it does not come to hold."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.005)
