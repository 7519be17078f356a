"""The whole job without code: the forms one after the other, over the same tables."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import ipywidgets as widgets

from vodnb.rules.words.markup import Markup, element
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import say
from vodnb.session.connect import connect

from .connect_form import ConnectForm
from .controls.parts import Picture, button, column, heed, name_it, row
from .form import Form
from .inspect_form import InspectForm
from .load_form import LoadForm
from .look_form import LookForm
from .results_form import ResultsForm
from .run_form import RunForm
from .shared import start_from

if TYPE_CHECKING:
    import pandas as pd

    from vodnb.session.vod import Vod
    from vodnb.tables.read import Source

_PARTS = ("connect", "load", "look", "confirm", "results", "inspect")
_NEXT = dict(pairwise(_PARTS[:-1]))


class App(Form):
    """All forms in one; what they make is there for code."""

    def _parts(self) -> list[widgets.Widget]:
        self._run = RunForm(self._shared)
        self._forms: dict[str, Form] = {
            "connect": ConnectForm(self._shared),
            "load": LoadForm(self._shared),
            "look": LookForm(self._shared),
            "confirm": self._run,
            "results": ResultsForm(self._shared, retry=self._retry),
            "inspect": InspectForm(self._shared),
        }
        self._next = {name: button() for name in _NEXT}
        for name, after in _NEXT.items():
            heed(self._next[name], partial(self._act, partial(self.open, after)))
        for form in self._forms.values():
            self._adopt(form)
        self._tabs = widgets.Tab(children=[self._page(name) for name in _PARTS])
        self._languages = widgets.ToggleButtons(
            options=[(say("language.name", "zh"), "zh"), (say("language.name", "en"), "en")],
            value=self._shared.lang,
            style={"button_width": "auto", "description_width": "initial"},
            layout=widgets.Layout(width="auto", flex="0 0 auto"),
        )
        heed(self._languages, partial(self._act, self._switch))
        self._standing = Picture(layout=widgets.Layout(flex="1 1 16em", width="auto"))
        self._open_first()
        return [row(self._standing, self._languages), self._tabs]

    def _page(self, name: str) -> widgets.VBox:
        form = self._forms[name].widget
        return column(form, row(self._next[name])) if name in self._next else form

    def open(self, part: str) -> None:
        """Bring a part to the front.

        Args:
            part: connect, load, look, confirm, results or inspect.
        """
        self._tabs.selected_index = _PARTS.index(part)

    def _open_first(self) -> None:
        """Open the part that comes next, with what is there already."""
        shared = self._shared
        if shared.job is not None and not shared.job.done():
            self.open("confirm")
        elif shared.job is not None or shared.results is not None:
            self.open("results")
        elif shared.vod is None:
            self.open("connect")
        else:
            self.open("load" if shared.assets is None else "look")

    def _retry(self) -> bool:
        self.open("confirm")
        return self._run.retry()

    def _switch(self) -> None:
        self._shared.speak(self._languages.value)

    def _speak(self) -> None:
        name_it(self._languages, "", self._say("form.app.language"))
        self._tabs.titles = [self._say(f"form.app.part.{name}") for name in _PARTS]
        for name, after in _NEXT.items():
            part = self._say(f"form.app.part.{after}")
            name_it(self._next[name], self._say("form.app.next", part=part))
        self._changed("vod")

    def _changed(self, what: str) -> None:
        if what != "lang":
            self._standing.show(self._describe())

    def _describe(self) -> Markup:
        vod, found = self.vod, self._shared.summary
        told = self._describe_vod(vod) if vod else self._say("form.not connected")
        loaded = self._say("form.no assets")
        if found:
            loaded = self._say("form.app.assets", count=found.assets)
        return element("div", element("strong", "vodnb"), f" · {told} · {loaded}")

    def _describe_vod(self, vod: Vod) -> str:
        if vod.is_sandbox:
            return self._say("form.app.sandbox")
        host = urlsplit(vod.endpoint).netloc
        told = next(row.value for row in vod.settings().rows if row.name == "project_id")
        project = translate(told, self._shared.lang)
        return self._say("form.app.service", host=host, project=project)

    def still(self) -> Markup:
        """Return every part that has something to show."""
        shared = self._shared
        made: dict[str, object] = {
            "connect": shared.vod,
            "load": shared.assets,
            "look": shared.states,
            "confirm": shared.job,
            "results": shared.job or shared.results,
        }
        pictures = []
        for name in (name for name, found in made.items() if found is not None):
            heading = element("h4", self._say(f"form.app.part.{name}"))
            pictures.append(element("div", heading, self._forms[name].still()))
        return element("div", self._describe(), *pictures)

    def __repr__(self) -> str:
        job = self._shared.job
        if job is None or job.fault:
            return "App(no run yet)"
        return f"App({job.in_words(by_form=True)[0]})"


def app(
    *,
    vod: Vod | None = None,
    assets: Source | None = None,
    results: pd.DataFrame | None = None,
    sandbox: bool = False,
    lang: str | None = None,
) -> App:
    """Do the whole job by forms: connect, load, look, confirm, results.

    Running the cell again goes on with what was there: the connection, the table, and the run that
    is under way.

    Args:
        vod: A connection made by code. Default: the last form's, or none yet.
        assets: Whatever `load_assets` takes, or its table. Default: the last form's, or none yet.
        results: A results table to look through. Default: that of the last run.
        sandbox: Connect to the sandbox at once. Default False: the form asks.
        lang: `"zh"` or `"en"`. Default: that of the last form, else the connection's, else
            VODNB_LANG, else the locale.

    Returns:
        The app; `app.vod`, `app.assets`, `app.states`, `app.job` and `app.results` are what the
        forms made.

    Raises:
        InputError: The table cannot be loaded.

    Example:
        >>> app = vodnb.app(sandbox=True)
    """
    shared = start_from(vod=vod, assets=assets, lang=lang, results=results)
    if sandbox and (shared.vod is None or not shared.vod.is_sandbox):
        shared.set_vod(connect(sandbox=True, lang=shared.lang))
    return App(shared)
