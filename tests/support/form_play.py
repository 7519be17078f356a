"""Play a form without a kernel: find its controls, wait for it, and read what it shows."""

from __future__ import annotations

import contextlib
import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pytest
from jobs import wait_until

from vodnb.bulk.background import last_job
from vodnb.forms import shared as sharing
from vodnb.session.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodnb.forms.form import Form

ACTIVE = {"script", "iframe", "object", "embed", "svg", "img", "link", "base", "meta", "form"}


@contextlib.contextmanager
def forms_of_their_own() -> Iterator[None]:
    """Go on with no form and no job of other tests; in the end close every connection made."""
    made: list[Connection] = []
    begin = Connection.__init__

    def noted(self: Connection, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        made.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "__init__", noted)
        patch.setattr(sharing, "_last", [])
        patch.setattr(sharing, "last_job", lambda: None)
        yield
    if job := last_job():
        job.stop()
        wait_until(job.done)
    for connection in made:
        connection.close()


def walk(widget: Any) -> Iterator[Any]:
    """Yield a widget and everything in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def control(form: Form, name: str, kind: type = widgets.Widget) -> Any:
    """Return the control of this name."""
    return next(
        one
        for one in walk(form.widget)
        if isinstance(one, kind) and getattr(one, "description", None) == name
    )


def press(form: Form, name: str) -> None:
    """Press a button and wait until all that follows is painted."""
    control(form, name, widgets.Button).click()
    settle(form)


def settle(form: Form) -> None:
    """Wait until a form, and every part of it, is idle.

    A run that was stopped before a refusal was read back asks for the state after the settle time
    of 36 s.
    """
    wait_until(lambda: form.is_idle, seconds=60)


def shown(form: Form) -> str:
    """Return all HTML that a form shows."""
    return "\n".join(one.value for one in walk(form.widget) if isinstance(one, widgets.HTML))


def state_of(form: Form) -> str:
    """Return the state of every widget as it would be saved with the notebook."""
    everything = [
        *walk(form.widget),
        *(one.layout for one in walk(form.widget)),
    ]
    return json.dumps([one.get_state() for one in everything], default=repr)


class _Active(HTMLParser):
    """Collects what could run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag or an attribute that could run."""
        if tag in ACTIVE:
            self.found.append(tag)
        for name, value in attrs:
            told = (value or "").strip().lower()
            if name.startswith("on") or told.startswith(("javascript:", "data:", "vbscript:")):
                self.found.append(f"{tag} {name}")


def active_nodes(html: str) -> list[str]:
    """Name the nodes of some HTML that could run."""
    parser = _Active()
    parser.feed(html)
    parser.close()
    return parser.found
