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

from .errors import InputError
from .markup import element, printable, table
from .model import AnswerClass, Needs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .model import Lang

__all__ = [
    "CodeEntry",
    "Explanation",
    "all_entries",
    "as_listed",
    "explain",
    "family_entries",
    "look_up",
]


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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Explanation:
    """One code in words; shows itself as text in a terminal and as a small table in a notebook.

    Attributes:
        entry: What is known of the code.
        lang: The language it speaks.
    """

    entry: CodeEntry
    lang: Lang = "en"

    def __repr__(self) -> str:
        colon = "：" if self.lang == "zh" else ": "
        lines = [f"  {label}{colon}{value}" for label, value in _facts(self)]
        return "\n".join([printable(self.entry.code), *lines])

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
    ) -> dict[str, str]:
        header = (_WORDS[self.lang]["code"], element("code", printable(self.entry.code)))
        bundle = {"text/plain": repr(self), "text/html": str(table(header, _facts(self)))}
        return {
            kind: shown
            for kind, shown in bundle.items()
            if (include is None or kind in include) and kind not in (exclude or ())
        }


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


def explain(code: str, http_status: int | None = None, *, lang: Lang = "en") -> Explanation:
    """Explain a code in words: what happened, whether a retry helps, what to do, who must act.

    Args:
        code: The `error_code` of a results table or of an answer, such as `VOD.10062`.
        http_status: HTTP status that came with it. Default None: not known. It matters for
            `APIGW.0201`, which means something else with each status, and for codes that the table
            does not have, where 401 and 429 speak for themselves.
        lang: "en" or "zh". Default "en".

    Raises:
        InputError: The code is not text, or is blank.
    """
    if not isinstance(code, str) or not code.strip():
        raise InputError(
            f"explain({code!r}) has no code to explain.",
            "A code is text, as in the column error_code of a results table.",
            "Write for example vodnb.explain('VOD.10062').",
        )
    return Explanation(entry=look_up(code, http_status), lang=lang)


def all_entries() -> tuple[CodeEntry, ...]:
    """Return every code that is known, in the order of the table; families are left out."""
    return _catalogue().entries


def family_entries() -> tuple[CodeEntry, ...]:
    """Return what stands for codes that are not known, by their family."""
    return tuple(_catalogue().unknown.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Catalogue:
    """The table, keyed on (code, HTTP status) and on (code, None) for any other status."""

    entries: tuple[CodeEntry, ...]
    known: Mapping[tuple[str, int | None], CodeEntry]
    unknown: Mapping[tuple[str, int | None], CodeEntry]


@lru_cache(maxsize=1)
def _catalogue() -> _Catalogue:
    text = files(__package__).joinpath("error_codes.csv").read_text(encoding="utf-8")
    rows = [_entry(row) for row in csv.DictReader(text.splitlines())]
    known = tuple(entry for entry in rows if not entry.code.endswith("*"))
    families = tuple(entry for entry in rows if entry.code.endswith("*"))
    return _Catalogue(entries=known, known=_keyed(known), unknown=_keyed(families))


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


_WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "code": "Code",
        "status": "HTTP status",
        "any": "none of its own",
        "meaning": "Meaning",
        "retry": "Retry",
        "yes": "Yes, the same thing sent again later can succeed.",
        "no": "No, not before something has changed.",
        "next": "Next step",
        "who": "Who must act",
        "similar": "Did you mean",
    },
    "zh": {
        "code": "错误码",
        "status": "HTTP状态码",
        "any": "无固定状态码",
        "meaning": "含义",
        "retry": "重试",
        "yes": "有用，稍后重新发送有可能成功。",
        "no": "没用，问题解决之前重试也不会成功。",
        "next": "下一步",
        "who": "由谁处理",
        "similar": "您要找的是不是",
    },
}

_WHO: Mapping[Lang, Mapping[Needs, str]] = {
    "en": {
        Needs.NOTHING: "nobody: there is nothing to do",
        Needs.RETRY: "you: send it again",
        Needs.RE_UPLOAD: "you: upload the file again",
        Needs.FIX_THE_ID: "you: correct the ID",
        Needs.ADMINISTRATOR: "whoever looks after the account, its permissions or the connection",
        Needs.WAIT: "nobody: wait, then send it again",
        Needs.LOOK: "you: look at the asset first",
    },
    "zh": {
        Needs.NOTHING: "无需处理",
        Needs.RETRY: "您：重新发送",
        Needs.RE_UPLOAD: "您：重新上传文件",
        Needs.FIX_THE_ID: "您：改正媒资ID",
        Needs.ADMINISTRATOR: "管理员：负责账号、权限或连接设置的人",
        Needs.WAIT: "无需处理：等待一段时间后重新发送",
        Needs.LOOK: "您：先查看媒资的状态",
    },
}


def _facts(explanation: Explanation) -> list[tuple[str, str]]:
    entry, lang = explanation.entry, explanation.lang
    words = _WORDS[lang]
    statuses = (" / " if lang == "en" else "、").join(str(seen) for seen in entry.http_statuses)
    similar = "" if entry.is_known else ", ".join(_similar(entry.code))
    facts = [
        (words["similar"], similar),
        (words["status"], statuses or words["any"]),
        (words["meaning"], entry.meaning(lang)),
        (words["retry"], words["yes" if entry.retryable else "no"]),
        (words["next"], entry.next_step(lang)),
        (words["who"], _WHO[lang][entry.needs]),
    ]
    return [fact for fact in facts if fact[1]]


def _similar(code: str) -> list[str]:
    """Return known codes that are written like this one but for dots, dashes and the prefix."""
    bare = re.sub(r"[^0-9A-Z]", "", code)
    if not re.search(r"[0-9]{4}", bare):
        return []
    known = dict.fromkeys(entry.code for entry in all_entries())
    return [name for name in known if name.replace(".", "").endswith(bare)]
