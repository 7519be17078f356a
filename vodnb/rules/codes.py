"""Look an error code up: what it means, what it allows, who must act. Never decides to retry.

The table is `error_codes.csv` beside this file: the service's codes, our own `CLIENT.*`, and rows
with a star for what we do not know. Adding a code is adding one line there. Pure: the table is
package data, read once, when it is first asked for.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from .model import AnswerClass, Lang, Needs

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEntry:
    """What is known of one error code."""

    code: str
    """The gateway's are listed as `APIGW.*`, and come back as they are looked up."""
    http_statuses: tuple[int, ...]
    """Those documented, the newest edition first; empty where any status will do."""
    kind: str
    """auth, permission, account, param, not_found, state, quota, throttle, server, or client."""
    retryable: bool
    """Whether sending the same thing again later can succeed."""
    answer: AnswerClass
    """What an answer with this code allows next."""
    needs: Needs
    """Who or what has to act, for somebody who confirms assets."""
    meaning_en: str
    meaning_zh: str
    next_step_en: str
    next_step_zh: str
    is_known: bool = True
    """False where the table has no such code and speaks of its family only."""

    def meaning(self, lang: Lang) -> str:
        """Return what happened, in the language asked for."""
        return self.meaning_zh if lang == "zh" else self.meaning_en

    def next_step(self, lang: Lang) -> str:
        """Return what to do, in the language asked for."""
        return self.next_step_zh if lang == "zh" else self.next_step_en


def as_listed(code: str) -> str:
    """Return a code as the table spells it: in capitals, without blanks, `APIG.` as `APIGW.`."""
    return re.sub(r"^APIG\.", "APIGW.", code.strip().upper())


def look_up(code: str, http_status: int | None = None) -> CodeEntry:
    """Return what is known of a code; never fails.

    `APIG.` and `APIGW.` are one. The entry for this code and this HTTP status comes first, then
    the entry for this code; a code that is not in the table gets the words for its family, unless
    the HTTP status alone says more (429: throttled, 401: not signed in).
    """
    asked, listed = code.strip().upper(), as_listed(code)
    table = _keyed()
    known = table.get((listed, http_status)) or table.get((listed, None))
    if known and not listed.endswith("*"):
        return known if known.code == asked else replace(known, code=asked)
    by_family = table[_family(listed), None]
    by_status = table.get(("*", http_status), by_family) if http_status else by_family
    return replace(by_status, code=asked, is_known=False)


def all_entries() -> tuple[CodeEntry, ...]:
    """Return every code that is known, in the order of the table; families are left out."""
    return tuple(entry for entry in _rows() if not entry.code.endswith("*"))


def family_entries() -> tuple[CodeEntry, ...]:
    """Return what stands for codes that are not known, by their family."""
    return tuple(entry for entry in _rows() if entry.code.endswith("*"))


@lru_cache(maxsize=1)
def _rows() -> tuple[CodeEntry, ...]:
    text = files(__package__).joinpath("error_codes.csv").read_text(encoding="utf-8")
    return tuple(_entry(row) for row in csv.DictReader(text.splitlines()))


def _entry(row: Mapping[str, str]) -> CodeEntry:
    return CodeEntry(
        code=row["code"],
        http_statuses=tuple(int(status) for status in row["http_status"].split("|") if status),
        kind=row["kind"],
        retryable=row["retryable"] == "yes",
        answer=AnswerClass(row["answer"]),
        needs=Needs(row["needs"]),
        meaning_en=row["meaning_en"],
        meaning_zh=row["meaning_zh"],
        next_step_en=row["next_step_en"],
        next_step_zh=row["next_step_zh"],
    )


@lru_cache(maxsize=1)
def _keyed() -> Mapping[tuple[str, int | None], CodeEntry]:
    """Return the table by code and status; the first row of a code serves for any other status."""
    keyed: dict[tuple[str, int | None], CodeEntry] = {}
    for entry in _rows():
        for status in (*entry.http_statuses, None):
            keyed.setdefault((entry.code, status), entry)
    return MappingProxyType(keyed)


_FAMILIES = re.compile(r"(VOD|VST)\.[0-9]{5,9}|(APIGW|IAM)\.[0-9]{4,9}")


def _family(code: str) -> str:
    return f"{code.partition('.')[0]}.*" if _FAMILIES.fullmatch(code) else "*"
