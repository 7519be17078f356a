"""Loads the user's table with a verdict on each row. Never changes an ID silently."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from vodnb.rules.model import Verdict
from vodnb.rules.verdicts import column_is_hex, judge

from ._header import find_id_column, free_title
from ._sheet import STRAY_QUOTE, TEXT, Sheet, cell_text, cell_texts, open_sheet
from .write import restore

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from typing import Any

    Source = str | os.PathLike[str] | pd.DataFrame | pd.Series[Any] | Iterable[object]

__all__ = ["load_assets"]

_ID, _RAW, _VERDICT, _NOTE = "asset_id", "asset_id_raw", "verdict", "verdict_note"
_OURS = (_ID, _RAW, _VERDICT, _NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What was judged, row by row, and from which text."""

    texts: list[str]
    asset_ids: list[str]
    verdicts: list[str]
    notes: list[str]


def load_assets(
    source: Source,
    *,
    id_column: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> pd.DataFrame:
    """Load a table of assets and say of each row whether it can be used.

    Every row stays, in order, with the text of every cell. Added are `asset_id` (what will be
    sent; of a row that cannot be used, the text as read), `verdict` and `verdict_note`. Where the
    ID column is itself called `asset_id` and cleaning changed a cell, the text as read stays in
    `asset_id_raw`; another column of yours with one of these names becomes `<name>_input`.
    A table loaded before can be loaded again; what is `ragged` stays so, since only the file
    could show otherwise.

    Args:
        source: Path of a CSV file; or text of several lines, as pasted; or a DataFrame, whose
            index and other dtypes stay; or a Series or list of IDs.
        id_column: Title of the column with the IDs. Default: found by known titles, or by its
            content, since no two files agree on a title.
        encoding: Codec of the file. Default: byte order mark, UTF-16 by its NULs, UTF-8,
            GB18030, in this order.
        delimiter: What parts the cells. Default: comma, semicolon, TAB or bar, whichever gives
            an ID column and even rows.

    Returns:
        The table; `loaded.describe` sums it up, and `.attrs["vodnb"]` says how it was read.

    Raises:
        InputError: There is no such file, it cannot be read, or the ID column cannot be told.
    """
    sheet = open_sheet(source, id_column=id_column, encoding=encoding, delimiter=delimiter)
    if isinstance(source, str | os.PathLike):
        sheet = replace(sheet, frame=restore(sheet.frame))
    if _was_loaded(sheet.frame):
        return _load_again(sheet, id_column)
    return _load(sheet, id_column)


def _load(sheet: Sheet, id_column: str | None) -> pd.DataFrame:
    frame = sheet.frame
    if sheet.only_column and id_column is None:
        at, why = 0, "the only column"
    else:
        at, why = find_id_column(
            sheet.titles, lambda at: cell_texts(frame.iloc[:, at]), id_column=id_column
        )
    title = frame.columns[at]
    own = title == _ID
    rows = _judge_rows(cell_texts(frame.iloc[:, at]), sheet.ragged, sheet.remarks)
    frame.columns = pd.Index(_make_room(list(frame.columns), at if own else None))
    frame.isetitem(at, pd.array(rows.texts, dtype=TEXT))
    _put(frame, rows, raw=rows.texts if own and rows.texts != rows.asset_ids else None)
    return _with_story(frame, sheet, id_column=str(title), why=why)


def _load_again(sheet: Sheet, id_column: str | None) -> pd.DataFrame:
    """Judge a table of ours anew, from the text as first read where that is still there."""
    frame = sheet.frame
    before = _Rows(
        texts=cell_texts(frame[_RAW if _RAW in frame else _ID]),
        asset_ids=cell_texts(frame[_ID]),
        verdicts=cell_texts(frame[_VERDICT]),
        notes=cell_texts(frame[_NOTE]),
    )
    title = _source_title(frame, before, id_column)
    if title is None:
        fresh = frame.drop(columns=[_VERDICT, _NOTE])
        titles = [str(title) for title in fresh.columns]
        return _load(replace(sheet, frame=fresh, titles=titles), id_column)
    texts = _unless_edited(before) if title == _ID else cell_texts(frame[title])
    rows = _judge_rows(texts, *_kept_notes(before))
    raw = None
    if title == _ID and (_RAW in frame or rows.texts != rows.asset_ids):
        cells = zip(before.texts, rows.texts, rows.asset_ids, strict=True)
        raw = [text if text != asset_id else old for old, text, asset_id in cells]
    _put(frame, rows, raw=raw)
    return _with_story(frame, sheet, id_column=title, why="loaded before")


def _was_loaded(frame: pd.DataFrame) -> bool:
    """Return whether a table carries verdicts of ours, not just columns so named."""
    if not {_ID, _VERDICT, _NOTE} <= set(frame.columns):
        return False
    return set(cell_texts(frame[_VERDICT])) <= set(Verdict)


def _source_title(frame: pd.DataFrame, before: _Rows, id_column: str | None) -> str | None:
    """Return the column that a loaded table was judged from; None if the user names another."""
    if id_column in {None, _ID, _RAW}:
        if _RAW in frame or _agrees(before.asset_ids, before):
            return _ID
        others = [title for title in frame.columns if title not in _OURS]
    else:
        others = [title for title in frame.columns if title == id_column]
    for title in others:
        if _agrees(frame[title], before):
            return title
    return None if id_column not in {None, _ID, _RAW} else _ID


def _agrees(cells: Iterable[object], before: _Rows) -> bool:
    """Return whether judging these cells gives the IDs and verdicts that the table carries."""
    hex_column = column_is_hex(dict.fromkeys(before.asset_ids))
    carried = zip(before.asset_ids, before.verdicts, before.notes, strict=True)
    for cell, (asset_id, verdict, note) in zip(cells, carried, strict=True):
        if verdict == Verdict.RAGGED:
            continue
        found = judge(cell_text(cell), hex_column=hex_column)
        if verdict == Verdict.DUPLICATE:
            # Which row comes first may have changed; what was cleaned off this one has not.
            same = found.verdict.is_usable and found.note == _own_note(note)
        else:
            same = found.verdict == verdict
        if found.asset_id != asset_id or not same:
            return False
    return True


def _own_note(note: str) -> str:
    """Return what the note of a duplicate says of its own cell."""
    return note.partition(STRAY_QUOTE)[0].removesuffix("; ").partition("; ")[2]


def _unless_edited(before: _Rows) -> list[str]:
    """Return the texts as first read, but an `asset_id` that was changed since by hand."""
    hex_column = column_is_hex(dict.fromkeys(before.texts))
    return [
        text if judge(text, hex_column=hex_column).asset_id == asset_id else asset_id
        for text, asset_id in zip(before.texts, before.asset_ids, strict=True)
    ]


def _kept_notes(before: _Rows) -> tuple[dict[int, str], dict[int, str]]:
    """Return what only the file could show: notes on ragged rows, remarks on stray quotes."""
    ragged, remarks = {}, {}
    for at, (verdict, note) in enumerate(zip(before.verdicts, before.notes, strict=True)):
        if verdict == Verdict.RAGGED:
            ragged[at] = note
        elif STRAY_QUOTE in note:
            remarks[at] = note[note.index(STRAY_QUOTE) :]
    return ragged, remarks


def _judge_rows(texts: list[str], ragged: Mapping[int, str], remarks: Mapping[int, str]) -> _Rows:
    """Judge each distinct text once, then each row by its line and by the rows before it."""
    distinct = dict.fromkeys(texts)
    hex_column = column_is_hex(distinct)
    judged = {text: judge(text, hex_column=hex_column) for text in distinct}
    rows = _Rows(texts=texts, asset_ids=[], verdicts=[], notes=[])
    first_rows: dict[str, int] = {}
    for row, text in enumerate(texts):
        found = judged[text]
        asset_id, verdict, note = found.asset_id, found.verdict, found.note
        if row in ragged:
            asset_id, verdict, note = text, Verdict.RAGGED, ragged[row]
        elif verdict.is_usable and (first := first_rows.setdefault(asset_id, row)) != row:
            verdict = Verdict.DUPLICATE
            note = _joined(f"same asset as data row {first + 1}", note)
        rows.asset_ids.append(asset_id)
        rows.verdicts.append(verdict.value)
        rows.notes.append(_joined(note, remarks[row]) if row in remarks else note)
    return rows


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _make_room(titles: list[Hashable], own: int | None) -> list[Hashable]:
    """Return titles where a user's column of one of our names is `<name>_input`."""
    taken = set(titles)
    for at, title in enumerate(titles):
        if title in _OURS and at != own:
            name = f"{title}_input"
            titles[at] = free_title(name, taken, first=2) if name in taken else name
            taken.add(titles[at])
    return titles


def _put(frame: pd.DataFrame, rows: _Rows, *, raw: list[str] | None) -> None:
    frame[_ID] = pd.array(rows.asset_ids, dtype=TEXT)
    if raw is not None:
        if _RAW not in frame:
            frame.insert(list(frame.columns).index(_ID) + 1, _RAW, "")
        frame[_RAW] = pd.array(raw, dtype=TEXT)
    frame[_VERDICT] = pd.array(rows.verdicts, dtype=TEXT)
    frame[_NOTE] = pd.array(rows.notes, dtype=TEXT)


def _with_story(frame: pd.DataFrame, sheet: Sheet, *, id_column: str, why: str) -> pd.DataFrame:
    """Write down how the table was read, in plain values: pandas compares and copies them."""
    counts = Counter(cell_texts(frame[_VERDICT]))
    story: dict[str, object] = {
        "source": sheet.source,
        "encoding": sheet.encoding,
        "delimiter": sheet.delimiter,
        "why": why,
    }
    before = frame.attrs.get("vodnb")
    if isinstance(before, dict) and why == "loaded before":
        story |= {name: before[name] for name in story if name in before}
    story |= {
        "id_column": id_column,
        "rows": len(frame),
        "counts": {verdict.value: counts[verdict.value] for verdict in Verdict},
    }
    frame.attrs["vodnb"] = story
    return frame
