"""The fault matrix on the confirm call: each fault, struck at four places, by few and by many."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from fault_cases import CASES, CHIEF_CASES
from fault_cells import (
    Cell,
    LogWatch,
    Runner,
    Seen,
    check_common,
    check_ends,
    quicken,
    run,
    strike,
    watch_log,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.long

POSITIONS = ("first", "middle", "last", "every")


def cells() -> list[Cell]:
    """Return the cells: the chief faults everywhere, their variants at two places.

    With HYPOTHESIS_PROFILE=thorough the variants are struck everywhere as well.
    """
    chief = {case.name for case in CHIEF_CASES}
    few = POSITIONS if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else ("middle", "every")
    return [
        Cell(case=case, role="confirm", position=position, workers=workers)
        for workers, cases in ((1, CASES), (32, CHIEF_CASES))
        for case in cases
        for position in (POSITIONS if case.name in chief else few)
    ]


def confirm(cell: Cell) -> Seen:
    """Run a cell whose confirm calls are struck."""
    hit = cell.hit
    states = {one: cell.case.state if one in hit else "CREATING" for one in cell.assets}
    known = {one: state for one, state in states.items() if state}
    return run(cell, strike(cell), known, check_first=False)


@pytest.fixture(scope="module")
def log() -> Iterator[LogWatch]:
    """All that is logged while the cells run."""
    watch, end = watch_log()
    yield watch
    end()


@pytest.fixture(scope="module")
def runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, log: LogWatch
) -> Iterator[Runner]:
    """Run the cells that were asked for, many at the same time."""
    wanted = [
        item.callspec.params["cell"]
        for item in request.session.items
        if item.path == request.path and "cell" in getattr(item, "callspec", item).params
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("runs"))
        quicken(patch)
        cells = Runner(wanted, confirm)
        yield cells
        cells.close()


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: cell.name)
def test_row_ends_as_the_matrix_says(cell: Cell, runner: Runner, log: LogWatch) -> None:
    """No row is lost, sent twice or guessed, and the struck one ends as its fault demands."""
    seen = runner.seen(cell)
    check_common(cell, seen, log)
    assert seen.error is None
    expected = cell.case.every if cell.position == "every" else cell.case.once
    for asset_id in cell.assets:
        check_ends(asset_id, seen, expected if asset_id in cell.hit else cell.case.others)
