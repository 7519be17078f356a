"""The parts that a report is put together from: a section, a table, a note; all of it escaped.

Whatever matters to the eye stands in `style` too: a notebook shows no style sheet of ours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.words.markup import Displayable, Markup, element
from vodnb.rules.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vodnb.rules.model import Lang

    from .figures import Figures

_CELL = "text-align:left;vertical-align:top;white-space:normal;overflow-wrap:anywhere"
_NUMBER = "text-align:right;vertical-align:top;white-space:nowrap"
_TITLE = "text-align:{};vertical-align:bottom;white-space:nowrap"
_MONO = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:92%"
_CODE = f"{_CELL};{_MONO}"
_TAG = f"text-align:left;vertical-align:top;white-space:nowrap;{_MONO}"
_STYLES = {
    **dict.fromkeys(("assets", "http", "row", "rows", "share", "tries"), _NUMBER),
    **dict.fromkeys(("asset", "cell as read", "code", "file", "request", "value"), _CODE),
    **dict.fromkeys(("state", "verdict"), _TAG),
}
"""Of the columns that hold numbers, IDs and the like, or short words of the service or of ours."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Section(Displayable):
    """One part of a report; a notebook shows it as HTML, a terminal as text.

    Attributes:
        title: Its heading.
        lines: What it says in plain text.
        body: What it says in HTML.
        lang: Its language.
        name: What the style sheet of the page calls it.
    """

    title: str
    lines: Sequence[str]
    body: Sequence[Markup]
    lang: Lang
    name: str

    def __repr__(self) -> str:
        return "\n".join([self.title, *(f"  {line}" for line in self.lines)])

    def _as_html(self) -> Markup:
        return element(
            "div",
            element("h2", self.title),
            *self.body,
            class_=f"vr-section vr-{self.name}",
            lang=say("language.tag", self.lang),
        )


class Contents:
    """What the sections of a report are told from, and in which language.

    `files` go with the key of what each holds; `remark` is that of why there is no workbook, or "".
    """

    def __init__(
        self,
        figures: Figures,
        lang: Lang,
        *,
        folder: str = "",
        files: Sequence[tuple[str, str]] = (),
        remark: str = "",
    ) -> None:
        self.figures = figures
        self.lang = lang
        self.folder = folder
        self.files = [(f"{folder}/{name}" if folder else name, key) for name, key in files]
        self.remark = remark

    def beside(self, what: str) -> str:
        """Return the name of the file that holds the whole of a table."""
        fits = (name for name, _ in self.files if Path(name).stem == what)
        return next(fits, f"{self.folder}/results.csv" if self.folder else "results.csv")

    def section(self, name: str, lines: Sequence[str], body: Sequence[Markup]) -> Section:
        """Return a section, under its title."""
        title = say(f"report.{name}", self.lang)
        return Section(title=title, lines=lines, body=body, lang=self.lang, name=name)

    def grid(self, keys: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
        """Return a table, its columns named by key; long cells wrap, every cell is escaped."""
        styles = [_STYLES.get(key, _CELL) for key in keys]
        sides = ["right" if style == _NUMBER else "left" for style in styles]
        titles = (
            element("th", say(f"column.{key}", self.lang), style=_TITLE.format(side), scope="col")
            for key, side in zip(keys, sides, strict=True)
        )
        lines = (zip(row, styles, strict=True) for row in rows)
        body = (
            element("tr", *(element("td", cell, style=style) for cell, style in line))
            for line in lines
        )
        head = element("thead", element("tr", *titles))
        return wide(element("table", head, element("tbody", *body), class_="vr-table"))

    def capped(
        self, shown: int, count: int, what: str, *, key: str = "report.capped"
    ) -> list[Markup]:
        """Return the cap of a table in words, where there is one, and where all of it is."""
        if shown >= count:
            return []
        told = say(key, self.lang, shown=shown, count=count, name=self.beside(what))
        return [note(told, kind="cap")]


class Written(Displayable, ABC):
    """What a verb says of the files that it wrote: a few lines, of which the first stands out."""

    __slots__ = ()

    @abstractmethod
    def _lines(self) -> list[str]:
        """Return what is said, at least one line."""

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _as_html(self) -> Markup:
        first, *rest = self._lines()
        return element("div", bold(first), *(element("div", line) for line in rest))


def heading(text: str, *more: object) -> Markup:
    """Return a heading within a section."""
    return element("h3", text, *more)


def note(text: str, *, kind: str = "note") -> Markup:
    """Return a line of text; `kind` is note, lead, cap or warn."""
    style = "font-size:130%;font-weight:600" if kind == "lead" else None
    return element("p", text, class_=f"vr-{kind}", style=style)


def bold(text: str) -> Markup:
    """Return words that stand out."""
    return element("strong", text)


def figure(*inner: Markup) -> Markup:
    """Return a chart with what belongs to it, kept together on paper."""
    return element("div", *inner, class_="vr-figure")


def wide(table: Markup) -> Markup:
    """Return a table that scrolls where there is no room for it."""
    return element("div", table, class_="vr-wide", style="overflow-x:auto")


def plain_time(text: str) -> str:
    """Return a UTC ISO text to the second, as it is read: `2026-01-02 03:04:05`."""
    return text.removesuffix("Z").replace("T", " ")[:19]
