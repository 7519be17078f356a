"""What to say of how an asset ended: meaning, next step, who must act. Pure: values in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .codes import look_up
from .model import Needs
from .state_words import explain_state

if TYPE_CHECKING:
    from .model import Lang, Settlement

__all__ = ["TOLD_BY_STATE", "advise"]

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
        meaning = f"{meaning} {state}: {told}" if lang == "en" else f"{meaning}{state}：{told}"
    return meaning, entry.next_step(lang), needs, entry.retryable
