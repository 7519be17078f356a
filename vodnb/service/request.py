"""Turns a declared operation and its fields into a request. Pure: sends nothing, signs nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from vodnb.rules.errors import InputError

from .redact import Secret

if TYPE_CHECKING:
    from vodnb.rules.operations import Field, Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request without its sign-in; there is no secret in it but the password of a token call."""

    method: str
    url: str
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Request({self.method} {self.url}, {len(self.body)} bytes)"


def check_fields(operation: Operation, fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields as they will be sent; None counts as not given."""
    declared = {field.name: field for field in operation.fields}
    given = {name: value for name, value in fields.items() if value is not None}
    sent: dict[str, object] = {}
    wrong = [
        f"{name} is no field of it (it has {', '.join(declared)})"
        for name in given
        if name not in declared
    ]
    for name, field in declared.items():
        if name in given:
            sent[name], problems = _checked(field, given[name])
            wrong += problems
        elif field.required:
            wrong.append(f"{name} is missing")
    if wrong:
        raise InputError(
            f"The call {operation.name!r} cannot be sent: {'; '.join(wrong)}.",
            "Nothing was sent.",
            f"Its fields are described at {operation.doc_url}.",
        )
    return sent


def _checked(field: Field, value: object) -> tuple[object, list[str]]:
    if not field.is_list:
        one, problem = _checked_one(field, value)
        return one, [problem] if problem else []
    many: Iterable[object] = [value]
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)):
        many = value  # a column of a table is a list too
    pairs = [_checked_one(field, one) for one in many]
    problems = [problem for _, problem in pairs if problem]
    if field.max_items is not None and len(pairs) > field.max_items:
        problems.append(
            f"{field.name} has {len(pairs)} values, at most {field.max_items} are taken"
        )
    return [one for one, _ in pairs], problems


def _checked_one(field: Field, value: object) -> tuple[object, str]:
    """Return one value as it is sent, and what is wrong with it; "" for nothing."""
    if field.kind == "object":
        return value, "" if isinstance(value, Mapping) else f"{field.name} is not a mapping"
    if field.kind == "integer":
        if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,18}", str(value)):
            return value, f"{field.name}={value!r} is not a whole number"
        return int(str(value)), ""
    if not isinstance(value, str):
        return value, f"{field.name}={value!r} is not text"
    return value, _checked_text(field, value)


def _checked_text(field: Field, value: str) -> str:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return f"{field.name}={value!r} is not proper text"
    if field.required and not value.strip():
        return f"{field.name} is blank"
    if field.choices and value not in field.choices:
        return f"{field.name}={value!r} is none of {', '.join(field.choices)}"
    if field.max_bytes is not None and size > field.max_bytes:
        return f"{field.name} has {size} bytes in UTF-8, at most {field.max_bytes} are taken"
    return ""


def build_request(
    operation: Operation, sent: Mapping[str, object], *, endpoint: str, project_id: str
) -> Request:
    """Return the request for fields that `check_fields` has passed; no endpoint ends in a slash."""
    path = operation.path.format(project_id=quote(project_id, safe=""))
    # Sorted, with a list as a repeated key: so the official SDK sends and signs it.
    query = "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}"
        for name, value in sorted(_pairs(operation, sent))
    )
    body = {
        field.name: sent[field.name]
        for field in operation.fields
        if field.place == "body" and field.name in sent
    }
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, default=_opened)
    return Request(
        method=operation.method,
        url=f"{endpoint}{path}{'?' if query else ''}{query}",
        body=text.encode() if body else b"",
    )


def _opened(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise InputError(f"{value!r} is no JSON.", do="Give text, whole numbers, lists and mappings.")


def _pairs(operation: Operation, sent: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for field in operation.fields:
        if field.place == "query" and field.name in sent:
            value = sent[field.name]
            for one in value if isinstance(value, list) else [value]:
                yield field.name, str(one)
