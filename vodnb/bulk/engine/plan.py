"""What a run is to do, and what has happened to each asset on its way. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.model import Outcome, Settlement

if TYPE_CHECKING:
    import asyncio
    import os
    from collections.abc import Sequence

    from vodnb.rules.answers import Answer
    from vodnb.rules.model import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do.

    Attributes:
        run_id: Name of the run.
        status: What is asked for.
        assets: The distinct asset IDs, in order.
        workers: Calls under way at once; None for as few as reach the rate.
        attempts: Most sendings of one asset; throttled ones do not count.
        deadline: Seconds that a whole call may take.
        look_first: Whether states are looked up before sending.
        only_hanging: Whether only what is CREATING may be sent, as the destructive statuses do
            in any case; what cannot be looked up is not sent then.
        verify: Whether the state of what was sent is read back.
        is_dry: Whether it only says what would be sent.
        canary: How many assets are sent as a trial; None for all.
    """

    run_id: str
    status: Status
    assets: Sequence[str]
    workers: int | None
    attempts: int
    deadline: float
    look_first: bool
    only_hanging: bool = False
    verify: bool = False
    is_dry: bool = False
    canary: int | None = None

    @property
    def must_look(self) -> bool:
        """Whether nothing may be sent whose state is not known."""
        return self.only_hanging or self.status.is_destructive


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Where the journal of a run goes.

    Attributes:
        source: The file that the assets came from; "" for none.
        folder: The folder that was asked for, or the journal of a run; None for the usual one.
        is_fresh: Whether to begin a new run in any case.
    """

    source: str = ""
    folder: str | os.PathLike[str] | None = None
    is_fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """That assets are about to leave.

    Attributes:
        at: When it was made, in seconds of the loop's clock.
        durable: Done when it is on disk.
    """

    at: float
    durable: asyncio.Future[None]


@dataclass(slots=True, kw_only=True)
class Item:
    """An asset on its way through a run.

    Attributes:
        asset_id: The asset.
        state: Its state as looked up before sending; "" where not known.
        attempts: How often it was sent, throttled sendings not counted.
        failures: How often the call could not even leave, since the host was last away.
        unsent: How many of its attempts could not even leave.
        looked_at: When its state was looked up, in seconds of the loop's clock; None for never.
        sent_at: When it was first sent: UTC ISO text; "" if never.
        left_at: When it was last sent, in seconds of the loop's clock.
        deadline: How long an earlier process gave its call; 0 for a call of this one.
        intent: The intent that it is about to leave; None where there is none.
        is_resent: Whether it was sent again after a doubt; that is done once.
        is_read: Whether its state was read after its last answer.
        answer: What the last attempt came to.
    """

    asset_id: str
    state: str = ""
    attempts: int = 0
    failures: int = 0
    unsent: int = 0
    looked_at: float | None = None
    sent_at: str = ""
    left_at: float = 0.0
    deadline: float = 0.0
    intent: Intent | None = None
    is_resent: bool = False
    is_read: bool = False
    answer: Answer | None = None

    @property
    def sendings(self) -> int:
        """How often the call may have reached the service."""
        return self.attempts - self.unsent

    def settlement(self, outcome: Outcome, *, code: str = "", state_after: str = "") -> Settlement:
        """Return how the asset stands, in the last answer's words unless all is well.

        Args:
            outcome: How it stands.
            code: Stands in for the last answer's code. Default "": that one.
            state_after: The state as read back.
        """
        last = self.answer
        words = last if last and not outcome.is_good else None
        unheard = "" if outcome.is_good else "CLIENT.NO_ANSWER"
        return Settlement(
            outcome=outcome,
            code=code or (words.code if words else unheard),
            message=words.message if words else "",
            http_status=last.http_status if last else None,
            request_id=last.request_id if last else "",
            attempts=self.attempts,
            sent_at=self.sent_at,
            elapsed_ms=last.elapsed_ms if last else None,
            state_before=self.state,
            state_after=state_after,
        )
