"""Reads JSON lines: an object a line. Numbers keep every digit, for they are never numbers here."""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING

from .columns import Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .encoding import Text

BY_FORM = "each line is a JSON object"
_NOT_JSON = "line {} is no JSON object of single values. Mend it in the source and load it again."
_REST = "extra_1"
_MOST_CELLS = 50_000_000
_FULL = 8


class _TwiceError(ValueError):
    """An object names a key twice, so one of the values would be lost."""


def is_json_lines(text: Text) -> bool:
    """Return whether the first line that is not blank is a JSON object."""
    first = next((line for line in text.lines() if line.strip()), "")
    return first.lstrip().startswith("{") and _read_object(first) is not None


def read_json_lines(text: Text) -> Records:
    """Return the objects as records, below a record of all their keys.

    A line that is no object, or names a key twice, keeps its text in a column of its own.
    """
    columns: dict[str, list[str]] = {}
    broken: dict[int, str] = {}
    lines = array("q", [0])
    for number, line in _filled_lines(text):
        found = _read_object(line)
        if found is None or _is_too_wide(columns, found, len(lines)):
            broken[len(lines)] = _NOT_JSON.format(number)
            found = {_REST: line.rstrip("\r\n")}
        for key, cell in found.items():
            column = columns.setdefault(key, [key])
            column.extend([""] * (len(lines) - len(column)))
            column.append(cell)
        lines.append(number)
    for column in columns.values():
        column.extend([""] * (len(lines) - len(column)))
    return Records(
        columns=list(columns.values()),
        width=len(columns),
        lines=lines,
        broken=broken,
        why=BY_FORM,
    )


def _is_too_wide(columns: dict[str, list[str]], found: dict[str, str], rows: int) -> bool:
    """Return whether new keys would make a table of next to nothing but empty cells."""
    width = len(columns.keys() | found.keys())
    return width > _FULL * len(found) and width * rows > _MOST_CELLS


def _filled_lines(text: Text) -> Iterator[tuple[int, str]]:
    """Yield the lines and their numbers, but no blank ones at the end: those are no rows."""
    blank: list[tuple[int, str]] = []
    begun = False
    for number, line in enumerate(text.lines(), 1):
        if not line.strip():
            blank.append((number, line))
            continue
        if begun:
            yield from blank
        blank.clear()
        begun = True
        yield number, line


def _read_object(line: str) -> dict[str, str] | None:
    try:
        found = json.loads(
            line,
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=_without_twins,
        )
        return {key: _text(cell) for key, cell in found.items()} if _is_object(found) else None
    except (ValueError, RecursionError):
        return None


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _TwiceError
    return found


def _is_object(found: object) -> bool:
    return isinstance(found, dict) and bool(found)


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    return "" if cell is None else json.dumps(cell, ensure_ascii=False)
