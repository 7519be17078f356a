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
    items, size = field.max_items, field.max_bytes
    parts = [
        say("operation.field.required", lang) if field.required else "",
        say("operation.field.list", lang) if field.is_list else "",
        " | ".join(field.choices),
        field.kind if field.kind != "string" else "",
        say("operation.field.most", lang, count=items) if items is not None else "",
        say("operation.field.bytes", lang, count=size) if size is not None else "",
        field.note(lang),
    ]
    return ", ".join(filter(None, parts))


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
        self.__doc__ = repr(self)
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
        fields = [f"  {name}: {limits}".rstrip(": ") for name, limits in self._fields()]
        return "\n".join([self.title, *fields, *self._facts()])

    def _as_html(self) -> Markup:
        header = [say("operation.field", self._lang), say("operation.limits", self._lang)]
        facts = [element("div", told) for told in self._facts()]
        return element("div", table(header, self._fields(), caption=self.title), *facts)

    @property
    def title(self) -> str:
        """Its names, and what it does."""
        declared = self.declared
        return f"{declared.name} ({declared.api}): {declared.title(self._lang)}"

    def _fields(self) -> list[tuple[str, str]]:
        return [(field.name, limits_of(field, self._lang)) for field in self.declared.fields]

    def _facts(self) -> list[str]:
        declared, lang, quota = self.declared, self._lang, self.declared.quota
        told = (
            say("operation.quota.minute", lang, count=quota.per_minute)
            if quota
            else say("operation.quota.none", lang)
        )
        known = [
            ("exchange.request", f"{declared.method} {declared.path}"),
            ("operation.quota", told),
            ("operation.permission", declared.permission),
            ("exchange.docs", declared.doc_url),
            ("exchange.explorer", declared.explorer_url),
        ]
        return [f"{say(key, lang)}: {value}" for key, value in known if value]


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
