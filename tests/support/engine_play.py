"""Plays a whole run of the engine in virtual time."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from pretend_service import ids  # noqa: F401  whoever plays the engine has assets to play with
from virtual_time import run_virtual

from vodnb.bulk.engine.engine import Engine
from vodnb.bulk.engine.events import Settled
from vodnb.bulk.engine.plan import Plan
from vodnb.bulk.engine.recorder import Recorder
from vodnb.bulk.engine.run_state import RunState
from vodnb.bulk.pace.control import Control
from vodnb.bulk.pace.limiter import Limiter
from vodnb.bulk.pace.paced_call import PacedCall
from vodnb.rules.model import Outcome, Settlement, Status
from vodnb.rules.operations import CONFIRM, INFO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pretend_service import PretendService


def play(
    service: PretendService,
    assets: list[str],
    *,
    status: Status = Status.CREATED,
    ceiling: float = math.inf,
    look_first: bool = True,
    only_hanging: bool = False,
    verify: bool = False,
    workers: int | None = 8,
    stop_after: float | None = None,
    control: Control | None = None,
    unverified: Sequence[str] = (),
) -> tuple[RunState, Engine]:
    """Run a whole job in virtual time and return where everything stands."""
    plan = Plan(
        run_id="run",
        status=status,
        assets=assets,
        workers=workers,
        attempts=5,
        deadline=30.0,
        look_first=look_first,
        only_hanging=only_hanging,
        verify=verify,
    )
    state, switches = RunState(), control or Control()
    for asset_id in unverified:
        told = Settlement(outcome=Outcome.CONFIRMED, attempts=1)
        state.hear(Settled(asset_id=asset_id, settlement=told))

    async def job() -> Engine:
        engine = _build(
            plan, unverified, service=service, control=switches, state=state, ceiling=ceiling
        )
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, switches.stop)
        await engine.run()
        return engine

    return state, run_virtual(job())


def _build(
    plan: Plan,
    unverified: Sequence[str],
    *,
    service: PretendService,
    control: Control,
    state: RunState,
    ceiling: float,
) -> Engine:
    lines = {
        operation.name: PacedCall(
            operation,
            service=service,
            limiter=Limiter(ceiling),
            control=control,
            listen=state.hear,
            deadline=plan.deadline,
            chance=lambda: 0.5,
        )
        for operation in (CONFIRM, INFO)
    }
    return Engine(
        plan,
        service=service,
        **lines,
        control=control,
        recorder=Recorder(None, listen=state.hear),
        recall=state.settlements.__getitem__,
        unverified=unverified,
        now=lambda: "2026-01-01T00:00:00.000Z",
        chance=lambda: 0.5,
    )


def outcome(state: RunState, asset_id: str) -> tuple[Outcome, str]:
    """Return outcome and code of one asset."""
    found = state.settlements[asset_id]
    return found.outcome, found.code
