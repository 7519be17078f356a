"""A table of assets, spoilt in one place a file: each row and column, and the file as a whole.

The classes are those that surveys of public files name: a delimiter too many or too few, a quote
that does not pair, one row or all of them with other marks, several tables, titles and footers.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

ROWS = 83
TITLES = ["day", "time", "count", "price", "kind", "about", "link", "remark"]
ID_TITLE = "vod_key"
"""No known title: the ID column is found where it is named, or by its content."""

CHINESE = "课程，第3课"
ABOUT = {
    "big5": "課程，第3課",
    "shift_jis": "第3回、信号とシステム",
    "euc_jp": "第3回、信号とシステム",
    "euc_kr": "신호와 시스템",
}
"""Encodings that are read as GB18030 without an error, with something to say in each."""

MAKES = ("MG", "RI", "CC", "YY")
USABLE = ("ok", "cleaned", "duplicate")


@dataclass(frozen=True)
class Spoilt:
    """A file, and the IDs of its rows, "" for a row that has none.

    Attributes:
        name: What was done to it, and where.
        data: Its bytes.
        truth: The IDs.
        title: The ID column's own.
    """

    name: str
    data: bytes
    truth: tuple[str, ...]
    title: str = ID_TITLE

    @property
    def kind(self) -> str:
        """What was done to it, wherever."""
        return re.sub(r"_[0-9]+", "", self.name)


class Spoiler:
    """Spoils one table in every way.

    Args:
        id_at: Position of its ID column.
        remarks: Whether the last column is filled in some rows; else it is always empty.
        is_hex: Whether the IDs are 32 hex digits; else they are like `MG-8769`.
        seed: What the table is made from.
    """

    def __init__(
        self, *, id_at: int = 2, remarks: bool = True, is_hex: bool = True, seed: int = 0
    ) -> None:
        chance = random.Random(seed)
        self.id_at = id_at
        self.titles = [*TITLES[:id_at], ID_TITLE, *TITLES[id_at:]]
        self.is_hex = is_hex
        self.ids = [
            f"{chance.getrandbits(128):032x}" if is_hex else f"{chance.choice(MAKES)}-{at + 1000}"
            for at in range(ROWS)
        ]
        self.rows = [_cells(chance, asset_id, id_at, remarks=remarks) for asset_id in self.ids]

    def files(self) -> Iterator[Spoilt]:
        """Yield each file once."""
        yield from self._whole_files()
        table = [self.titles, *self.rows]
        for at, row in enumerate(table):
            spaced = " ".join(map(_quoted, row))
            yield self._with_line(f"row_delimiter_{at}_space", at, spaced)
            yield self._with_line(f"row_delimiter_{at}_semicolon", at, spaced.replace(" ", ";"))
            cells = [_quoted(cell) for cell in row]
            for column in range(len(row)):
                yield self._with_line(f"more_{at}_{column}", at, _more(cells, column))
                quoted = [*cells]
                quoted[column] = _with_quote(cells[column])
                yield self._with_line(f"quote_{at}_{column}", at, ",".join(quoted))
                if column:
                    yield self._with_line(f"less_{at}_{column}", at, _less(cells, column))

    def _with_line(self, name: str, at: int, line: str) -> Spoilt:
        lines = self._lines()
        lines[at] = line
        return Spoilt(name, _joined(lines), tuple(self.ids))

    def _lines(self, delimiter: str = ",", quote: str = '"', escape: str = '""') -> list[str]:
        return [
            delimiter.join(_quoted(cell, delimiter, quote, escape) for cell in row)
            for row in [self.titles, *self.rows]
        ]

    def _whole_files(self) -> Iterator[Spoilt]:
        for name, lines, ids in self._layouts():
            yield Spoilt(name, _joined(lines), tuple(ids))
        plain = self._lines()
        for name, end in (("LF", "\n"), ("CR", "\r")):
            yield Spoilt(f"ends_{name}", _joined(plain, end), tuple(self.ids))
        yield Spoilt("no_last_end", "\r\n".join(plain).encode(), tuple(self.ids))
        yield Spoilt("nothing", b"", ())
        for codec, about in ABOUT.items():
            text = "\n".join(plain).replace(CHINESE, about)
            yield Spoilt(f"encoding {codec}", text.encode(codec), tuple(self.ids))
        objects = [dict(zip([*self.titles[:-1], "\ud800"], row, strict=True)) for row in self.rows]
        yield Spoilt(
            "surrogate title", "\n".join(map(json.dumps, objects)).encode(), tuple(self.ids)
        )
        # Titled like the IDs, and above other text; the IDs have a title of their own.
        misled = plain[0].replace("about", "asset_id")
        yield Spoilt("title of other text", _joined([misled, *plain[1:]]), tuple(self.ids))

    def _layouts(self) -> Iterator[tuple[str, list[str], Sequence[str]]]:
        plain, ids = self._lines(), self.ids
        width = len(self.titles)
        yield "source", plain, ids
        for delimiter in (" ", ", ", ";", "\t", "|", "\t\t", ":", "||"):
            yield f"delimiter_{delimiter!r}", self._lines(delimiter), ids
        yield "quote_mark_apostrophe", self._lines(quote="'", escape="''"), ids
        yield "escape_backslash", self._lines(escape='\\"'), ids
        yield "escape_none", self._lines(escape='"'), ids
        yield "two_last_ends", [*plain, ""], ids
        yield "no_titles", plain[1:], ids
        yield "titles_only", plain[:1], []
        yield "one_row", plain[:2], ids[:1]
        for count in (2, 3):
            yield f"titles_{count}_rows", [plain[0]] * (count - 1) + plain, [""] * (count - 1) + ids
        above = ["Hanging uploads", "made by hand", "see ticket 4711"]
        padded = [line + "," * (width - 1) for line in above]
        below = ["Total", "end of export", "# 83 rows"]
        for name, lines in (("bare", above), ("padded", padded)):
            yield f"above_{name}", [*lines, *plain], ids
            yield f"above_{name}_blank", [*lines, "," * (width - 1), *plain], ids
            yield f"above_{name}_line", [*lines, "", *plain], ids
        for name, lines in (("bare", below), ("padded", [x + "," * (width - 1) for x in below])):
            yield f"below_{name}", plain + lines, [*ids, "", "", ""]
            yield f"below_{name}_blank", [*plain, "," * (width - 1), *lines], [*ids, *[""] * 4]
            yield f"below_{name}_line", [*plain, "", *lines], [*ids, *[""] * 4]
        yield "comments_above", ["# one", "-- two", "// three", *plain], ids
        yield "comments_within", [*plain[:40], "# half", *plain[40:]], [*ids[:39], "", *ids[39:]]
        if self.is_hex:
            yield from self._several_tables()
            yield from self._other_forms()
        yield "all_end_in_a_delimiter", [f"{line}," for line in plain], ids
        yield "rows_end_in_a_delimiter", [plain[0], *(f"{line}," for line in plain[1:])], ids
        short = ",".join(self.titles[1:])
        yield "titles_one_short", [short, *plain[1:]], ids
        yield "titles_one_short_rows_end", [short, *(f"{line}," for line in plain[1:])], ids
        marked = [f"#{line}" for line in plain[1:6]] if self.id_at else plain[1:6]
        yield "rows like comments", [plain[0], *marked, *plain[6:]], ids
        yield "rows like comments and no titles", [*marked, *plain[6:]], ids
        first = "asset_id" if self.id_at == 0 else "#"
        behind = ",".join([first, *self.titles[1:]])
        yield "titles behind a mark", [behind, *marked, *plain[6:]], ids
        yield "one_long_cell", [plain[0], plain[1] + "x" * 40_000, *plain[2:]], ids

    def _other_forms(self) -> Iterator[tuple[str, list[str], Sequence[str]]]:
        for other in ("Total", "A12", "2024-01-05", "83", "n/a", self.ids[0][:31], "0" * 33):
            cells = [""] * len(self.titles)
            cells[self.id_at] = other
            lines = [*self._lines(), ",".join(cells)]
            yield f"other form {other[:10]}", lines, [*self.ids, ""]

    def _several_tables(self) -> Iterator[tuple[str, list[str], Sequence[str]]]:
        plain, ids = self._lines(), self.ids
        width = len(self.titles)
        chance = random.Random("second table")
        for name, cells in (("less", width - 3), ("same", width), ("more", width + 3)):
            second = [",".join(f"field{at}" for at in range(cells))]
            for _ in range(6):
                row = [f"v{chance.randrange(99)}" for _ in range(cells)]
                row[(self.id_at + 1) % cells] = f"{chance.getrandbits(128):032x}"
                second.append(",".join(row))
            count = len(second)
            yield f"tables_{name}_below", plain + second, [*ids, *[""] * count]
            yield f"tables_{name}_below_blank", [*plain, "", *second], [*ids, *[""] * (count + 1)]


def _cells(chance: random.Random, asset_id: str, id_at: int, *, remarks: bool) -> list[str]:
    about = chance.choice(["plain words", "words, with commas, too", 'say "yes"', CHINESE])
    cells = [
        f"2024-01-{chance.randrange(1, 29):02}",
        f"{chance.randrange(24):02}:15",
        str(chance.randrange(9)),
        f"${chance.randrange(10**4) / 100}",
        chance.choice(["clip", "Tee, Long-Sleeve", 'Table, Round 48"']),
        about,
        f"https://vod.example/{chance.randrange(10**6)}.html",
        "look again" if remarks and chance.random() < 0.25 else "",
    ]
    return [*cells[:id_at], asset_id, *cells[id_at:]]


def _quoted(cell: str, delimiter: str = ",", quote: str = '"', escape: str = '""') -> str:
    if delimiter in cell or quote in cell:
        return f"{quote}{cell.replace(quote, escape)}{quote}"
    return cell


def _with_quote(cell: str) -> str:
    """Return a cell with one quote too many where its text begins."""
    return f'""{cell[1:]}' if cell[:1] == '"' else f'"{cell}'


def _more(cells: list[str], column: int) -> str:
    return ",".join([*cells[:column], "", *cells[column:]])


def _less(cells: list[str], column: int) -> str:
    return ",".join([*cells[: column - 1], cells[column - 1] + cells[column], *cells[column + 1 :]])


def _joined(lines: Sequence[str], end: str = "\r\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def score(file: Spoilt, frame: pd.DataFrame) -> tuple[list[str], bool]:
    """Return the usable IDs that the file has not, and whether all that it has are there."""
    used = [
        asset_id
        for asset_id, verdict in zip(frame["asset_id"], frame["verdict"], strict=True)
        if verdict in USABLE
    ]
    known = [asset_id for asset_id in file.truth if asset_id]
    return [asset_id for asset_id in used if asset_id not in known], used == known
