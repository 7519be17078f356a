"""How long a run takes at its rate, before anything is sent. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodnb.rules.words.wording import clock, say

from .lifecycle import settle_unsent
from .operations import BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model import Lang, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run will cost, if nothing goes wrong and the service is not slower than the rate.

    Attributes:
        assets: Distinct valid assets of the table.
        looks: Calls that ask for states before sending.
        confirms: Confirm calls: the fewest and the most. They are the same where states are known.
        reads: Calls that read back what was sent, likewise.
        seconds: How long it takes, likewise.
        lang: Language of its text.
    """

    assets: int
    looks: int
    confirms: tuple[int, int]
    reads: tuple[int, int]
    seconds: tuple[float, float]
    lang: Lang

    def __repr__(self) -> str:
        parts = [say("count.assets", self.lang, count=self.assets)]
        counts = (("looks", (self.looks,) * 2), ("confirms", self.confirms), ("reads", self.reads))
        for name, (fewest, most) in counts:
            if most:
                told = f"{most:,}" if fewest == most else f"{fewest:,} – {most:,}"
                parts.append(say(f"estimate.{name}", self.lang, calls=told))
        shortest, longest = (clock(math.ceil(seconds)) for seconds in self.seconds)
        time = shortest if shortest == longest else f"{shortest} – {longest}"
        return "\n".join((*parts, say("estimate.time", self.lang, time=time)))


def reckon(
    states: Sequence[str],
    *,
    status: Status,
    only_hanging: bool,
    looks: bool,
    reads_back: bool,
    rate: float,
    lang: Lang,
) -> Estimate:
    """Return what a run costs.

    Looking and confirming go side by side, each on a quota of its own: the slower one decides.
    Reading back begins when everything is sent.
    """
    asked = math.ceil(len(states) / BATCH) if looks else 0
    unknown = sum(not state for state in states) if looks else 0
    surely = len(states)
    if looks:
        settled = (settle_unsent(state, status, only_hanging=only_hanging) for state in states)
        surely = sum(ends is None for ends, state in zip(settled, states, strict=True) if state)
    sent = (surely, surely + unknown)
    reads = [math.ceil(each / BATCH) if reads_back else 0 for each in sent]
    seconds = [(max(asked, each) + read) / rate for each, read in zip(sent, reads, strict=True)]
    return Estimate(
        assets=len(states),
        looks=asked,
        confirms=sent,
        reads=(reads[0], reads[1]),
        seconds=(seconds[0], seconds[1]),
        lang=lang,
    )
