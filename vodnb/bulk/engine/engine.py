"""The run itself: check, look, send. It knows no widget and no DataFrame.

What may be done after an answer is decided in `rules/`; here it is done, and told to listeners.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import TYPE_CHECKING, Any

from vodnb.bulk.pace.circuit_breaker import CircuitBreaker
from vodnb.bulk.pace.control import BY_HAND, Control, Stop
from vodnb.bulk.pace.reads import is_forbidden
from vodnb.rules.asset_info import states_in
from vodnb.rules.errors import JournalError
from vodnb.rules.lifecycle import is_proof_needed, settle_unsent
from vodnb.rules.model import AnswerClass, Outcome, Settlement
from vodnb.rules.operations import BATCH
from vodnb.rules.pacing import back_off, may_retry

from .events import Bounced, Looked, Phase, PhaseBegan, Settled, Warned
from .in_doubt import InDoubt
from .intents import MOST_AHEAD, Intents
from .look_ahead import LookAhead
from .read_back import ReadBack
from .workers import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from vodnb.bulk.pace.paced_call import PacedCall
    from vodnb.rules.answers import Answer
    from vodnb.service.client import Client

    from .plan import Item, Plan
    from .recorder import Recorder

_logger = logging.getLogger("vodnb")

_LOOKS = 3
"""Most calls to read the states of doubtful assets: one lost answer leaves no doubt."""

_TRIES = {AnswerClass.NOT_SENT: 2, AnswerClass.AMBIGUOUS: 3}
"""Calls of the preflight: one lost answer, or one spoiled connection, is no reason not to start."""


@dataclass(eq=False, repr=False)
class Engine:
    """One run."""

    plan: Plan
    _: KW_ONLY
    service: Client
    confirm: PacedCall
    info: PacedCall
    control: Control
    recorder: Recorder
    recall: InitVar[Callable[[str], Settlement]]
    """Returns how an asset stands that was told of."""
    doubtful: InitVar[Sequence[Item]] = ()
    """What an earlier process left in doubt."""
    unverified: InitVar[Iterable[str]] = ()
    """Assets that an earlier process has not read back."""
    now: Callable[[], str]
    """Returns the time of day as UTC ISO text ending in Z."""
    chance: Callable[[], float]
    """Returns a number from 0 to 1."""
    stopped: Stop | None = field(default=None, init=False)
    """Why it ended early, if it did."""
    trials_left: float = field(init=False)
    """How many more assets may be sent as a trial; infinity where it is none."""

    def __post_init__(
        self,
        recall: Callable[[str], Settlement],
        doubtful: Sequence[Item],
        unverified: Iterable[str],
    ) -> None:
        plan, control, recorder = self.plan, self.control, self.recorder
        self.trials_left = math.inf if plan.canary is None else plan.canary
        self._ready: deque[Item] = deque()
        self._intents = Intents(recorder, ready=self._ready, rate=self._rate, now=self.now)
        self._can_look = True
        self._sent = 0
        self._retries = 0
        self._canary_rests = False
        unverified = list(unverified)
        known = [*(item.asset_id for item in doubtful[:BATCH]), *unverified[:BATCH]]
        self._first = [*plan.assets[:BATCH], *known][:BATCH]
        self._breaker = CircuitBreaker(control, probe=self._probe, stop=self._stop)
        self._in_doubt = InDoubt(
            plan, control=control, read=self._read_states, send=self._resend, settle=self._settle
        )
        self._in_doubt.add(doubtful)
        self._workers = WorkerPool(self._shift, size=plan.workers, rate=self._rate)
        self._ahead = LookAhead(
            plan,
            ready=self._ready,
            read=self._states_before,
            admit=self._admit,
            goes_on=self._goes_on,
            rate=lambda: self._workers.rate,
        )
        self._read_back = ReadBack(
            plan,
            control=control,
            read=self._read_states,
            recall=recall,
            tell=recorder.tell,
            unverified=unverified,
        )

    def _rate(self) -> float:
        return self.confirm.rate

    async def run(self) -> None:
        """Settle every asset that can be settled; a wrong connection raises before any is sent."""
        try:
            await self._run_phases()
        finally:
            self._intents.retract(self._ready)
            await self.recorder.finish()
        if self.control.is_stopped and not self.stopped:
            self.stopped = BY_HAND
        elif self._canary_rests and not self.stopped:
            reason = f"only {self.plan.canary} were sent, as asked"
            self.stopped = Stop(code="CLIENT.CANARY", reason=reason)
        ended = Phase.STOPPED if self.stopped else Phase.FINISHED
        self.recorder.tell(PhaseBegan(phase=ended))

    async def _run_phases(self) -> None:
        self.recorder.tell(PhaseBegan(phase=Phase.CHECKING))
        await self._preflight()
        self.recorder.tell(PhaseBegan(phase=Phase.SENDING))
        await self._workers.run()
        if self._in_doubt:
            self.recorder.tell(PhaseBegan(phase=Phase.SETTLING))
            await self._together([self._in_doubt.settle_all()])
        if self._read_back and self._can_look and not self.control.is_stopped:
            # How they stand must have been heard before it is recalled.
            await self.recorder.catch_up()
            self.recorder.tell(PhaseBegan(phase=Phase.VERIFYING, total=len(self._read_back)))
            await self._together([self._read_back.read_all()])

    @property
    def is_verified(self) -> bool:
        """Whether nothing is left to be read back."""
        return self._read_back.is_complete or not self._can_look

    # -- before the first confirm call ----------------------------------------------------------

    async def _preflight(self) -> None:
        """Prove host, TLS, clock, credential and project with one cheap call."""
        if not self._first:
            return
        answer = await self._ask(self._first)
        for turn in (1, 2):
            if answer is None or answer.kind not in _TRIES or turn >= _TRIES[answer.kind]:
                break
            await self.control.nap(back_off(turn, chance=self.chance))
            answer = await self._ask(self._first)
        if answer is None:
            return
        if answer.kind is AnswerClass.DONE:
            self._ahead.learn(states_in(answer.data, self._first))
        elif is_forbidden(answer) and not self.plan.must_look:
            # No permission to read is no stop: the run goes on without looking.
            self._can_look = False
            self.recorder.tell(Warned(code="CLIENT.NO_READ"))
        elif is_forbidden(answer) or answer.kind is not AnswerClass.PERMANENT:
            raise self.service.error_for(answer)

    # -- looking --------------------------------------------------------------------------------

    async def _look(self, batch: Sequence[str]) -> Answer | None:
        """Ask for states once; None where the run was stopped first."""
        answer = await self._ask(batch)
        if answer:
            self._breaker.saw(answer)
            if answer.kind in {AnswerClass.GLOBAL, AnswerClass.REJECTED}:
                self._stop(answer.code, answer.message)
        return answer

    async def _ask(self, batch: Sequence[str]) -> Answer | None:
        self.recorder.tell(Looked())
        return await self.info.call(asset_id=list(batch))

    async def _read_states(self, batch: Sequence[str]) -> dict[str, str]:
        """Return states of assets, asking again where an answer was lost."""
        for turn in range(_LOOKS):
            if not self._can_look or not await self._breaker.passable():
                break
            if turn and not await self.control.nap(back_off(turn, chance=self.chance)):
                break
            answer = await self._look(batch)
            if answer and answer.kind is AnswerClass.DONE:
                return states_in(answer.data, batch)
            if answer and answer.kind is AnswerClass.PERMANENT:
                return await self._read_apart(batch)
        return {}

    async def _read_apart(self, batch: Sequence[str]) -> dict[str, str]:
        """Return the states of a refused batch: one strange ID must not cost the others."""
        states: dict[str, str] = {}
        for asset_id in batch if len(batch) > 1 else ():
            states |= await self._read_states([asset_id])
        return states

    async def _probe(self) -> Answer | None:
        return await self.info.call(asset_id=self._first[:1])

    # -- sending --------------------------------------------------------------------------------

    async def _together(self, works: Iterable[Coroutine[Any, Any, None]]) -> None:
        await asyncio.gather(*map(self._guarded, works))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except JournalError as fault:
            # What cannot be recorded is not sent.
            self._stop("CLIENT.JOURNAL", str(fault))
        except Exception as fault:
            # A fault of ours must not cost the table: what is known so far is handed over.
            _logger.exception("run %s stopped by a fault of vodnb", self.plan.run_id)
            self._stop("CLIENT.FAULT", f"{type(fault).__name__} in vodnb itself; see the log")

    @property
    def _ends_here(self) -> bool:
        return self.control.is_stopped or self._canary_rests

    async def _shift(self) -> None:
        await self._guarded(self._work())

    async def _work(self) -> None:
        while not self._ends_here and (item := await self._next()):
            if self.plan.is_dry:
                dry = item.settlement(Outcome.NOT_SENT, code="CLIENT.DRY_RUN")
                self._settle(item, dry)
            elif not self.trials_left:
                self._ready.appendleft(item)
                self._canary_rests = True
            else:
                self.trials_left -= 1
                await self._send(item)
                self._intents.retract([item])
                # What turned out to need no call leaves the trial to another.
                self.trials_left += not item.attempts
            self._ahead.ends(item)

    async def _next(self) -> Item | None:
        """Return the next asset to send; looking may settle some without sending."""
        if not self._looks_first:
            return self._ahead.unlooked(MOST_AHEAD)
        return await self._ahead.next()

    async def _goes_on(self) -> bool:
        return await self._breaker.passable() and await self.control.may_go()

    @property
    def _looks_first(self) -> bool:
        return self._can_look and (self.plan.look_first or self.plan.must_look)

    async def _states_before(self, batch: Sequence[str]) -> dict[str, str]:
        """Return states as they are before sending."""
        if self.plan.must_look:
            return await self._read_states(batch)
        answer = await self._look(batch)
        return states_in(answer.data, batch) if answer and answer.data else {}

    def _admit(self, item: Item) -> bool:
        """Settle an asset that its state says all of; return whether it is to be sent."""
        if self.control.is_stopped:
            return False
        settled = settle_unsent(item.state, self.plan.status, only_hanging=self.plan.must_look)
        if settled:
            self._intents.retract([item])
        if settled and settled.outcome is Outcome.NOT_SENT:
            self.recorder.tell(Bounced(asset_id=item.asset_id, settlement=settled))
        elif settled:
            self._settle(item, settled)
        return not settled

    async def _send(self, item: Item) -> None:
        """Send one asset until it is settled, doubtful, or the run stops."""
        while await self._breaker.passable() and (answer := await self._attempt(item)):
            item.answer = answer
            self._breaker.saw(answer)
            self._workers.saw(answer)
            if answer.kind is not AnswerClass.NOT_SENT:
                self._conclude(item, answer)
                return
            self._bounce(item, answer)
            if not await self._may_go_again(item):
                return

    async def _resend(self, item: Item) -> None:
        """Send an asset after a doubt; what only an earlier process has sent counts as a trial."""
        if item.deadline and not self.trials_left:
            self._canary_rests = True
            back = item.settlement(Outcome.NOT_SENT, code="CLIENT.CANARY")
            self.recorder.tell(Bounced(asset_id=item.asset_id, settlement=back))
            return
        self.trials_left -= bool(item.deadline)
        await self._send(item)

    def _conclude(self, item: Item, answer: Answer) -> None:
        """Do what an answer of the service allows."""
        match answer.kind:
            case AnswerClass.DONE:
                self._settle(item, item.settlement(Outcome.CONFIRMED))
                self._read_back.add(item.asset_id)
            case AnswerClass.AMBIGUOUS:
                self._in_doubt.add([item])
            case AnswerClass.PERMANENT if is_proof_needed(answer.code):
                self._in_doubt.add([item])
            case AnswerClass.PERMANENT:
                self._settle(item, item.settlement(Outcome.FAILED))
                self._read_back.add(item.asset_id)
            case AnswerClass.GLOBAL | AnswerClass.REJECTED | AnswerClass.NOT_SENT:
                self._bounce(item, answer)
                self._stop(answer.code, answer.message)

    async def _attempt(self, item: Item) -> Answer | None:
        async def before() -> float | None:
            if self._looks_first and not await self._ahead.is_due(item):
                return None
            item.attempts += 1
            item.answer, item.is_read = None, False
            item.sent_at = item.sent_at or self.now()
            self._sent += 1
            await self._intents.leave(item)
            item.left_at = asyncio.get_running_loop().time()
            return self._ahead.leaves_by(item)

        def after_throttle(answer: Answer) -> None:
            item.attempts -= 1
            self._bounce(item, answer)

        return await self.confirm.call(
            before=before,
            after_throttle=after_throttle,
            asset_id=item.asset_id,
            status=str(self.plan.status),
        )

    async def _may_go_again(self, item: Item) -> bool:
        """Wait before the next attempt of a call that never left; False where there is none."""
        item.failures += 1
        item.unsent += 1
        if self._breaker.is_open:
            # The host is away, not this asset: its attempts count from when it is back.
            item.failures = 0
            return True
        has_budget = may_retry(retries=self._retries, sent=self._sent)
        if item.failures >= self.plan.attempts or not has_budget:
            self._settle(item, item.settlement(Outcome.FAILED))
            return False
        self._retries += 1
        return await self.control.nap(back_off(item.failures, chance=self.chance))

    def _settle(self, item: Item, settlement: Settlement) -> None:
        is_failure = item.answer is not None and not settlement.outcome.is_good
        attempt = item.answer.attempt if item.answer and is_failure else None
        self.recorder.tell(Settled(asset_id=item.asset_id, settlement=settlement, attempt=attempt))

    def _bounce(self, item: Item, answer: Answer) -> None:
        item.answer = answer
        back = item.settlement(Outcome.NOT_SENT)
        attempt = answer.attempt if answer.kind is AnswerClass.GLOBAL else None
        self.recorder.tell(Bounced(asset_id=item.asset_id, settlement=back, attempt=attempt))

    def _stop(self, code: str, reason: str) -> None:
        self.stopped = self.stopped or Stop(code=code, reason=reason)
        self.control.stop()
