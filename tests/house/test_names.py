"""One word for each thing: no class has the name of another, and no file, but for a reason."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in sorted((ROOT / "vodnb").rglob("*.py"))
}

RECURRING = {
    "history": "the exchanges of a session, and the table of them",
    "options": "the options of a run: what they may be, which verb takes which, how they are typed",
    "parts": "what a page or a form is put together from",
}
"""File names that stand in several rooms for the same notion, and which."""


def classes_named_twice(sources: dict[str, str]) -> dict[str, list[str]]:
    """Return the classes whose name, underscore or not, another class has too, with their files."""
    named = defaultdict(list)
    for where, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                named[node.name.lstrip("_")].append(where)
    return {name: places for name, places in named.items() if len(places) > 1}


def files_named_twice(places: list[str]) -> dict[str, list[str]]:
    """Return the file names that recur, with their paths; `__init__` and `__main__` do anywhere."""
    named = defaultdict(list)
    for place in places:
        stem = Path(place).stem
        if not stem.startswith("__"):
            named[stem.lstrip("_")].append(place)
    return {name: found for name, found in named.items() if len(found) > 1}


def test_no_class_has_the_name_of_another() -> None:
    """A class name stands for one thing in the whole package."""
    assert classes_named_twice(SOURCES) == {}


def test_file_names_recur_for_the_same_notion_only() -> None:
    """A file name recurs only where the list says why, and the list names nothing else."""
    assert files_named_twice(list(SOURCES)).keys() == RECURRING.keys()


def test_name_of_two_things_is_seen() -> None:
    """A second class and a second file of one name are found, an underscore notwithstanding."""
    assert classes_named_twice({"a": "class Gate: ...", "b": "class _Gate: ..."}) == {
        "Gate": ["a", "b"]
    }
    assert files_named_twice(["x/gate.py", "y/_gate.py", "y/__init__.py", "x/__init__.py"]) == {
        "gate": ["x/gate.py", "y/_gate.py"]
    }
