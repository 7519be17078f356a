"""What a cell of the ID column says: usable, cleaned, or why not. Pure: never repairs an ID.

IDs are 32 lower-case hex digits in all examples of the service, but no page promises it: other
forms are noted, not refused. Source: https://support.huaweicloud.com/api-vod/vod_04_0198.html
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MAX_ID_LENGTH = 128
"""Characters; four times the length of any ID seen. Anything longer is some other text."""

KEPT_DIGITS = 15
"""A spreadsheet keeps this many digits of a number and turns the rest into zeros."""

_HEX = re.compile(r"[0-9a-fA-F]{32}")
_ROUNDED = re.compile(r"[1-9][0-9]{14}0{17}")
"""A number of 32 digits as a spreadsheet shows it. One ID in 10 ** 18 looks so, all others of this
form were another ID once."""
_USUAL = re.compile(rf"(?!{_ROUNDED.pattern})[0-9a-f]{{32}}")
_USUAL_LINES = re.compile(rf"(?:{_USUAL.pattern}\n)*")
_LINE = 33
_LONG_HEX = re.compile(r"[0-9a-fA-F]{16}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

UNUSUAL_NOTE = "unusual form (not 32 hex digits): sent as it is"
HEX_FORM, UUID_FORM = "32 hex digits", "UUID"
_PROOF_CELLS = 30
_PROOF_SHARE = 0.9
_SHORTEST_SHAPE = 4
_SMALL, _CAPITAL, _DIGIT = map(re.compile, ("[a-z]", "[A-Z]", "[0-9]"))

# Soft hyphen, zero-width and bidi marks, word joiner and the like, byte order mark.
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_MOST_WRAPPINGS = 1000
"""A cell of a million quotes would take hours; it is no ID, however many come off."""
_FORMULA = re.compile(r'=\s*"([^"]*)"')
_LONE_QUOTE = re.compile(rf'"({_HEX.pattern})|({_HEX.pattern})"')
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»", "「": "」", "『": "』"}
_FULL_WIDTH = {0xFF01 + step: 0x21 + step for step in range(94)}
_CANNOT_REPAIR = "It cannot be repaired: export the source again with this column as text."

_NA_WORDS = frozenset({"na", "n/a", "<na>", "nan", "nat", "null", "nil", "none", "-", "--", "?"})
_SPREADSHEET_ERROR = re.compile(
    r"#(?:N/A|NULL!|REF!|VALUE!|NAME\?|NUM!|DIV/0!|SPILL!|CALC!)", re.IGNORECASE
)
_EXPONENT = "the ID was read as a number with an exponent, and its digits are lost"
_DAMAGE = (
    (r"#+", "the column was too narrow, and shows # in place of the ID"),
    (r"[+-]?inf(?:inity)?|[+-]nan|[+-]?1\.#(?:inf|ind|qnan)[0-9]*", _EXPONENT),
    (r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)e[+-]?[0-9]+", _EXPONENT),
    (r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)|[0-9a-f]{32}\.0+", "the ID was read as a decimal number"),
    (
        _ROUNDED.pattern,
        f"{KEPT_DIGITS} digits, then zeros: the ID was read as a number, and its digits are lost",
    ),
    (
        rf"[+-]?[0-9]{{{KEPT_DIGITS + 1},}}",
        "a number, but not of 32 digits: some were lost or added",
    ),
)
_DAMAGE_PATTERNS = tuple((re.compile(form, re.IGNORECASE), words) for form, words in _DAMAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one cell says."""

    verdict: Verdict
    """Never DUPLICATE or RAGGED, which depend on other rows and on the line."""
    asset_id: str
    """The ID to send; for a cell that is not usable, the text as read."""
    note: str = ""
    """What was seen and done, in English; "" where there is nothing to say."""


def is_usual(asset_id: str) -> bool:
    """Return whether an ID has the usual form: 32 lower-case hex digits."""
    return _USUAL.fullmatch(asset_id) is not None


def are_usual(cells: Sequence[str]) -> bool:
    """Return whether all of some cells have the usual form; as `is_usual`, for many at a time."""
    lines = "\n".join(cells) + "\n"
    # As many letters as so many usual lines have: no cell can hide a line break.
    return len(lines) == _LINE * len(cells) and _USUAL_LINES.fullmatch(lines) is not None


