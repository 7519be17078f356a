"""Six floors of rooms: what the linter is told, and that the folders are what it is told."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import vodnb
from vodnb import forms

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "vodnb"
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]

FLOORS = [
    "__main__",
    "forms | cli",
    "session",
    "bulk | debug | reporting",
    "service | tables | emulator | journal | kernel",
    "rules",
]
"""The floors, typed by hand: adding a room is a decision. Rooms of one floor stay apart."""


def rooms_in(folder: Path) -> set[str]:
    """Return the folders of code in a folder."""
    return {path.parent.name for path in folder.glob("*/*.py")}


def names_of_rooms(public: list[str], rooms: set[str], *, doors: set[str]) -> set[str]:
    """Return the rooms with the name of something public, which it would hide or be hidden by.

    Args:
        public: The public names.
        rooms: The rooms beside them.
        doors: Rooms that are public themselves.
    """
    return rooms.intersection(public) - doors


def test_contract_is_the_six_floors() -> None:
    """The linter holds six floors, no module is left out, and what types need counts too."""
    (contract,) = [each for each in LINTER["contracts"] if each.get("containers") == ["vodnb"]]
    assert contract["type"] == "layers"
    assert contract["layers"] == FLOORS
    assert contract["exhaustive"] is True
    assert contract.keys() == {"name", "type", "containers", "layers", "exhaustive"}
    assert LINTER["root_packages"] == ["vodnb"]
    assert LINTER["exclude_type_checking_imports"] is False


def test_no_contract_of_layers_has_an_exception() -> None:
    """No import is let pass because it was there before."""
    of_layers = [each for each in LINTER["contracts"] if each["type"] == "layers"]
    assert len(of_layers) > 1
    spared = {"ignore_imports", "exhaustive_ignores", "unmatched_ignore_imports_alerting"}
    assert [each["name"] for each in of_layers if spared & each.keys()] == []


def test_linter_finds_nothing() -> None:
    """Every contract is kept."""
    # In a process of its own: it sets up logging, and silences every logger that is there.
    code = "from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", code, "--no-cache"]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert told.returncode == 0, told.stdout


def test_root_holds_rooms_alone() -> None:
    """Beside the rooms of the floors, the root has its list of names, its start and its mark."""
    rooms = {room for floor in FLOORS for room in floor.split(" | ")} - {"__main__"}
    assert rooms_in(PACKAGE) == rooms
    found = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    assert found == {*rooms, "__init__.py", "__main__.py", "py.typed"}


def test_no_room_has_the_name_of_something_public() -> None:
    """`vodnb.report` is a verb whatever was imported: no folder beside it is called so."""
    assert names_of_rooms(vodnb.__all__, rooms_in(PACKAGE), doors={"forms"}) == set()
    modules = rooms_in(PACKAGE / "forms") | {path.stem for path in (PACKAGE / "forms").glob("*.py")}
    assert names_of_rooms(forms.__all__, modules, doors=set()) == set()


def test_room_with_a_public_name_is_seen() -> None:
    """A room called as a verb is found; one that is public itself is not."""
    public = ["forms", "report"]
    assert names_of_rooms(public, {"forms", "report", "rules"}, doors={"forms"}) == {"report"}
