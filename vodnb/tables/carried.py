"""What a table of ours carries from when it was first loaded: its IDs, verdicts and notes.

Never judges a cell anew but to see which column they came from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vodnb.rules.model import Verdict
from vodnb.rules.verdicts import UNUSUAL_NOTE, Judgement, clean, form_of
from vodnb.tables.formats.cell_text import cell_text, cell_texts
from vodnb.tables.formats.header import is_id

from .judging import FORM_NOTE, QUOTE_NOTE, TITLE_NOTE, Rows, judge_cell, odd_rows, proves_hex
from .ragged import RAGGED_NOTE, SHIFTED_NOTE
from .sheet import NUMBER_NOTE, STRAY_QUOTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

ID, RAW, VERDICT, NOTE = "asset_id", "asset_id_raw", "verdict", "verdict_note"
OURS = (ID, RAW, VERDICT, NOTE)
_OK = Verdict.OK.value
_REMARKS = (RAGGED_NOTE, re.compile(STRAY_QUOTE))


def was_loaded(frame: pd.DataFrame) -> bool:
    """Return whether a table carries verdicts of ours, not just columns so named."""
    if not {ID, VERDICT, NOTE} <= set(frame.columns):
        return False
    return set(cell_texts(frame[VERDICT])) <= set(Verdict)


def source_title(frame: pd.DataFrame, before: Rows, id_column: str | None) -> str | None:
    """Return the column that a loaded table was judged from; None if the user names another."""
    if id_column in {None, ID, RAW}:
        if RAW in frame or _agrees(before.asset_ids, before):
            return ID
        others = [title for title in frame.columns if title not in OURS]
    else:
        others = [title for title in frame.columns if title == id_column]
    for title in others:
        if _agrees(frame[title], before):
            return title
    return None if id_column not in {None, ID, RAW} else ID


def _agrees(cells: Iterable[object], before: Rows) -> bool:
    """Return whether judging these cells gives the IDs and verdicts that the table carries."""
    odd = odd_rows(before.asset_ids)
    hex_column = proves_hex(before.asset_ids, odd)
    is_odd = set(odd)
    carried = zip(before.asset_ids, before.verdicts, before.notes, strict=True)
    for row, (cell, (asset_id, verdict, note)) in enumerate(zip(cells, carried, strict=True)):
        if verdict == _OK and cell == asset_id and row not in is_odd:
            continue
        if _is_kept(verdict, note):
            continue
        found = judge_cell(cell_text(cell), hex_column=hex_column)
        if verdict == Verdict.DUPLICATE:
            # Which row comes first may have changed; what was cleaned off this one has not.
            same = found.verdict.is_usable and found.note == _own_note(note)
        else:
            same = found.verdict == verdict
        if found.asset_id != asset_id or not same:
            return False
    return True


def unless_edited(before: Rows) -> list[str]:
    """Return the texts as first read, but an `asset_id` that was changed since by hand."""
    if before.texts == before.asset_ids:
        return before.texts
    hex_column = proves_hex(before.texts, odd_rows(before.texts))
    return [
        text
        if text == asset_id or judge_cell(text, hex_column=hex_column).asset_id == asset_id
        else asset_id
        for text, asset_id in zip(before.texts, before.asset_ids, strict=True)
    ]


def kept_notes(
    before: Rows, texts: list[str], id_form: str | None
) -> tuple[dict[int, Judgement], dict[int, str]]:
    """Return what only the file could show: rows known by their line or cell, stray quotes.

    And what only the whole table could: part of it proves nothing.
    """
    known, remarks = {}, {}
    for at, (verdict, note) in enumerate(zip(before.verdicts, before.notes, strict=True)):
        if verdict == _OK and not note:
            continue
        remark = _remark_in(note)
        if _is_kept(verdict, note):
            if not _is_lifted(verdict, note, texts[at], before.asset_ids[at], id_form):
                is_elsewhere = _is_elsewhere(note)
                known[at] = Judgement(
                    verdict=Verdict.CLEANED if is_elsewhere else Verdict(verdict),
                    asset_id=before.asset_ids[at] if is_elsewhere else texts[at],
                    note=note.partition("; ")[2] if verdict == Verdict.DUPLICATE else note,
                )
        elif remark:
            remarks[at] = remark
    return known, remarks


def _is_lifted(verdict: str, note: str, text: str, asset_id: str, id_form: str | None) -> bool:
    """Return whether what the whole file said holds no more: it was let through, or mended."""
    if verdict == Verdict.NOT_AN_ID:
        return (id_form == "any" and FORM_NOTE in note) or bool(form_of(clean(text)[0]))
    return SHIFTED_NOTE in note and is_id(text) and clean(text)[0].lower() != asset_id


def _is_kept(verdict: str, note: str) -> bool:
    """Return whether a verdict comes from the whole file, and not from the text of the cell."""
    if verdict == Verdict.NOT_AN_ID:
        return TITLE_NOTE in note or FORM_NOTE in note
    if verdict == Verdict.MANGLED:
        return NUMBER_NOTE in note
    return verdict == Verdict.RAGGED or _is_elsewhere(note)


def _is_elsewhere(note: str) -> bool:
    """Return whether an ID was found by what the other rows prove, and not in its cell alone."""
    return SHIFTED_NOTE in note or (QUOTE_NOTE in note and UNUSUAL_NOTE in note)


def _own_note(note: str) -> str:
    """Return what the note of a duplicate says of its own cell."""
    return note.removesuffix(_remark_in(note)).removesuffix("; ").partition("; ")[2]


def _remark_in(note: str) -> str:
    """Return what a note says of the line and not of the cell."""
    begins = [found.start() for mark in _REMARKS if (found := mark.search(note))]
    return note[min(begins) :] if begins else ""
