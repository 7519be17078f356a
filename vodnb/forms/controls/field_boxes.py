"""The controls for the fields of a call, built from its declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from vodnb.debug.catalogue import limits_of
from vodnb.rules.words.wording import say

from .parts import Choice, heed, name_it, row, show_when, text_box

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodnb.rules.model import Lang
    from vodnb.rules.operations import Field, Operation

_FIRST = frozenset({"asset_id"})
"""Shown at once though not required: what most calls are about."""


class FieldBoxes:
    """The controls of one declared call; `changed` is told when a value has changed."""

    def __init__(self, declared: Operation, changed: Callable[[], None]) -> None:
        # An object holds a password: that of the connection is taken.
        self._fields = [field for field in declared.fields if field.kind != "object"]
        self._boxes = {field.name: _box(field) for field in self._fields}
        for box in self._boxes.values():
            heed(box, changed)
        self.widget = row(*self._boxes.values())

    def show(self, *, everything: bool) -> None:
        """Show what is required, or every field there is."""
        for field in self._fields:
            is_shown = everything or field.required or field.name in _FIRST
            show_when(self._boxes[field.name], is_shown)

    @property
    def has_more(self) -> bool:
        """Whether some fields are not shown at first."""
        return any(not field.required and field.name not in _FIRST for field in self._fields)

    def speak(self, lang: Lang) -> None:
        """Name the controls in this language; field names stay as they are on the wire."""
        for field in self._fields:
            box, told = self._boxes[field.name], limits_of(field, lang)
            name_it(box, field.name, told or field.name)
            if isinstance(box, Choice):
                blank = [] if field.required else [(say("form.inspect.field.not given", lang), "")]
                box.relabel([*blank, *((choice, choice) for choice in field.choices)])
            else:
                line = say("form.inspect.field.a line each", lang) if field.is_list else ""
                box.placeholder = " · ".join(part for part in (line, told) if part)

    def values(self) -> dict[str, Any]:
        """Return the fields that were filled in."""
        found: dict[str, Any] = {}
        for field in self._fields:
            text = str(self._boxes[field.name].value)
            if field.is_list:
                if lines := [line.strip() for line in text.splitlines() if line.strip()]:
                    found[field.name] = lines
            elif text:
                found[field.name] = text
        return found

    def fill(self, fields: dict[str, Any]) -> None:
        """Put values into the controls; one that is not given is emptied."""
        for field in self._fields:
            value, box = fields.get(field.name, ""), self._boxes[field.name]
            text = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
            if not isinstance(box, Choice) or text in [choice for _, choice in box.options]:
                box.value = text

    def empty(self, is_secret: Callable[[str], bool]) -> list[str]:
        """Empty every box that holds a secret, and return their names."""
        found = []
        for name, box in self._boxes.items():
            if not isinstance(box, Choice) and is_secret(str(box.value)):
                box.value = ""
                found.append(name)
        return found


def _box(field: Field) -> Any:
    if field.choices:
        return Choice(options=list(field.choices) if field.required else ["", *field.choices])
    if field.is_list:
        return text_box(widgets.Textarea, rows=2, continuous_update=False)
    return text_box(continuous_update=False)
