"""The form that looks: the states of all assets, what needs what, and what a run will cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.rules.codes import look_up
from vodnb.rules.makespan import reckon
from vodnb.rules.model import Needs, Status
from vodnb.rules.pacing import parse_rate
from vodnb.rules.words.explanation import explain_state
from vodnb.rules.words.markup import Markup, element
from vodnb.tables.picks import state_counts
from vodnb.tables.results import usable_assets
from vodnb.tables.states import told_states

from .controls.parts import Picture, line, row, table
from .form import Form
from .shared import RATE, start_from

if TYPE_CHECKING:
    import ipywidgets as widgets
    import pandas as pd

    from vodnb.bulk.survey import Survey
    from vodnb.session.vod import Vod
    from vodnb.tables.read import Source


class LookForm(Form):
    """Asks for the states of all assets; changes nothing."""

    def _parts(self) -> list[widgets.Widget]:
        self._survey: Survey | None = None
        self._asked: pd.DataFrame | None = None
        self._look = self._button("form.look.look", self._begin, kind="primary")
        self._stop = self._button("form.stop", self._end, tip="form.look.stop.tip")
        self._cost, self._live, self._summary = Picture(), Picture(), Picture()
        buttons = row(self._look, self._stop)
        return [self._cost, buttons, self._news, self._trouble, self._live, self._summary]

    def _speak(self) -> None:
        if self._survey:
            self._survey.speak(self._shared.lang)
            self._paint()
        self._changed("assets")
        self._show_busy()

    def _begin(self) -> None:
        vod = self._need(self.vod, "form.need connection")
        assets = self._need(self.assets, "form.need assets")
        if self._survey is None or self._survey.done():
            lang = self._shared.lang
            self._aside(
                lambda: vod.start_states(assets, lang=lang),
                lambda survey: self._take(survey, assets),
            )

    def _take(self, survey: Survey, assets: pd.DataFrame) -> None:
        self._survey, self._asked = survey, assets
        self._show_busy()
        self._follow(survey, self._paint, self._finish)

    def _end(self) -> None:
        if self._survey:
            self._survey.stop()

    def _paint(self) -> None:
        if self._survey:
            first, *rest = repr(self._survey).splitlines()
            notes = [element("div", element("strong", told)) for told in rest]
            self._live.show(element("div", first, *notes, role="status"))

    def _finish(self) -> None:
        self._show_busy()
        if self._survey is None:
            return
        self._live.show(Markup())
        states = self._survey.results()
        # The states of one table say nothing of another that was loaded meanwhile.
        if self.assets is self._asked:
            self._paint()
            self._shared.set_states(states)

    def _show_busy(self) -> None:
        is_asking = self._survey is not None and not self._survey.done()
        self._look.disabled = self._is_busy or is_asking
        self._stop.disabled = not is_asking

    def _changed(self, what: str) -> None:
        if what in {"assets", "states"}:
            self._cost.show(self._describe_cost())
            self._summary.show(self._describe_states())
        if what == "assets" and self.states is None and self._survey and self._survey.done():
            self._live.show(Markup())

    def _describe_cost(self) -> Markup:
        """Say how many calls a run makes and how long it takes, as far as that is known now."""
        if self.assets is None:
            return line(self._say("form.no assets"))
        known = {} if self.states is None else told_states(self.states)
        told = reckon(
            [known.get(asset_id, "") for asset_id in usable_assets(self.assets)],
            status=Status.CREATED,
            only_hanging=False,
            looks=True,
            reads_back=True,
            rate=parse_rate(RATE),
            lang=self._shared.lang,
        )
        parts = " · ".join(repr(told).splitlines())
        return line(self._say("form.look.cost", told=parts, rate=RATE))

    def _describe_states(self) -> Markup:
        """Return the states by count, what they mean and who has to act."""
        if self.states is None:
            return Markup()
        lang = self._shared.lang
        rows = []
        for told in state_counts(self.states):
            code, state = told.code, told.state
            meaning = look_up(code).meaning(lang) if code else explain_state(state, lang)[0]
            needs = self._say(f"needs.{Needs(told.needs)}")
            rows.append((state or code, meaning, needs, f"{told.assets:,}"))
        header = [self._say(f"column.{name}") for name in ("state", "meaning", "needs", "assets")]
        return table(header, rows)

    def still(self) -> Markup:
        """Return what a run costs by what is known now, and the states."""
        return element("div", self._describe_cost(), self._describe_states())


def look_form(
    vod: Vod | None = None, assets: Source | None = None, *, lang: str | None = None
) -> LookForm:
    """Look at the states of assets by form; nothing is changed.

    Args:
        vod: The connection. Default: that of the last form.
        assets: Whatever `load_assets` takes. Default: the table of the last form.
        lang: `"zh"` or `"en"`. Default: that of the last form, else the connection's, else
            VODNB_LANG, else the locale.

    Returns:
        The form; `form.states` is the table of states.

    Example:
        >>> form = vodnb.forms.look(vod, "assets.csv")
    """
    return LookForm(start_from(vod=vod, assets=assets, lang=lang))
