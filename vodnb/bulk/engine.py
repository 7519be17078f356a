"""The run itself: check, look, send, settle doubts. It knows no widget and no DataFrame.

What may be done after an answer is decided in `rules/`; here it is done, and told to listeners.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from vodnb.rules.codes import look_up
from vodnb.rules.lifecycle import Finding, is_proof_needed, judge_doubt, settle_unsent
from vodnb.rules.model import AnswerClass, Outcome
from vodnb.rules.pacing import back_off, may_retry

from .events import Bounced, Phase, PhaseBegan, Sent, Settled, Warned
from .plan import BY_HAND, Item, Stop
from .states import BATCH, states_in

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from vodnb.rules.answers import Answer

    from .control import Control
    from .events import Listener
    from .line import Line, Service
    from .plan import Plan

__all__ = ["SETTLE_MARGIN", "Engine"]

_logger = logging.getLogger("vodnb")

SETTLE_MARGIN = 1.0
"""Seconds beyond the deadline before a doubtful asset's state is believed (faults: settle rule)."""

_UNREACHABLE_LIMIT = 20
"""Calls in a row that could not even connect, after which the run stops."""


@dataclass(slots=True)
class _Tally:
    """What the run has seen so far, for its own decisions."""

    sent: int = 0
    retries: int = 0
    unreachable: int = 0
    doubts: list[Item] = field(default_factory=list)


