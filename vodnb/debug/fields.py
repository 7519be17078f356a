"""Takes a recorded request apart again into the fields of its declaration. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from vodnb.rules.errors import InputError
from vodnb.service.redact import MASK

if TYPE_CHECKING:
    from .recorded import RecordedCall


def read_fields(exchange: RecordedCall) -> dict[str, object]:
    """Return the fields of an exchange's request; of a token call none, for they hold a password.

    Raises:
        InputError: Something was masked in it, so the same call cannot be made again.
    """
    if exchange.operation == "token":
        return {}
    last = exchange.last
    if MASK in last.request_body or MASK in last.url:
        raise InputError(
            "What looked like a secret was masked in this exchange.",
            "So its request is not known as it was, and cannot be made again.",
            f"Write vod.call({exchange.operation!r}, ...) with the fields themselves.",
        )
    fields: dict[str, object] = {**read_query(exchange)}
    if last.request_body:
        fields |= json.loads(last.request_body)
    return fields


def read_query(exchange: RecordedCall) -> dict[str, str | list[str]]:
    """Return the declared fields of an exchange's URL, as texts."""
    declared = {field.name: field for field in exchange.declared.fields}
    asked = parse_qs(urlsplit(exchange.last.url).query, keep_blank_values=True)
    return {
        name: texts if declared[name].is_list else texts[0]
        for name, texts in asked.items()
        if name in declared
    }
