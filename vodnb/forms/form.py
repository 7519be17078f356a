"""What every form can do: speak, show its troubles, work without blocking, leave a still picture.

A handler may run on the main thread or on a kernel's subshell, so it decides under a lock, never
waits, and never prints or plots.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from vodnb.forms.controls.parts import Picture, column, hint, line, still_name, style_sheet
from vodnb.kernel.cells import watch_cells
from vodnb.rules.errors import VodnbError
from vodnb.rules.words.markup import Markup, element
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Callable

    import ipywidgets as widgets

    from vodnb.bulk.background import BackgroundTask

    from .shared import Shared

_LOG = logging.getLogger(__name__)

_REPAINT = 0.2
"""Seconds between two pictures: a notebook server drops floods of messages."""

_STILL = 5.0
"""Seconds between two still pictures of a run."""

_Found = TypeVar("_Found")
_Part = TypeVar("_Part", bound="Form")


class Form(ABC):
    """One form.

    Args:
        shared: What it shares with others.

    Attributes:
        widget: What is shown; it can be put into a layout of your own.
        owner: The form that it is a part of; None for one that stands alone.
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
        self._still_name = still_name()
        self._fault: BaseException | None = None
        self._told: tuple[str, dict[str, object]] | None = None
        self._trouble = Picture()
        self._news = Picture()
        parts = self._parts()
        told = (self._news, self._trouble)
        self.widget = column(*parts, *(one for one in told if one not in parts))
        self._speak()
        shared.listen(self._hear)

    # -- what each form is ----------------------------------------------------------------------

    @abstractmethod
    def _parts(self) -> list[widgets.Widget]:
        """Make the controls, once; news and trouble come last unless they stand among them."""

    @abstractmethod
    def _speak(self) -> None:
        """Say every text in the language of now; values and secrets stay untouched."""

    @abstractmethod
    def still(self) -> Markup:
        """Return what the form shows as a picture that needs no kernel."""

    def _changed(self, what: str) -> None:  # noqa: B027  not every form minds
        """Take note of a change of what is shared."""

    def _show_busy(self) -> None:  # noqa: B027  not every form has controls to lock
        """Show whether work is under way."""

    # -- words and troubles ---------------------------------------------------------------------

    def _say(self, key: str, **values: object) -> str:
        return say(key, self._shared.lang, **values)

    def _tell(self, key: str = "", **values: object) -> None:
        """Show a line of news below the controls; "" takes it away."""
        self._told = (key, values) if key else None
        self._show_news()

    def _show_news(self) -> None:
        if self._told is None:
            self._news.show(Markup())
            return
        key, values = self._told
        self._news.show(line(self._say(key, **values), role="status"))

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
                self._speak()
                self._show_news()
                self._complain(self._fault)
            self._changed(what)
        except Exception as fault:  # noqa: BLE001  shown in the form
            self._complain(fault)

    # -- work -----------------------------------------------------------------------------------

    def _on_click(self, button: widgets.Button, action: Callable[[], None]) -> None:
        button.on_click(lambda _button: self._act(action))

    def _act(self, action: Callable[[], None]) -> None:
        """Do what a control asks for; an error shows under the form, wherever it comes from."""
        try:
            self._complain(None)
            action()
        except Exception as fault:  # noqa: BLE001  ipywidgets would swallow it
            self._complain(fault)
        self.refresh_still()

    def _aside(self, work: Callable[[], _Found], then: Callable[[_Found], None]) -> None:
        """Work in a thread, so that the handler returns at once; a second click meanwhile is void.

        Args:
            work: What takes time.
            then: Takes what it found.
        """
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
        live = {
            "text/plain": self._say("form.live"),
            # Empty, so that an export without widgets shows the still picture alone.
            "text/html": "",
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._framed().model_id,
            },
        }
        display(live, raw=True)  # type: ignore[no-untyped-call]  # IPython leaves it untyped
        bundle = self._still_bundle()
        self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def _framed(self) -> widgets.VBox:
        """Return the form with its looks."""
        return column(style_sheet(self._still_name), self.widget)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'busy' if self._is_busy else 'idle'})"
