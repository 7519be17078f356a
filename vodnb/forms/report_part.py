"""The part of the results form that hands them on: a report, and files for whoever must act."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.session.handover import hand_back, report

from .controls.parts import row, text_box
from .form import Form

if TYPE_CHECKING:
    import ipywidgets as widgets

    from vodnb.reporting.making import Report
    from vodnb.reporting.parties import HandedBack


class ReportPart(Form):
    """Writes the results as they stand, in the language of the form."""

    def _parts(self) -> list[widgets.Widget]:
        self._name = self._named("form.report.name", text_box(value="report"))
        self._write = self._button("form.report.write", self._report)
        self._hand = self._button("form.report.hand back", self._hand_back)
        return [row(self._name, self._write, self._hand)]

    def _report(self) -> None:
        results = self._need(self._shared.results, "form.need results")
        path, lang, vod = self._path(), self._shared.lang, self.vod
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
        results = self._need(self._shared.results, "form.need results")
        path, lang, vod = self._path(), self._shared.lang, self.vod
        folder = path.with_name(f"{path.stem}_to_do")
        self._aside(lambda: hand_back(results, folder, lang=lang, vod=vod), self._note_files)

    def _note_files(self, back: HandedBack) -> None:
        self._tell("form.report.handed back", told=" · ".join(repr(back).splitlines()))

    def _path(self) -> Path:
        path = Path(self._name.value.strip()).expanduser()
        return path if path.name else path / "report"

    def _show_busy(self) -> None:
        self._write.disabled = self._hand.disabled = self._is_busy
