"""Notebooks are thin, clean in git, and run from top to bottom with nothing but this machine."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

if TYPE_CHECKING:
    from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

MOST_CELLS = 12
MOST_BYTES = 50_000
SECONDS_FOR_A_CELL = 120
ABSOLUTE = re.compile(r"(?<![\w.~:/}])/(?:\w[\w.-]*/)+|\b[A-Za-z]:\\")


def faults(notebook: NotebookNode) -> list[str]:
    """Say what a notebook has that it should not have."""
    cells = notebook.cells
    found = [] if len(cells) <= MOST_CELLS else [f"{len(cells)} cells"]
    if not cells or cells[0].cell_type != "markdown" or not cells[0].source.startswith("# "):
        found.append("does not begin with a title")
    if "widgets" in notebook.metadata:
        found.append("widget state")
    for number, cell in enumerate(cells):
        found += [f"cell {number}: {fault}" for fault in _faults_of_cell(cell)]
    return found


def _faults_of_cell(cell: NotebookNode) -> list[str]:
    found = []
    if cell.get("attachments"):
        found.append("attachment")
    if ABSOLUTE.search(cell.source):
        found.append("absolute path")
    if cell.cell_type == "code":
        if cell.outputs or cell.execution_count is not None:
            found.append("output")
        found += _faults_of_code(cell.source)
    return found


def _faults_of_code(source: str) -> list[str]:
    try:
        code = compile(source, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return ["not plain Python"]
    found = []
    nodes = list(ast.walk(code))
    if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for node in nodes):
        found.append("defines a function")
    if any(isinstance(node, ast.Attribute) and node.attr.startswith("_") for node in nodes):
        found.append("uses a private name")
    if any(isinstance(node, ast.ImportFrom) and "._" in f"{node.module}." for node in nodes):
        found.append("uses a private name")
    return found


@pytest.fixture
def quiet_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run a notebook in; its kernel is held to loopback by tests/ipython."""
    shutil.copytree(ROOT / "tests" / "ipython", tmp_path / "ipython")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    folder = tmp_path / "notebooks"
    folder.mkdir()
    return folder


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run every cell in a kernel of its own; a cell that raises, raises here."""
    NotebookClient(
        notebook,
        timeout=SECONDS_FOR_A_CELL,
        kernel_name="python3",
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    ).execute()


def code(*sources: str) -> NotebookNode:
    """Make a good notebook of a title and these cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    title = nbformat.v4.new_markdown_cell("# Title")
    made: NotebookNode = nbformat.v4.new_notebook(cells=[title, *cells])
    return made


def test_there_is_a_notebook() -> None:
    """The tests below are not empty: notebooks are what this project is for."""
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_is_thin_and_clean(path: Path) -> None:
    """Valid, small, titled, without outputs, functions, private names, magics or own paths."""
    assert re.fullmatch(r"\d\d_[a-z_]+", path.stem)
    assert path.stat().st_size < MOST_BYTES
    nbformat.validate(json.loads(path.read_text("utf-8")))
    assert faults(nbformat.read(path, as_version=4)) == []


@pytest.mark.kernel
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs_from_top_to_bottom(path: Path, quiet_kernel: Path) -> None:
    """Each cell succeeds in an empty folder, with no network but this machine."""
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, quiet_kernel)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.output_type == "error"] == []
    assert outputs


@pytest.mark.kernel
def test_kernel_cannot_reach_outside(quiet_kernel: Path) -> None:
    """A kernel under test reaches this machine, and nothing else."""
    inside = """
        import socket
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()
    """
    outside = 'socket.create_connection(("192.0.2.1", 80), timeout=0.1)'
    notebook = code(inspect.cleandoc(inside), outside)
    with pytest.raises(CellExecutionError, match="SocketConnectBlockedError"):
        execute(notebook, quiet_kernel)
    assert notebook.cells[1].outputs == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("def f(): ...", "defines a function"),
        ("f = lambda: 1", "defines a function"),
        ("import vodnb\nvodnb._loop", "uses a private name"),
        ("from vodnb._x import y", "uses a private name"),
        ("!ls", "not plain Python"),
        ("%pip install vodnb", "not plain Python"),
        ("open('/srv/x/y.csv')", "absolute path"),
        (r"open('C:\\data.csv')", "absolute path"),
    ],
)
def test_fault_in_code_is_seen(source: str, fault: str) -> None:
    """Each thing that a cell should not hold is told, with its place."""
    assert faults(code("1", source)) == [f"cell 2: {fault}"]


def test_other_faults_are_seen() -> None:
    """Title, size, outputs, attachments and widget state are looked at too."""
    assert faults(code(*("1",) * 12)) == ["13 cells"]
    assert faults(nbformat.v4.new_notebook()) == ["does not begin with a title"]
    dirty = code("1")
    dirty.cells[0]["attachments"] = {"x.png": {}}
    dirty.cells[1]["execution_count"] = 1
    dirty.metadata["widgets"] = {}
    assert faults(dirty) == ["widget state", "cell 0: attachment", "cell 1: output"]


def test_honest_notebook_passes() -> None:
    """Awaiting at top level, URLs and relative paths are welcome."""
    assert faults(code("await vod.aconfirm('https://x.example/a/b')", "a = 'data/x.csv'")) == []
