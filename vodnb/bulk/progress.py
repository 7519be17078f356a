"""Show a run while it goes: one output in a notebook, a line in a terminal. Never from a thread.

The notebook output is a plain HTML bar with its text, no widget: it stays readable in an export.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

from vodnb.rules.codes import look_up
from vodnb.rules.model import Outcome
from vodnb.rules.windows import MOST_RESULTS
from vodnb.rules.words.markup import element
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import clock, say

from .events import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from vodnb.rules.model import Lang
    from vodnb.rules.windows import Window
    from vodnb.rules.words.markup import Markup

    from .book import Book
    from .plan import Stop

__all__ = [
    "Screen",
    "Shown",
    "describe_run",
    "describe_survey",
    "describe_sweep",
    "draw_run",
    "open_screen",
    "show",
]


class Shown(Protocol):
    """What can be shown: the same thing as text and as HTML."""

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        """Return the texts by MIME type."""

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""


class Screen(Protocol):
    """Somewhere to show a run."""

    def update(self) -> None:
        """Show how it stands now."""

    def close(self) -> None:
        """Show how it ended."""

    def clear(self) -> None:
        """Make room for what is told instead: an error."""


def open_screen(shown: Shown, *, stream: TextIO | None = None) -> Screen:
    """Return a screen that fits where we run, with the first picture on it.

    Args:
        shown: What to show.
        stream: Where a terminal's lines go. Default None: standard error.
    """
    if _in_notebook():
        return _Output(shown)
    return _Lines(shown, stream or sys.stderr)


def show(found: object) -> None:
    """Show something in a notebook; do nothing elsewhere, where the caller prints if it wants."""
    if _in_notebook():
        _display(found)


def _text(shown: Shown) -> str:
    return shown._repr_mimebundle_()["text/plain"]


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
        self._last = _text(shown)
        self._handle = _display(shown, display_id=True)

    def update(self) -> None:
        text = _text(self._shown)
        if text != self._last:
            self._last = text
            self._handle.update(self._shown)

    close = update

    def clear(self) -> None:
        """Leave the picture: an output cannot be taken back."""


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
        self._stream.write(f"{_text(self._shown)}\n")
        self._stream.flush()

    def clear(self) -> None:
        if self._is_terminal:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def _first_line(self) -> str:
        return _text(self._shown).partition("\n")[0]


def describe_run(
    book: Book,
    *,
    total: int,
    seconds: float,
    is_paused: bool,
    stop: Stop | None,
    lang: Lang,
    taken_over: int = 0,
    dry: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the line on how a run stands, and below it what the user must know.

    Args:
        book: How every asset stands.
        total: How many assets the run has.
        seconds: How long it has run, pauses left out.
        is_paused: Whether it is paused.
        stop: Why it ended early, if it did.
        lang: Language.
        taken_over: How many assets an earlier process had settled; they took none of the time.
        dry: What a dry run would ask for and where: `status`, `project`, `endpoint`.
    """
    phase = "paused" if is_paused else str(book.phase)
    parts = [
        say(f"progress.{phase}", lang),
        say("progress.assets", lang, done=book.settled, total=total),
    ]
    parts += [
        f"{book.outcomes[outcome]:,} {say(f'outcome.{outcome}', lang)}"
        for outcome in Outcome
        if book.outcomes[outcome]
    ]
    if book.phase is Phase.VERIFYING:
        parts.append(say("progress.read back", lang, done=book.read, total=book.to_read))
    new = book.settled - taken_over
    parts += _timing(book, left=total - book.settled, new=new, seconds=seconds, lang=lang)
    lines = [" · ".join(parts)]
    if book.missing:
        lines.append(say("progress.missing", lang, count=book.missing))
    lines += [look_up(code).meaning(lang) for code in book.warnings]
    if dry and book.phase is Phase.FINISHED:
        lines.append(say("progress.dry", lang, count=book.outcomes[Outcome.NOT_SENT], **dry))
    if book.phase in {Phase.STOPPED, Phase.FINISHED}:
        lines += _banner(book, total=total, stop=stop, lang=lang)
    return [_printable(line) for line in lines]


