"""What the project promises, and the tests that prove it, as .github/guarantees.md lists them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from readmes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LIST = ROOT / ".github" / "guarantees.md"
LINE = re.compile(r"^(\d+)\. (.+?): (`test_.+)$")
NAME = re.compile(r"`(test_\w+\.py)(?:::(test_\w+))?`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """One promise.

    Attributes:
        number: Its number in the list.
        text: What is promised.
        tests: File and test of each proof; "" for all tests of the file.
    """

    number: int
    text: str
    tests: list[tuple[str, str]]


def read_guarantees(text: str) -> list[Guarantee]:
    """Return the promises of a list, in order."""
    return [
        Guarantee(number=int(found[1]), text=found[2], tests=NAME.findall(found[3]))
        for line in text.splitlines()
        if (found := LINE.match(line))
    ]


@cache
def every_test() -> dict[tuple[str, str], set[str]]:
    """Return every test by file and name, with its markers; a file may lie in any room."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        of_all = {"browser"} if path.parent.name == "browser" else set[str]()
        of_all = of_all.union(*(_markers(node) for node in tree.body if _is_pytestmark(node)))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                own = set[str]().union(*map(_markers, node.decorator_list))
                if node.name.startswith("test_"):
                    found[path.name, node.name] = of_all | own
    return found


def markers_of(file: str, name: str) -> list[set[str]]:
    """Return the markers of each test that a proof names; none where there is no such test."""
    known = every_test()
    if name:
        return [known[file, name]] if (file, name) in known else []
    return [markers for (where, _), markers in known.items() if where == file]


def left_out_of_the_quick_tests(config: Path) -> set[str]:
    """Return the markers that the usual options of pytest leave out."""
    return set(re.findall(r"not (\w+)", re.search(r'"-m", "(.+)"', config.read_text("utf-8"))[1]))


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"


def _markers(node: ast.AST) -> set[str]:
    """Return the markers in an expression, but for those of single parameters."""
    text = ast.unparse(node)
    if "pytest.mark.parametrize" in text and isinstance(node, ast.Call):
        return set()
    return set(re.findall(r"pytest\.mark\.(\w+)", text))
