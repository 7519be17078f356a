"""Intents to leave: few commits, made ahead, none of them old when its asset leaves."""

from __future__ import annotations

import asyncio
import math
from collections import deque

import pytest
from virtual_time import run_virtual

from vodnb.bulk.engine.events import Sent
from vodnb.bulk.engine.intents import MOST_AHEAD, Intents
from vodnb.bulk.engine.plan import Item
from vodnb.rules.errors import JournalError
from vodnb.rules.model import Outcome


class Disk:
    """Takes intents, and so many seconds for each group."""

    def __init__(self, seconds=0.01):
        self.seconds = seconds
        self.groups = []
        self.durable = []
        self.heard = []
        self.retracted = []
        self.fault = None

    def intend(self, events):
        """Take a group."""
        self.groups.append([event.asset_id for event in events])
        found = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(self.seconds, self._end, found, self.groups[-1])
        return found

    def _end(self, found, group):
        self.durable += group
        if self.fault:
            found.set_exception(self.fault)
            found.exception()
        else:
            found.set_result(None)

    def hurry(self):
        """Take no notice."""

    def hear(self, event):
        """Hear only of what is durable."""
        assert event.asset_id in self.durable
        assert event.settlement.outcome is Outcome.IN_DOUBT
        self.heard.append(event.asset_id)

    def retract(self, event):
        """Take an intent back."""
        self.retracted.append(event.asset_id)


async def work(disk, intents, ready, *, seconds):
    """Send one asset after another, each taking so long."""
    while ready:
        item = ready.popleft()
        item.attempts += 1
        item.sent_at = "2026-01-01T00:00:00.000Z"
        await intents.leave(item)
        await asyncio.sleep(seconds)


def play(count, *, workers=8, seconds=0.01, disk=None, rate=math.inf):
    """Let some workers send that many assets; return the disk and the seconds that it took."""
    disk = disk or Disk()

    async def scene():
        ready = deque(Item(asset_id=f"a{number}") for number in range(count))
        now = "2026-01-01T00:00:00.000Z"
        intents = Intents(disk, ready=ready, rate=lambda: rate, now=lambda: now)
        await asyncio.gather(*(work(disk, intents, ready, seconds=seconds) for _ in range(workers)))
        intents.retract(ready)
        return asyncio.get_running_loop().time()

    return disk, run_virtual(scene())


def test_each_leaves_once_noted_and_groups_are_large():
    """Two thousand assets at full speed: one intent each, thirty at once or more."""
    disk, seconds = play(2000)
    assert sorted(disk.heard) == sorted(f"a{number}" for number in range(2000))
    assert sum(map(len, disk.groups)) == 2000
    assert len(disk.groups) <= 2000 / 30
    # 250 turns of 10 ms each, and the disk is waited for at the start only.
    assert seconds < 2.5 * 1.05


def test_at_a_slow_pace_no_note_is_old():
    """An asset every half second: what was early is written anew, and less far ahead."""
    disk, _ = play(60, workers=1, seconds=0.5)
    assert len(disk.heard) == 60
    assert max(map(len, disk.groups)) <= 16
    assert len(disk.groups) <= 25
    assert sum(map(len, disk.groups)) <= 4 * 60


@pytest.mark.parametrize("rate", [5.0, 24.5, 100.0])
def test_at_a_known_pace_each_is_noted_once(rate):
    """No further ahead than assets leave: none grows old, and the groups are as large as can be."""
    disk, _ = play(300, workers=4, seconds=4 / rate, rate=rate)
    assert len(disk.heard) == 300
    assert sum(map(len, disk.groups)) <= 300 * 1.05 + 8
    assert len(disk.groups) <= 300 / max(1.0, 0.7 * rate) + 8


