"""Every file keeps its shape: size, a first line that says its job, `__all__` where it belongs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = sorted((ROOT / "vodnb").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 50


Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines_of(source: str) -> int:
    """Count the lines of a file; what public names say of themselves is not counted."""
    return len(source.splitlines()) - sum(
        _docstring_lines(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_")
    )


def long_functions(source: str) -> list[str]:
    """Name the functions that are too long; the docstring of a verb is not counted."""
    return [
        f"{node.name}: {length}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, Function) and (length := _own_lines(node)) > MOST_LINES_OF_A_FUNCTION
    ]


def _own_lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)


def _docstring_lines(node: Function | ast.ClassDef) -> int:
    first = node.body[0]
    if ast.get_docstring(node) is None:
        return 0
    return (first.end_lineno or first.lineno) - first.lineno + 1


def faults_of_all(source: str, *, may_hand_on: bool = False) -> list[str]:
    """Say what is wrong with a public module's `__all__`.

    Args:
        source: The module.
        may_hand_on: Whether it may list names that it does not define: a package's `__init__`.
    """
    tree = ast.parse(source)
    declared = _declared(tree)
    defined = _defined(tree)
    if declared is None:
        return ["__all__ is missing"] if defined else []
    faults = [f"{name} is public but not in __all__" for name in sorted(defined - set(declared))]
    if not may_hand_on:
        faults += [f"{name} is not defined here" for name in sorted(set(declared) - defined)]
    if declared != sorted(declared, key=_place):
        faults.append("__all__ is not sorted")
    if len(set(declared)) != len(declared):
        faults.append("__all__ says a name twice")
    return faults


def _place(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest: the order that ruff keeps."""
    if name.isupper():
        return (0, name)
    return (1 if name[0].isupper() else 2, name)


def _declared(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and "__all__" in _targets(node):
            names: list[str] = ast.literal_eval(node.value)
            return list(names)
    return None


def _targets(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        found = [inner for target in node.targets for inner in ast.walk(target)]
    elif isinstance(node, ast.AnnAssign):
        found = [node.target]
    else:
        return set()
    return {inner.id for inner in found if isinstance(inner, ast.Name)}


def _defined(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            names.add(node.name)
        else:
            names |= _targets(node)
    return {name for name in names if not name.startswith("_")}


def _label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PACKAGE + TESTS, ids=_label)
def test_file_is_not_swollen(path: Path) -> None:
    """A file has at most 400 lines, and a function at most 50; docstrings push nothing apart."""
    source = path.read_text("utf-8")
    assert lines_of(source) <= MOST_LINES_OF_A_FILE
    assert long_functions(source) == []


@pytest.mark.parametrize("path", PACKAGE, ids=_label)
def test_module_says_its_job(path: Path) -> None:
    """A module opens with a docstring whose first line is a sentence."""
    told = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert told
    assert told.splitlines()[0].endswith(".")


@pytest.mark.parametrize(
    "path", [path for path in PACKAGE if path.name != "__init__.py"], ids=_label
)
def test_all_stands_in_doors_only(path: Path) -> None:
    """`__all__` is for faces and the doors of rooms; inside a room an underscore says it."""
    assert _declared(ast.parse(path.read_text("utf-8"))) is None


@pytest.mark.parametrize(
    "path", [path for path in PACKAGE if path.name == "__init__.py"], ids=_label
)
def test_package_lists_its_names_in_order(path: Path) -> None:
    """A package may hand names on, but defines none that it does not list."""
    assert faults_of_all(path.read_text("utf-8"), may_hand_on=True) == []


def test_there_is_something_to_look_at() -> None:
    """The lists above are not empty because somebody moved a folder."""
    assert ROOT / "vodnb" / "rules" / "model.py" in PACKAGE
    assert Path(__file__) in TESTS


def test_long_function_is_seen() -> None:
    """51 lines are too many, 50 are not, and a docstring does not count."""
    body = "\n".join("    x = 1" for _ in range(49))
    docstring = '    """Long.\n\n    story\n    """\n'
    assert long_functions(f"def f():\n{body}") == []
    assert long_functions(f"def f():\n{docstring}{body}") == []
    assert long_functions(f"class A:\n  async def f():\n{body}\n    x = 1") == ["f: 51"]


def test_docstring_of_a_public_name_takes_no_room() -> None:
    """What a public class or function says of itself is not counted; all else is."""
    doc = '"""Long.\n\nstory\n"""\n'
    assert lines_of(f"{doc}x = 1") == 5
    assert lines_of(f"def f():\n  {doc}  x = 1") == 2
    assert lines_of(f"class A:\n  {doc}  def _g(self):\n    {doc}    x = 1") == 7


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("def read(): ...", "__all__ is missing"),
        ("LIMIT: int = 1", "__all__ is missing"),
        ("__all__ = ['a']\na = b = 1", "b is public but not in __all__"),
        ("from x import a\n__all__ = ['a']", "a is not defined here"),
        ("__all__ = ['b', 'a']\na, b = 1, 2", "__all__ is not sorted"),
        ("__all__ = ['a', 'B']\na = 1\nclass B: ...", "__all__ is not sorted"),
        ("__all__ = ['a', 'a']\na = 1", "__all__ says a name twice"),
    ],
)
def test_wrong_all_is_seen(source: str, fault: str) -> None:
    """Each way for `__all__` to be untrue is told."""
    assert faults_of_all(source) == [fault]


def test_good_all_is_let_pass() -> None:
    """Constants come first, then classes, then functions; private names stay out."""
    source = "__all__ = ['MAX', 'Answer', 'read']\nMAX = 1\nclass Answer: ...\ndef read(): ..."
    assert faults_of_all(source + "\n_hidden = 2\nif True:\n    x = 1") == []
    assert faults_of_all("__all__ = ['handed_on']", may_hand_on=True) == []
    assert faults_of_all('"""Only words."""') == []
