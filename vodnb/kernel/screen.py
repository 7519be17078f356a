"""Show a run while it goes: one output in a notebook, a line in a terminal. Never from a thread.

The notebook output is a plain HTML bar with its text, no widget: it stays readable in an export.
"""

from __future__ import annotations

import sys
from typing import Any, Protocol, TextIO

from vodnb.rules.words.markup import Markup, element


class Shown(Protocol):
    """What can be shown: in lines by its `repr`, and in a notebook."""

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""


def open_screen(shown: Shown, *, stream: TextIO | None = None) -> Screen:
    """Return a screen that fits where we run, with the first picture on it.

    A terminal's lines go to the stream. Default: standard error.
    """
    if _in_notebook():
        return _Output(shown)
    return _Lines(shown, stream or sys.stderr)


def show(found: object) -> None:
    """Show something in a notebook; do nothing elsewhere, where the caller prints if it wants."""
    if _in_notebook():
        _display(found)


def _in_notebook() -> bool:
    """Whether a kernel listens: IPython in a terminal gets lines like any terminal."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _display(found: object, **how: object) -> Any:
    from IPython.display import display

    return display(found, **how)  # type: ignore[no-untyped-call]  # IPython leaves it untyped


class _Output:
    """One output of a notebook cell, painted over."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._last = repr(shown)
        self._handle = _display(shown, display_id=True)

    def update(self) -> None:
        text = repr(self._shown)
        if text != self._last:
            self._last = text
            self._handle.update(self._shown)

    close = update

    def clear(self) -> None:
        """Leave the picture for what is told instead: an output cannot be taken back."""


class _Lines:
    """A line that is written over in a terminal; elsewhere a line for each tenth."""

    def __init__(self, shown: Shown, stream: TextIO) -> None:
        self._shown = shown
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._tenth = 0

    def update(self) -> None:
        tenth = int(self._shown.share * 10)
        if self._is_terminal:
            # No wrapping while it is written: a line is cleared as one line only.
            self._stream.write(f"\r\x1b[2K\x1b[?7l{self._first_line()}\x1b[?7h")
        elif tenth > self._tenth:
            self._stream.write(f"{self._first_line()}\n")
        self._tenth = max(self._tenth, tenth)
        self._stream.flush()

    def close(self) -> None:
        self.clear()
        self._stream.write(f"{self._shown!r}\n")
        self._stream.flush()

    def clear(self) -> None:
        if self._is_terminal:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def _first_line(self) -> str:
        return repr(self._shown).partition("\n")[0]


Screen = _Output | _Lines
"""Where a run shows how it stands (`update`), how it ended (`close`), or neither (`clear`)."""


def draw_run(lines: list[str], *, share: float) -> Markup:
    """Return a run as HTML: a bar, its text, and what the user must know in bold."""
    bar = element("progress", max=1, value=f"{share:.4g}", aria_label=lines[0])
    notes = [element("div", element("strong", line)) for line in lines[1:]]
    return element("div", bar, " ", lines[0], *notes, role="status")
