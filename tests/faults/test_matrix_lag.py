"""The fault matrix where states lag: asset/info tells of an effect only a while after it.

The lags are the service's 1 to 5 seconds, shortened by as much as the settle margin is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import fault_acts as do
import pytest
from fault_acts import Effect
from fault_cases import DEADLINE, RESOLVED, Case, Ends, ends
from fault_cells import Cell, Seen, check_rows, run
from fault_crowd import Runner, running

from vodnb.rules.lifecycle import SETTLE_MARGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fault_server import Act
    from fault_wire import Call

pytestmark = [pytest.mark.matrix, pytest.mark.clocked, pytest.mark.long]

MARGIN = 1.8
SCALE = MARGIN / SETTLE_MARGIN
"""What is left of a second of lag."""


def silent(effect: Effect, *, at: float = 0.0) -> Act:
    """Return silence with an effect, a late one at that many seconds after the call came."""
    return do.doing(do.silence, effect, deadline=at - do.LATE)


def lagging(name: str, act: Act, *, seconds: float) -> Case:
    """Return a fault whose effect shows in time: read back, and sent once."""
    return Case(
        name=f"7-{name}-lag-{seconds:g}",
        acts=(act,),
        kind="ambiguous",
        once=RESOLVED,
        every=RESOLVED,
        lag=SCALE * seconds,
    )


UNSEEN = ends("in_doubt", code="VOD.10126", posts=(2,))
"""Sent again, refused for having been confirmed, and still not shown as such: no guess is made."""

CASES = [
    *[
        lagging(name, act, seconds=seconds)
        for seconds in (1, 3, 5)
        for name, act in (
            ("at-once", silent(Effect.BEFORE)),
            ("at-the-deadline", silent(Effect.LATE, at=DEADLINE)),
        )
    ],
    lagging("later", silent(Effect.LATE, at=DEADLINE + SCALE), seconds=1),
    lagging("later", silent(Effect.LATE, at=DEADLINE + SCALE), seconds=3),
    Case(
        name="7-lag-beyond-all-margins",
        acts=(silent(Effect.BEFORE),),
        kind="ambiguous",
        once=UNSEEN,
        # One worker comes to the first of many so late that its lag is over.
        every=Ends(outcomes=frozenset({"in_doubt", "confirmed"}), codes=frozenset()),
        # A yes that the state still contradicts after every margin is a doubt as well.
        others=Ends(
            outcomes=frozenset({"in_doubt", "confirmed"}),
            codes=frozenset({"", "CLIENT.DISAGREES"}),
            posts=frozenset({1}),
        ),
        lag=2 * (DEADLINE + MARGIN),
    ),
]

CELLS = [
    Cell(case=case, role="confirm", position=position, workers=workers)
    for workers in (1, 32)
    for case in CASES
    for position in ("middle", "every")
]


def confirm(cell: Cell) -> Seen:
    """Run a cell in which the first confirm call of an asset is struck, and the next one not."""
    hit, acts = set(cell.hit), cell.case.acts

    def script(call: Call) -> Act | None:
        is_struck = call.operation == "confirm" and call.asset_ids[0] in hit and not call.again
        return acts[0] if is_struck else None

    return run(cell, script, dict.fromkeys(cell.assets, "CREATING"), check_first=False)


@pytest.fixture(scope="module")
def runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    """Run the cells that were asked for, many at the same time."""
    with running(request, tmp_path_factory, confirm, margin=MARGIN) as runner:
        yield runner


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_a_state_that_lags_is_no_proof_of_no_effect(cell: Cell, runner: Runner) -> None:
    """A lag of 5 seconds costs no second sending; a longer one costs a doubt, never a failure."""
    check_rows(cell, runner.seen(cell))
