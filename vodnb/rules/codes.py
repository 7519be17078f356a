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

from .model import AnswerClass, Needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Lang


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEntry:
    """What is known of one error code.

    Attributes:
        code: The code: `VOD.10062`, or one of ours, `CLIENT.EMPTY`. The gateway's codes are listed
            as `APIGW.*`; looked up as `APIG.*`, that is how they come back.
        http_statuses: The HTTP statuses documented for it, the newest edition first; empty for our
            own codes, and for what holds whatever the status.
        kind: What it is about: auth, permission, account, param, not_found, state, quota,
            throttle, server, or client for our own.
        retryable: Whether sending the same thing again later can succeed.
        answer: What an answer with this code allows next.
        needs: Who or what has to act, for somebody who confirms assets.
        meaning_en: What happened, in English.
        meaning_zh: What happened, in Chinese.
        next_step_en: What to do, in English.
        next_step_zh: What to do, in Chinese.
        is_known: False where the table has no such code and speaks of its family only.
    """

    code: str
    http_statuses: tuple[int, ...]
    kind: str
    retryable: bool
    answer: AnswerClass
    needs: Needs
    meaning_en: str
    meaning_zh: str
    next_step_en: str
    next_step_zh: str
    is_known: bool = True

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

    Args:
        code: The service's `error_code`, or one of ours; case and outer blanks do not matter.
        http_status: HTTP status that came with it. Default None: not known.
    """
    asked, listed = code.strip().upper(), as_listed(code)
    catalogue = _catalogue()
    known = catalogue.known.get((listed, http_status)) or catalogue.known.get((listed, None))
    if known:
        return known if known.code == asked else replace(known, code=asked)
    by_family = catalogue.unknown[_family(listed), None]
    by_status = catalogue.unknown.get(("*", http_status), by_family) if http_status else by_family
    return replace(by_status, code=asked, is_known=False)


def all_entries() -> tuple[CodeEntry, ...]:
    """Return every code that is known, in the order of the table; families are left out."""
    return _catalogue().entries


def family_entries() -> tuple[CodeEntry, ...]:
    """Return what stands for codes that are not known, by their family."""
    return tuple(_catalogue().unknown.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _CodeTable:
    """The table, keyed on (code, HTTP status) and on (code, None) for any other status."""

    entries: tuple[CodeEntry, ...]
    known: Mapping[tuple[str, int | None], CodeEntry]
    unknown: Mapping[tuple[str, int | None], CodeEntry]


@lru_cache(maxsize=1)
def _catalogue() -> _CodeTable:
    text = files(__package__).joinpath("error_codes.csv").read_text(encoding="utf-8")
    rows = [_entry(row) for row in csv.DictReader(text.splitlines())]
    known = tuple(entry for entry in rows if not entry.code.endswith("*"))
    families = tuple(entry for entry in rows if entry.code.endswith("*"))
    return _CodeTable(entries=known, known=_keyed(known), unknown=_keyed(families))


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


def _keyed(entries: tuple[CodeEntry, ...]) -> Mapping[tuple[str, int | None], CodeEntry]:
    """Key entries by code and status; the first row of a code serves for any other status."""
    keyed: dict[tuple[str, int | None], CodeEntry] = {}
    for entry in entries:
        for status in (*entry.http_statuses, None):
            keyed.setdefault((entry.code, status), entry)
    return MappingProxyType(keyed)


_FAMILIES = re.compile(r"(VOD|VST)\.[0-9]{5,9}|(APIGW|IAM)\.[0-9]{4,9}")


def _family(code: str) -> str:
    return f"{code.partition('.')[0]}.*" if _FAMILIES.fullmatch(code) else "*"
