"""The fault matrix through an outage: 503 to everything for a minute, then health.

A minute is shortened as the time between two probes is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from fault_acts import answers
from fault_cases import UNHURT, Case
from fault_cells import Cell, Seen, check_rows, run
from fault_crowd import HURRY, Runner, running

from vodnb.rules.pacing import PROBES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fault_server import Act
    from fault_wire import Call

pytestmark = [pytest.mark.matrix, pytest.mark.clocked, pytest.mark.long]

OUTAGE = 60 * HURRY
SLACK = 0.25
"""Seconds that a busy machine may add to a wait."""

STRIKES_AT = {"first": 0, "middle": 12}
"""The confirm call with which the outage begins."""

CASES = [
    Case(
        name=f"35-503-{kind}",
        acts=(answers(503, body),),
        kind="ambiguous",
        once=UNHURT,
        every=UNHURT,
    )
    for kind, body in (
        ("json", {"error_msg": "service unavailable"}),
        ("html", b"<html><h1>503 Service Unavailable</h1></html>"),
    )
]

CELLS = [
    Cell(case=case, role="outage", position=position, workers=workers)
    for workers in (1, 32)
    for case in CASES
    for position in STRIKES_AT
]


def suffer(cell: Cell) -> Seen:
    """Run a cell through an outage, which ends by itself."""
    until: list[float] = []

    def script(call: Call) -> Act | None:
        if not until and call.operation == "confirm" and call.nth == STRIKES_AT[cell.position]:
            until.append(call.at + OUTAGE)
        return cell.case.acts[0] if until and call.at < until[0] else None

    return run(cell, script, dict.fromkeys(cell.assets, "CREATING"), check_first=False)


@pytest.fixture(scope="module")
def runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    """Run the cells that were asked for, at the same time."""
    with running(request, tmp_path_factory, suffer) as runner:
        yield runner


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_an_outage_is_sat_out(cell: Cell, runner: Runner) -> None:
    """The calls stop, a probe goes now and then, and soon after health all is confirmed."""
    seen = runner.seen(cell)
    check_rows(cell, seen)
    posts = [call.at for call in seen.ledger if call.operation == "confirm"]
    begun = posts[STRIKES_AT[cell.position]]
    health = begun + OUTAGE
    # Half of the last twenty calls, at least five, and those that were out.
    most = max(5, STRIKES_AT[cell.position]) + cell.workers
    assert len([at for at in posts if begun <= at < health]) <= most
    probes = [call.at for call in seen.ledger if call.operation == "info" and call.at > begun]
    answered = next(at for at in probes if at >= health)
    _check_probes([*(at for at in probes if at < health), answered])
    assert min(at for at in posts if at >= health) <= answered + SLACK


def _check_probes(probes: list[float]) -> None:
    """Check that the probes came in their steps: the last was answered within 10 s of health."""
    steps = [HURRY * seconds for seconds in PROBES]
    gaps = [after - before for before, after in pairwise(probes)]
    assert len(gaps) >= 5
    for gap, step in zip(gaps, steps[1:], strict=False):
        assert step <= gap <= step + SLACK
    assert max(gaps) <= 10 * HURRY + SLACK
