"""Stories of the hunt on the virtual clock.

What `simulate` tells, and pauses, long throttling, odd answers, somebody else who confirms.
"""

from __future__ import annotations

import asyncio
import math
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hunt_world import HuntWorld
from simulate import Story
from simulated_world import DEADLINE, MemoryJournal
from virtual_time import run_virtual

from vodnb.bulk.pace import control
from vodnb.journal import owner
from vodnb.rules.errors import VodnbError
from vodnb.rules.model import Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodnb.bulk.engine.engine import Engine

BOUND = 300.0
"""Seconds in which a run must end when nothing goes wrong any more."""

NOISY_BOUND = 3600.0
"""Seconds in which a run must end, whatever goes wrong."""

INGREDIENTS = (
    "crashes",
    "pauses",
    "throttling",
    "outsiders",
    "odd answers",
    "jumps",
    "lag",
    "trouble",
    "outage",
    "many workers",
    "many assets",
    "legs",
)
"""What can be left out of a story."""


class _Watched:
    """An engine of which is noted what it raises."""

    def __init__(self, engine: Engine, broken: list[str]) -> None:
        self._engine = engine
        self._broken = broken

    async def run(self) -> None:
        try:
            await self._engine.run()
        except (VodnbError, asyncio.CancelledError):
            raise
        except BaseException as error:
            self._broken.append(f"raised {type(error).__name__}: {error}")
            raise
        finally:
            stopped = self._engine.stopped
            if stopped and stopped.code == "CLIENT.FAULT":
                self._broken.append(f"stopped by a fault: {stopped.reason}")


