"""The part of the results form that hands them on: a report, and files for whoever must act."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.forms.controls.parts import button, name_it, row, text_box
from vodnb.rules.errors import InputError
from vodnb.rules.words.markup import Markup
from vodnb.session.handover import hand_back, report

from .form import Form

if TYPE_CHECKING:
    import ipywidgets as widgets
    import pandas as pd

    from vodnb.reporting.making import Report
    from vodnb.reporting.parties import HandedBack


class ReportPart(Form):
    """Writes the results as they stand, in the language of the form."""

    def _parts(self) -> list[widgets.Widget]:
        self._name = text_box(value="report")
        self._write, self._hand = button(), button()
        self._on_click(self._write, self._report)
        self._on_click(self._hand, self._hand_back)
        return [row(self._name, self._write, self._hand)]

    def _speak(self) -> None:
        name_it(self._name, self._say("form.report.name"))
        name_it(self._write, self._say("form.report.write"), self._say("form.report.write.tip"))
        name_it(
            self._hand, self._say("form.report.hand back"), self._say("form.report.hand back.tip")
        )

    def _report(self) -> None:
        results, path, shared = self._results(), self._path(), self._shared
        lang, vod = shared.lang, shared.vod
        self._tell("form.report.under way")
        self._aside(lambda: report(results, path, lang=lang, vod=vod), self._note_report)

    def _note_report(self, made: Report) -> None:
        self._tell(
            "form.report.written",
            told=made.told,
            page=made.page,
            notebook=made.notebook,
            folder=made.folder,
        )

    def _hand_back(self) -> None:
        results, path, shared = self._results(), self._path(), self._shared
        lang, vod = shared.lang, shared.vod
        folder = path.with_name(f"{path.stem}_to_do")
        self._aside(lambda: hand_back(results, folder, lang=lang, vod=vod), self._note_files)

    def _note_files(self, back: HandedBack) -> None:
        self._tell("form.report.handed back", told=" · ".join(repr(back).splitlines()))

    def _results(self) -> pd.DataFrame:
        results = self._shared.results
        if results is None:
            raise InputError(self._say("form.need results"))
        return results

    def _path(self) -> Path:
        path = Path(self._name.value.strip()).expanduser()
        return path if path.name else path / "report"

    def _show_busy(self) -> None:
        self._write.disabled = self._hand.disabled = self._is_busy

    def still(self) -> Markup:
        """Return nothing: what a report says stands in the report."""
        return Markup()
