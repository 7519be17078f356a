"""Reads and writes .xlsx with openpyxl, where it is installed: every text stays a text.

A workbook spells characters that XML cannot hold as `_x000D_`; both ways that is undone exactly.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from itertools import chain
from typing import TYPE_CHECKING, Any

from vodnb.rules.errors import InputError, SetupError

from .columns import PIECE, Builder, Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO

MOST_ROWS = 1_048_576
"""Rows of a sheet, the titles among them. Source: the limits of Excel 2007 and later."""

MOST_LETTERS = 32_767
"""Letters of a cell; Excel calls a file with a longer one damaged."""

MOST_UNPACKED = 1 << 32
"""Bytes of a workbook's sheets; they are read row by row, so this bounds time, not memory."""

_SHEET = "assets"
_AS_TEXT = "@"
_SPELLED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_SPELL = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_MISSING = "Excel (.xlsx) files need openpyxl, which is not installed."


def check_workbook() -> None:
    """Refuse where workbooks cannot be read or written, because openpyxl is not installed."""
    try:
        import openpyxl  # noqa: F401  # only to see whether it is there
    except ImportError:
        raise SetupError(
            _MISSING, do="Run: pip install \"vodnb[excel]\". Or save it as 'CSV UTF-8' in Excel."
        ) from None


def read_workbook(data: bytes, name: str, sheet: str | None) -> tuple[str, Records]:
    """Return the name of the sheet with the table, and its records as text."""
    check_workbook()
    _check_size(data, name)
    try:
        with warnings.catch_warnings():
            # openpyxl warns of drawings, styles and the like, which are nothing to us.
            warnings.simplefilter("ignore")
            return _read(data, name, sheet)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  # openpyxl lets through whatever damage leads to
        raise InputError(
            f"{name!r} is an Excel workbook that cannot be read: {type(error).__name__}.",
            "It is damaged, cut off, or locked with a password.",
            "Open it in Excel, choose Save As, 'CSV UTF-8', and load that file.",
        ) from None


def write_workbook(titles: Iterable[Any], rows: Iterable[Sequence[Any]], stream: IO[bytes]) -> None:
    """Write a sheet in which every text is a text, for Excel too, and no formula can be."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    page = book.create_sheet(_SHEET)

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(page)
        # Not by `value =`, which takes "=1" for a formula and refuses what we have spelled out.
        made._value = _spelled(value)  # noqa: SLF001
        made.data_type = "s"
        made.number_format = _AS_TEXT
        return made

    for row in chain([titles], rows):
        page.append([cell(value) for value in row])
    book.save(stream)


def fits_workbook(cell: str) -> bool:
    """Return whether a text fits into a cell, spelled out as it will be."""
    return len(cell) <= MOST_LETTERS and len(_spelled(cell)) <= MOST_LETTERS


def _spelled(text: str) -> str:
    return _TO_SPELL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _unspelled(text: str) -> str:
    return _SPELLED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _check_size(data: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MOST_UNPACKED:
        raise InputError(
            f"{name!r} unpacks to {size:,} bytes, more than {MOST_UNPACKED:,}.",
            "No list of assets is that large; it may be a trap.",
            "If you trust it, open it in Excel and save the sheet as 'CSV UTF-8'.",
        )


def _read(data: bytes, name: str, sheet: str | None) -> tuple[str, Records]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    pages = {page.title: page for page in book.worksheets}
    if sheet is not None and sheet not in pages:
        raise InputError(
            f"{name!r} has no sheet {sheet!r}.",
            f"Its sheets are {', '.join(map(repr, pages))}.",
            "Give sheet= one of these names.",
        )
    wanted = pages if sheet is None else {sheet: pages[sheet]}
    filled = [title for title, page in wanted.items() if any(map(_is_filled, _rows(page)))]
    if len(filled) > 1:
        raise InputError(
            f"{name!r} has {len(filled)} sheets with something in them: "
            f"{', '.join(map(repr, filled))}.",
            "Which of them has the IDs to send cannot be told.",
            "Name it: load_assets(..., sheet='...').",
        )
    if not filled:
        raise InputError(
            f"{name!r} is empty.", "There is no row to load.", "Check that it was saved."
        )
    return filled[0], _records(_rows(wanted[filled[0]]))


def _rows(page: Any) -> Iterator[tuple[Any, ...]]:
    # Some programs write a size that is not true.
    page.reset_dimensions()
    rows: Iterator[tuple[Any, ...]] = page.iter_rows(values_only=True)
    return rows


def _is_filled(row: Sequence[Any]) -> bool:
    return any(value is not None and value != "" for value in row)


def _records(rows: Iterable[Sequence[Any]]) -> Records:
    """Return the rows up to the last that has something in it; a sheet knows no ragged row."""
    built = Builder("\t")
    numbers: dict[int, list[int]] = {}
    piece: list[list[str]] = []
    size = blank = first = 0
    for line, row in enumerate(rows, 1):
        if not _is_filled(row):
            blank += bool(first)
            continue
        first = first or line
        size += _add_blank(piece, blank)
        blank = 0
        for at, value in enumerate(row):
            if not isinstance(value, str) and value is not None:
                numbers.setdefault(at, []).append(size)
        piece.append([_text(value) for value in row])
        size += 1
        if len(piece) >= PIECE:
            built.add(piece)
            piece = []
    built.add(piece)
    columns = built.finish()
    return Records(
        columns=columns,
        width=len(columns),
        lines=range(first, first + size),
        numbers=numbers,
    )


def _add_blank(piece: list[list[str]], count: int) -> int:
    piece += [[] for _ in range(count)]
    return count


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _unspelled(value)
    if isinstance(value, bool):
        return str(value).upper()
    return "" if value is None else str(value)
