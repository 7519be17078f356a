"""Play made-up stories of a run in virtual time: faults, lags, stops and crashes, all from a seed.

Run: python tests/campaigns/simulate.py --runs 10000
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import math
import random
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from simulated_world import DEADLINE, MemoryJournal, MemoryRecorder, World
from virtual_time import run_virtual

from vodnb.bulk.engine.engine import Engine
from vodnb.bulk.engine.events import Phase
from vodnb.bulk.engine.plan import Plan
from vodnb.bulk.engine.run_state import RunState
from vodnb.bulk.job import Job, _items, _unverified_in
from vodnb.bulk.pace import control
from vodnb.bulk.pace.control import Control
from vodnb.bulk.pace.limiter import Limiter
from vodnb.bulk.pace.paced_call import PacedCall
from vodnb.journal import opening, owner
from vodnb.rules.model import Outcome, Status
from vodnb.rules.operations import CONFIRM, INFO

MOST_LEGS = 5
"""Three crashes, a stop, and a last leg that is left alone."""


class Story:
    """One run from its first cell to its last, told by a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = World(self.chance)
        self.journal = MemoryJournal(self.world)
        self.workers = self.chance.choice([1, 2, 4, 8])
        self.look_first = self.chance.random() < 0.8
        self.ceiling = self.chance.choice([math.inf, 25.0])
        self.verify = self.chance.random() < 0.7
        self.only_hanging = self.chance.random() < 0.3
        self.status = self.chance.choice([Status.CREATED] * 3 + [Status.CANCELLED])
        self.world.goal = str(self.status)
        self.run_state = RunState()
        self.is_finished = False

    async def play(self) -> None:
        """Run the cell until it comes to its end, or five times."""
        self.world.begin()
        self.clock = owner.this_clock()
        for leg in range(1, MOST_LEGS + 1):
            await self._leg(is_last=leg == MOST_LEGS)
            if self.is_finished:
                break
            await asyncio.sleep(self.chance.choice([0.0, 1.0, 5.0, 60.0]))
            self.world.set_clock()
        await asyncio.sleep(2 * DEADLINE)

    async def _leg(self, *, is_last: bool) -> None:
        self.world.wake(crash_at=None if is_last else self._crash_at())
        self.run_state = RunState()
        switches = Control()
        if not is_last and self.chance.random() < 0.2:
            moment = self.chance.uniform(0, 15)
            asyncio.get_running_loop().call_later(moment, switches.stop)
        work = asyncio.ensure_future(self._engine(switches).run())
        crash = asyncio.ensure_future(self.world.crashed.wait())
        await asyncio.wait({work, crash}, return_when=asyncio.FIRST_COMPLETED)
        has_crashed = self.world.crashed.is_set()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        # A leg whose first check fails raises, and the next leg tries again.
        await asyncio.gather(work, *rest, return_exceptions=True)
        self.world.log("crash" if has_crashed else f"end {self.run_state.phase}")
        self.is_finished = not has_crashed and self.run_state.phase is Phase.FINISHED

    def _crash_at(self) -> int | None:
        return self.chance.randint(1, 120) if self.chance.random() < 0.6 else None

    def _engine(self, switches: Control) -> Engine:
        plan = Plan(
            run_id="run",
            status=self.status,
            assets=self.world.assets,
            workers=self.workers,
            attempts=3,
            deadline=DEADLINE,
            look_first=self.look_first,
            only_hanging=self.only_hanging,
            verify=self.verify,
        )
        self.clock = owner.common_clock(self.clock)
        header = SimpleNamespace(deadline=DEADLINE, clock=self.clock)
        opened = opening._sort(self.journal, header)
        job = SimpleNamespace(_plan=plan, _state=self.run_state)
        opened.header.run_id = "run"
        with patch("vodnb.bulk.job.replace", _replace):
            plan = Job._take_up(job, opened)
        return Engine(
            plan,
            service=self.world,
            confirm=self._paced_call(CONFIRM, switches),
            info=self._paced_call(INFO, switches),
            control=switches,
            recorder=MemoryRecorder(self.journal, listen=self.run_state.hear),
            recall=self.run_state.settlements.__getitem__,
            doubtful=_items(opened),
            unverified=_unverified_in(opened),
            now=lambda: "2026-01-01T00:00:00.000Z",
            chance=self.chance.random,
        )

    def _paced_call(self, operation: Any, switches: Control) -> PacedCall:
        return PacedCall(
            operation,
            service=self.world,
            limiter=Limiter(self.ceiling),
            control=switches,
            listen=self.run_state.hear,
            deadline=DEADLINE,
            chance=self.chance.random,
        )

    # -- the verdict ----------------------------------------------------------------------------

    def faults(self) -> list[str]:
        """Return what the story broke of our promises."""
        found = [*self._claims(), *self._repeats()]
        strangers = set(self.run_state.settlements) - set(self.world.assets)
        found += [f"{asset} is not in the table" for asset in strangers]
        standings = self.run_state.settlements.values()
        unread = sum(standing.code == "CLIENT.UNREAD" for standing in standings)
        if self.is_finished and self.run_state.settled + unread != len(self.world.assets):
            found.append(
                f"finished with {self.run_state.settled} of {len(self.world.assets)} settled"
            )
        return found

    def _claims(self) -> list[str]:
        found = []
        for asset in self.world.assets:
            told = self.outcome(asset)
            if told is Outcome.CONFIRMED:
                is_true = self._is_reached(asset)
            elif told is Outcome.ALREADY_CONFIRMED:
                is_true = self.world.states.get(asset) == self.world.goal
            else:
                is_true = told is Outcome.IN_DOUBT or not self.world.effects[asset]
            if not is_true:
                found.append(f"{asset} is told {told} and is {self.world.states.get(asset)}")
        return found

    def _is_reached(self, asset: str) -> bool:
        """Whether the asset is where the run should bring it; a destruction is our doing only."""
        is_there = self.world.states.get(asset) == self.world.goal
        return is_there and (not self.status.is_destructive or self.world.effects[asset] == 1)

    def outcome(self, asset: str) -> Outcome:
        """Return how the table shows an asset."""
        standing = self.run_state.settlements.get(asset)
        return standing.outcome if standing else Outcome.NOT_SENT

    def _repeats(self) -> list[str]:
        found = []
        for asset in self.world.assets:
            believable = looked = -math.inf
            sent = [moment for kind, moment in self.world.calls[asset] if kind == "maybe"]
            if self.status.is_destructive and len(sent) > 1:
                found.append(f"{asset} is destroyed twice: {sent}")
            for kind, moment in self.world.calls[asset]:
                if kind == "look":
                    looked = moment
                elif looked < believable:
                    found.append(f"{asset} is sent again at {moment:.3f} without a look")
                if kind == "maybe":
                    believable = moment + DEADLINE
        return found


