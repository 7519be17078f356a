"""The fault matrix on the confirm call: each fault, struck at four places, by few and by many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_cases import CASES, CHIEF_CASES
from fault_cells import IS_THOROUGH, POSITIONS, Cell, Seen, check_rows, run, strike
from fault_crowd import Runner, running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.matrix, pytest.mark.clocked, pytest.mark.long]

CHIEF = {case.name for case in CHIEF_CASES}
FEW = POSITIONS if IS_THOROUGH else ("middle", "every")
CELLS = [
    Cell(case=case, role="confirm", position=position, workers=workers)
    for workers in (1, 32)
    for case in CASES
    for position in (POSITIONS if case.name in CHIEF else FEW)
]
"""The chief faults everywhere; their variants too when it is thorough, else at two places."""


def confirm(cell: Cell) -> Seen:
    """Run a cell whose confirm calls are struck."""
    hit = cell.hit
    states = {one: cell.case.state if one in hit else "CREATING" for one in cell.assets}
    known = {one: state for one, state in states.items() if state}
    return run(cell, strike(cell), known, check_first=False)


@pytest.fixture(scope="module")
def runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    """Run the cells that were asked for, many at the same time."""
    with running(request, tmp_path_factory, confirm) as runner:
        yield runner


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_row_ends_as_the_matrix_says(cell: Cell, runner: Runner) -> None:
    """No row is lost, sent twice or guessed, and the struck one ends as its fault demands."""
    check_rows(cell, runner.seen(cell))
