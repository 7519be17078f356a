"""The parts that a report is put together from: a section, a table, a note; all of it escaped.

Whatever matters to the eye stands in `style` too: a notebook shows no style sheet of ours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.words.markup import Displayable, Markup, element
from vodnb.rules.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vodnb.rules.model import Lang

_CELL = "text-align:left;vertical-align:top;white-space:normal;overflow-wrap:anywhere"
_TAG = "text-align:left;vertical-align:top;white-space:nowrap"
_NUMBER = "text-align:right;vertical-align:top;white-space:nowrap"
_TITLE = "text-align:{};vertical-align:bottom;white-space:nowrap"
_MONO = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:92%"


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
        lines = [bold(first), *(element("div", line) for line in rest)]
        return element("div", *lines)


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


def grid(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[int] = (),
    codes: Sequence[int] = (),
    tags: Sequence[int] = (),
) -> Markup:
    """Return a table; long cells wrap, and every cell is escaped.

    Args:
        header: Titles of the columns.
        rows: Cells, row by row.
        numbers: Places of the columns that hold numbers.
        codes: Places of the columns that hold IDs and the like.
        tags: Places of the columns that hold short words of the service or of ours.
    """
    styles = dict.fromkeys(range(len(header)), _CELL)
    styles |= dict.fromkeys(numbers, _NUMBER)
    styles |= dict.fromkeys(codes, f"{_CELL};{_MONO}")
    styles |= dict.fromkeys(tags, f"{_TAG};{_MONO}")
    sides = ["right" if at in numbers else "left" for at in range(len(header))]
    titles = (
        element("th", title, style=_TITLE.format(side), scope="col")
        for title, side in zip(header, sides, strict=True)
    )
    body = [
        element(
            "tr",
            *(
                element("td", cell, style=style)
                for cell, style in zip(row, styles.values(), strict=True)
            ),
        )
        for row in rows
    ]
    head = element("thead", element("tr", *titles))
    made = element("table", head, element("tbody", *body), class_="vr-table")
    return element("div", made, class_="vr-wide", style="overflow-x:auto")


def plain_time(text: str) -> str:
    """Return a UTC ISO text to the second, as it is read: `2026-01-02 03:04:05`."""
    return text.removesuffix("Z").replace("T", " ")[:19]
