"""CSV files of the sandbox: takes IDs out of the user's own, writes the demo's. Serves nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.rules.verdicts import clean, column_is_hex, is_hex, judge

from .memory import write_atomically
from .samples import HEADER, SampleRow

if TYPE_CHECKING:
    from collections.abc import Iterable


_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = ",;\t|"
_PUBLIC = 0o644
_LONGEST_NAME = 255


def ids_in(ids_or_csv: str | Path | Iterable[str]) -> list[str]:
    """Return the usable IDs of a CSV file, of one ID, or of many, each once, in order.

    Args:
        ids_or_csv: The path of a file with a column `asset_id`, or with one column only, header or
            not; or the IDs themselves.

    Raises:
        InputError: The file cannot be used, or it is a DataFrame: that would give its titles.
    """
    if isinstance(ids_or_csv, str):
        is_path = any(mark in ids_or_csv for mark in "./\\") or (
            len(ids_or_csv) <= _LONGEST_NAME and Path(ids_or_csv).is_file()
        )
        return read_ids(Path(ids_or_csv)) if is_path else clean_ids([ids_or_csv])
    if isinstance(ids_or_csv, Path):
        return read_ids(ids_or_csv)
    if hasattr(ids_or_csv, "columns"):
        raise InputError(
            f"A {type(ids_or_csv).__name__} was given, and not IDs.",
            "Which of its columns holds them is not guessed.",
            "Give the column: add(table['asset_id']).",
        )
    return clean_ids(str(cell) for cell in ids_or_csv)


def clean_ids(cells: Iterable[str]) -> list[str]:
    """Return the usable IDs among cells, cleaned as loading cleans them, each once, in order."""
    listed = list(cells)
    hex_column = column_is_hex(listed)
    judged = (judge(cell, hex_column=hex_column) for cell in listed)
    return list(dict.fromkeys(found.asset_id for found in judged if found.verdict.is_usable))


def read_ids(path: Path) -> list[str]:
    """Return the usable IDs of a CSV file; which files will do, `ids_in` says.

    Raises:
        InputError: There is no such file, it is no CSV, or it has no such column.
    """
    rows = [row for row in _read_rows(path) if row]
    if not rows:
        return []
    first = [cell.strip() for cell in rows[0]]
    if "asset_id" in first:
        column, data = first.index("asset_id"), rows[1:]
    elif max(map(len, rows)) == 1:
        column, data = 0, rows if is_hex(clean(first[0])[0]) else rows[1:]
    else:
        raise InputError(
            f"{path} has no column asset_id; its columns are {', '.join(first)}.",
            "The sandbox does not guess which of several columns holds the IDs.",
            "Name that column asset_id, or give the IDs themselves: add(table['your column']).",
        )
    return clean_ids(row[column] for row in data if len(row) > column)


def write_sample(path: Path, rows: Iterable[SampleRow]) -> None:
    """Write a demo CSV the way a spreadsheet does: UTF-8 with a byte order mark, CRLF.

    Raises:
        InputError: The file exists and is not one of ours, or its folder cannot be written.
    """
    try:
        is_ours = not path.exists() or _first_line(path) == ",".join(HEADER)
    except OSError:
        is_ours = False
    if not is_ours:
        raise InputError(
            f"{path} exists and is not a demo CSV.",
            "It was left as it is.",
            "Name another file.",
        )
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(row.cells for row in rows)
    try:
        write_atomically(path, text.getvalue().encode("utf-8-sig"), mode=_PUBLIC)
    except OSError as fault:
        raise InputError(
            f"{path} cannot be written: {fault.strerror}.",
            do="Name a file in a folder that exists and that you may write to.",
        ) from fault


def _read_rows(path: Path) -> list[list[str]]:
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise InputError(
            f"{path} cannot be read: {fault.strerror}.",
            do="Give the path of a CSV file, or the IDs themselves.",
        ) from fault
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return _split(text, path)
    raise InputError(
        f"{path} is neither UTF-8 nor GB18030 text.",
        do="Save it as CSV in UTF-8, or give the IDs themselves.",
    )


def _split(text: str, path: Path) -> list[list[str]]:
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as fault:
        raise InputError(
            f"{path} cannot be read as CSV: {fault}.",
            "Most likely a quote in it is left open.",
            "Mend that, or give the IDs themselves.",
        ) from None


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline(100).decode("utf-8-sig", "replace").strip()
