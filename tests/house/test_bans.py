"""What no file of vodnb may do, or only one place may: imports, calls, tags around text."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = sorted((ROOT / "vodnb").rglob("*.py"))

IMPORT_HOMES: dict[str, tuple[str, ...]] = {
    "aiohttp": ("cli/bench/stacks.py",),
    "IPython": ("kernel/", "forms/"),
    "click": ("cli/",),
    "httptools": ("service/transport/wire.py",),
    "httpx": ("service/transport/", "cli/bench/stacks.py"),
    "huaweicloudsdkcore": ("cli/bench/stacks.py",),
    "huaweicloudsdkvod": ("cli/bench/stacks.py",),
    "ipywidgets": ("forms/",),
    "joblib": (),
    "marshal": (),
    "nbclient": ("reporting/",),
    "nbconvert": ("reporting/",),
    "nbformat": ("reporting/",),
    "nest_asyncio": ("kernel/loop.py",),
    "nest_asyncio2": ("kernel/loop.py",),
    "numpy": ("tables/", "journal/standings.py", "journal/registration_files.py"),
    "pandas": ("tables/",),
    "pickle": (),
    "shelve": (),
    "sqlite3": ("journal/journal.py", "journal/salvage.py"),
    "starlette": ("emulator/",),
    "uvicorn": ("emulator/",),
    "yaml": (),
}
"""Outside things, and the only places that import them at run time."""

CALL_HOMES: dict[str, tuple[str, ...]] = {
    "__import__": (),
    "asyncio.Runner": ("kernel/loop.py", "emulator/", "cli/bench/"),
    "asyncio.get_event_loop": ("kernel/loop.py", "emulator/", "cli/bench/"),
    "asyncio.new_event_loop": ("kernel/loop.py", "emulator/", "cli/bench/"),
    "asyncio.run": ("kernel/loop.py", "emulator/", "cli/bench/"),
    "asyncio.set_event_loop": ("kernel/loop.py", "emulator/", "cli/bench/"),
    "eval": (),
    "exec": (),
    "print": ("cli/commands.py", "cli/bench/"),
}
"""Calls, and the only places that make them."""

NOT_PURE = {
    "asyncio", "concurrent", "http.client", "http.server", "io", "multiprocessing", "os",
    "pathlib", "random", "secrets", "select", "shutil", "signal", "socket", "ssl", "subprocess",
    "tempfile", "threading", "time", "urllib.request", "uuid", "webbrowser",
}  # fmt: skip
"""Of the standard library, what the ground floor may not touch: disk, network, clock, chance."""

NOT_PURE_CALLS = {"open", "input", "now", "utcnow", "today"}

TAGS = (
    "a|abbr|article|aside|b|blockquote|body|br|button|caption|code|col|details|div|em|footer|form|"
    "h[1-6]|head|header|hr|html|i|iframe|img|input|label|li|link|main|meta|nav|ol|option|p|pre|"
    "progress|section|select|small|span|strong|style|sub|summary|sup|svg|table|tbody|td|textarea|"
    "tfoot|th|thead|title|tr|u|ul|script"
)
TAG = re.compile(rf"</?(?:{TAGS})(?=[\s/>]|$)", re.IGNORECASE)
TAG_HOMES = ("rules/words/markup.py",)


def offences(source: str, where: str) -> list[str]:
    """Say what a module does that its place forbids.

    Args:
        source: The module.
        where: Its path below `vodnb/`, with slashes.
    """
    nodes = list(_at_run_time(ast.parse(source)))
    found = [*_imports(nodes, where), *_calls(nodes, where)]
    if where.startswith("rules/"):
        found += _impurities(nodes, where)
    if not _lives(where, TAG_HOMES):
        found += _tags(nodes)
    return found


def _lives(where: str, homes: tuple[str, ...]) -> bool:
    return any(where == home or (home.endswith("/") and where.startswith(home)) for home in homes)


def _at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk the tree without what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield other
                yield from _at_run_time(other)
            continue
        yield node
        yield from _at_run_time(node)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        return [ast.literal_eval(node.args[0])] if isinstance(node.args[0], ast.Constant) else []
    return []


def _imports(nodes: list[ast.AST], where: str) -> list[str]:
    roots = [name.split(".")[0] for node in nodes for name in _imported(node)]
    return [
        f"imports {root}"
        for root in dict.fromkeys(roots)
        if root in IMPORT_HOMES and not _lives(where, IMPORT_HOMES[root])
    ]


def _calls(nodes: list[ast.AST], where: str) -> list[str]:
    called = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    handed = [name for node in nodes for name in _imported(node) if name in CALL_HOMES]
    return [
        f"calls {name}"
        for name in dict.fromkeys(called + handed)
        if name in CALL_HOMES and not _lives(where, CALL_HOMES[name])
    ]


def _impurities(nodes: list[ast.AST], where: str) -> list[str]:
    names = [name for node in nodes for name in _imported(node)]
    names = [name for name in names if not name.startswith("vodnb.rules.")]
    if where in {"rules/codes.py", "rules/words/wording.py"}:
        names = [name for name in names if not name.startswith("importlib.resources")]
    touched = [
        name
        for name in names
        if name.split(".")[0] not in sys.stdlib_module_names
        or any(f"{name}.".startswith(f"{module}.") for module in NOT_PURE)
        or name.startswith("importlib")
    ]
    called = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    acted = [name for name in called if name.split(".")[-1] in NOT_PURE_CALLS]
    climbed = [
        "." * node.level + (node.module or "")
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.level > 1
    ]
    return [f"is not pure: {name}" for name in dict.fromkeys(touched + acted + climbed)]


def _tags(nodes: list[ast.AST]) -> list[str]:
    """Find tags in texts, f-strings too; docstrings may speak of tags."""
    told = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]
    return [f"writes a tag: {match[0]}" for text in texts if (match := TAG.search(text))][:1]


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_file_keeps_to_its_place(path: Path) -> None:
    """Outside things, loops, printing and tags stay where the house has a place for them."""
    where = path.relative_to(ROOT / "vodnb").as_posix()
    assert offences(path.read_text("utf-8"), where) == []


@pytest.mark.parametrize(
    ("source", "where", "offence"),
    [
        ("import httpx", "service/client.py", "imports httpx"),
        ("from httpx import Client", "bulk/engine/engine.py", "imports httpx"),
        ("def f():\n    import pandas as pd", "bulk/job.py", "imports pandas"),
        ("import numpy", "session.py", "imports numpy"),
        ("import sqlite3", "bulk/engine/engine.py", "imports sqlite3"),
        ("from IPython.display import display", "session.py", "imports IPython"),
        ("import ipywidgets", "kernel/screen.py", "imports ipywidgets"),
        ("import uvicorn", "cli/commands.py", "imports uvicorn"),
        ("from starlette.responses import Response", "service/transport/http.py",
         "imports starlette"),
        ("import nest_asyncio", "bulk/engine/engine.py", "imports nest_asyncio"),
        ("importlib.import_module('nest_asyncio2')", "session.py", "imports nest_asyncio2"),
        ("import click", "session.py", "imports click"),
        ("import nbformat", "cli/commands.py", "imports nbformat"),
        ("import pickle", "journal/journal.py", "imports pickle"),
        ("import joblib", "tables/read.py", "imports joblib"),
        ("import yaml", "service/settings/settings.py", "imports yaml"),
        ("if not TYPE_CHECKING:\n    pass\nelse:\n    import httpx", "cli/commands.py",
         "imports httpx"),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import httpx", "cli/commands.py",
         "imports httpx"),
        ("eval('1')", "bulk/engine/engine.py", "calls eval"),
        ("exec('1')", "cli/commands.py", "calls exec"),
        ("__import__('x')", "cli/commands.py", "calls __import__"),
        ("print('x')", "kernel/screen.py", "calls print"),
        ("asyncio.new_event_loop()", "session.py", "calls asyncio.new_event_loop"),
        ("asyncio.run(main())", "service/client.py", "calls asyncio.run"),
        ("from asyncio import run", "service/client.py", "calls asyncio.run"),
        ("x = '<b>bold</b>'", "kernel/screen.py", "writes a tag: <b"),
        ("x = f'<td class={c}>{y}</td>'", "tables/write.py", "writes a tag: <td"),
        ("x = f'{y}</Script >'", "cli/commands.py", "writes a tag: </Script"),
        ("x = '<img src=' + y", "emulator/api.py", "writes a tag: <img"),
        ("import os", "rules/model.py", "is not pure: os"),
        ("from os import path", "rules/model.py", "is not pure: os.path"),
        ("from time import monotonic", "rules/pacing.py", "is not pure: time.monotonic"),
        ("import random", "rules/pacing.py", "is not pure: random"),
        ("import asyncio", "rules/pacing.py", "is not pure: asyncio"),
        ("from urllib.request import urlopen", "rules/answers.py",
         "is not pure: urllib.request.urlopen"),
        ("import urllib.request", "rules/answers.py", "is not pure: urllib.request"),
        ("import sniffio", "rules/answers.py", "is not pure: sniffio"),
        ("import importlib.resources", "rules/answers.py", "is not pure: importlib.resources"),
        ("open('x')", "rules/codes.py", "is not pure: open"),
        ("datetime.now()", "rules/answers.py", "is not pure: datetime.now"),
        ("from ..service import http", "rules/answers.py", "is not pure: ..service"),
        ("from vodnb.service.transport import http", "rules/words/wording.py",
         "is not pure: vodnb.service.transport.http"),
    ],
)  # fmt: skip
def test_offence_is_seen(source: str, where: str, offence: str) -> None:
    """Each ban fires on a file that breaks it."""
    assert offences(source, where) == [offence]


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("import httpx", "service/transport/http.py"),
        ("import pandas as pd", "tables/deep/read.py"),
        ("import uvicorn\nasyncio.new_event_loop()", "emulator/server.py"),
        ("import click\nprint('x')", "cli/commands.py"),
        ("if TYPE_CHECKING:\n    import httpx", "service/client.py"),
        ("if typing.TYPE_CHECKING:\n    import pandas", "rules/model.py"),
        ("x = '<p>'", "rules/words/markup.py"),
        ("def f():\n    '''Return <p>.'''", "kernel/screen.py"),
        ("x = 'a <name> of <asset_id>, 1 < 2'", "cli/commands.py"),
        ("import csv, re, urllib.parse\nfrom .model import Status", "rules/verdicts.py"),
        ("from importlib.resources import files", "rules/codes.py"),
        ("from vodnb.rules.model import Lang", "rules/words/wording.py"),
        ("from http import HTTPStatus", "rules/answers.py"),
        ("re.compile('x')\npattern.sub('now', 'x')", "rules/answers.py"),
    ],
)
def test_honest_file_passes(source: str, where: str) -> None:
    """Nothing is found where a thing is at home, or only spoken of."""
    assert offences(source, where) == []
