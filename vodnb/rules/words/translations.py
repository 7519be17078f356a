"""Says our own sentences in Chinese: errors, notes on rows, how a file was read. Pure.

They arise in English, each where it belongs; `messages_zh.csv` beside this file has every one that
a form can show. `{}` there stands for a value, which stays as it is unless it is one of our own
words; `{=}` for a value that must be a sentence of ours too. A test looks for one that is missing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from vodnb.rules.codes import all_entries, family_entries

from .wording import read_table, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vodnb.rules.model import Lang

_VALUE, _SENTENCE = "{}", "{=}"


class _Pattern(NamedTuple):
    """A sentence with values in it."""

    literals: tuple[str, ...]
    are_sentences: tuple[bool, ...]
    chinese: str


class _Book(NamedTuple):
    """All sentences: those without values, and the others, the most telling first."""

    plain: Mapping[str, str]
    forms: Sequence[_Pattern]
    english: Mapping[str, str]


def translate(text: str, lang: Lang) -> str:
    """Return a sentence of ours in this language, or as it is where it is none of ours.

    Example:
        >>> translate("Nothing was sent.", "zh")
        '未发送任何请求。'
    """
    if lang == "en":
        return _book().english.get(text, text)
    return _found(text) or text


@lru_cache(maxsize=1024)
def _found(text: str) -> str:
    """Return the Chinese of a sentence; "" where it is none of ours."""
    book = _book()
    if text in book.plain:
        return book.plain[text]
    for form in book.forms:
        values = _values(text, form.literals)
        if values is None:
            continue
        told = [
            _found(value) if must else book.plain.get(value, value)
            for value, must in zip(values, form.are_sentences, strict=True)
        ]
        if all(said or not must for said, must in zip(told, form.are_sentences, strict=True)):
            return form.chinese.format(*told)
    joint = say("join.part", "en")
    parts = [_found(part) for part in text.split(joint)] if joint in text else []
    return say("join.part", "zh").join(parts) if parts and all(parts) else ""


def _values(text: str, literals: Sequence[str]) -> list[str] | None:
    """Return what stands between the literals, each found as early as can be; None for no fit."""
    first, *between, last = literals
    if not (text.startswith(first) and text.endswith(last)):
        return None
    at, end = len(first), len(text) - len(last)
    values = []
    for literal in between:
        found = text.find(literal, at, end) if literal else at
        if found < 0:
            return None
        values.append(text[at:found])
        at = found + len(literal)
    return [*values, text[at:end]] if at <= end else None


@lru_cache(maxsize=1)
def _book() -> _Book:
    rows = [(row["en"], row["zh"]) for row in read_table("messages_zh.csv")]
    codes = (*all_entries(), *family_entries())
    said = [(code.meaning_en, code.meaning_zh) for code in codes]
    said += [(code.next_step_en, code.next_step_zh) for code in codes]
    forms = [_form(english, chinese) for english, chinese in rows if "{" in english]
    return _Book(
        plain={english: chinese for english, chinese in (*rows, *said) if "{" not in english},
        forms=sorted(forms, key=lambda form: -sum(map(len, form.literals))),
        english={chinese: english for english, chinese in said},
    )


def _form(english: str, chinese: str) -> _Pattern:
    pieces = english.replace(_SENTENCE, f"{_VALUE}\0").split(_VALUE)
    return _Pattern(
        literals=tuple(piece.removeprefix("\0") for piece in pieces),
        are_sentences=tuple(piece.startswith("\0") for piece in pieces[1:]),
        chinese=chinese,
    )
