"""Reads out of code which sentences it says, and whether it holds any itself."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_text", "nodes_of", "pairs_in", "said"]


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """Return the nodes of a module, docstrings left out."""
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [node for node in ast.walk(tree) if id(node) not in told]


def is_text(node: ast.AST | None) -> bool:
    """Return whether a node is a text that is written out."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def template(node: ast.JoinedStr) -> str:
    """Return an f-string with {} for its values."""
    return "".join(str(part.value) if is_text(part) else "{}" for part in node.values)


def asked_key(node: ast.AST) -> ast.expr | None:
    """Return the key that a call has said; None for any other node."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    return node.args[0] if name in {"say", "_say"} else None


def literal_loops(tree: ast.AST, like_a_key: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Yield the f-strings of loops over texts that are written out, and each text they come to."""
    tuples = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            tuples[ast.unparse(node.targets[0])] += node.value.elts
    for node in ast.walk(tree):
        if not isinstance(node, ast.ListComp | ast.GeneratorExp):
            continue
        loop = node.generators[0]
        texts = getattr(loop.iter, "elts", None) or tuples[ast.unparse(loop.iter)]
        if not texts or not all(map(is_text, texts)):
            continue
        value = f"{{{ast.unparse(loop.target)}}}"
        for inner in ast.walk(node.elt):
            if not isinstance(inner, ast.JoinedStr) or value not in ast.unparse(inner):
                continue
            if like_a_key.fullmatch(template(inner)):
                yield from ((id(inner), template(inner).format(text.value)) for text in texts)


def said(tree: ast.Module, like_a_key: re.Pattern[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the keys that a module names, and the f-strings that make others, with their lines."""
    keys: dict[str, int] = {}
    made: dict[str, int] = {}
    looped = defaultdict(list)
    for place, key in literal_loops(tree, like_a_key):
        looped[place].append(key)
    nodes = nodes_of(tree)
    asked = {id(key) for node in nodes if (key := asked_key(node))}
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            if id(node) in looped:
                keys |= dict.fromkeys(looped[id(node)], node.lineno)
            elif id(node) in asked or like_a_key.fullmatch(template(node)):
                made[template(node)] = node.lineno
        elif not is_text(node) or id(node) in parts:
            continue
        elif id(node) in asked or like_a_key.fullmatch(node.value):
            keys[node.value] = node.lineno
    return keys, made


def pairs_in(tree: ast.AST) -> Iterator[int]:
    """Yield the lines where a text is chosen, or kept, by the language."""
    for node in nodes_of(tree):
        if isinstance(node, ast.IfExp) and re.search(r"[!=]= '(en|zh)'", ast.unparse(node.test)):
            branches = (node.body, node.orelse)
            if all(is_text(one) or isinstance(one, ast.JoinedStr | ast.Tuple) for one in branches):
                yield node.lineno
        if isinstance(node, ast.Dict) and {"en", "zh"} <= {
            key.value for key in node.keys if isinstance(key, ast.Constant)
        }:
            yield node.lineno
