"""Names the columns of a table and finds the one with the IDs. Never guesses between two."""

from __future__ import annotations

import re
import unicodedata
from itertools import count, islice
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.rules.verdicts import clean, form_of, is_hex, is_value, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

BY_CHOICE = "id_column="
BY_TITLE = "its title"
BY_CONTENT = "its content"
BY_CONTENT_ALONE = "its content, for titles and rows do not fit"

_TITLES = frozenset(
    {
        "assetid",
        "vodassetid",
        "mediaassetid",
        "媒资id",
        "媒资编号",
        "媒体资产id",
        "素材id",
        "素材编号",
    }
)
"""Titles as `_plain` writes them. A bare `id` is not among them: it is any table's own key."""

OUR_TITLES = frozenset({"asset_id", "verdict", "verdict_note"})
"""What every table of ours has."""

_COMMENT = ("#", "//", "--")
_ID_DIGITS = 32
_FEWEST = 2
"""Cells that can speak against a title."""

_LOOKED_AT = 1000
"""Cells that are asked whether they do: of millions each one more costs time."""
_COUNT_DIGITS = 8
_ID_SHARE = 0.9
_SHOWN_COLUMNS = 12
_SHOWN_LETTERS = 40


def is_id_title(title: str, id_column: str | None = None) -> bool:
    """Return whether a column of this title holds asset IDs, by known names or the user's word."""
    return _plain(title) in _TITLES or (id_column is not None and _is_alike(title, id_column))


def is_id(cell: str) -> bool:
    """Return whether a cell is an ID of the usual form, whatever stands around it."""
    return is_hex(cell) or is_hex(clean(cell)[0])


def bears_our_titles(titles: Sequence[str]) -> bool:
    """Return whether these are the titles of a table that we loaded, and then saved."""
    return set(titles) >= OUR_TITLES


def lines_above(head: Sequence[list[str]], id_column: str | None) -> int:
    """Return how many records stand above the titles: a name of the list, a date, comments.

    Only what cannot be a row is left out: a comment, or what is narrower than the titles and holds
    no ID, sound or mangled. Where that is not so, nothing is above.
    """
    named = [at for at, record in enumerate(head) if _names_ids(record, id_column)]
    # "# asset_id" may be a title after a mark, or speak of the titles below.
    plain = [at for at in named if _names_ids(_unmarked(head[at]), id_column)]
    at = next(iter(plain or named), None)
    if at is None:
        at = _titles_by_content(head)
    if (at or named) and all(_stands_apart(record, head[at], id_column) for record in head[:at]):
        return at
    return next(
        (
            at
            for at, record in enumerate(head)
            if not _is_comment(record, id_column) or _is_as_full(record, head[at + 1 :])
        ),
        0,
    )


def _titles_by_content(head: Sequence[list[str]]) -> int:
    """Return the position of the full record right above the first one with an ID; else 0."""
    first = next((at for at, record in enumerate(head) if any(map(is_id, record))), 0)
    if not first or any(map(is_value, head[first - 1])):
        return 0
    if _filled(head[first - 1]) < max(2, _filled(head[first])):
        return 0
    return first - 1


def _stands_apart(record: list[str], titles: list[str], id_column: str | None) -> bool:
    if not _filled(record) or _is_comment(record, id_column):
        return True
    if any(is_value(cell) and not _is_count(cell) for cell in record):
        return False
    if len(titles) > 1:
        return _filled(record) < _filled(titles)
    return not judge(record[0], hex_column=True).verdict.is_usable


def _is_comment(record: list[str], id_column: str | None) -> bool:
    """Return whether a record begins like a comment, and neither an ID nor its title is in it."""
    if not _is_marked(record[:1]):
        return False
    return not (any(map(is_id, record)) or _names_ids(_unmarked(record), id_column))


def _names_ids(record: Sequence[str], id_column: str | None) -> bool:
    return any(is_id_title(cell, id_column) for cell in record)


def _unmarked(record: list[str]) -> list[str]:
    return record[1:] if _is_marked(record[:1]) else record


def _is_marked(record: Sequence[str]) -> bool:
    return any(cell.lstrip().startswith(_COMMENT) for cell in record)


def _is_as_full(record: list[str], below: Sequence[list[str]]) -> bool:
    """Return whether a record has as many cells as the one right below, which has an ID."""
    return bool(below) and 1 < _filled(below[0]) == _filled(record) and any(map(is_id, below[0]))


def _is_count(cell: str) -> bool:
    """Return whether a cell is a year, a day or how many rows: IDs without zeros are longer."""
    return cell.strip().isdigit() and len(cell.strip()) <= _COUNT_DIGITS


def _filled(record: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in record)


def unique_titles(titles: Sequence[str]) -> list[str]:
    """Return titles that differ: an empty one gets its number, a second `name` is `name_2`."""
    filled = [title or f"column_{number}" for number, title in enumerate(titles, 1)]
    taken = set(filled)
    others: dict[str, Iterator[str]] = {}
    unique = []
    for title in filled:
        name = next(others[title]) if title in others else title
        others.setdefault(title, free_titles(title, taken, first=2))
        taken.add(name)
        unique.append(name)
    return unique


