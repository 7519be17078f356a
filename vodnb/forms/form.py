"""What every form can do: speak, show its troubles, work without blocking, leave a still picture.

A handler may run on the main thread or on a kernel's subshell, so it decides under a lock, never
waits, and never prints or plots.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from vodnb.kernel.cells import watch_cells
from vodnb.rules.errors import InputError, VodnbError
from vodnb.rules.words.markup import Markup, element
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import say

from .controls.parts import (
    Choice,
    Picture,
    button,
    column,
    heed,
    hint,
    line,
    name_it,
    style_sheet,
    tick_box,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import ipywidgets as widgets
    import pandas as pd

    from vodnb.bulk.background import BackgroundTask, BulkJob
    from vodnb.session.vod import Vod

    from .shared import Shared

_LOG = logging.getLogger(__name__)

_REPAINT = 0.2
"""Seconds between two pictures: a notebook server drops floods of messages."""

_STILL = 5.0
"""Seconds between two still pictures of a run."""

_Found = TypeVar("_Found")
_Part = TypeVar("_Part", bound="Form")
_Control = TypeVar("_Control", bound=Any)


class Form(ABC):
    """One form.

    Attributes:
        widget: What is shown; it can be put into a layout of your own.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._lock = threading.RLock()
        self._is_busy = False
        self._followed: BackgroundTask | None = None
        self._threads: list[threading.Thread] = []
        self._handle: Any = None
        self.owner: Form | None = None
        self._adopted: list[Form] = []
        self._names: list[Callable[[], None]] = []
        self._still_name = f"vodnb-still-{uuid.uuid4().hex[:12]}"
        self._fault: BaseException | None = None
        self._told: tuple[str, dict[str, object]] = ("", {})
        self._trouble, self._news = Picture(), Picture()
        parts = self._parts()
        told = (self._news, self._trouble)
        self.widget = column(*parts, *(one for one in told if one not in parts))
        self._speak_all()
        shared.listen(self._hear)

    # -- what the forms have made ---------------------------------------------------------------

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

    # -- what each form is ----------------------------------------------------------------------

    @abstractmethod
    def _parts(self) -> list[widgets.Widget]:
        """Make the controls, once; news and trouble come last unless they stand among them."""

    def _speak(self) -> None:  # noqa: B027  not every form says more
        """Say every text but the names of controls in the language of now; values stay."""

    def still(self) -> Markup:
        """Return what the form shows as a picture that needs no kernel."""
        return Markup()

    def _changed(self, what: str) -> None:  # noqa: B027  not every form minds
        """Take note of a change of what is shared."""

    def _show_busy(self) -> None:  # noqa: B027  not every form has controls to lock
        """Show whether work is under way."""

    # -- words and troubles ---------------------------------------------------------------------

    def _say(self, key: str, **values: object) -> str:
        return say(key, self._shared.lang, **values)

    def _named(
        self,
        key: str,
        control: _Control,
        then: Callable[[], None] | None = None,
        *,
        tip: str = "",
        placeholder: str = "",
        count: int = 0,
    ) -> _Control:
        """Name a control, in another language again; do what it asks for, errors shown below.

        `key`, `tip` ("" for the name) and `placeholder` are keys of texts; `count` is in the braces
        of the first two.
        """

        def name() -> None:
            name_it(control, *(self._say(text, count=count) for text in (key, tip or key)))
            if placeholder:
                control.placeholder = self._say(placeholder)

        self._names.append(name)
        if then:
            heed(control, lambda: self._act(then))
        return control

    def _button(
        self, key: str, then: Callable[[], None], *, tip: str = "", kind: str = "", count: int = 0
    ) -> widgets.Button:
        return self._named(key, button(kind=kind), then, tip=tip or f"{key}.tip", count=count)

    def _tick(self, key: str, *, tip: str = "", value: bool = False) -> widgets.Checkbox:
        return self._named(key, tick_box(value=value), tip=tip)

    def _choice(
        self, key: str, offers: Iterable[Any], then: Callable[[], None] | None = None, tip: str = ""
    ) -> Choice:
        return self._named(key, Choice(options=list(offers)), then, tip=tip)

    def _speak_all(self) -> None:
        for name in self._names:
            name()
        self._speak()

    def _need(self, found: _Found | None, key: str) -> _Found:
        """Return what must be there; where it is not, say by this key what to do first."""
        if found is None:
            raise InputError(self._say(key))
        return found

    def _tell(self, key: str = "", **values: object) -> None:
        """Show a line of news below the controls; "" takes it away."""
        self._told = (key, values)
        self._show_news()

    def _show_news(self) -> None:
        key, values = self._told
        self._news.show(line(self._say(key, **values), role="status") if key else Markup())

    def _complain(self, fault: BaseException | None) -> None:
        """Show an error below the controls; None takes it away."""
        self._fault = fault
        if fault is None:
            self._trouble.show(Markup())
            return
        if isinstance(fault, VodnbError):
            parts = (fault.what, fault.means, fault.do)
            told = [translate(part, self._shared.lang) for part in parts if part]
        else:
            told = [self._say("form.unexpected", what=f"{type(fault).__name__}: {fault}")]
            # Without a traceback: its frames may hold what must not be seen.
            _LOG.error("%s: %s", type(fault).__name__, self._shared.clean(str(fault)))
        first, *rest = map(self._shared.clean, told)
        lines = [element("strong", first), *(element("div", text) for text in rest)]
        self._trouble.show(element("div", *lines, class_="vodnb-trouble", role="alert"))

    def _hear(self, what: str) -> None:
        try:
            if what == "lang":
                self._speak_all()
                self._show_news()
                self._complain(self._fault)
            self._changed(what)
        except Exception as fault:  # noqa: BLE001  shown in the form
            self._complain(fault)

    # -- work -----------------------------------------------------------------------------------

    def _act(self, action: Callable[[], None]) -> None:
        """Do what a control asks for; an error shows under the form, wherever it comes from."""
        try:
            self._complain(None)
            action()
        except Exception as fault:  # noqa: BLE001  ipywidgets would swallow it
            self._complain(fault)
        self.refresh_still()

    def _aside(self, work: Callable[[], _Found], then: Callable[[_Found], None]) -> None:
        """Work in a thread: the handler returns at once, and a second click meanwhile is void."""
        with self._lock:
            if self._is_busy:
                return
            self._is_busy = True
        self._show_busy()
        self._run_thread(lambda: self._work(work, then))

    def _work(self, work: Callable[[], _Found], then: Callable[[_Found], None]) -> None:
        try:
            found = work()
        except Exception as fault:  # noqa: BLE001  shown in the form
            self._end_work()
            self._tell()
            self._complain(fault)
        else:
            self._end_work()
            self._act(lambda: then(found))
        self.refresh_still()

    def _end_work(self) -> None:
        with self._lock:
            self._is_busy = False
        self._show_busy()

    def _follow(
        self, work: BackgroundTask, paint: Callable[[], None], then: Callable[[], None]
    ) -> None:
        """Paint some work until it has ended: one painter for a form, five times a second."""
        with self._lock:
            if self._followed is work:
                return
            self._followed = work
        self._run_thread(lambda: self._watch_work(work, paint, then))

    def _watch_work(
        self, work: BackgroundTask, paint: Callable[[], None], then: Callable[[], None]
    ) -> None:
        last = time.monotonic()
        while not work.done():
            if self._followed is not work:
                return
            try:
                paint()
            except Exception as fault:  # noqa: BLE001  shown in the form; the work goes on
                self._complain(fault)
            time.sleep(_REPAINT)
            if time.monotonic() - last > _STILL:
                last = time.monotonic()
                self.refresh_still()
        if self._followed is work:
            self._act(then)

    def _run_thread(self, target: Callable[[], None]) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=target, name="vodnb-form", daemon=True)
        self._threads.append(thread)
        thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, here and in its parts, and all is painted."""
        is_still = not any(thread.is_alive() for thread in self._threads)
        return is_still and all(part.is_idle for part in self._adopted)

    # -- shown ----------------------------------------------------------------------------------

    def _adopt(self, part: _Part) -> _Part:
        """Take another form as a part of this one: its still picture is of both."""
        part.owner = self
        self._adopted.append(part)
        return part

    def refresh_still(self) -> None:
        """Bring the still picture up to date with the form, and that of the form it is part of."""
        if self.owner:
            self.owner.refresh_still()
        if self._handle is None:
            return
        try:
            self._handle.update(self._still_bundle(), raw=True)
        except Exception as fault:  # noqa: BLE001  the form itself goes on
            _LOG.warning("The still picture was not drawn: %s", type(fault).__name__)

    def _still_bundle(self) -> dict[str, str]:
        picture = element(
            "div",
            hint(self._say("form.still")),
            self.still(),
            class_=f"vodnb {self._still_name}",
            lang=self._shared.lang,
        )
        return {"text/plain": repr(self), "text/html": picture}

    def _ipython_display_(self) -> None:
        """Show the live form, and a still picture for where no widget can be shown."""
        from IPython.display import display

        watch_cells()
        framed = column(style_sheet(self._still_name), self.widget)
        live = {
            "text/plain": self._say("form.live"),
            # Empty, so that an export without widgets shows the still picture alone.
            "text/html": "",
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": framed.model_id,
            },
        }
        display(live, raw=True)  # type: ignore[no-untyped-call]  # IPython leaves it untyped
        bundle = self._still_bundle()
        self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'busy' if self._is_busy else 'idle'})"
