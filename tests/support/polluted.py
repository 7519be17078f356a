"""Files as spreadsheets, logs and dumps leave them: polluted in many ways, with the truth known."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    import pandas as pd

SAFE, LOST, OPEN = "safe", "lost", "open"
"""What must come of a row: its ID is used; none is; none but its own, unless told as unusual."""


@dataclass
class Row:
    """One row of a polluted file: its cell as written, and the truth about it."""

    truth: str
    cell: str
    end: str = SAFE
    note: str = "clip"
    more: list[str] = field(default_factory=list)
    quoted: bool = False
    raw: str | None = None


@dataclass(frozen=True)
class Polluted:
    """A file, and what must come of it."""

    data: bytes
    rows: list[Row]
    kinds: tuple[str, ...]
    suffix: str = ".csv"
    aligned: bool = True


def _hex(chance: random.Random) -> str:
    """Return an ID; one of three looks like a number of some kind."""
    match chance.randrange(9):
        case 0:
            return f"{chance.randrange(10, 99)}e{chance.randrange(10**28, 10**29)}"
        case 1:
            return f"{chance.randrange(10**31, 10**32)}"
        case 2:
            return f"{chance.randrange(10**8):032d}"
        case _:
            return f"{chance.getrandbits(128):032x}"


def _wrap(before: str, after: str = "") -> Callable[[str, random.Random], str]:
    return lambda asset, _: f"{before}{asset}{after}"


def _wide(asset: str, _: random.Random) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) for letter in asset)


def _split(mark: str) -> Callable[[str, random.Random], str]:
    def split(asset: str, chance: random.Random) -> str:
        at = chance.randrange(1, 31)
        return asset[:at] + mark + asset[at:]

    return split


CLEANED: dict[str, Callable[[str, random.Random], str]] = {
    "spaces around": _wrap("  ", " "),
    "no-break space": _wrap("\u00a0"),
    "wide space": _wrap("", "\u3000"),
    "TAB behind": _wrap("", "\t"),
    "zero-width within": _split("\u200b"),
    "soft hyphen within": _split("\u00ad"),
    "mark within the file": _wrap("\ufeff"),
    "bidi marks": _wrap("\u202a", "\u202c"),
    "apostrophe": _wrap("'"),
    "formula quotes": _wrap('="', '"'),
    "quotes in quotes": _wrap('"', '"'),
    "curly quotes": _wrap("“", "”"),
    "corner brackets": _wrap("「", "」"),
    "full width": _wide,
    "line break behind": _wrap("", "\n"),
    "upper case": lambda asset, _: asset.upper(),
}
"""What is done to a cell that leaves the ID whole."""

RUINED: dict[str, Callable[[str, random.Random], str]] = {
    "exponent": lambda _, chance: f"{chance.random() * 10:.2f}E+{chance.randrange(16, 40)}",
    "comma exponent": lambda _, chance: f"1,{chance.randrange(100)}E+31",
    "infinity": lambda _, chance: chance.choice(["inf", "Infinity", "-inf", "1.#INF"]),
    "not a number": lambda _, chance: chance.choice(["nan", "NaN", "NA", "#N/A", "NULL", "None"]),
    "decimal": lambda asset, _: f"{asset}.0",
    "long number": lambda _, chance: str(chance.randrange(10**15, 10**31)),
    "zeros at the end": lambda _, chance: f"{chance.randrange(10**14, 10**15)}{'0' * 17}",
    "lost zeros": lambda _, chance: str(chance.randrange(1, 10**8)),
    "too narrow": lambda *_: "########",
    "empty": lambda *_: "",
    "blank": lambda *_: " \u3000",
    "two in one cell": lambda asset, _: f"{asset} {asset[::-1]}",
    "a sentence": lambda *_: "see ticket 4711",
    "a path": lambda asset, _: f"https://vod.example/{asset}",
    "control character": _split("\x07"),
    "NUL within": _split("\0"),
    "the titles again": lambda *_: "asset_id",
    "missing mark": lambda *_: "-",
}
"""What is done to a cell that leaves no ID to send."""

CUT = {
    "cut short": lambda asset, chance: asset[: chance.randrange(20, 32)],
    "one letter more": lambda asset, _: f"{asset}f",
}
"""What nobody can see for sure: it must be told as unusual at least."""

NOTES = ["clip", "第3课：信号", 'say "yes"', "a,b;c|d", "two\nlines", "", "=1+1", "-5", "x" * 300]


def _row(chance: random.Random, share: float, kinds: set[str]) -> Row:
    asset = _hex(chance)
    row = Row(asset, asset, note=chance.choice(NOTES))
    if chance.random() < share:
        table, end = chance.choice([(CLEANED, SAFE), (CLEANED, SAFE), (RUINED, LOST), (CUT, OPEN)])
        kind = chance.choice(list(table))
        row.cell, row.end = table[kind](asset, chance), end
        kinds.add(kind)
        if kind == "upper case":
            row.end = OPEN
    if chance.random() < share / 4:
        _spoil(row, chance, kinds)
    return row


def _spoil(row: Row, chance: random.Random, kinds: set[str]) -> None:
    """Break the line itself."""
    kind = chance.choice(["too long", "too short", "stray quote", "text after quote", "blank line"])
    kinds.add(kind)
    row.end = LOST
    match kind:
        case "too long":
            row.more = ["x", "y"]
        case "too short":
            row.raw = row.truth
        case "stray quote":
            row.end, row.note = OPEN, "clip"
            row.raw = f'{row.truth}<>"open<>n'
        case "text after quote":
            row.end = OPEN
            row.raw = f'{row.truth}<>"a"b<>n'
        case "blank line":
            row.raw = ""


MARKS = [bytes([mark]) for mark in b"\"',;|\t\r\n\0\xff\xfe=#{["]
"""What a parser may stumble over."""


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with one to four accidents: bits, bytes, pieces, the end."""
    found = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(found) + 1)
        other = chance.randrange(len(found) + 1)
        match chance.randrange(6):
            case 0:
                found[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                found[at:at] = chance.choice(MARKS) * chance.choice([1, 1, 2, 50])
            case 2:
                del found[at : at + chance.choice([1, 2, 40])]
            case 3:
                found[at:at] = found[other : other + chance.choice([1, 33, 400])]
            case 4:
                del found[max(at, 8) :]
            case _:
                found[at:at] = chance.randbytes(chance.choice([1, 4, 16]))
    return bytes(found)


def _quoted(cell: str, *, always: bool) -> str:
    if always or any(mark in cell for mark in ',;|\t"\r\n'):
        doubled = cell.replace('"', '""')
        return f'"{doubled}"'
    return cell


def _line(row: Row, delimiter: str, *, always: bool, at: int) -> str:
    if row.raw is not None:
        return row.raw.replace("<>n", f"<>{at}").replace("<>", delimiter)
    cells = [row.cell, row.note, str(at), *row.more]
    return delimiter.join(_quoted(cell, always=always) for cell in cells)


TITLES = ["asset_id", "assetId", "媒资ID", "Asset-ID", "素材编号", "ａｓｓｅｔ＿ｉｄ", "key"]
ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030")
ABOVE = {
    "comment above": "# exported by upload.py, 2026-01-02",
    "title above": "Hanging uploads of January",
    "blank above": "",
}


def pollute(chance: random.Random, rows: int) -> Polluted:
    """Return a file of that many rows, polluted in some of the ways above."""
    kinds: set[str] = set()
    share = chance.choice([0.0, 0.1, 0.4])
    made = [_row(chance, share, kinds) for _ in range(rows)]
    if made[0].cell == "asset_id":
        made[0].cell, made[0].end = made[0].truth, OPEN  # on the first line it is a title indeed
    if made[0].raw == "":
        made[0].raw, made[0].end = None, OPEN  # a blank line at the beginning is no row
    if chance.random() < 0.3:
        kinds.add("duplicates")
        twin = chance.choice(made)
        made.append(Row(twin.truth, twin.truth))
    form = chance.choices(["text", "json lines", "workbook"], [8, 1, 0 if rows > 50 else 0.3])[0]
    if form == "json lines":
        return _json_lines(made, kinds, chance)
    if form == "workbook":
        return _workbook(made, kinds)
    data, aligned = _text(made, chance, kinds)
    data, suffix = _packed(data, chance, kinds)
    return Polluted(data, made, tuple(sorted(kinds)), suffix, aligned)


def _text(made: list[Row], chance: random.Random, kinds: set[str]) -> tuple[bytes, bool]:
    delimiter = chance.choice(",;\t|")
    always = chance.random() < 0.2
    lines = [_line(row, delimiter, always=always, at=at) for at, row in enumerate(made)]
    if delimiter != ",":
        kinds.add(f"delimiter {delimiter!r}")
    title = chance.choice(TITLES)
    if chance.random() < 0.85:
        lines.insert(0, delimiter.join([title, chance.choice(["title", "标题", "n"]), "n"]))
        kinds.add("Chinese titles" if not title.isascii() else "titles")
        if chance.random() < 0.3:
            kind = chance.choice(list(ABOVE))
            kinds.add(kind)
            lines.insert(0, ABOVE[kind])
    else:
        kinds.add("no titles")
    if chance.random() < 0.1:
        lines.insert(0, f"sep={delimiter}")
        kinds.add("sep line")
    end = chance.choice(list(ENDS))
    kinds.add(f"{end} ends")
    ends = [ENDS[end]] * len(lines)
    # CR, a blank line and LF would read as one CRLF.
    if chance.random() < 0.1 and all(lines):
        ends = [chance.choice(list(ENDS.values())) for _ in lines]
        kinds.add("mixed ends")
    text = "".join(line + close for line, close in zip(lines, ends, strict=True))
    encoding = chance.choice(ENCODINGS)
    kinds.add(encoding)
    broken = any(row.raw is not None and '"' in row.raw for row in made)
    return text.encode(encoding), not broken


def _packed(data: bytes, chance: random.Random, kinds: set[str]) -> tuple[bytes, str]:
    match chance.randrange(12):
        case 0:
            kinds.add("gzip")
            return gzip.compress(data, 1), ".csv.gz"
        case 1:
            kinds.add("zip")
            held = io.BytesIO()
            with zipfile.ZipFile(held, "w") as archive:
                archive.writestr("__MACOSX/._a.csv", b"\0\5")
                archive.writestr("a.csv", data)
            return held.getvalue(), ".zip"
        case _:
            return data, chance.choice([".csv", ".txt", ".log", ""])


def _json_lines(made: list[Row], kinds: set[str], chance: random.Random) -> Polluted:
    for row in made:
        if row.raw is not None or row.more:
            row.raw, row.more, row.cell, row.end = None, [], row.truth, SAFE
    lines = [
        json.dumps(
            {"asset_id": row.cell, "title": row.note, "n": at},
            ensure_ascii=chance.random() < 0.5,
        )
        for at, row in enumerate(made)
    ]
    kinds.add("json lines")
    return Polluted("\n".join(lines).encode(), made, tuple(sorted(kinds)), ".jsonl")


def _workbook(made: list[Row], kinds: set[str]) -> Polluted:
    import openpyxl

    book = openpyxl.Workbook()
    page = book.active
    page.append(["asset_id", "title", "n"])
    for at, row in enumerate(made):
        if row.raw is not None or row.more or not row.cell.isprintable() or row.cell[:1] == "=":
            row.raw, row.more, row.cell, row.end = None, [], row.truth, SAFE
        is_number = row.end is SAFE and row.cell == row.truth and row.cell.isdigit() and at % 2
        page.append([float(row.cell) if is_number else row.cell, "clip", str(at)])
        if is_number:
            row.end = LOST
            kinds.add("number in a workbook")
    kinds.add("workbook")
    held = io.BytesIO()
    book.save(held)
    return Polluted(held.getvalue(), made, tuple(sorted(kinds)), ".xlsx")


USABLE = ("ok", "cleaned", "duplicate")


def faults(file: Polluted, frame: pd.DataFrame) -> list[str]:
    """Say which rows of a loaded file are not what they must be."""
    found = []
    if file.aligned and len(frame) != len(file.rows) - _blank_end(file.rows):
        found.append(f"{len(frame)} rows for {len(file.rows)}")
    if sum(frame.attrs["vodnb"]["counts"].values()) != len(frame):
        found.append("the counts do not add up")
    judged = zip(frame["asset_id"], frame["verdict"], frame["verdict_note"], strict=True)
    if not file.aligned:
        known = {row.truth for row in file.rows}
        return found + [
            f"{asset!r} is in no row"
            for asset, verdict, note in judged
            if verdict in USABLE and asset.lower() not in known and "unusual" not in note
        ]
    for at, (row, (asset, verdict, note)) in enumerate(zip(file.rows, judged, strict=False)):
        is_used, is_told = verdict in USABLE, "unusual" in note
        is_right = asset == row.truth or (asset == row.truth.upper() and is_told)
        is_wrong = {
            SAFE: not (is_used and is_right),
            LOST: is_used,
            OPEN: is_used and not is_right and not is_told,
        }[row.end]
        if is_wrong:
            cell = f"{row.end} {row.cell!r} of {row.truth}"
            found.append(f"row {at}: {cell} is {verdict} {asset!r} ({note})")
    return found


def _blank_end(rows: list[Row]) -> int:
    """Return how many blank lines end the file: those are no rows."""
    count = 0
    while count < len(rows) and rows[-1 - count].raw == "":
        count += 1
    return count