class Watch(Disk):
    """Remembers when each asset was intended last, and how long it then took to leave."""

    def __init__(self, seconds):
        super().__init__(seconds)
        self.intended = {}
        self.ages = []

    def intend(self, events):
        """Remember the moment."""
        now = asyncio.get_running_loop().time()
        self.intended.update((event.asset_id, now) for event in events)
        return super().intend(events)

    def hear(self, event):
        """Remember the age of the intent."""
        super().hear(event)
        self.ages.append(asyncio.get_running_loop().time() - self.intended[event.asset_id])


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.3, 1.9])
@pytest.mark.parametrize("pace", [0.001, 0.05, 0.4, 3.0])
def test_an_asset_leaves_within_two_seconds_of_its_note(seconds, pace):
    """Whatever the disk and the pace: the settle time counts from the intent."""
    watch, _ = play(200, workers=3, seconds=pace, disk=Watch(seconds))
    assert len(watch.ages) == 200
    assert max(watch.ages) < 2.0


def test_a_disk_that_is_too_slow_sends_nothing():
    """Three intents, each older than two seconds when it is there: the run stops."""
    with pytest.raises(JournalError, match="took over 2 s to write, 3 times"):
        play(10, workers=1, disk=Disk(2.5))


def test_what_did_not_leave_is_taken_back():
    """Stopped amid the intents: each that was intended and did not leave is retracted, once."""
    disk = Disk()

    async def scene():
        ready = deque(Item(asset_id=f"a{number}") for number in range(300))
        intents = Intents(disk, ready=ready, rate=lambda: math.inf, now=lambda: "")
        working = asyncio.ensure_future(work(disk, intents, ready, seconds=0.01))
        await asyncio.wait([working], timeout=1)
        working.cancel()
        taken = list(ready)
        intents.retract(ready)
        intents.retract(ready)
        return taken

    left = run_virtual(scene())
    intended = [asset for group in disk.groups for asset in group]
    assert len(disk.retracted) > 20
    assert set(disk.retracted) == {item.asset_id for item in left} & set(intended)
    assert len(disk.retracted) == len(set(disk.retracted)) <= MOST_AHEAD


def test_a_failure_that_nobody_waits_for_is_met_by_the_next():
    """The group that was intended in the background could not be written: nothing of it leaves."""
    disk = Disk()

    async def scene():
        ready = deque(Item(asset_id=f"a{number}") for number in range(100))
        intents = Intents(disk, ready=ready, rate=lambda: math.inf, now=lambda: "")
        asyncio.get_running_loop().call_later(0.2, setattr, disk, "fault", JournalError("full"))
        await work(disk, intents, ready, seconds=0.01)

    with pytest.raises(JournalError, match="full"):
        run_virtual(scene())
    assert 0 < len(disk.heard) < 100


def test_one_that_is_cancelled_leaves_the_others_their_note():
    """Several wait for one intent, and one of them is interrupted."""
    disk = Disk(0.5)

    async def scene():
        ready = deque([Item(asset_id="a"), Item(asset_id="b"), Item(asset_id="c")])
        intents = Intents(disk, ready=ready, rate=lambda: math.inf, now=lambda: "")
        first = asyncio.ensure_future(intents.leave(ready.popleft()))
        await asyncio.sleep(0.1)
        second = asyncio.ensure_future(intents.leave(ready.popleft()))
        await asyncio.sleep(0.1)
        first.cancel()
        await second

    run_virtual(scene())
    assert disk.heard == ["b"]
    assert disk.groups == [["a", "b", "c"]]


def test_a_leaving_says_when_and_how_often():
    """What a crash leaves behind counts the call that may have left."""
    told = []

    async def scene():
        disk = Disk()
        disk.intend = lambda events: told.extend(events) or _done()
        ready = deque([Item(asset_id="b", state="CREATING")])
        intents = Intents(disk, ready=ready, rate=lambda: math.inf, now=lambda: "then")
        disk.durable = ["a"]
        await intents.leave(Item(asset_id="a", attempts=2, sent_at="before"))

    run_virtual(scene())
    shown = {event.asset_id: event.settlement for event in told}
    assert isinstance(told[0], Sent)
    assert (shown["a"].attempts, shown["a"].sent_at) == (2, "before")
    assert (shown["b"].attempts, shown["b"].sent_at) == (1, "then")
    assert shown["b"].state_before == "CREATING"


def _done():
    found = asyncio.get_running_loop().create_future()
    found.set_result(None)
    return found
