"""How a run, a survey or a sweep stands, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.bulk.engine.events import Phase
from vodnb.rules.codes import look_up
from vodnb.rules.model import Lang, Outcome
from vodnb.rules.windows import MOST_RESULTS, Window
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import clock, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vodnb.bulk.engine.run_state import RunState
    from vodnb.bulk.pace.control import Stop


def describe_run(
    state: RunState,
    *,
    total: int,
    seconds: float,
    is_paused: bool,
    stop: Stop | None,
    lang: Lang,
    taken_over: int = 0,
    dry: Mapping[str, str] | None = None,
    by_form: bool = False,
) -> list[str]:
    """Return the line on how a run stands, and below it what the user must know.

    Pauses are left out of `seconds`, which what an earlier process had settled has taken none of.
    What a dry run would ask for and where is told as `status`, `project`, `endpoint`. A form leaves
    out what only a cell's user can do.
    """
    phase = "paused" if is_paused else str(state.phase)
    parts = [
        say(f"progress.{phase}", lang),
        say("progress.assets", lang, done=state.settled, total=total),
    ]
    parts += [
        f"{state.outcomes[outcome]:,} {say(f'outcome.{outcome}', lang)}"
        for outcome in Outcome
        if state.outcomes[outcome]
    ]
    if state.phase is Phase.VERIFYING:
        parts.append(say("progress.read back", lang, done=state.read, total=state.to_read))
    new = state.settled - taken_over
    parts += _timing(state, left=total - state.settled, new=new, seconds=seconds, lang=lang)
    lines = [" · ".join(parts)]
    if state.missing:
        lines.append(say("progress.missing", lang, count=state.missing))
    lines += [look_up(code).meaning(lang) for code in state.warnings]
    if dry and state.phase is Phase.FINISHED:
        lines.append(say("progress.dry", lang, count=state.outcomes[Outcome.NOT_SENT], **dry))
    if state.phase in {Phase.STOPPED, Phase.FINISHED}:
        lines += _banner(state, total=total, stop=stop, lang=lang, by_form=by_form)
    return [_printable(line) for line in lines]


def describe_survey(
    states: Mapping[str, int],
    *,
    unread: int,
    total: int,
    seconds: float,
    is_done: bool,
    is_paused: bool,
    slowed_by: str,
    stop: Stop | None,
    lang: Lang,
) -> list[str]:
    """Return the line on how the asking for states stands, and below it what the user must know.

    The state of an asset of which the answer did not say one is "".
    """
    told = sum(states.values())
    phase = "stopped" if stop else "finished" if is_done else "paused" if is_paused else "asking"
    parts = [
        say(f"progress.{phase}", lang),
        say("progress.assets", lang, done=told + unread, total=total),
    ]
    common = sorted(states, key=lambda state: -states[state])
    parts += [f"{states[state]:,} {state or say('progress.untold', lang)}" for state in common]
    if is_done:
        parts.append(say("progress.took", lang, time=clock(seconds)))
    elif slowed_by:
        parts.append(say("progress.slowed", lang, code=slowed_by))
    elif told:
        parts.append(say("progress.left", lang, time=clock(seconds / told * (total - told))))
    lines = [" · ".join(parts)]
    if is_done and total - told:
        lines.append(say("progress.unread", lang, count=total - told))
    if stop:
        lines.append(say("progress.why", lang, code=stop.code, reason=translate(stop.reason, lang)))
    return [_printable(line) for line in lines]


def describe_sweep(
    *,
    found: int,
    expected: int,
    too_young: int,
    window: Window,
    left_open: Sequence[str],
    seconds: float,
    is_done: bool,
    slowed_by: str,
    stop: Stop | None,
    lang: Lang,
) -> list[str]:
    """Return the line on how a sweep stands, and below it what the user must know."""
    phase = "stopped" if stop else "finished" if is_done else "sweeping"
    parts = [say(f"progress.{phase}", lang), say("progress.found", lang, count=found)]
    if is_done:
        parts.append(say("progress.took", lang, time=clock(seconds)))
    elif slowed_by:
        parts.append(say("progress.slowed", lang, code=slowed_by))
    elif expected < MOST_RESULTS:
        parts.append(say("progress.expected", lang, count=expected))
    lines = [" · ".join(parts)]
    local = [f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z}" for moment in (window.start, window.end)]
    lines.append(say("progress.swept", lang, start=local[0], end=local[1], utc=window))
    if too_young:
        lines.append(say("progress.too young", lang, count=too_young))
    lines += [say("progress.left open", lang, window=each) for each in left_open]
    if stop:
        lines.append(say("progress.why", lang, code=stop.code, reason=translate(stop.reason, lang)))
    return [_printable(line) for line in lines]


def _timing(state: RunState, *, left: int, new: int, seconds: float, lang: Lang) -> list[str]:
    if state.phase in {Phase.STOPPED, Phase.FINISHED}:
        took = say("progress.took", lang, time=clock(seconds))
        spared = say("progress.spared", lang, looks=state.looks, count=state.spared)
        return [took, spared] if state.looks and state.spared else [took]
    if state.slowed_by:
        return [say("progress.slowed", lang, code=state.slowed_by)]
    if not new or state.phase is not Phase.SENDING:
        return []
    return [say("progress.left", lang, time=clock(seconds / new * left))]


def _banner(
    state: RunState, *, total: int, stop: Stop | None, lang: Lang, by_form: bool
) -> list[str]:
    doubtful = state.doubtful
    still_out = doubtful - state.outcomes[Outcome.IN_DOUBT]
    not_sent = total - state.settled - still_out
    lines = []
    if doubtful and not by_form:
        lines.append(say("progress.in_doubt", lang, count=doubtful))
    if not_sent and not by_form:
        lines.append(say("progress.not_sent", lang, count=not_sent))
    if stop and (not_sent or still_out):
        lines.append(say("progress.why", lang, code=stop.code, reason=translate(stop.reason, lang)))
    return lines


def _printable(line: str) -> str:
    """Return a line that cannot steer a terminal: a server's words may stand in it."""
    return "".join(letter if letter.isprintable() else " " for letter in line)