def is_value(cell: str) -> bool:
    """Return whether a cell is an ID, or what became of one, or stands for none: no title is."""
    text = clean(cell)[0]
    found = _LONG_HEX.search(text) or _damage(text, hex_column=True)
    return bool(found) or (bool(text) and _is_missing(text))


def is_hex(text: str) -> bool:
    """Return whether a text is 32 hex digits of either case."""
    return _HEX.fullmatch(text) is not None


def form_of(asset_id: str) -> str:
    """Return the name of the form that an ID has; "" for any other text."""
    if is_hex(asset_id):
        return HEX_FORM
    return UUID_FORM if _UUID.fullmatch(asset_id) else ""


def shape_of(cell: str) -> str:
    """Return how a cell is built: its form, else its letters as A and a and its digits as 9."""
    text = cell if is_hex(cell) else clean(cell)[0]
    return form_of(text) or _SMALL.sub("a", _CAPITAL.sub("A", _DIGIT.sub("9", text)))


def proven_shape(cells: Iterable[str]) -> str:
    """Return the shape that nine in ten of thirty cells or more have; "" where there is none.

    Only a shape with digits in it tells an ID from a word.
    """
    shapes = Counter(shape_of(cell) for cell in cells if cell.strip())
    shape, count = shapes.most_common(1)[0] if shapes else ("", 0)
    is_telling = shape in {HEX_FORM, UUID_FORM} or ("9" in shape and len(shape) >= _SHORTEST_SHAPE)
    is_proven = count >= _PROOF_CELLS and count >= _PROOF_SHARE * shapes.total()
    return shape if is_telling and is_proven else ""


def without_lone_quote(cell: str) -> str:
    """Return a cell without the one quote too many at its beginning or end; "" if it has none."""
    text = clean(cell)[0]
    is_lone = text.count('"') == 1 and '"' in {text[:1], text[-1:]}
    return text.strip('"') if is_lone else ""


def proven_forms(cells: Mapping[str, int], distinct: Mapping[str, int]) -> tuple[str, ...]:
    """Return the forms that a column proves its IDs to have; none where it proves nothing.

    Thirty cells prove it if no more than one text in ten is another; a second form counts as soon
    as it recurs. Usable cells, and different ones, are counted by form, "" being any other text.
    """
    forms = tuple(form for form in (HEX_FORM, UUID_FORM) if distinct.get(form, 0) > 1)
    fitting = sum(cells[form] for form in forms)
    others = sum(count for form, count in distinct.items() if form not in forms)
    is_proven = fitting >= _PROOF_CELLS and fitting >= _PROOF_SHARE * (fitting + others)
    return forms if is_proven else ()


def column_is_hex(cells: Iterable[str]) -> bool:
    """Whether most usable cells, each distinct one best once, are 32 hex digits of either case."""
    hex_cells = others = 0
    for cell in cells:
        if is_hex(cell) or is_hex(clean(cell)[0]):
            hex_cells += 1
        elif judge(cell, hex_column=False).verdict.is_usable:
            others += 1
    return hex_cells > others


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """Take off what a spreadsheet, a web page or an input method puts around an ID.

    Never changes a digit or a letter, but for full-width ones becoming plain. The names of the
    changes come with the text, each once, in order.
    """
    changes: dict[str, None] = {}
    # Wrappings nest ('="0a1b"' within spaces within quotes): peel until nothing comes off.
    for _ in range(_MOST_WRAPPINGS):
        before = text
        for name, peel in _PEELERS:
            peeled = peel(text)
            if peeled != text:
                changes[name] = None
                text = peeled
        if text == before:
            break
    return text, tuple(changes)


