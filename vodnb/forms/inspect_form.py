"""The form that inspects: what an error code means, and how one asset stands now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.rules.codes import explain
from vodnb.rules.errors import InputError
from vodnb.rules.markup import Markup, element
from vodnb.tables.picks import read_row

from .form import Form
from .parts import Picture, button, facts, hint, name_it, row, text_box
from .shared import start_from

if TYPE_CHECKING:
    import ipywidgets as widgets

    from vodnb.bulk.survey import Survey
    from vodnb.vod import Vod

__all__ = ["InspectForm", "inspect_form"]

_SHOWN = ("asset_id", "state", "state_meaning", "asset_title", "asset_size", "created_at",
          "modified_at", "error_code")  # fmt: skip


class InspectForm(Form):
    """Explains a code, and asks for the state of one asset."""

    def _parts(self) -> list[widgets.Widget]:
        self._code, self._asset = text_box(), text_box()
        self._explain, self._ask = button(), button()
        self._meaning, self._state, self._later = Picture(), Picture(), Picture()
        self._on_click(self._explain, self._show_meaning)
        self._on_click(self._ask, self._begin)
        return [
            row(self._code, self._explain),
            self._meaning,
            row(self._asset, self._ask),
            self._state,
            self._later,
        ]

    def _speak(self) -> None:
        say = self._say
        name_it(self._code, say("inspect code"))
        self._code.placeholder = say("inspect code hint")
        name_it(self._explain, say("explain"), say("explain tip"))
        name_it(self._asset, say("inspect asset"))
        self._asset.placeholder = say("inspect asset hint")
        name_it(self._ask, say("ask"), say("ask tip"))
        self._later.show(hint(say("exchange later")))
        if self._meaning.value:
            self._show_meaning()

    def _show_meaning(self) -> None:
        found = explain(self._code.value, lang=self._shared.lang)
        picture = found.entry
        lang = self._shared.lang
        self._meaning.show(
            facts(
                [
                    (self._say("code"), picture.code),
                    (self._say("meaning"), picture.meaning(lang)),
                    (self._say("next step"), picture.next_step(lang)),
                ]
            )
        )

    def _begin(self) -> None:
        vod, asset_id = self._shared.vod, self._asset.value.strip()
        if vod is None:
            raise InputError(self._say("need connection"))
        if not asset_id:
            raise InputError(self._say("inspect asset hint"))
        lang = self._shared.lang
        self._aside(lambda: vod.start_states([asset_id], rate=None, lang=lang), self._take)

    def _take(self, survey: Survey) -> None:
        self._tell("testing")
        self._follow(survey, lambda: None, lambda: self._show_state(survey))

    def _show_state(self, survey: Survey) -> None:
        self._tell()
        self._state.show(Markup())
        told = read_row(survey.results(), 0)
        self._state.show(facts([(name, told[name]) for name in _SHOWN if told.get(name)]))

    def _show_busy(self) -> None:
        self._ask.disabled = self._is_busy

    def still(self) -> Markup:
        """Return what was explained and asked last."""
        shown = [
            picture.value
            for picture in (self._meaning, self._state)
            if isinstance(picture.value, Markup)
        ]
        return element("div", *shown)


def inspect_form(vod: Vod | None = None, *, lang: str | None = None) -> InspectForm:
    """Look at single things by form: what an error code means, how one asset stands.

    Args:
        vod: The connection. Default: that of the last form.
        lang: `"zh"` or `"en"`. Default: VODNB_LANG, else the locale.

    Example:
        >>> form = vodnb.forms.inspect(vod)
    """
    return InspectForm(start_from(vod=vod, assets=None, lang=lang))
