"""The calls that can be made: `?` on each shows its fields, limits, quota and source."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.rules.operations import OPERATIONS
from vodnb.rules.words.markup import Displayable, Markup, element, table
from vodnb.rules.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vodnb.rules.model import Lang
    from vodnb.rules.operations import Field, Operation

    from .exchange import Exchange


def find_operation(name: object) -> Operation:
    """Return a declared call by our name or by the service's.

    Raises:
        InputError: There is none of that name.
    """
    by_api = {call.api.lower(): call for call in OPERATIONS.values()}
    text = str(name).strip()
    found = OPERATIONS.get(text.lower()) or by_api.get(text.lower())
    if found is None:
        raise InputError(
            f"{text!r} is no call that vodnb knows.",
            "It is named as here or as in the API Explorer.",
            f"Use one of {', '.join(f'{call.name} ({call.api})' for call in OPERATIONS.values())}.",
        )
    return found


def limits_of(field: Field, lang: Lang) -> str:
    """Return the limits of a field in words."""
    parts = [say("operation.field.required", lang)] if field.required else []
    parts += [say("operation.field.list", lang)] if field.is_list else []
    parts += [" | ".join(field.choices)] if field.choices else []
    if field.kind != "string":
        parts.append(field.kind)
    if field.max_items is not None:
        parts.append(say("operation.field.most", lang, count=field.max_items))
    if field.max_bytes is not None:
        parts.append(say("operation.field.bytes", lang, count=field.max_bytes))
    note = field.note(lang)
    return ", ".join([*parts, *([note] if note else [])])


class Card(Displayable):
    """One call: what it takes, what it costs, where it is described. Calling it makes the call.

    Args:
        declared: The call.
        call: Makes it.
        lang: Language of what it says.
    """

    def __init__(self, declared: Operation, call: Callable[..., Exchange], lang: Lang) -> None:
        self.declared = declared
        self._call = call
        self._lang = lang
        self.__doc__ = self._described()
        # Completion and `?` show the fields as what they are: keywords.
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter(
                    field.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=inspect.Parameter.empty if field.required else None,
                )
                for field in sorted(declared.fields, key=lambda field: not field.required)
            ]
        )

    def __call__(self, **fields: object) -> Exchange:
        """Make the call, as `vod.call` does with this name."""
        return self._call(self.declared.name, **fields)

    def __repr__(self) -> str:
        return self._described()

    def _as_html(self) -> Markup:
        lang = self._lang
        header = [say("operation.field", lang), say("operation.limits", lang)]
        rows = [(field.name, limits_of(field, lang)) for field in self.declared.fields]
        facts = [element("div", f"{name}: {told}") for name, told in self._facts()]
        return element("div", table(header, rows, caption=self.title), *facts)

    @property
    def title(self) -> str:
        """Its names, and what it does."""
        declared = self.declared
        return f"{declared.name} ({declared.api}): {declared.title(self._lang)}"

    def _facts(self) -> list[tuple[str, str]]:
        declared, lang = self.declared, self._lang
        quota = declared.quota
        told = (
            say("operation.quota.minute", lang, count=quota.per_minute)
            if quota
            else say("operation.quota.none", lang)
        )
        known = [
            (say("exchange.request", lang), f"{declared.method} {declared.path}"),
            (say("operation.quota", lang), told),
            (say("operation.permission", lang), declared.permission),
            (say("exchange.docs", lang), declared.doc_url),
            (say("exchange.explorer", lang), declared.explorer_url),
        ]
        return [(name, value) for name, value in known if value]

    def _described(self) -> str:
        lang = self._lang
        fields = [f"  {field.name}: {limits_of(field, lang)}".rstrip(": ")
                  for field in self.declared.fields]  # fmt: skip
        facts = [f"{name}: {told}" for name, told in self._facts()]
        return "\n".join([self.title, *fields, *facts])


class Catalogue:
    """Every call, by name: `vod.operations.<Tab>`.

    Args:
        call: Makes a call.
        lang: Language of what it says.
    """

    def __init__(self, call: Callable[..., Exchange], lang: Lang) -> None:
        self._cards = {name: Card(made, call, lang) for name, made in OPERATIONS.items()}

    def __getattr__(self, name: str) -> Card:
        if name.startswith("_") or name not in self._cards:
            raise AttributeError(f"there is no call {name!r}: {', '.join(OPERATIONS)}")
        return self._cards[name]

    def __getitem__(self, name: str) -> Card:
        return self._cards[find_operation(name).name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __len__(self) -> int:
        return len(self._cards)

    def __dir__(self) -> list[str]:
        return list(self._cards)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._cards)

    def __repr__(self) -> str:
        return "\n".join(card.title for card in self._cards.values())