def _replace(plan: Plan, **changes: Any) -> Plan:
    values = {name: getattr(plan, name) for name in Plan.__slots__}
    return Plan(**{**values, **changes})


def tell(seed: int) -> Story:
    """Play the story of a seed to its end."""
    story = Story(seed)
    clock = SimpleNamespace(time=story.world.wall, monotonic=story.world.monotonic)
    with patch.object(owner, "time", clock), patch.object(control, "_SLICE", 1.0):
        run_virtual(story.play())
    return story


def campaign(count: int, *, first: int) -> tuple[list[str], Counter[str], str]:
    """Play that many stories; return what broke, what came of the assets, and a digest of all."""
    broken: list[str] = []
    counts: Counter[str] = Counter()
    digest = hashlib.sha256()
    for seed in range(first, first + count):
        story = tell(seed)
        broken += [f"seed {seed}: {fault}" for fault in story.faults()]
        counts.update(str(story.outcome(asset)) for asset in story.world.assets)
        counts["crashes"] += story.world.lines.count("crash")
        counts["posts"] += sum(line.startswith("post") for line in story.world.lines)
        digest.update("\n".join(story.world.lines).encode())
    return broken, counts, digest.hexdigest()


def main() -> None:
    """Read the size from the command line, play, and exit 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    broken, counts, digest = campaign(options.runs, first=options.seed)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    lines = [f"{options.runs} stories: {len(broken)} promises broken", told, f"digest {digest}"]
    sys.stdout.write("\n".join([*lines, *broken[:20], ""]))
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
