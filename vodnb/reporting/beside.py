"""The tables beside a report: every row, what is open, the audit trail, the numbers drawn."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from vodnb.rules.model import Needs, Outcome

from .figures import ENDING, each_change, party_of
from .inputs import earlier_outcomes
from .proceedings import timeline
from .storage import FIGURES, MARK, digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from vodnb.rules.model import Lang

    from .figures import Figures

MOST_WORKBOOK_ROWS = 100_000
"""Rows up to which a workbook is written: a larger one takes minutes, and Excel is slow with it."""

TABLES = frozenset(
    {"results.csv", "results.xlsx", "attention.csv", "comparison.csv", "earlier.csv",
     "timeline.csv", FIGURES}
)  # fmt: skip
"""Every name that a file beside a report may have."""

_COMPARED = ("asset_id", "change", "outcome_before", "outcome_now", "error_code")
_UNCHANGED = "settled_both"


def write_tables(
    table: pd.DataFrame,
    figures: Figures,
    *,
    earlier: pd.DataFrame | None,
    folder: Path,
    lang: Lang,
) -> tuple[list[tuple[str, str]], str]:
    """Write the tables beside a report: results, whose advice is said anew, and what comes of them.

    Return each file's name with the key of what it holds, and the key of why there is no workbook
    ("" where there is one).
    """
    from vodnb.tables.tally import make_table, read_columns, retell
    from vodnb.tables.write import has_long_cell, save

    told = retell(table, lang)
    save(told, folder / "results.csv")
    files = [("results.csv", "file results")]
    remark = _why_no_workbook(len(table)) or ("no workbook of it" if has_long_cell(told) else "")
    if not remark:
        save(told, folder / "results.xlsx")
        files.append(("results.xlsx", "file workbook"))
    columns = read_columns(table)
    if open_rows := list(_open_rows(columns)):
        save(told.iloc[open_rows], folder / "attention.csv")
        files.append(("attention.csv", "file attention"))
    del told
    if figures.course.calls:
        save(make_table(*timeline(figures.course)), folder / "timeline.csv")
        files.append(("timeline.csv", "file timeline"))
    if earlier is not None:
        changes = each_change(columns, earlier_outcomes(earlier))
        changed = (cells for cells in changes if cells[1] != _UNCHANGED)
        save(make_table(_COMPARED, changed), folder / "comparison.csv")
        save(earlier, folder / "earlier.csv")
        files += [("comparison.csv", "file comparison"), ("earlier.csv", "file earlier")]
    return files, remark


def keep_figures(
    figures: Figures, files: Sequence[tuple[str, str]], remark: str, folder: Path
) -> None:
    """Keep what was counted, with what it was counted from, for running the notebook again."""
    earlier = folder / "earlier.csv"
    kept = {
        "made_by": MARK,
        "results": digest(folder / "results.csv"),
        "against": digest(earlier) if earlier.exists() else "",
        "max_rows": figures.max_rows,
        "files": list(files),
        "remark": remark,
        "figures": asdict(figures),
    }
    text = json.dumps(kept, ensure_ascii=True, indent=1)
    (folder / FIGURES).write_text(text + "\n", "utf-8")


def _why_no_workbook(rows: int) -> str:
    if rows > MOST_WORKBOOK_ROWS:
        return "no workbook"
    return "" if importlib.util.find_spec("openpyxl") else "no excel"


def _open_rows(columns: Mapping[str, Sequence[str]]) -> Iterator[int]:
    """Yield the positions of the rows that somebody has to act on."""
    is_open: dict[tuple[str, ...], bool] = {}
    for at, key in enumerate(zip(*(columns[name] for name in ENDING), strict=True)):
        if key not in is_open:
            is_open[key] = not Outcome(key[0]).is_good or party_of(key) is not Needs.NOTHING
        if is_open[key]:
            yield at
