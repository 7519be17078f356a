"""Judges an ID column row by row, in bulk. What it says is what `judge` says of each cell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vodnb.rules.model import Verdict
from vodnb.rules.verdicts import (
    HEX_FORM,
    Judgement,
    are_usual,
    column_is_hex,
    form_of,
    is_usual,
    judge,
    proven_forms,
    proven_shape,
    shape_of,
    without_lone_quote,
)
from vodnb.tables.formats.header import is_id, is_id_title

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

_PIECE = 512

TITLE_NOTE = "it is the title of an ID column, as where files were joined"
QUOTE_NOTE = "stray quote removed"
FORM_NOTE = "the other cells of this column are "
_LET_THROUGH = ", and id_form='any' lets this one through"


@dataclass(slots=True, kw_only=True)
class Rows:
    """What was judged, row by row, and from which text."""

    texts: list[str]
    asset_ids: list[str]
    verdicts: list[str]
    notes: list[str]


def judge_rows(
    texts: list[str],
    *,
    known: Mapping[int, Judgement],
    remarks: Mapping[int, str],
    title: str = "",
    id_form: str | None = None,
    let_through: Container[int] = (),
) -> Rows:
    """Judge each distinct text once, then each row by its line and by the rows before it.

    What is `known` of a row goes before its cell. A cell that repeats the title is no ID. An
    `id_form` of "any" is for where the forms of other cells prove nothing; rows that are
    `let_through` may have any form in any case.
    """
    odd = odd_rows(texts)
    rows = Rows(
        texts=texts,
        asset_ids=list(texts) if odd else texts,
        verdicts=[Verdict.OK.value] * len(texts),
        notes=[""] * len(texts),
    )
    hex_column = proves_hex(texts, odd)
    distinct = dict.fromkeys(map(texts.__getitem__, odd))
    judged = {text: judge_cell(text, hex_column=hex_column, title=title) for text in distinct}
    judged |= _without_quotes(texts, judged, known)
    forms = _forms(texts, judged, odd, known) if odd and id_form is None else ()
    for row in odd:
        found = judged[texts[row]]
        if forms and row not in let_through:
            found = _in_form(texts[row], found, forms)
        rows.asset_ids[row] = found.asset_id
        rows.verdicts[row] = found.verdict.value
        rows.notes[row] = found.note
    if rows.asset_ids is texts and any(one.asset_id != texts[row] for row, one in known.items()):
        rows.asset_ids = list(texts)
    for row, found in known.items():
        if rows.asset_ids is not texts:
            rows.asset_ids[row] = found.asset_id
        rows.verdicts[row] = found.verdict.value
        rows.notes[row] = found.note
    _mark_duplicates(rows)
    for row, remark in remarks.items():
        rows.notes[row] = joined(rows.notes[row], remark)
    return rows


def judge_cell(cell: str, *, hex_column: bool, title: str = "") -> Judgement:
    """Say what one cell is; the titles of the column, met again between the rows, are no ID."""
    if not is_id(cell) and is_id_title(cell, title or None):
        return Judgement(verdict=Verdict.NOT_AN_ID, asset_id=cell, note=TITLE_NOTE)
    return judge(cell, hex_column=hex_column)


def _without_quotes(
    texts: Sequence[str], judged: Mapping[str, Judgement], known: Container[int]
) -> dict[str, Judgement]:
    """Return what cells say that have a quote too many, and are built like nine in ten without."""
    bare = {
        text: rest
        for text, found in judged.items()
        if found.verdict is Verdict.NOT_AN_ID and (rest := without_lone_quote(text))
    }
    shape = proven_shape(cell for row, cell in enumerate(texts) if row not in known) if bare else ""
    return {
        text: replace(
            judge(rest, hex_column=False),
            verdict=Verdict.CLEANED,
            note=joined(QUOTE_NOTE, judge(rest, hex_column=False).note),
        )
        for text, rest in bare.items()
        if shape and shape_of(rest) == shape and judge(rest, hex_column=False).verdict.is_usable
    }


def _forms(
    texts: Sequence[str],
    judged: Mapping[str, Judgement],
    odd: Sequence[int],
    known: Iterable[int],
) -> tuple[str, ...]:
    """Return the forms that the column proves, by the cells of the rows that nothing speaks of."""
    is_odd, apart = set(odd), set(known)
    cells = Counter({HEX_FORM: len(texts) - len(odd) - len(apart - is_odd)})
    distinct: dict[str, set[str]] = {HEX_FORM: set()}
    for row, text in enumerate(texts):
        if row not in is_odd and row not in apart:
            distinct[HEX_FORM].add(text)
            if len(distinct[HEX_FORM]) > 1:
                break
    for row in odd:
        found = judged[texts[row]]
        if row not in apart and found.verdict.is_usable:
            form = form_of(found.asset_id)
            cells[form] += 1
            distinct.setdefault(form, set()).add(found.asset_id)
    return proven_forms(cells, {form: len(found) for form, found in distinct.items()})


def _in_form(cell: str, found: Judgement, forms: tuple[str, ...]) -> Judgement:
    """Return what a cell says, but that one of another form than the column's is no ID."""
    if not found.verdict.is_usable or form_of(found.asset_id) in forms:
        return found
    note = f"{FORM_NOTE}{' or '.join(forms)}{_LET_THROUGH}"
    return Judgement(verdict=Verdict.NOT_AN_ID, asset_id=cell, note=note)


def odd_rows(texts: Sequence[str]) -> list[int]:
    """Return the positions of the cells that are not 32 lower-case hex digits."""
    odd: list[int] = []
    for begin in range(0, len(texts), _PIECE):
        piece = texts[begin : begin + _PIECE]
        if not are_usual(piece):
            odd += [begin + at for at, text in enumerate(piece) if not is_usual(text)]
    return odd


def proves_hex(texts: Sequence[str], odd: Sequence[int]) -> bool:
    """Return what `column_is_hex` says of the distinct cells, without listing all of them."""
    others = dict.fromkeys(map(texts.__getitem__, odd))
    is_odd = set(odd)
    usual: set[str] = set()
    for row, text in enumerate(texts):
        if row not in is_odd:
            usual.add(text)
            if len(usual) > len(others):
                return True
    return column_is_hex([*usual, *others])


def joined(*notes: str) -> str:
    """Return notes as one; "" stands for none."""
    return "; ".join(filter(None, notes))


def _mark_duplicates(rows: Rows) -> None:
    usable = {verdict.value for verdict in Verdict if verdict.is_usable}
    first_rows: dict[str, int] = {}
    for row in _rows_alike(rows.asset_ids):
        asset_id = rows.asset_ids[row]
        if rows.verdicts[row] not in usable:
            continue
        first = first_rows.setdefault(asset_id, row)
        if first != row:
            rows.verdicts[row] = Verdict.DUPLICATE.value
            rows.notes[row] = joined(f"same asset as data row {first + 1}", rows.notes[row])


def _rows_alike(texts: Sequence[str]) -> Iterable[int]:
    """Return, in order, the rows whose text may be there twice; equal texts have equal hashes."""
    hashes = np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts))
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not twice.size:
        return []
    places = np.searchsorted(twice, hashes)
    places[places == twice.size] = 0
    found: list[int] = np.flatnonzero(twice[places] == hashes).tolist()
    return found