def describe_survey(
    states: Mapping[str, int],
    *,
    unread: int,
    total: int,
    seconds: float,
    is_done: bool,
    is_paused: bool,
    slowed_by: str,
    stop: Stop | None,
    lang: Lang,
) -> list[str]:
    """Return the line on how the asking for states stands, and below it what the user must know.

    Args:
        states: How many assets were told in each state; "" where the answer did not say.
        unread: How many could not be asked for.
        total: How many there are.
        seconds: How long it has taken, pauses left out.
        is_done: Whether it has ended.
        is_paused: Whether it is paused.
        slowed_by: The code of the throttling that is waited out; "" for none.
        stop: Why it ended early, if it did.
        lang: Language.
    """
    told = sum(states.values())
    phase = "stopped" if stop else "finished" if is_done else "paused" if is_paused else "asking"
    parts = [
        say(f"progress.{phase}", lang),
        say("progress.assets", lang, done=told + unread, total=total),
    ]
    common = sorted(states, key=lambda state: -states[state])
    parts += [f"{states[state]:,} {state or say('progress.untold', lang)}" for state in common]
    if is_done:
        parts.append(say("progress.took", lang, time=clock(seconds)))
    elif slowed_by:
        parts.append(say("progress.slowed", lang, code=slowed_by))
    elif told:
        parts.append(say("progress.left", lang, time=clock(seconds / told * (total - told))))
    lines = [" · ".join(parts)]
    if is_done and total - told:
        lines.append(say("progress.unread", lang, count=total - told))
    if stop:
        lines.append(say("progress.why", lang, code=stop.code, reason=translate(stop.reason, lang)))
    return [_printable(line) for line in lines]


def describe_sweep(
    *,
    found: int,
    expected: int,
    too_young: int,
    window: Window,
    left_open: Sequence[str],
    seconds: float,
    is_done: bool,
    slowed_by: str,
    stop: Stop | None,
    lang: Lang,
) -> list[str]:
    """Return the line on how a sweep stands, and below it what the user must know.

    Args:
        found: How many assets were found.
        expected: How many the service counts; 20,000 may be more.
        too_young: How many were left out for their age.
        window: The span that is swept, told in local time and in UTC.
        left_open: The windows that could not be read whole, and why.
        seconds: How long it has taken.
        is_done: Whether it has ended.
        slowed_by: The code of the throttling that is waited out; "" for none.
        stop: Why it ended early, if it did.
        lang: Language.
    """
    phase = "stopped" if stop else "finished" if is_done else "sweeping"
    parts = [say(f"progress.{phase}", lang), say("progress.found", lang, count=found)]
    if is_done:
        parts.append(say("progress.took", lang, time=clock(seconds)))
    elif slowed_by:
        parts.append(say("progress.slowed", lang, code=slowed_by))
    elif expected < MOST_RESULTS:
        parts.append(say("progress.expected", lang, count=expected))
    lines = [" · ".join(parts)]
    local = [f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z}" for moment in (window.start, window.end)]
    lines.append(say("progress.swept", lang, start=local[0], end=local[1], utc=window))
    if too_young:
        lines.append(say("progress.too young", lang, count=too_young))
    lines += [say("progress.left open", lang, window=each) for each in left_open]
    if stop:
        lines.append(say("progress.why", lang, code=stop.code, reason=translate(stop.reason, lang)))
    return [_printable(line) for line in lines]


def draw_run(lines: list[str], *, share: float) -> Markup:
    """Return a run as HTML: a bar, its text, and what the user must know in bold."""
    bar = element("progress", max=1, value=f"{share:.4g}", aria_label=lines[0])
    notes = [element("div", element("strong", line)) for line in lines[1:]]
    return element("div", bar, " ", lines[0], *notes, role="status")


def _timing(book: Book, *, left: int, new: int, seconds: float, lang: Lang) -> list[str]:
    if book.phase in {Phase.STOPPED, Phase.FINISHED}:
        took = say("progress.took", lang, time=clock(seconds))
        spared = say("progress.spared", lang, looks=book.looks, count=book.spared)
        return [took, spared] if book.looks and book.spared else [took]
    if book.slowed_by:
        return [say("progress.slowed", lang, code=book.slowed_by)]
    if not new or book.phase is not Phase.SENDING:
        return []
    return [say("progress.left", lang, time=clock(seconds / new * left))]


def _banner(book: Book, *, total: int, stop: Stop | None, lang: Lang) -> list[str]:
    doubtful = book.doubtful
    still_out = doubtful - book.outcomes[Outcome.IN_DOUBT]
    not_sent = total - book.settled - still_out
    lines = []
    if doubtful:
        lines.append(say("progress.in_doubt", lang, count=doubtful))
    if not_sent:
        lines.append(say("progress.not_sent", lang, count=not_sent))
    if stop and (not_sent or still_out):
        lines.append(say("progress.why", lang, code=stop.code, reason=translate(stop.reason, lang)))
    return lines


def _printable(line: str) -> str:
    """Return a line that cannot steer a terminal: a server's words may stand in it."""
    return "".join(letter if letter.isprintable() else " " for letter in line)
