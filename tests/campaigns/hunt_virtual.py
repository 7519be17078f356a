"""Stories of the hunt on the virtual clock.

What `simulate` tells, and pauses, long throttling, odd answers, somebody else who confirms.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from pretend_service import refusal
from simulate import Story
from simulated_world import DEADLINE, MemoryJournal, World
from virtual_time import run_virtual

from vodnb.bulk import control, owner
from vodnb.rules.answers import Reply
from vodnb.rules.errors import VodnbError
from vodnb.rules.model import Outcome, Status

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from vodnb.bulk.engine import Engine
    from vodnb.rules.answers import Fault

FRESH = 5.0
"""Seconds between the arrival of a look and the first byte of the destruction that it allows."""

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

_ODD_CONFIRMS = (
    lambda asset: {"asset_id": [asset]},
    lambda asset: {"asset_id": {"id": asset}},
    lambda asset: {"asset_id": asset, "error_code": 10051},
    lambda asset: {"asset_id": asset, "error_code": "SYSTEM_BUSY"},
    lambda _: {"asset_id": "another"},
    lambda _: [],
)


class HuntWorld(World):
    """A world in which others act too, and answers are odd.

    Args:
        chance: Decides everything.
        without: Ingredients that are left out.

    Attributes:
        broken: The promises that were broken before its eyes.
        is_cruel: Whether a destruction may destroy what somebody else has confirmed.
    """

    def __init__(self, chance: random.Random, without: list[str]) -> None:
        super().__init__(chance)
        self.without = set(without)
        self._outsiders = chance.choice([0.0, 0.0, 0.1, 0.4])
        self._odd = chance.choice([0.0, 0.02, 0.1])
        self._throttles = chance.choice([0.0, 0.02, 0.1])
        self.is_cruel = chance.random() < 0.7
        self.broken: list[str] = []
        self.crashed = asyncio.Event()
        self._seen: dict[str, tuple[float, str]] = {}
        self._confirmed_at: dict[str, float] = {}
        self.starts = dict(self.states)
        for name, value in (("lag", "_lag"), ("trouble", "_trouble"), ("outsiders", "_outsiders")):
            if name in self.without:
                setattr(self, value, 0.0)
        self._odd *= "odd answers" not in self.without
        self._throttles *= "throttling" not in self.without
        if "outage" in self.without:
            self._away = (math.inf, math.inf)
        if "many assets" in self.without:
            self.assets = self.assets[:3]

    def calm_down(self) -> None:
        """Let nothing go wrong any more."""
        self._outsiders = self._odd = self._throttles = self._trouble = 0.0
        self._away = (math.inf, math.inf)

    def set_clock(self) -> None:
        """Set the clock of the day now and then."""
        if "jumps" not in self.without:
            super().set_clock()

    @property
    def _destroys(self) -> bool:
        return self.goal != "CREATED"

    # -- looking --------------------------------------------------------------------------------

    def _look(self, asked: list[str]) -> tuple[Reply | Fault, float]:
        if asked and self._chance.random() < self._odd and not self._is_away():
            return self._odd_look(asked)
        if self._chance.random() < self._throttles:
            return self._throttled(), 0.01
        got, seconds = super()._look(asked)
        if isinstance(got, Reply) and got.body.startswith(b'{"asset_info_array"'):
            found = json.loads(got.body)["asset_info_array"]
            self._tell({each["asset_id"]: each["status"] for each in found}, seconds)
        return got, seconds

    def _tell(self, told: dict[str, str], seconds: float) -> None:
        """Note what is told, and when it arrives; somebody else may act on it too."""
        arrives = self._loop.time() + seconds
        for asset, state in told.items():
            self._seen[asset] = (arrives, state)
            if state == "CREATING" and self._chance.random() < self._outsiders:
                moment = self._chance.choice([0.0, self._chance.uniform(0, 20)])
                self._loop.call_later(moment, self._confirm_elsewhere, asset)

    def _odd_look(self, asked: list[str]) -> tuple[Reply, float]:
        now = self._loop.time()
        entries: list[dict[str, Any]] = [
            {"asset_id": asset, "status": self._shown.get(asset, "NO_ASSET")} for asset in asked
        ]
        true = {each["asset_id"]: each["status"] for each in entries}
        first = entries[0]["asset_id"]
        match self._chance.randrange(4):
            case 0:
                entries[0]["asset_id"] = [first]
            case 1:
                entries[0]["asset_id"] = {"id": first}
            case 2:
                other = "CREATED" if true[first] == "CREATING" else "CREATING"
                place = self._chance.choice([0, len(entries)])
                entries.insert(place, {"asset_id": first, "status": other})
            case _:
                entries.pop(0)
        del true[first]
        self.log(f"odd look {now:.6f} {' '.join(asked)}")
        for asset in true:
            self.calls[asset].append(("look", now))
        self._tell(true, 0.05)
        return Reply(status=200, body=json.dumps({"asset_info_array": entries}).encode()), 0.05

    def _throttled(self) -> Reply:
        seconds = self._chance.choice(["1", "5", "20", "60"])
        return refusal("APIGW.0308", 429, **{"retry-after": seconds})

    # -- confirming -----------------------------------------------------------------------------

    def _confirm(self, asset: str) -> tuple[Reply | Fault, float]:
        now = self._loop.time()
        if self._destroys:
            self._check_destruction(asset, now)
        if self._is_away():
            return super()._confirm(asset)
        if self._chance.random() < self._throttles:
            return self._without_effect(asset, self._throttled())
        if self._chance.random() < self._odd:
            self.log(f"odd post {now:.6f} {asset}")
            self.calls[asset].append(("maybe", now))
            if self._chance.random() < 0.5:
                self._take_effect(asset)
            body = self._chance.choice(_ODD_CONFIRMS)(asset)
            return Reply(status=200, body=json.dumps(body).encode()), 0.05
        return super()._confirm(asset)

    def _check_destruction(self, asset: str, now: float) -> None:
        arrived, state = self._seen.get(asset, (-math.inf, "unread"))
        if state != "CREATING":
            self.broken.append(f"{asset} is destroyed at {now:.3f}, when it was told {state}")
        elif now - arrived > FRESH:
            self.broken.append(f"{asset} is destroyed {now - arrived:.3f} s after its look")
        ago = now - self._confirmed_at.get(asset, math.inf)
        if ago > FRESH + self._lag:
            self.broken.append(f"{asset} is destroyed {ago:.3f} s after somebody confirmed it")

    def _true_answer(self, asset: str) -> Reply:
        if self._destroys and self.is_cruel and asset in self._confirmed_at:
            self._take_effect(asset)
            return Reply(status=200, body=json.dumps({"asset_id": asset}).encode())
        return super()._true_answer(asset)

    def _take_effect(self, asset: str) -> None:
        if self._destroys and self.is_cruel and self.states.get(asset) == "CREATED":
            self.states[asset] = "CREATING"
            self.log(f"cruel {self._loop.time():.6f} {asset}")
        super()._take_effect(asset)

    def _confirm_elsewhere(self, asset: str) -> None:
        if self.states.get(asset) == "CREATING" and self._outsiders:
            self.states[asset] = "CREATED"
            self._confirmed_at[asset] = self._loop.time()
            self.log(f"outsider {self._loop.time():.6f} {asset}")
            self._loop.call_later(self._lag, self._shown.__setitem__, asset, "CREATED")


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
        strangers = set(self.book.settlements) - set(self.world.assets)
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
            yield f"the quiet run ended {self.book.phase} with {self.book.settled} settled"
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
        standing = self.book.settlements.get(asset)
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
