"""The parts that forms are made of: named, escaped, and wrapping where the window is narrow.

No other module of the forms makes HTML for a widget: a `Picture` takes nothing but `Markup`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from traitlets import TraitError, validate

from vodnb.rules.words import markup
from vodnb.rules.words.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SHOWN_LETTERS = 60
"""So much of a title or cell of the user's is shown where there is little room."""

_LABELS = {"description_width": "8em"}
_FIELD = {"width": "auto", "flex": "1 1 19em", "max_width": "34em", "min_width": "0"}
_STYLE = (
    ".vodnb{max-width:72em;box-sizing:border-box}"
    ".vodnb .widget-html-content{line-height:1.45;overflow:visible}"
    ".vodnb table{border-collapse:collapse;margin:2px 0 4px;font-size:13px;width:auto}"
    ".vodnb th,.vodnb td{padding:3px 12px 3px 0;overflow-wrap:break-word;text-align:left;"
    "vertical-align:top;border-bottom:1px solid rgba(128,128,128,.25)}"
    ".vodnb th{font-weight:600;overflow-wrap:normal;white-space:nowrap!important}"
    ".vodnb caption{font-weight:600;padding:4px 0;text-align:left}"
    ".vodnb .vodnb-wide{overflow-x:auto}"
    ".vodnb .vodnb-words td:nth-child(-n+2){white-space:nowrap!important}"
    ".vodnb .vodnb-hint{opacity:.75;font-size:12px}"
    ".vodnb .vodnb-trouble{border-left:3px solid #c62828;padding:2px 0 2px 10px;margin:2px 0}"
    ".vodnb .vodnb-good{border-left:3px solid #2e7d32;padding:2px 0 2px 10px;margin:2px 0}"
    ".vodnb progress{width:100%;height:14px;display:block;margin:2px 0;accent-color:#1565c0}"
    ".vodnb .vodnb-script textarea,.vodnb .vodnb-rows select"
    "{font-family:var(--jp-code-font-family,monospace);font-size:12px}"
    ".vodnb .vodnb-unseen{position:absolute;width:1px;height:1px;overflow:hidden;"
    "clip-path:inset(50%)}"
    ".vodnb .lm-TabBar-tabLabel{overflow:hidden;text-overflow:ellipsis}"
)


class Picture(widgets.HTML):
    """HTML that was built by `rules.markup`, and no other."""

    value: Any

    @validate("value")
    def _only_markup(self, proposal: Any) -> Markup | str:
        found: Markup | str = proposal["value"]
        if found and not isinstance(found, Markup):
            raise TraitError("a Picture shows Markup only: build it with rules.markup")
        return found

    def show(self, found: Markup) -> None:
        """Show this; nothing is sent where it shows already."""
        if found != self.value:
            self.value = found


class Choice(widgets.Dropdown):
    """A dropdown whose labels can be said in another language without its value being touched."""

    options: Any
    value: Any

    def __init__(self, **how: Any) -> None:
        self._is_relabelling = False
        super().__init__(layout=widgets.Layout(**_FIELD), style=_LABELS, **how)

    def relabel(self, pairs: Sequence[tuple[str, Any]]) -> None:
        """Offer these labels and values; the value stays where it is still offered."""
        if tuple(self.options) == tuple(pairs):
            return
        value, values = self.value, [value for _, value in pairs]
        self._is_relabelling = True
        try:
            with self.hold_sync():
                self.options = pairs
                self.value = value if value in values else values[0]
        finally:
            self._is_relabelling = False

    def relabel_titles(self, none: str, titles: Iterable[str]) -> None:
        """Offer columns by their titles, each once; `none` is what choosing none is called."""
        pairs = [(title[:SHOWN_LETTERS], title) for title in dict.fromkeys(titles) if title]
        self.relabel([(none, ""), *pairs])

    def on_choice(self, then: Callable[[], None]) -> None:
        """Call this when the user, or code, chooses another value."""
        self.observe(lambda _change: None if self._is_relabelling else then(), "value")


def button(*, kind: str = "") -> widgets.Button:
    """Return a button as wide as its text; `kind` is one of ipywidgets' styles."""
    return widgets.Button(button_style=kind, layout=widgets.Layout(width="auto", flex="0 0 auto"))


def text_box(kind: type[Any] = widgets.Text, **how: Any) -> Any:
    """Return a box for text, or another box of the same look."""
    return kind(layout=widgets.Layout(**_FIELD), style=_LABELS, **how)


def tick_box(*, value: bool) -> widgets.Checkbox:
    """Return a box to tick."""
    layout = widgets.Layout(width="auto", flex="0 0 auto", margin="2px 20px 2px 2px")
    return widgets.Checkbox(value=value, indent=False, layout=layout)


def name_it(widget: Any, name: str, tip: str = "") -> None:
    """Name a control for the eye, and for whoever hears it; the tip explains it."""
    widget.description = name
    widget.tooltip = tip or name


def heed(control: Any, then: Callable[[], None]) -> None:
    """Call this when the user, or code, presses or changes a control."""
    if isinstance(control, widgets.Button):
        control.on_click(lambda _button: then())
    elif isinstance(control, Choice):
        control.on_choice(then)
    else:
        control.observe(lambda _change: then(), "value")


def row(*children: Any) -> widgets.HBox:
    """Return parts side by side, which wrap where there is no room."""
    layout = widgets.Layout(flex_flow="row wrap", align_items="center", width="100%")
    return widgets.HBox(children, layout=layout)


def column(*children: Any) -> widgets.VBox:
    """Return parts one below the other."""
    box = widgets.VBox(children, layout=widgets.Layout(width="100%", padding="4px 0"))
    box.add_class("vodnb")
    return box


def show_when(widget: Any, is_shown: object) -> None:
    """Show or hide a part."""
    widget.layout.display = None if is_shown else "none"


def line(text: str, *, kind: str = "", role: str | None = None) -> Markup:
    """Return a line of text; `kind` is hint, good or trouble."""
    return element("div", text, class_=f"vodnb-{kind}" if kind else None, role=role)


def hint(text: str) -> Markup:
    """Return a line in small print."""
    return line(text, kind="hint")


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    has_words: bool = False,
) -> Markup:
    """Return a table that scrolls by itself where it is too wide.

    Where it `has_words`, its first two columns hold short words that are not to be broken.
    """
    kind = "vodnb-wide vodnb-words" if has_words else "vodnb-wide"
    return element("div", markup.table(header, rows, caption=caption), class_=kind)


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """Return a table of names and values."""
    rows = [
        element("tr", element("th", key, scope="row"), element("td", told)) for key, told in pairs
    ]
    return element("div", element("table", element("tbody", *rows)), class_="vodnb-wide")


def style_sheet(still: str = "") -> Picture:
    """Return the look of the forms; where it shows, the still picture of that name does not.

    It is a widget itself: where no widget can be shown, nothing hides the still picture.
    """
    hiding = f".jp-OutputArea-child:has(.{still}),.{still}" + "{display:none}" if still else ""
    sheet = Picture(value=element("style", _STYLE + hiding))
    # A style works from a box that takes no room.
    sheet.layout.height = sheet.layout.margin = "0"
    sheet.layout.overflow = "hidden"
    return sheet
