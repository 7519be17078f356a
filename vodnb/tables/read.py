"""Loads the user's table with a verdict on each row. Never changes an ID silently."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from vodnb.rules.errors import InputError
from vodnb.rules.model import Verdict
from vodnb.rules.verdicts import UNUSUAL_NOTE, Judgement, judge, without_lone_quote
from vodnb.tables.formats.cell_text import TEXT, cell_texts
from vodnb.tables.formats.header import (
    BY_CONTENT_ALONE,
    find_id_column,
    free_titles,
    holds_ids,
)

from .carried import (
    ID,
    NOTE,
    OURS,
    RAW,
    VERDICT,
    kept_notes,
    source_title,
    unless_edited,
    was_loaded,
)
from .judging import (
    Rows,
    joined,
    judge_rows,
)
from .ragged import find_ids
from .sheet import NUMBER_NOTE, Sheet, open_sheet
from .write import restore

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence
    from typing import Any

    Source = str | os.PathLike[str] | pd.DataFrame | pd.Series[Any] | Iterable[object]


def load_assets(
    source: Source,
    *,
    id_column: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    id_form: str | None = None,
) -> pd.DataFrame:
    """Load a table of assets and say of each row whether it can be used.

    Every row stays, in order, with the text of every cell. Added are `asset_id` (what will be
    sent; of a row that cannot be used, the text as read), `verdict` and `verdict_note`. Where the
    ID column is itself called `asset_id` and cleaning changed a cell, the text as read stays in
    `asset_id_raw`; another column of yours with one of these names becomes `<name>_input`.
    A table loaded before can be loaded again; what is `ragged` stays so, since only the file
    could show otherwise.

    Args:
        source: Path of a file: CSV and the like, JSON lines, an Excel workbook (.xlsx, extra
            `excel`), Parquet (extra `fast`), each also packed by gzip or alone in a zip; or text
            of several lines, as pasted; or a DataFrame, whose index and other dtypes stay; or a
            Series or list of IDs. A leading `~` is the home folder.
        id_column: Title of the column with the IDs. Default: found by known titles, or by its
            content, since no two files agree on a title.
        encoding: Codec of the file. Default: byte order mark, UTF-16 by its NULs, UTF-8,
            GB18030, in this order.
        delimiter: What parts the cells. Default: comma, semicolon, TAB or bar, whichever gives
            an ID column and even rows.
        sheet: Name of the workbook's sheet. Default: the only one that is not empty.
        id_form: `"any"` lets every form of ID through. Default: where the other cells prove one
            form (30 of them, and nine in ten), a cell of another form is no ID.

    Returns:
        The table; `loaded.describe` sums it up, and `.attrs["vodnb"]` says how it was read.

    Raises:
        InputError: There is no such file, it cannot be read, or the ID column cannot be told.
        SetupError: The file needs an extra that is not installed.

    Example:
        >>> table = load_assets("assets.xlsx", sheet="uploads")
    """
    _check_form(id_form)
    opened = open_sheet(
        source, id_column=id_column, encoding=encoding, delimiter=delimiter, sheet=sheet
    )
    if isinstance(source, str | os.PathLike) and not opened.is_typed:
        opened = replace(opened, frame=restore(opened.frame))
    if was_loaded(opened.frame):
        return _load_again(opened, id_column, id_form)
    return _load(opened, id_column, id_form)


def _check_form(id_form: object) -> None:
    if id_form not in {None, "any"}:
        raise InputError(
            f"id_form={id_form!r} is no form of IDs.",
            "A column that proves the form of its IDs takes no other, and only that can be lifted.",
            'Leave it out, or write id_form="any".',
        )


def _load(sheet: Sheet, id_column: str | None, id_form: str | None) -> pd.DataFrame:
    frame = sheet.frame
    at, why, sheet = _id_column(sheet, id_column, id_form)
    title = frame.columns[at]
    own = title == ID
    texts = cell_texts(frame.iloc[:, at])
    known, remarks = _told_by_file(sheet, at, texts)
    rows = judge_rows(texts, known=known, remarks=remarks, title=sheet.titles[at], id_form=id_form)
    frame.columns = pd.Index(_make_room(list(frame.columns), at if own else None))
    if frame.dtypes.iloc[at] != TEXT or frame.iloc[:, at].hasnans:
        frame.isetitem(at, pd.array(rows.texts, dtype=TEXT))
    if own and rows.asset_ids is rows.texts:
        # Nothing was cleaned, and the column is there: ten million rows are not put in twice.
        _put_verdicts(frame, rows)
    else:
        _put(frame, rows, raw=rows.texts if own and rows.texts != rows.asset_ids else None)
    return _with_story(frame, sheet, id_column=str(title), why=why)


def _id_column(sheet: Sheet, id_column: str | None, id_form: str | None) -> tuple[int, str, Sheet]:
    """Return the position of the ID column, how it was found, and the sheet with rows that fit."""
    if sheet.only_column and id_column is None:
        return 0, "the only column", sheet

    def texts_at(at: int) -> list[str]:
        return cell_texts(sheet.frame.iloc[:, at])

    widths = sheet.widths
    # Columns beyond the titles are of ragged rows alone, where titles and rows fit.
    fits = widths is not None and widths.proven is None
    titles = sheet.titles[: widths.most] if widths and fits else sheet.titles
    at, why = find_id_column(titles, texts_at, id_column=id_column)
    if widths is None or widths.proven is None or id_form == "any":
        return at, why, sheet
    proven = replace(sheet, widths=widths.proven)
    columns = map(texts_at, range(len(sheet.titles)))
    filled = [other for other, column in enumerate(columns) if holds_ids(column)]
    if at in filled:
        return at, why, proven
    if len(filled) == 1 and widths.explains(filled[0] - at):
        return filled[0], BY_CONTENT_ALONE, proven
    if len(widths.ragged) == len(sheet.frame):
        return at, why, sheet
    raise InputError(
        f"There are {widths.most} titles, and most rows have {widths.common} cells.",
        f"Whether the IDs are those below {sheet.titles[at]!r} or beside it cannot be told.",
        'Mend the line of titles; or, if it is right, pass id_form="any".',
    )


def _told_by_file(
    sheet: Sheet, at: int, texts: Sequence[str]
) -> tuple[dict[int, Judgement], dict[int, str]]:
    """Return what rows say where the text of the ID cell does not tell, and remarks on others."""

    def found(verdict: Verdict, row: int, note: str) -> Judgement:
        return Judgement(verdict=verdict, asset_id=texts[row], note=note)

    known = {row: found(Verdict.MANGLED, row, NUMBER_NOTE) for row in sheet.numbers.get(at, ())}
    known |= {row: found(Verdict.RAGGED, row, note) for row, note in sheet.broken.items()}
    remarks = dict(sheet.remarks)
    widths = sheet.widths
    if widths is None or not widths.ragged:
        return known, remarks
    columns = [cell_texts(sheet.frame.iloc[:, other]) for other in range(sheet.frame.shape[1])]
    shifts = find_ids(columns, at, widths)
    for row in widths.ragged:
        shift = shifts.get(row)
        text = columns[at + (shift or 0)][row]
        cell = judge(without_lone_quote(text) or text, hex_column=True)
        if shift is None or not cell.verdict.is_usable:
            known[row] = found(Verdict.RAGGED, row, widths.note(row))
            continue
        remark = widths.remark(row, shift)
        if shift:
            note = joined(cell.note, remark)
            known[row] = Judgement(verdict=Verdict.CLEANED, asset_id=cell.asset_id, note=note)
        else:
            remarks[row] = joined(remark, remarks.get(row, ""))
    return known, remarks


def _load_again(sheet: Sheet, id_column: str | None, id_form: str | None) -> pd.DataFrame:
    """Judge a table of ours anew, from the text as first read where that is still there."""
    frame = sheet.frame
    before = Rows(
        texts=cell_texts(frame[RAW if RAW in frame else ID]),
        asset_ids=cell_texts(frame[ID]),
        verdicts=cell_texts(frame[VERDICT]),
        notes=cell_texts(frame[NOTE]),
    )
    title = source_title(frame, before, id_column)
    if title is None:
        fresh = frame.drop(columns=[VERDICT, NOTE])
        titles = [str(title) for title in fresh.columns]
        return _load(replace(sheet, frame=fresh, titles=titles), id_column, id_form)
    texts = unless_edited(before) if title == ID else cell_texts(frame[title])
    known, remarks = kept_notes(before, texts, id_form)
    # A file of ours that was edited since is a file like any other.
    at = list(frame.columns).index(title)
    of_file, remarks_of_file = _told_by_file(sheet, at, texts)
    rows = judge_rows(
        texts,
        known=known | of_file,
        remarks=remarks | remarks_of_file,
        title=title,
        id_form=id_form,
        let_through={
            row
            for row, verdict in enumerate(before.verdicts)
            if UNUSUAL_NOTE in before.notes[row] and Verdict(verdict).is_usable
        },
    )
    raw = None
    if title == ID and (RAW in frame or rows.texts != rows.asset_ids):
        cells = zip(before.texts, rows.texts, rows.asset_ids, strict=True)
        raw = [text if text != asset_id else old for old, text, asset_id in cells]
    if raw is not None or not _is_there(frame, rows, before):
        _put(frame, rows, raw=raw)
    return _with_story(frame, sheet, id_column=title, why="loaded before")


def _is_there(frame: pd.DataFrame, rows: Rows, before: Rows) -> bool:
    """Return whether a table carries what was judged already: its columns stay, and are shared."""
    return all(frame[name].dtype == TEXT for name in (ID, VERDICT, NOTE)) and (
        (rows.asset_ids, rows.verdicts, rows.notes)
        == (before.asset_ids, before.verdicts, before.notes)
    )


def _make_room(titles: list[Hashable], own: int | None) -> list[Hashable]:
    """Return titles where a user's column of one of our names is `<name>_input`."""
    taken = set(titles)
    for at, title in enumerate(titles):
        if title in OURS and at != own:
            name = f"{title}_input"
            titles[at] = next(free_titles(name, taken, first=2)) if name in taken else name
            taken.add(titles[at])
    return titles