def judge(cell: str, *, hex_column: bool) -> Judgement:
    """Say what one cell of the ID column is.

    Only in a column that proves to be hex are upper-case hex digits lower-cased, and short numbers
    known to have lost zeros.
    """
    if _USUAL.fullmatch(cell):
        return Judgement(verdict=Verdict.OK, asset_id=cell)
    text, changes = clean(cell)
    if not text:
        seen = "; it holds only spaces or marks" if cell else ""
        return Judgement(verdict=Verdict.EMPTY, asset_id=cell, note=f"no asset ID{seen}")
    if is_hex(text) and not _ROUNDED.fullmatch(text):
        return _judge_hex(cell, text, changes, hex_column=hex_column)
    if damage := _damage(text, hex_column=hex_column):
        note = f"{damage}. {_CANNOT_REPAIR}"
        return Judgement(verdict=Verdict.MANGLED, asset_id=cell, note=note)
    if fault := _fault(text):
        return Judgement(verdict=Verdict.NOT_AN_ID, asset_id=cell, note=fault)
    return _usable(cell, text, (*changes, UNUSUAL_NOTE))


def _judge_hex(cell: str, text: str, changes: tuple[str, ...], *, hex_column: bool) -> Judgement:
    if is_usual(text):
        return _usable(cell, text, changes)
    if hex_column:
        return _usable(cell, text.lower(), (*changes, "upper-case hex digits made lower-case"))
    return _usable(cell, text, (*changes, "unusual form (upper-case hex digits): sent as it is"))


def _usable(cell: str, asset_id: str, notes: tuple[str, ...]) -> Judgement:
    verdict = Verdict.OK if asset_id == cell else Verdict.CLEANED
    return Judgement(verdict=verdict, asset_id=asset_id, note="; ".join(notes))


def _damage(text: str, *, hex_column: bool) -> str:
    """Return what a spreadsheet or a number reader did to the ID; "" for nothing seen."""
    for pattern, words in _DAMAGE_PATTERNS:
        if pattern.fullmatch(text):
            return words
    if hex_column and re.fullmatch(r"[+-]?[0-9]+", text):
        return "a short number among hex IDs: its leading zeros are lost"
    return ""


def _fault(text: str) -> str:
    """Return why a text cannot be an asset ID; "" where it can."""
    if _is_missing(text):
        return f"{text!r} stands for a missing value"
    if len(text) > _MAX_ID_LENGTH:
        return f"{len(text)} characters are too many"
    for letter in text:
        if fault := _letter_fault(letter):
            return fault
    return ""


def _is_missing(text: str) -> bool:
    return text.casefold() in _NA_WORDS or _SPREADSHEET_ERROR.fullmatch(text) is not None


def _letter_fault(letter: str) -> str:
    if letter.isspace():
        return "there is a space or a line break inside"
    if not letter.isascii():
        return f"it has the character {_name(letter)}"
    if not letter.isprintable():
        return f"it has the control character {_name(letter)}"
    if letter in "/\\":
        return f"it has {letter!r}, as a path or an address has"
    if letter in ",;|\"'`<>":
        return f"it has the character {letter!r}"
    return ""


def _name(letter: str) -> str:
    shown = f" {letter}" if letter.isprintable() else ""
    return f"U+{ord(letter):04X}{shown}"


def _drop_invisible(text: str) -> str:
    return text if text.isascii() else _INVISIBLE.sub("", text)


def _drop_formula(text: str) -> str:
    match = _FORMULA.fullmatch(text)
    return match[1] if match else text


def _drop_quotes(text: str) -> str:
    paired = len(text) > 1 and _QUOTES.get(text[0]) == text[-1]
    return text[1:-1] if paired else text


def _drop_lone_quote(text: str) -> str:
    """Take off one quote too many where 32 hex digits are left; of other texts it may be part."""
    found = _LONE_QUOTE.fullmatch(text)
    return (found[1] or found[2]) if found else text


def _make_plain(text: str) -> str:
    return text if text.isascii() else text.translate(_FULL_WIDTH)


_PEELERS = (
    ("invisible characters removed", _drop_invisible),
    ("spaces removed", str.strip),
    ("full-width characters made plain", _make_plain),
    ("formula quotes removed", _drop_formula),
    ("quotes removed", _drop_quotes),
    ("stray quote removed", _drop_lone_quote),
    ("leading apostrophe removed", lambda text: text.removeprefix("'").removeprefix("’")),
)
