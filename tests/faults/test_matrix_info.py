"""The fault matrix on asset/info: looking first, and reading a doubtful asset back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fault_acts as do
import pytest
from fault_cases import CHIEF_CASES, INFO_CASES
from fault_cells import IS_THOROUGH, POSITIONS, Cell, Seen, run
from fault_crowd import Runner, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fault_server import Act, Script
    from fault_wire import Call

pytestmark = [pytest.mark.matrix, pytest.mark.clocked, pytest.mark.long]

BATCH = 10
CHIEF = {case.name for case in CHIEF_CASES}


def cells(role: str, few: tuple[str, ...]) -> list[Cell]:
    """Return the cells: by one worker at a few places, by many the chief ones in the middle.

    When it is thorough, every fault is struck everywhere by both.
    """
    return [
        Cell(case=case, role=role, position=position, workers=workers)
        for workers in (1, 32)
        for case in INFO_CASES
        if workers == 1 or case.name in CHIEF or IS_THOROUGH
        for position in (POSITIONS if IS_THOROUGH else few if workers == 1 else ("middle",))
    ]


LOOKS = cells("look", POSITIONS)
BACKS = cells("back", ("middle", "every"))


def strike_looks(cell: Cell) -> Script:
    """Return the script of a cell whose looks are struck: that many of them, or every one.

    The first look is the one that proves host and sign-in before anything is sent.
    """
    looks = cell.chosen(-(-len(cell.assets) // BATCH))
    struck: set[int] = set()
    counted = 0

    def script(call: Call) -> Act | None:
        nonlocal counted
        if call.operation != "info":
            return None
        place = counted
        counted += 1
        if cell.position != "every" and (place not in looks or place in struck):
            return None
        act = cell.case.acts[0]
        if getattr(act, "strikes_reused", False) and not call.reused:
            return None
        struck.add(place)
        return act

    return script


def look(cell: Cell) -> Seen:
    """Run a cell whose looks are struck; in each batch one asset is confirmed already."""
    states = {
        one: "CREATED" if place % BATCH == 0 else "CREATING"
        for place, one in enumerate(cell.assets)
    }
    return run(cell, strike_looks(cell), states, check_first=True)


def back(cell: Cell) -> Seen:
    """Run a cell in which some assets get no answer, and the reading back is struck for good."""
    hit = set(cell.hit)

    def script(call: Call) -> Act | None:
        if call.operation == "confirm":
            sent.append(call.asset_ids[0])
            is_hit = call.asset_ids[0] in hit and not call.again
            return do.doing(do.finish, do.Effect.BEFORE) if is_hit else None
        return cell.case.acts[0] if sent else None

    sent: list[str] = []
    return run(cell, script, dict.fromkeys(cell.assets, "CREATING"), check_first=False)


@pytest.fixture(scope="module")
def runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    """Run the cells that were asked for, many at the same time."""
    ways = {"look": look, "back": back}
    with running(request, tmp_path_factory, lambda cell: ways[cell.role](cell)) as runner:
        yield runner


def starts(cell: Cell) -> bool:
    """Whether a run can start: its first look, or another try of it, is answered."""
    if cell.position == "every":
        says_enough = cell.case.kind in {"permanent", "done"} or cell.case.name.startswith(
            (
                "info-missing",
                "info-numbers",
                "info-other",
                "info-new",
                "info-no-status",
                "info-null",
            )
        )
        return says_enough or cell.case.name == "8-stale"
    return cell.position != "first" or cell.case.kind not in {"global", "stop"}


@pytest.mark.parametrize("cell", LOOKS, ids=lambda cell: cell.name)
def test_a_state_that_cannot_be_read_is_not_guessed(cell: Cell, runner: Runner) -> None:
    """A look that goes wrong costs a call, never a row; nothing is sent without a sign-in."""
    seen = runner.seen(cell)
    assert (seen.rows is not None) is starts(cell), seen.error
    if seen.rows is None:
        return
    ended = {row.outcome for row in seen.rows}
    if cell.case.kind in {"global", "stop"}:
        assert ended <= {"confirmed", "already_confirmed", "not_sent"}
    elif cell.position == "every":
        assert ended <= {"confirmed", "already_confirmed", "in_doubt"}
    else:
        assert ended == {"confirmed", "already_confirmed"}


@pytest.mark.parametrize("cell", BACKS, ids=lambda cell: cell.name)
def test_a_doubt_that_cannot_be_read_back_stays_one(cell: Cell, runner: Runner) -> None:
    """What cannot be read back is in doubt, was sent once, and is never called good or bad."""
    seen = runner.seen(cell)
    assert seen.error is None
    # Among many workers healthy answers may be late as well, on a busy machine. Where most are lost
    # the breaker opens, and its probes get no answer either: the rest is not sent.
    is_crowd = cell.workers > 1
    for asset_id in cell.assets:
        outcome = seen.row(asset_id).outcome
        if outcome == "not_sent" and (is_crowd or cell.position == "every"):
            assert not seen.posts(asset_id)
        elif asset_id not in cell.hit:
            assert outcome == "confirmed" or (outcome == "in_doubt" and is_crowd)
        elif cell.case.kind in {"done", "rejected"} or cell.case.name == "8-stale":
            assert outcome in {"confirmed", "in_doubt", "not_sent"}
        else:
            assert outcome == "in_doubt"
            assert len(seen.posts(asset_id)) == 1
