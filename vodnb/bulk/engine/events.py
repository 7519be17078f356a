"""What a run tells its listeners, as frozen records; it never knows who listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vodnb.bulk.pace.paced_call import Slowed

if TYPE_CHECKING:
    from vodnb.rules.attempt import Attempt
    from vodnb.rules.model import Settlement


class Phase(StrEnum):
    """What a run is doing."""

    CHECKING = "checking"
    SENDING = "sending"
    SETTLING = "settling"
    VERIFYING = "verifying"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseBegan:
    """The run has come to its next phase."""

    phase: Phase
    total: int = 0
    """How many assets it is about, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A call asked for states before sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A confirm call is about to leave; from here on it may have its effect."""

    asset_id: str
    settlement: Settlement
    """How the asset stands if nothing more is ever heard: in doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced:
    """The call provably had no effect; the asset may be sent again."""

    asset_id: str
    settlement: Settlement
    attempt: Attempt | None = None
    """The sending that ended the run; None for any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The asset has its outcome."""

    asset_id: str
    settlement: Settlement
    attempt: Attempt | None = None
    """The last sending, where the outcome is not good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The state of an asset that has its outcome was read back: this is how it stands now."""

    asset_id: str
    settlement: Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something the user should know; the code says what."""

    code: str


Event = PhaseBegan | Looked | Sent | Bounced | Settled | Verified | Slowed | Warned
Listener = Callable[[Event], None]
