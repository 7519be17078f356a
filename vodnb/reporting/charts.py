"""Draws charts as SVG inside an image tag: no script, no font, no request. Pure.

A notebook that is not trusted shows an SVG in an image tag, and leaves a bare one out (measured in
JupyterLab 4). The letters come from the reader's own fonts, so Chinese is drawn wherever it can be.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.words.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Sequence

COLOURS = {
    "confirmed": "#2f7d4f",
    "already_confirmed": "#8fc3a3",
    "failed": "#c0392b",
    "in_doubt": "#e0a100",
    "not_sent": "#98a2ad",
    "invalid": "#6b5b95",
    "calls": "#2b6cb0",
    "throttled": "#c0392b",
}
"""A colour for each outcome and series: told apart by lightness too, for print."""

_FONTS = (
    "system-ui,-apple-system,'Segoe UI','Noto Sans CJK SC','Noto Sans SC','PingFang SC',"
    "'Microsoft YaHei',sans-serif"
)
_INK, _SOFT, _GRID = "#1f2933", "#5f6c7b", "#e3e8ee"
_WIDTH, _LEFT, _RIGHT, _TOP = 760, 56, 14, 40
_PLOT = 150
_WIDE = 0x2E80
"""From here on letters are as wide as they are high."""


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers in a chart, and what it is, in words."""

    name: str
    colour: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart."""

    svg: Markup
    told: str
    """What it shows, in words, for whoever cannot see it."""

    def picture(self) -> Markup:
        """Return the image tag."""
        coded = base64.b64encode(self.svg.encode()).decode()
        source = f"data:image/svg+xml;base64,{coded}"
        return element("img", src=source, alt=self.told, class_="vr-chart", style="max-width:100%")


def draw_share(parts: Sequence[tuple[str, str, int]], told: str) -> Chart:
    """Draw one bar that is parted by shares: name, colour and count. What is there is seen."""
    present = [part for part in parts if part[2]]
    whole = sum(count for *_, count in present) or 1
    least = 3.0
    room = _WIDTH - least * len(present)
    shapes, at = [], 0.0
    for _, colour, count in present:
        width = least + room * count / whole
        shapes.append(_box(at, 0, max(width - 1, 1), 26, colour))
        at += width
    legend = [(f"{name} {count:,}", colour) for name, colour, count in present]
    keys, height = _legend(legend, top=48)
    return Chart(_frame([*shapes, *keys], height + 6), told)


def draw_columns(
    series: Sequence[Series],
    labels: Sequence[str],
    *,
    unit: str,
    told: str,
    limit: tuple[str, float] | None = None,
) -> Chart:
    """Draw columns over a scale, the series stacked, the lowest first.

    Below each stands its label, as far as there is room; `limit` is name and height of a dashed
    line.
    """
    totals = [sum(values) for values in zip(*(one.values for one in series), strict=True)]
    top = _round_up(max([*totals, limit[1] if limit else 0, 1]))
    entries = [(one.name, one.colour) for one in series]
    keys, under = _legend(entries, top=14) if len(entries) > 1 else ([], -12)
    zero = under + 36 + _PLOT
    shapes = [*keys, *_scale(top, zero, unit)]
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    for at in range(len(labels)):
        height = 0.0
        for one in series:
            part = one.values[at] / top * _PLOT
            x, wide = _LEFT + at * step + step * 0.1, max(step * 0.8, 1)
            if part:
                shapes.append(_box(x, zero - height - part, min(wide, 60), part, one.colour))
            height += part
    shapes += _labels_below(labels, step, zero)
    if limit:
        y = zero - limit[1] / top * _PLOT
        shapes.append(_line(_LEFT, y, _WIDTH - _RIGHT, y, _INK, dash="6 4"))
        shapes.append(_text(limit[0], _WIDTH - _RIGHT, under + 20, anchor="end", colour=_INK))
        end = _WIDTH - _RIGHT - _measure(limit[0]) - 10
        shapes.append(_line(end - 28, under + 16, end, under + 16, _INK, dash="6 4"))
    return Chart(_frame(shapes, zero + 26), told)


def _scale(top: float, zero: float, unit: str) -> list[Markup]:
    """Return lines across, with their numbers, and the unit above."""
    shapes = []
    for part in range(5):
        value = top * part / 4
        y = zero - _PLOT * part / 4
        shapes.append(_line(_LEFT, y, _WIDTH - _RIGHT, y, _GRID if part else _SOFT))
        shapes.append(_text(_short(value), _LEFT - 7, y + 4, anchor="end"))
    return [*shapes, _text(unit, 0, zero - _PLOT - 16)]


def _labels_below(labels: Sequence[str], step: float, zero: float) -> list[Markup]:
    widest = max((_measure(label) for label in labels), default=0.0) + 14
    every = max(1, math.ceil(widest / step)) if step else 1
    shapes = []
    for at in range(0, len(labels), every):
        middle = _LEFT + at * step + min(step * 0.5, step * 0.1 + 30)
        shapes.append(_text(labels[at], middle, zero + 17, anchor="middle"))
    return shapes


def _legend(entries: Sequence[tuple[str, str]], *, top: float) -> tuple[list[Markup], float]:
    """Return the keys, on as many lines as they take, and where they end."""
    shapes, x, y = [], 0.0, top
    for name, colour in entries:
        width = _measure(name) + 34
        if x and x + width > _WIDTH:
            x, y = 0.0, y + 20
        shapes.append(_box(x, y - 10, 12, 12, colour))
        shapes.append(_text(name, x + 18, y, colour=_INK))
        x += width
    return shapes, y + 4


def _frame(shapes: Sequence[Markup], height: float) -> Markup:
    size = {"width": _WIDTH, "height": _number(height)}
    return element(
        "svg",
        element("rect", **size, fill="#ffffff"),
        *shapes,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {_number(height)}",
        **size,
        font_family=_FONTS,
        font_size=12,
    )


def _box(x: float, y: float, width: float, height: float, colour: str) -> Markup:
    return _shape("rect", x=x, y=y, width=width, height=height, fill=colour)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, dash: str = "") -> Markup:
    return _shape("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_dasharray=dash or None)


def _text(told: str, x: float, y: float, *, anchor: str = "start", colour: str = _SOFT) -> Markup:
    return _shape("text", told, x=x, y=y, fill=colour, text_anchor=anchor)


def _shape(tag: str, *children: str, **attributes: float | str | None) -> Markup:
    told = {
        name: _number(value) if isinstance(value, int | float) else value
        for name, value in attributes.items()
    }
    return element(tag, *children, **told)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _measure(text: str) -> float:
    """Return about how wide a text is drawn."""
    return sum(12.0 if ord(letter) >= _WIDE else 6.8 for letter in text)


def _round_up(value: float) -> float:
    """Return the next number that four lines part into round ones."""
    size: float = 10.0 ** math.floor(math.log10(value))
    steps = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)
    fits = next(step for step in steps if step * size >= value - 1e-9)
    return max(fits * size, 4)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
