"""The whole job without code: the forms one after the other, over the same tables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import ipywidgets as widgets

from vodnb.forms.controls.parts import Picture, button, column, name_it, row
from vodnb.rules.words.markup import Markup, element
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import say
from vodnb.session.connect import connect

from .connect_form import ConnectForm
from .form import Form
from .inspect_form import InspectForm
from .load_form import LoadForm
from .look_form import LookForm
from .results_form import ResultsForm
from .run_form import RunForm, lines_of
from .shared import start_from

if TYPE_CHECKING:
    import pandas as pd

    from vodnb.bulk.background import BulkJob
    from vodnb.session.vod import Vod
    from vodnb.tables.read import Source

_PARTS = ("connect", "load", "look", "confirm", "results", "inspect")


class App(Form):
    """All forms in one; what they make is there for code."""

    @property
    def vod(self) -> Vod | None:
        """The connection; None before there is one."""
        return self._shared.vod

    @property
    def assets(self) -> pd.DataFrame | None:
        """The loaded table; None before there is one."""
        return self._shared.assets

    @property
    def states(self) -> pd.DataFrame | None:
        """The table of states; None before looking."""
        return self._shared.states

    @property
    def job(self) -> BulkJob | None:
        """The run under way, or the last one."""
        return self._shared.job

    @property
    def results(self) -> pd.DataFrame | None:
        """The results table, while a run goes on as it stands; None before there is one.

        Raises:
            VodnbError: The run could not start.
        """
        results = self._shared.results
        # A copy: the forms share the one table, and what is done to it in code is not theirs.
        return None if results is None else results.copy()

    def _parts(self) -> list[widgets.Widget]:
        self._run = self._adopt(RunForm(self._shared))
        self._forms: dict[str, Form] = {
            "connect": self._adopt(ConnectForm(self._shared)),
            "load": self._adopt(LoadForm(self._shared)),
            "look": self._adopt(LookForm(self._shared)),
            "confirm": self._run,
            "results": self._adopt(ResultsForm(self._shared, retry=self._retry)),
            "inspect": self._adopt(InspectForm(self._shared)),
        }
        self._next = {name: button() for name in _PARTS[:-2]}
        for name, after in zip(self._next, _PARTS[1:], strict=False):
            self._on_click(self._next[name], partial(self.open, after))
        self._tabs = widgets.Tab(children=[self._page(name) for name in _PARTS])
        self._lang = widgets.ToggleButtons(
            options=[(say("language.name", "zh"), "zh"), (say("language.name", "en"), "en")],
            value=self._shared.lang,
            style={"button_width": "auto", "description_width": "initial"},
            layout=widgets.Layout(width="auto", flex="0 0 auto"),
        )
        self._lang.observe(lambda _change: self._act(self._switch), "value")
        self._standing = Picture(layout=widgets.Layout(flex="1 1 16em", width="auto"))
        self._open_first()
        return [row(self._standing, self._lang), self._tabs]

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
        self._shared.speak(self._lang.value)

    def _speak(self) -> None:
        name_it(self._lang, "", self._say("form.app.language"))
        self._tabs.titles = [self._say(f"form.app.part.{name}") for name in _PARTS]
        for name, after in zip(self._next, _PARTS[1:], strict=False):
            name_it(
                self._next[name],
                self._say("form.app.next", part=self._say(f"form.app.part.{after}")),
            )
        self._changed("vod")

    def _changed(self, what: str) -> None:
        if what != "lang":
            self._standing.show(self._describe())

    def _describe(self) -> Markup:
        shared = self._shared
        told = self._describe_vod(shared.vod) if shared.vod else self._say("form.not connected")
        found = shared.summary
        loaded = (
            self._say("form.app.assets", count=found.assets)
            if found
            else self._say("form.no assets")
        )
        return element("div", element("strong", "vodnb"), f" · {told} · {loaded}")

    def _describe_vod(self, vod: Vod) -> str:
        if vod.is_sandbox:
            return self._say("form.app.sandbox")
        host = urlsplit(vod.endpoint).netloc
        project = next(row.value for row in vod.settings().rows if row.name == "project_id")
        return self._say(
            "form.app.service", host=host, project=translate(project, self._shared.lang)
        )

    def still(self) -> Markup:
        """Return every part that has something to show."""
        shared = self._shared
        shown: list[tuple[str, object]] = [
            ("connect", shared.vod),
            ("load", shared.assets),
            ("look", shared.states),
        ]
        shown += [("confirm", shared.job), ("results", shared.job or shared.results)]
        pictures = [
            element(
                "div", element("h4", self._say(f"form.app.part.{name}")), self._forms[name].still()
            )
            for name, found in shown
            if found is not None
        ]
        return element("div", self._describe(), *pictures)

    def __repr__(self) -> str:
        job = self._shared.job
        if job is None or job.fault:
            return "App(no run yet)"
        return f"App({lines_of(job, self._shared.lang)[0]})"


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
