"""Where every asset of a run stands, kept up to date by listening; and the counts for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING

from vodnb.bulk.pace.paced_call import Slowed
from vodnb.journal.standings import Standings
from vodnb.rules.model import Outcome

from .events import Bounced, Event, Looked, Phase, PhaseBegan, Sent, Settled, Verified, Warned

if TYPE_CHECKING:
    from collections.abc import Sequence


_MISSING = "VOD.10062"
_MANY = 50
"""So many unknown assets, and a fifth of all, hint at a wrong project, region or column."""


@dataclass(eq=False, repr=False)
class RunState:
    """The standing of each asset; written by the loop thread, read by any."""

    assets: InitVar[Sequence[str]] = ()
    settlements: Standings = field(init=False)
    """How each asset stands that was touched: truthful at every moment, since an asset is in doubt
    from the moment before it is sent until its answer is understood."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    phase: Phase = Phase.CHECKING
    slowed_by: str = ""
    """The code of the throttling that we are waiting out."""
    looks: int = 0
    """Calls that asked for states before sending."""
    spared: int = 0
    """Assets that were settled by their state, without a confirm call."""
    to_read: int = 0
    """How many assets are to be read back; `read` is how many were."""
    read: int = 0
    warnings: list[str] = field(default_factory=list)
    """Codes of what the user should know."""

    def __post_init__(self, assets: Sequence[str]) -> None:
        self.settlements = Standings(assets)

    @property
    def settled(self) -> int:
        """How many assets have their outcome."""
        return self.outcomes.total()

    @property
    def doubtful(self) -> int:
        """How many assets are in doubt now, settled so or still out."""
        return self.settlements.doubtful

    @property
    def missing(self) -> int:
        """How many assets are unknown to the service, where that is suspiciously many; else 0."""
        count = self.codes[_MISSING]
        return count if count >= _MANY and count * 5 >= self.settled else 0

    def hear(self, event: Event) -> None:
        """Take one event down."""
        match event:
            case PhaseBegan():
                self.phase = event.phase
                self.to_read += event.total
                self.slowed_by = ""
            case Looked():
                self.looks += self.phase in {Phase.CHECKING, Phase.SENDING}
            case Sent() | Bounced():
                self.settlements.put(event.asset_id, event.settlement)
            case Settled():
                self.settlements.put(event.asset_id, event.settlement)
                self.outcomes[event.settlement.outcome] += 1
                self.codes[event.settlement.code] += 1
                is_sent = event.settlement.attempts or event.settlement.outcome is Outcome.NOT_SENT
                self.spared += not is_sent
                self.slowed_by = ""
            case Verified():
                self._settle_anew(event)
            case Slowed():
                self.slowed_by = event.code
            case Warned():
                self.warnings.append(event.code)

    def _settle_anew(self, event: Verified) -> None:
        before, after = self.settlements[event.asset_id], event.settlement
        self.settlements.put(event.asset_id, after)
        if (before.outcome, before.code) != (after.outcome, after.code):
            # Made anew, for others may be reading them.
            self.outcomes = self.outcomes - Counter([before.outcome]) + Counter([after.outcome])
            self.codes = self.codes - Counter([before.code]) + Counter([after.code])
        self.read += 1
        self.slowed_by = ""