def free_titles(stem: str, taken: Container[object], *, first: int = 1) -> Iterator[str]:
    """Yield `stem_1`, `stem_2` ..., those that are not taken by then, counting from `first`."""
    names = (f"{stem}_{number}" for number in count(first))
    return (name for name in names if name not in taken)


def find_id_column(
    titles: Sequence[str], column_at: Callable[[int], Sequence[str]], *, id_column: str | None
) -> tuple[int, str]:
    """Return the position of the ID column and how it was found.

    The titles are as read, so that two of one name are seen to be two. Unless the user has chosen,
    it goes by known titles, then by content; no such column, or more than one, is refused.
    """
    if id_column is not None:
        return _by_choice(titles, column_at, id_column), BY_CHOICE
    named = [at for at, title in enumerate(titles) if is_id_title(title)]
    if named:
        at = _only(named, titles, "are both titled like the ID column")
        _refuse_other_text(at, titles, column_at)
        return at, BY_TITLE
    filled = [at for at in range(len(titles)) if holds_ids(column_at(at))]
    if filled:
        return _only(filled, titles, "both hold asset IDs"), BY_CONTENT
    raise InputError(
        "No column with asset IDs was found.",
        "None is titled asset_id or 媒资ID, and none holds 32 hex digits in nine cells of ten. "
        + _shown(titles, column_at),
        "Name the column: load_assets(..., id_column='...').",
    )


def _refuse_other_text(
    named: int, titles: Sequence[str], column_at: Callable[[int], Sequence[str]]
) -> None:
    """Refuse a column titled like the IDs that holds other text, where another one holds IDs.

    A single row tells nothing against the title.
    """
    cells = list(islice((cell for cell in column_at(named) if cell.strip()), _LOOKED_AT))
    if len(cells) < _FEWEST or 2 * sum(map(_may_be_id, cells)) >= len(cells):
        return
    other = next((at for at in range(len(titles)) if holds_ids(column_at(at))), None)
    if other is not None:
        raise InputError(
            f"The column {titles[named]!r} is titled like the IDs, but holds other text, such as "
            f"{_cut(cells[0])!r}; the column {titles[other]!r} (column {other + 1}) holds IDs.",
            "Which of them has the IDs to send cannot be told.",
            "Name it: load_assets(..., id_column='...').",
        )


def _may_be_id(cell: str) -> bool:
    return is_value(cell) or form_of(clean(cell)[0]) != ""


def holds_ids(column: Sequence[str]) -> bool:
    """Return whether at least nine of ten filled cells are 32 hex digits."""
    most = len(column) - len(column) * _ID_SHARE
    hits = misses = 0
    for cell in column:
        if len(cell) < _ID_DIGITS and cell.isalnum():
            misses += 1  # cleaning never makes a text longer
            if misses > most:
                return False
            continue
        text = cell if is_hex(cell) else clean(cell)[0]
        hits += is_hex(text)
        misses += bool(text) and not is_hex(text)
        if misses > most:
            return False
    return hits > 0 and hits >= (hits + misses) * _ID_SHARE


def _by_choice(
    titles: Sequence[str], column_at: Callable[[int], Sequence[str]], id_column: str
) -> int:
    exact = [at for at, title in enumerate(titles) if title == id_column]
    alike = [at for at, title in enumerate(titles) if _is_alike(title, id_column)]
    found = exact or alike
    if not found:
        raise InputError(
            f"There is no column {id_column!r}.",
            _shown(titles, column_at),
            "Give id_column= one of these titles.",
        )
    return _only(found, titles, f"both answer to {id_column!r}")


def _only(found: list[int], titles: Sequence[str], claim: str) -> int:
    if len(found) == 1:
        return found[0]
    listed = " and ".join(f"{titles[at]!r} (column {at + 1})" for at in found)
    raise InputError(
        f"The columns {listed} {claim}.",
        "Which of them has the IDs to send cannot be told.",
        "Name it: load_assets(..., id_column='...'), after giving each column a title of its own "
        "if need be.",
    )


def _shown(titles: Sequence[str], column_at: Callable[[int], Sequence[str]]) -> str:
    examples = []
    for at, title in enumerate(titles[:_SHOWN_COLUMNS]):
        example = next((cell for cell in column_at(at) if cell.strip()), "")
        cut = _cut(example)
        examples.append(f"{title!r} (e.g. {cut!r})" if cut else f"{title!r} (empty)")
    more = len(titles) - len(examples)
    tail = f" and {more} more" if more > 0 else ""
    return f"The columns are {', '.join(examples) or 'none'}{tail}."


def _cut(cell: str) -> str:
    return cell if len(cell) <= _SHOWN_LETTERS else cell[:_SHOWN_LETTERS] + "…"


def _is_alike(title: str, wanted: str) -> bool:
    return title == wanted or _plain(title) == _plain(wanted) != ""


def _plain(title: str) -> str:
    """Return a title without case, width, wrapping and separators: `Asset-ID` is `assetid`."""
    folded = unicodedata.normalize("NFKC", clean(title)[0]).casefold()
    return re.sub(r"[\W_]+", "", folded)