class Engine:
    """One run.

    Args:
        plan: What to do.
        service: Makes the calls.
        confirm: The line that confirms.
        info: The line that asks for states.
        control: Stops and pauses.
        listen: Hears every event.
        now: Returns the time of day as UTC ISO text ending in Z.
        chance: Returns a number from 0 to 1.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        service: Service,
        confirm: Line,
        info: Line,
        control: Control,
        listen: Listener,
        now: Callable[[], str],
        chance: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._service = service
        self._confirm = confirm
        self._info = info
        self._control = control
        self._listen = listen
        self._now = now
        self._chance = chance
        self._unseen = iter(plan.assets)
        self._ready: deque[Item] = deque()
        self._known: dict[str, str] = {}
        self._can_look = True
        self._tally = _Tally()
        self.stopped: Stop | None = None

    async def run(self) -> None:
        """Settle every asset that can be settled.

        Raises:
            VodnbError: Before the first confirm call: sign-in, project, host or network is wrong.
        """
        self._listen(PhaseBegan(phase=Phase.CHECKING))
        await self._preflight()
        self._listen(PhaseBegan(phase=Phase.SENDING))
        await self._together([self._work(lane) for lane in range(self._plan.workers)])
        if self._tally.doubts:
            self._listen(PhaseBegan(phase=Phase.SETTLING))
            await self._together([self._settle_doubts()])
        if self._control.is_stopped and not self.stopped:
            self.stopped = BY_HAND
        ended = Phase.STOPPED if self.stopped else Phase.FINISHED
        self._listen(PhaseBegan(phase=ended))

    # -- before the first confirm call ----------------------------------------------------------

    async def _preflight(self) -> None:
        """Prove host, TLS, clock, credential and project with one cheap call."""
        first = list(self._plan.assets[:BATCH])
        if not first:
            return
        answer = await self._info.call(asset_id=first)
        if answer and answer.kind in {AnswerClass.NOT_SENT, AnswerClass.AMBIGUOUS}:
            await self._control.nap(back_off(1, chance=self._chance))
            answer = await self._info.call(asset_id=first)
        if answer is None:
            return
        if answer.kind is AnswerClass.DONE:
            self._known = states_in(answer.data, first)
        elif look_up(answer.code, answer.http_status).kind == "permission":
            # No permission to read is no stop: the run goes on without looking.
            self._can_look = False
            self._listen(Warned(code="CLIENT.NO_READ"))
        elif answer.kind is not AnswerClass.PERMANENT:
            raise self._service.error_for(answer)

    # -- sending --------------------------------------------------------------------------------

    async def _together(self, works: Iterable[Coroutine[Any, Any, None]]) -> None:
        await asyncio.gather(*map(self._guarded, works))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as fault:
            # A fault of ours must not cost the table: what is known so far is handed over.
            _logger.exception("run %s stopped by a fault of vodnb", self._plan.run_id)
            self._stop("CLIENT.FAULT", f"{type(fault).__name__} in vodnb itself; see the log")

    async def _work(self, lane: int) -> None:
        while not self._control.is_stopped and (item := await self._next(lane)):
            await self._send(item, lane=lane)

    async def _next(self, lane: int) -> Item | None:
        """Return the next asset to send; looking may settle some without sending."""
        while not self._ready:
            batch = list(islice(self._unseen, BATCH))
            if not batch or self._control.is_stopped:
                return None
            states = await self._states_before(batch, lane=lane)
            for asset_id in batch:
                self._admit(Item(asset_id=asset_id, state=states.get(asset_id, "")))
        return self._ready.popleft()

    async def _states_before(self, batch: Sequence[str], *, lane: int) -> dict[str, str]:
        """Return states as they are before sending; the preflight has asked for the first ones."""
        if not self._can_look or not (self._plan.look_first or self._plan.status.is_destructive):
            return {}
        if batch[0] in self._known:
            return self._known
        return await self._look(batch, lane=lane)

    def _admit(self, item: Item) -> None:
        if self._control.is_stopped:
            return
        if settled := settle_unsent(item.state, self._plan.status):
            self._listen(Settled(asset_id=item.asset_id, settlement=settled))
        else:
            self._ready.append(item)

    async def _look(self, batch: Sequence[str], *, lane: int) -> dict[str, str]:
        """Return states by asset; empty where they could not be read."""
        answer = await self._info.call(lane=lane, asset_id=list(batch))
        if answer is None:
            return {}
        if answer.kind is AnswerClass.DONE:
            return states_in(answer.data, batch)
        if answer.kind in (AnswerClass.GLOBAL, AnswerClass.REJECTED):
            self._stop(answer.code, answer.message)
        return {}

    async def _send(self, item: Item, *, lane: int) -> None:
        """Send one asset until it is settled, doubtful, or the run stops."""
        while answer := await self._attempt(item, lane=lane):
            item.answer = answer
            if answer.kind is not AnswerClass.NOT_SENT:
                self._tally.unreachable = 0
                self._conclude(item, answer)
                return
            self._bounce(item, answer)
            if not await self._may_go_again(item, answer):
                return

    def _conclude(self, item: Item, answer: Answer) -> None:
        """Do what an answer of the service allows."""
        match answer.kind:
            case AnswerClass.DONE:
                self._settle(item, Outcome.CONFIRMED)
            case AnswerClass.AMBIGUOUS:
                self._tally.doubts.append(item)
            case AnswerClass.PERMANENT if is_proof_needed(answer.code):
                self._tally.doubts.append(item)
            case AnswerClass.PERMANENT:
                self._settle(item, Outcome.FAILED)
            case AnswerClass.GLOBAL | AnswerClass.REJECTED | AnswerClass.NOT_SENT:
                self._bounce(item, answer)
                self._stop(answer.code, answer.message)

    async def _attempt(self, item: Item, *, lane: int) -> Answer | None:
        def before() -> None:
            item.attempts += 1
            item.answer = None
            item.sent_at = item.sent_at or self._now()
            item.left_at = asyncio.get_running_loop().time()
            self._tally.sent += 1
            doubtful = item.settlement(Outcome.IN_DOUBT)
            self._listen(Sent(asset_id=item.asset_id, settlement=doubtful))

        def after_throttle(answer: Answer) -> None:
            item.attempts -= 1
            self._bounce(item, answer)

        return await self._confirm.call(
            lane=lane,
            before=before,
            after_throttle=after_throttle,
            asset_id=item.asset_id,
            status=str(self._plan.status),
        )

    async def _may_go_again(self, item: Item, answer: Answer) -> bool:
        """Wait before the next attempt of a call that never left; False where there is none."""
        item.failures += 1
        self._tally.unreachable += 1
        has_budget = may_retry(retries=self._tally.retries, sent=self._tally.sent)
        is_used_up = item.failures >= self._plan.attempts
        limit = self._plan.attempts if is_used_up else _UNREACHABLE_LIMIT
        if self._tally.unreachable >= limit or not has_budget:
            # Nobody gets through: the host is gone, and the asset is left for later like the rest.
            self._stop(answer.code, answer.message)
            return False
        if is_used_up:
            self._settle(item, Outcome.FAILED)
            return False
        self._tally.retries += 1
        return await self._control.nap(back_off(item.failures, chance=self._chance))

    def _settle(self, item: Item, outcome: Outcome, *, state_after: str = "") -> None:
        ended = item.settlement(outcome, state_after=state_after)
        self._listen(Settled(asset_id=item.asset_id, settlement=ended))

    def _bounce(self, item: Item, answer: Answer) -> None:
        item.answer = answer
        back = item.settlement(Outcome.NOT_SENT)
        self._listen(Bounced(asset_id=item.asset_id, settlement=back))

    def _stop(self, code: str, reason: str) -> None:
        self.stopped = self.stopped or Stop(code=code, reason=reason)
        self._control.stop()

    # -- settling doubts ------------------------------------------------------------------------

    async def _settle_doubts(self) -> None:
        """Read back what is in doubt, each asset only after its settle time."""
        while self._tally.doubts:
            self._tally.doubts.sort(key=self._due)
            batch, self._tally.doubts = self._tally.doubts[:BATCH], self._tally.doubts[BATCH:]
            states = await self._read_back(batch)
            await self._together(
                self._judge(item, states.get(item.asset_id, ""), lane=lane)
                for lane, item in enumerate(batch)
            )

    async def _read_back(self, batch: Sequence[Item]) -> dict[str, str]:
        wait = self._due(batch[-1]) - asyncio.get_running_loop().time()
        if not self._can_look or not await self._control.nap(max(0.0, wait)):
            return {}
        return await self._look([item.asset_id for item in batch], lane=0)

    def _due(self, item: Item) -> float:
        """Return when the state of a doubtful asset can be believed."""
        if item.answer and is_proof_needed(item.answer.code):
            return 0.0
        return item.left_at + self._plan.deadline + SETTLE_MARGIN

    async def _judge(self, item: Item, state: str, *, lane: int) -> None:
        last = item.answer
        finding = judge_doubt(
            state,
            self._plan.status,
            code=last.code if last else "",
            attempts=item.attempts,
            is_last=item.is_resent or item.attempts >= self._plan.attempts,
        )
        match finding:
            case Finding.SEND_AGAIN:
                item.is_resent = True
                await self._send(item, lane=lane)
            case Finding.CONFIRMED:
                self._settle(item, Outcome.CONFIRMED, state_after=state)
            case Finding.ALREADY_CONFIRMED:
                self._settle(item, Outcome.ALREADY_CONFIRMED, state_after=state)
            case Finding.REFUSED:
                self._settle(item, Outcome.FAILED, state_after=state)
            case Finding.NO_EFFECT:
                self._settle_without_effect(item, state)
            case Finding.IN_DOUBT:
                self._settle(item, Outcome.IN_DOUBT, state_after=state)

    def _settle_without_effect(self, item: Item, state: str) -> None:
        """Settle what was proved to have had no effect: the service's code, if it gave one."""
        told = item.answer.code if item.answer else ""
        code = told if told and not told.startswith("CLIENT.") else "CLIENT.NO_EFFECT"
        ended = item.settlement(Outcome.FAILED, code=code, state_after=state)
        self._listen(Settled(asset_id=item.asset_id, settlement=ended))