def _put(frame: pd.DataFrame, rows: Rows, *, raw: list[str] | None) -> None:
    frame[ID] = pd.array(rows.asset_ids, dtype=TEXT)
    if raw is not None:
        if RAW not in frame:
            frame.insert(list(frame.columns).index(ID) + 1, RAW, "")
        frame[RAW] = pd.array(raw, dtype=TEXT)
    _put_verdicts(frame, rows)


def _put_verdicts(frame: pd.DataFrame, rows: Rows) -> None:
    frame[VERDICT] = pd.array(rows.verdicts, dtype=TEXT)
    frame[NOTE] = pd.array(rows.notes, dtype=TEXT)


def _with_story(frame: pd.DataFrame, sheet: Sheet, *, id_column: str, why: str) -> pd.DataFrame:
    """Write down how the table was read, in plain values: pandas compares and copies them."""
    counts = Counter(cell_texts(frame[VERDICT]))
    story: dict[str, object] = {
        "source": sheet.source,
        "encoding": "",
        "delimiter": "",
        **sheet.story,
        "why": why,
    }
    before = frame.attrs.get("vodnb")
    if isinstance(before, dict) and why == "loaded before":
        story |= before
    story |= {
        "id_column": id_column,
        "rows": len(frame),
        "counts": {verdict.value: counts[verdict.value] for verdict in Verdict},
    }
    frame.attrs["vodnb"] = story
    return frame