class HuntStory(Story):
    """One table, some noisy legs, and a quiet one.

    Args:
        seed: Decides everything.
        without: Ingredients that are left out.
    """

    def __init__(self, seed: int, without: list[str]) -> None:
        super().__init__(seed)
        self.world: HuntWorld = HuntWorld(self.chance, without)
        self.status = self.chance.choice([self.status, self.status, Status.FAILED])
        self.world.goal = "UPLOAD_FAILED" if self.status is Status.FAILED else str(self.status)
        self.journal = MemoryJournal(self.world)
        self.pauses = self.chance.choice([0.0, 0.5]) * ("pauses" not in without)
        self.legs = 1 if "legs" in without else self.chance.randint(1, 4)
        if "many workers" in without:
            self.workers = 1
        self._is_quiet = False

    async def play(self) -> None:
        """Run the cell a few times, and once more when nothing goes wrong."""
        self.world.begin()
        self.clock = owner.this_clock()
        for _ in range(self.legs):
            await self._in_time(NOISY_BOUND)
            if self.is_finished:
                break
            await asyncio.sleep(self.chance.choice([0.0, 1.0, 5.0, 60.0]))
            self.world.set_clock()
        told = {self.outcome(asset) for asset in self.world.assets}
        if self.is_finished and Outcome.IN_DOUBT not in told:
            # A finished run is not gone on with: the same cell begins a new one.
            self.journal = MemoryJournal(self.world)
            for asset in self.world.assets:
                self.world.calls[asset].append(("told", self.world.monotonic()))
        self.world.calm_down()
        self._is_quiet = True
        self.look_first = self.verify = True
        await asyncio.sleep(self.world._lag)
        await self._in_time(BOUND)

    async def _in_time(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._leg(is_last=self._is_quiet)
        except TimeoutError:
            self.world.broken.append(f"a run did not end within {seconds:g} s")
            self.world.crashed.set()

    def _crash_at(self) -> int | None:
        found = super()._crash_at()
        return None if "crashes" in self.world.without else found

    def _engine(self, switches: Any) -> Any:
        if not self._is_quiet and self.chance.random() < self.pauses:
            loop = asyncio.get_running_loop()
            moment = self.chance.choice([0.0, self.chance.uniform(0, 10)])
            loop.call_later(moment, switches.pause)
            loop.call_later(moment + self.chance.choice([1.0, 6.0, 60.0]), switches.resume)
        return _Watched(super()._engine(switches), self.world.broken)

    # -- the verdict ----------------------------------------------------------------------------

    def faults(self) -> list[str]:
        """Return what the story broke of our promises."""
        strangers = set(self.run_state.settlements) - set(self.world.assets)
        found = [*self.world.broken, *self._claims(), *self._repeats(), *self._open()]
        return found + [f"{asset} is not in the table" for asset in strangers]

    def _claims(self) -> list[str]:
        found = []
        for asset in self.world.assets:
            told, state = self.outcome(asset), self.world.states.get(asset, "NO_ASSET")
            effects, goal = self.world.effects[asset], self.world.goal
            is_there = state == goal
            was_there = self.world.starts.get(asset) == goal
            match told:
                case Outcome.CONFIRMED:
                    is_true = is_there and (not self.status.is_destructive or effects == 1)
                case Outcome.ALREADY_CONFIRMED:
                    is_true = is_there
                case Outcome.FAILED:
                    is_true = not effects and not was_there
                case _:
                    is_true = told is Outcome.IN_DOUBT or not effects
            if not is_true:
                found.append(f"{asset} is told {told} and is {state} by {effects} calls of ours")
        return found

    def _repeats(self) -> Iterator[str]:
        """Sendings that no look allowed, after the time in which the one before could take effect.

        What a finished table has told is the user's to ask for again.
        """
        for asset in self.world.assets:
            believable = looked = -math.inf
            for kind, moment in self.world.calls[asset]:
                if kind == "look":
                    looked = moment
                elif kind == "told":
                    believable = -math.inf
                elif looked < believable:
                    yield f"{asset} is sent again at {moment:.3f} without a look"
                if kind == "maybe":
                    believable = moment + DEADLINE
            if self.world.effects[asset] > 1:
                yield f"{asset} was brought to {self.world.goal} twice"

    def _open(self) -> Iterator[str]:
        """What the quiet leg has left open."""
        if not self.is_finished and not self.status.is_destructive:
            state = self.run_state
            yield f"the quiet run ended {state.phase} with {state.settled} settled"
        for asset in self.world.assets:
            told = self.outcome(asset)
            if told is Outcome.NOT_SENT or self._hangs(asset):
                yield f"{asset} is {told} after a quiet run, and is {self.world.states.get(asset)}"

    def _hangs(self, asset: str) -> bool:
        """Whether a quiet run has left an asset open, though it may be sent as often as it takes.

        Not where its attempts are used up, and not where what somebody else did contradicts its
        answer: the next run finds out.
        """
        if self.status.is_destructive or asset in self.world._confirmed_at:
            return False
        standing = self.run_state.settlements.get(asset)
        if standing and standing.outcome is Outcome.FAILED and standing.attempts > 1:
            return False
        is_doubtful = self.outcome(asset) is Outcome.IN_DOUBT
        return is_doubtful or self.world.states.get(asset) == "CREATING"


def tell(seed: int, without: list[str] | None = None) -> HuntStory:
    """Play the story of a seed to its end.

    Args:
        seed: The seed.
        without: Ingredients to leave out.
    """
    story = HuntStory(seed, without or [])
    clock = SimpleNamespace(time=story.world.wall, monotonic=story.world.monotonic)
    with patch.object(owner, "time", clock), patch.object(control, "_SLICE", 1.0):
        run_virtual(story.play())
    return story


def sort_of(fault: str) -> str:
    """Return what a broken promise is about, without names and numbers."""
    return re.sub(r"\ba?[0-9][0-9.]*\b", "N", fault)


def shrink(seed: int, sort: str) -> list[str]:
    """Return what can be left out of a story that still breaks a promise of that sort.

    Args:
        seed: The story.
        sort: What `sort_of` says of the promise.
    """
    without: list[str] = []
    for name in INGREDIENTS:
        if sort in map(sort_of, tell(seed, [*without, name]).faults()):
            without.append(name)
    return without
