"""What a run is to do, and what has happened to each asset on its way. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.model import Outcome, Settlement, Status

if TYPE_CHECKING:
    import asyncio
    import os
    from collections.abc import Sequence

    from vodnb.rules.answers import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do."""

    run_id: str
    status: Status
    assets: Sequence[str]
    """The distinct asset IDs, in order."""
    workers: int | None
    """Calls under way at once; None for as few as reach the rate."""
    attempts: int
    """Most sendings of one asset; throttled ones do not count."""
    deadline: float
    look_first: bool
    only_hanging: bool = False
    """Whether only what is CREATING may be sent, as the destructive statuses do in any case; what
    cannot be looked up is not sent then."""
    verify: bool = False
    """Whether the state of what was sent is read back."""
    is_dry: bool = False
    canary: int | None = None
    """How many assets are sent as a trial; None for all."""

    @property
    def must_look(self) -> bool:
        """Whether nothing may be sent whose state is not known."""
        return self.only_hanging or self.status.is_destructive


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Where the journal of a run goes."""

    source: str = ""
    """The file that the assets came from; "" for none."""
    folder: str | os.PathLike[str] | None = None
    """The folder that was asked for, or the journal of a run; None for the usual one."""
    is_fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """That assets are about to leave."""

    at: float
    """When it was made, in seconds of the loop's clock."""
    durable: asyncio.Future[None]
    """Done when it is on disk."""


@dataclass(slots=True, kw_only=True)
class Item:
    """An asset on its way through a run."""

    asset_id: str
    state: str = ""
    """Its state as looked up before sending; "" where not known."""
    attempts: int = 0
    """How often it was sent, throttled sendings not counted."""
    failures: int = 0
    """How often the call could not even leave, since the host was last away."""
    unsent: int = 0
    """How many of its attempts could not even leave."""
    looked_at: float | None = None
    """When its state was looked up, in seconds of the loop's clock; None for never."""
    sent_at: str = ""
    """When it was first sent: UTC ISO text; "" if never."""
    left_at: float = 0.0
    """When it was last sent, in seconds of the loop's clock."""
    deadline: float = 0.0
    """How long an earlier process gave its call; 0 for a call of this one."""
    intent: Intent | None = None
    is_resent: bool = False
    """Whether it was sent again after a doubt; that is done once."""
    is_read: bool = False
    """Whether its state was read after its last answer."""
    answer: Answer | None = None

    @property
    def sendings(self) -> int:
        """How often the call may have reached the service."""
        return self.attempts - self.unsent

    def settlement(self, outcome: Outcome, *, code: str = "", state_after: str = "") -> Settlement:
        """Return how the asset stands, in the last answer's words unless all is well.

        Its code is the last answer's too, where none is given.
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
