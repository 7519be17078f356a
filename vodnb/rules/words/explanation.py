"""What codes, states and endings mean, what to do, and who must act, in words. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from vodnb.rules.codes import CodeEntry, all_entries, look_up
from vodnb.rules.errors import InputError
from vodnb.rules.model import Lang, Needs, Settlement

from .markup import Displayable, Markup, element, printable, table
from .wording import say


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Explanation(Displayable):
    """One code in words; shows itself as text in a terminal and as a small table in a notebook.

    Attributes:
        entry: What is known of the code.
        lang: The language it speaks.
    """

    entry: CodeEntry
    lang: Lang = "en"

    def __repr__(self) -> str:
        facts = _facts(self.entry, self.lang)
        lines = (say("label.value", self.lang, label=label, value=told) for label, told in facts)
        return "\n".join([printable(self.entry.code), *(f"  {line}" for line in lines)])

    def _as_html(self) -> Markup:
        header = (say("label.code", self.lang), element("code", printable(self.entry.code)))
        return table(header, _facts(self.entry, self.lang))


def explain(code: str, http_status: int | None = None, *, lang: Lang = "en") -> Explanation:
    """Explain a code in words: what happened, whether a retry helps, what to do, who must act."""
    if not isinstance(code, str) or not code.strip():
        raise InputError(
            f"explain({code!r}) has no code to explain.",
            "A code is text, as in the column error_code of a results table.",
            "Write for example vodnb.explain('VOD.10062').",
        )
    return Explanation(entry=look_up(code, http_status), lang=lang)


def _facts(entry: CodeEntry, lang: Lang) -> list[tuple[str, str]]:
    statuses = say("join.slash", lang).join(map(str, entry.http_statuses))
    facts = [
        ("code.similar", "" if entry.is_known else ", ".join(_similar(entry.code))),
        ("code.status", statuses or say("code.status.any", lang)),
        ("label.meaning", entry.meaning(lang)),
        ("code.retry", say("code.retry.yes" if entry.retryable else "code.retry.no", lang)),
        ("label.next", entry.next_step(lang)),
        ("code.who", say(f"who.{entry.needs}", lang)),
    ]
    return [(say(key, lang), told) for key, told in facts if told]


def _similar(code: str) -> list[str]:
    """Return known codes that are written like this one but for dots, dashes and the prefix."""
    bare = re.sub(r"[^0-9A-Z]", "", code)
    if not re.search(r"[0-9]{4}", bare):
        return []
    known = dict.fromkeys(entry.code for entry in all_entries())
    return [name for name in known if name.replace(".", "").endswith(bare)]


TOLD_BY_STATE = {"CLIENT.STATE", "VOD.10126"}
"""Codes that only say that the state stands in the way: who has to act, the state tells."""


def advise(row: Settlement, lang: Lang) -> tuple[str, str, Needs, bool]:
    """Return meaning, next step, who must act, and whether a retry may help."""
    if row.outcome.is_good:
        is_broken = "TRANSCODE_FAILED" in {row.state_after, row.state_before}
        return "", "", Needs.RE_UPLOAD if is_broken else Needs.NOTHING, False
    entry = look_up(row.code, row.http_status)
    meaning, needs = entry.meaning(lang), entry.needs
    state = row.state_after or row.state_before
    if row.code in TOLD_BY_STATE and state:
        told, needs = explain_state(state, lang)
        meaning = say("state.told", lang, meaning=meaning, state=state, told=told)
    return meaning, entry.next_step(lang), needs, entry.retryable


_NEEDS = {
    "NO_ASSET": Needs.FIX_THE_ID,
    "CREATING": Needs.CONFIRM,
    "CREATED": Needs.NOTHING,
    "WAITING_TRANSCODE": Needs.NOTHING,
    "TRANSCODING": Needs.NOTHING,
    "TRANSCODE_SUCCEED": Needs.NOTHING,
    "TRANSCODE_FAILED": Needs.RE_UPLOAD,
    "PUBLISHED": Needs.NOTHING,
    "UPLOAD_FAILED": Needs.RE_UPLOAD,
    "SERVER_ERROR": Needs.RE_UPLOAD,
    "CANCELLED": Needs.RE_UPLOAD,
    "DELETING": Needs.LOOK,
    "DELETED": Needs.LOOK,
    "DELETE_FAILED": Needs.LOOK,
    "OBS_CREATING": Needs.WAIT,
    "OBS_CREATE_FAILED": Needs.LOOK,
    "OBS_CREATE_SUCCESS": Needs.LOOK,
}
"""Who has to act, by state.

Source: https://support.huaweicloud.com/api-vod/vod_04_0022.html and vod_04_0203.html.
"""

_ALIKE = {"UNCREATED": "NO_ASSET", "FAILED": "UPLOAD_FAILED"}
"""States of which the same is to be said as of another."""


@lru_cache(maxsize=256)
def explain_state(state: str, lang: Lang) -> tuple[str, Needs]:
    """Return what a state means, as `read_state` writes it, and who has to act."""
    known = _ALIKE.get(state, state)
    if known not in _NEEDS:
        return say("state.strange" if state else "state.unread", lang), Needs.LOOK
    return say(f"state.{known}", lang), _NEEDS[known]
