"""A report as what a notebook calls: opened once, then shown section by section."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.service.settings.settings import resolve_lang

from . import findings, proceedings
from .figures import Figures, from_json
from .inputs import check_max_rows, count, earlier_outcomes, gather
from .parts import Contents
from .storage import FIGURES, digest, read_figures

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

SECTIONS = (
    "headline",
    "changes",
    "failures",
    "doubts",
    "input_troubles",
    "course",
    "states",
    "appendix",
)
"""The sections, in the order in which a report tells them."""

_SECRET_NAME = re.compile(
    r"(?i)(^|_)(token|password|passwd|pwd|secret|sk|ak|api_?key|access_?key|credentials?|"
    r"authorization)(_|$)"
)


class Page(Contents):
    """A report, section by section; each shows itself in a notebook."""

    headline = findings.headline
    changes = findings.changes
    failures = findings.failures
    doubts = findings.doubts
    input_troubles = findings.input_troubles
    course = proceedings.course_section
    states = findings.states
    appendix = findings.appendix


def open_report(
    results: str | os.PathLike[str], *, lang: str = "en", against: str = "", max_rows: int = 25
) -> Page:
    """Open a report for its notebook.

    The figures that were counted when the report was made are read from beside the table; where
    the table, `against` or `max_rows` has changed since, they are counted anew.

    Args:
        results: The results table, relative to the notebook.
        lang: `"zh"` or `"en"`.
        against: An earlier results table to compare with. Default "": none.
        max_rows: The most rows of one table, 1 to 500. Default 25: a page that can be read.

    Raises:
        InputError: There is no such file, it holds no results, `max_rows` is out of range, or the
            notebook has a variable that is called like a secret: whatever papermill is given stays
            in the notebook.

    Example:
        >>> report = open_report("report_files/results.csv", lang="zh")
    """
    _refuse_secret_names(vars(sys.modules["__main__"]))
    check_max_rows(max_rows)
    path = Path(results)
    if not path.is_file():
        raise InputError(
            f"There is no file '{path}'.",
            "A report notebook reads the table beside it.",
            "Keep the folder of the report's files beside the notebook, and run it there.",
        )
    kept = _read_kept(path)
    if kept and kept.is_answer(against, max_rows):
        figures = kept.figures
    else:
        figures = _count_anew(path, against, max_rows, kept)
    return Page(
        figures,
        resolve_lang(lang, {}, ""),
        folder="" if path.parent == Path() else path.parent.as_posix(),
        files=kept.files if kept else (),
        remark=kept.remark if kept else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What was counted when the report was made."""

    figures: Figures
    against: str
    """Digest of the earlier table that it was compared with; "" for none."""
    files: Sequence[tuple[str, str]]
    remark: str

    def is_answer(self, against: str, max_rows: int) -> bool:
        """Return whether these are the figures that are asked for."""
        other = digest(Path(against)) if against and Path(against).is_file() else ""
        is_compared_alike = self.against == other and bool(against) == bool(other)
        return is_compared_alike and self.figures.max_rows == max_rows


def _read_kept(path: Path) -> _Counted | None:
    """Return what was counted from this very table; None where that is not to be had any more."""
    values = read_figures(path.with_name(FIGURES))
    if values is None or values.get("results") != digest(path):
        return None
    try:
        return _Counted(
            figures=from_json(values["figures"]),
            against=values["against"],
            files=[(name, key) for name, key in values["files"]],
            remark=values["remark"],
        )
    except (KeyError, TypeError, ValueError):  # another version of vodnb counted them
        return None


def _count_anew(path: Path, against: str, max_rows: int, kept: _Counted | None) -> Figures:
    from vodnb.tables.tally import load_earlier

    earlier = earlier_outcomes(load_earlier(against)) if against else None
    counted = count(gather(path, lang="en"), max_rows=max_rows, earlier=earlier)
    if kept is None:
        return counted
    # The same rows: what only the journal knew, which is not here any more, still holds.
    return replace(counted, run=kept.figures.run, course=kept.figures.course)


def _refuse_secret_names(names: dict[str, object]) -> None:
    for name, value in names.items():
        if isinstance(value, str) and value and _SECRET_NAME.search(name):
            raise InputError(
                f"This notebook has a variable called '{name}'.",
                "A report needs no credential, and what is given to a notebook as a parameter "
                "stays in it.",
                "Delete the notebook that was written, and run it without that parameter.",
            )
