"""A box for one secret: what is typed is taken into Python at once, and the box emptied.

The value is never echoed (`echo_update=False`), never sent while it is being typed, and gone from
the widget's state before any save can meet it: so no notebook, checkpoint or export holds it. The
kernel's own log, which at DEBUG spells out every message, is kept from it too. What the browser
holds between leaving the box and the kernel's answer is the one gap, so the form says: enter it
while no cell is running.
"""

from __future__ import annotations

import logging
from typing import Any

import ipywidgets as widgets
from traitlets import Unicode

from vodnb.service.redact import MASK, Secret

_LOGGERS = ("Comm", "IPKernelApp")
"""At DEBUG the kernel writes every message of the browser down: comm.base_comm, ipykernel."""


class _QuietWidgetLog(logging.Filter):
    """Takes the messages of these boxes out of the kernel's own log, before any handler."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if any(box in text for box in self.boxes):
            record.msg, record.args = f"a message of a box for secrets {MASK}", ()
        return True


_QUIET = _QuietWidgetLog()


def _keep_quiet(box: widgets.Widget) -> None:
    """Keep what a box is told out of the kernel's log."""
    _QUIET.boxes.add(box.model_id)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_QUIET)


class PlainBox(widgets.Text):
    """A text box that tells nobody what is typed until it is left, and then is not echoed.

    For the boxes beside those for secrets: a secret pasted there by mistake is refused and taken
    out, and no message has spread it before.
    """

    value = Unicode("").tag(sync=True, echo_update=False)

    def __init__(self, **how: Any) -> None:
        super().__init__(continuous_update=False, **how)
        _keep_quiet(self)


class SecretBox(widgets.Password):
    """A password box that keeps nothing; of an access key ID four characters may show."""

    value = Unicode("").tag(sync=True, echo_update=False)

    def __init__(self, *, is_key_id: bool = False, **how: Any) -> None:
        super().__init__(continuous_update=False, **how)
        _keep_quiet(self)
        self._is_key_id = is_key_id
        self.secret: Secret | None = None
        self._hints = ("", "")
        self.observe(self._take, "value")

    def forget(self) -> None:
        """Let go of what was typed."""
        self.secret = None
        self._show_hint()

    def hint(self, *, empty: str, taken: str) -> None:
        """Set what the empty box says: before a secret was taken, and after."""
        self._hints = (empty, taken)
        self._show_hint()

    def _take(self, change: Any) -> None:
        if not change["new"]:
            return
        self.secret = Secret(change["new"], is_key_id=self._is_key_id)
        # Both ends of the change are held by whoever is told after us.
        change["new"] = change["old"] = ""
        self.value = ""
        self._show_hint()

    def _show_hint(self) -> None:
        empty, taken = self._hints
        self.placeholder = taken if self.secret else empty
