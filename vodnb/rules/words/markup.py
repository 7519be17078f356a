"""The one builder of HTML: everything put into it is escaped; and text for a terminal. Pure.

No other module may write a tag around text by hand; a test looks for it.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


_VOID = {"br", "img"}
"""Elements that hold nothing and are never closed."""


class Markup(str):
    """Text that is HTML already. Only this module makes one."""

    __slots__ = ()


class Displayable:
    """What a notebook shows as HTML, and anybody else as its `repr`."""

    __slots__ = ()

    def _as_html(self) -> Markup:
        raise NotImplementedError

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        return {
            kind: shown
            for kind, shown in {"text/plain": repr(self), "text/html": self._as_html()}.items()
            if (include is None or kind in include) and kind not in (exclude or ())
        }


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """Return one element; children and attribute values are escaped unless they are `Markup`.

    The tag is a literal of ours. Of attributes a trailing underscore is dropped (`class_`), other
    underscores become hyphens (`aria_label`), and None leaves one out.
    """
    opening = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{opening}>")
    inner = "".join(_safe(child) for child in children)
    return Markup(f"<{tag}{opening}>{inner}</{tag}>")


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "") -> Markup:
    """Return a table of text cells, left aligned, that wraps long cells and no short ones."""
    titles = (element("th", title, style=_style_of(title), scope="col") for title in header)
    head = element("tr", *titles)
    body = [
        element("tr", *(element("td", value, style=_style_of(value)) for value in row))
        for row in rows
    ]
    title = element("caption", caption, style="text-align:left") if caption else Markup()
    return element("table", title, element("thead", head), element("tbody", *body))


_SHORT = 12
"""Letters of a cell that is not broken: Chinese may break behind any of them."""


def _style_of(value: object) -> str:
    space = "nowrap" if len(str(value)) <= _SHORT else "normal"
    return f"text-align:left;vertical-align:top;white-space:{space};max-width:44em"


def printable(text: str) -> str:
    """Return a text that cannot steer a terminal: it may come from a server or a file."""
    return text if text.isprintable() else ascii(text)


def _safe(child: object) -> str:
    return child if isinstance(child, Markup) else escape(str(child), quote=True)
