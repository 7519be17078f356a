"""The recorder: nothing leaves, and nothing shows, before it is on disk."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager, closing

import pytest
from journals import BACK, DONE, DOUBT, new_journal

from vodnb.bulk.engine.events import Bounced, Phase, PhaseBegan, Sent, Settled
from vodnb.bulk.engine.recorder import Recorder
from vodnb.bulk.pace.paced_call import Slowed
from vodnb.journal import owner
from vodnb.journal.entries import Standing
from vodnb.journal.journal import Journal, read_header
from vodnb.rules.errors import JournalError


@pytest.fixture
def journal(tmp_path):
    """Return a fresh journal that this process writes."""
    with closing(new_journal(tmp_path / "run.sqlite", owner=owner.this_process())) as found:
        yield found


@asynccontextmanager
async def recording(journal, **options):
    """Have a recorder that ends its thread whatever happens."""
    recorder = Recorder(journal, **options)
    try:
        yield recorder
    finally:
        await recorder.finish()


def sent(asset_id):
    """Return the event of an asset that is about to leave."""
    return Sent(asset_id=asset_id, settlement=DOUBT)


async def intended(recorder, asset_id):
    """Return when an asset may leave, and let that be heard."""
    durable = recorder.intend([sent(asset_id)])
    recorder.hurry()
    await durable
    recorder.hear(sent(asset_id))


def seen_on_disk(journal, asset_id):
    """Return what a connection of its own finds of an asset."""
    with closing(Journal.open(journal.path)) as reader:
        found = {entry.asset_id: entry.standing for entry in reader.entries()}
    return found.get(asset_id)


def test_an_intent_is_on_disk_before_it_may_leave(journal):
    """When `intend` returns, another connection reads the intent, with its time."""

    async def scene():
        async with recording(journal, listen=lambda _: None, wall=lambda: 123.5) as recorder:
            for asset in "abc":
                await intended(recorder, asset)
                assert seen_on_disk(journal, asset) is Standing.INTENT

    asyncio.run(scene())
    assert {entry.left_at for entry in journal.entries()} == {123.5}


@pytest.mark.parametrize(
    ("event", "standing"),
    [
        (Settled(asset_id="a", settlement=DONE), Standing.SETTLED),
        (Bounced(asset_id="a", settlement=BACK), Standing.BOUNCED),
    ],
)
def test_an_outcome_is_on_disk_before_it_is_heard(journal, event, standing):
    """Whoever hears of it can read it in the journal."""
    heard = []

    def listen(told):
        heard.append((told, seen_on_disk(journal, "a")))

    async def scene():
        async with recording(journal, listen=listen) as recorder:
            recorder.tell(event)
            assert heard == []

    asyncio.run(scene())
    assert heard == [(event, standing)]


def test_many_intents_share_few_commits(journal, monkeypatch):
    """While one commit is under way the next entries gather: the disk is not asked for each."""
    groups = []
    write = Journal.write

    def slow_write(self, entries, attempts):
        groups.append(len(list(entries)))
        time.sleep(0.01)
        write(self, entries, attempts)

    monkeypatch.setattr(Journal, "write", slow_write)

    async def scene():
        async with recording(journal, listen=lambda _: None) as recorder:
            await asyncio.gather(*(intended(recorder, f"a{number}") for number in range(500)))

    asyncio.run(scene())
    assert sum(groups) == 500
    assert len(groups) <= 6
    assert len(list(journal.entries())) == 500


def test_what_is_not_an_asset_s_fate_is_heard_at_once(journal):
    """Phases and throttling are no entries."""
    heard = []

    async def scene():
        async with recording(journal, listen=heard.append) as recorder:
            recorder.tell(PhaseBegan(phase=Phase.SENDING))
            recorder.tell(Slowed(seconds=2.0, code="APIGW.0308"))
            assert len(heard) == 2

    asyncio.run(scene())
    assert list(journal.entries()) == []


def test_without_a_journal_events_are_heard_at_once():
    """journal=False: no thread, no waiting."""
    heard = []

    async def scene():
        async with recording(None, listen=heard.append) as recorder:
            await intended(recorder, "a")
            recorder.tell(Settled(asset_id="a", settlement=DONE))
            assert len(heard) == 2

    before = threading.active_count()
    asyncio.run(scene())
    assert threading.active_count() == before


@pytest.mark.parametrize("fault", [JournalError("no space"), RuntimeError("who knows")])
def test_a_journal_that_fails_lets_nothing_leave_but_outcomes_show(
    journal, monkeypatch, fault, caplog
):
    """Every intent from then on raises; what came back in the meantime is still heard."""
    heard = []

    async def scene():
        async with recording(journal, listen=heard.append) as recorder:
            await intended(recorder, "a")

            def broken(*_args):
                raise fault

            monkeypatch.setattr(Journal, "write", broken)
            tries = (intended(recorder, asset) for asset in "bc")
            failed = await asyncio.gather(*tries, return_exceptions=True)
            assert [type(got) for got in failed] == [JournalError] * 2
            monkeypatch.undo()
            recorder.tell(Settled(asset_id="a", settlement=DONE))
            with pytest.raises(JournalError):
                await intended(recorder, "d")

    asyncio.run(scene())
    assert heard == [sent("a"), Settled(asset_id="a", settlement=DONE)]
    assert [entry.asset_id for entry in journal.entries()] == ["a"]
    assert ("the journal failed" in caplog.text) is isinstance(fault, RuntimeError)


def test_finishing_ends_the_thread_and_everything_is_heard(journal):
    """After `finish` no thread is left, and a thousand outcomes were heard in order."""
    heard = []
    told = [Settled(asset_id=f"a{number}", settlement=DONE) for number in range(2500)]

    async def scene():
        async with recording(journal, listen=heard.append) as recorder:
            for event in told:
                recorder.tell(event)
            await recorder.finish()
            assert heard == told

    asyncio.run(scene())
    assert "vodnb-journal" not in {thread.name for thread in threading.enumerate()}
    assert len(list(journal.entries())) == 2500


def test_an_intent_whose_waiter_was_cancelled_hurts_nobody(journal):
    """Interrupted while it waits for the disk: it stays an intent, and the rest goes on."""

    async def scene():
        async with recording(journal, listen=lambda _: None) as recorder:
            waiting = asyncio.ensure_future(intended(recorder, "a"))
            await asyncio.sleep(0)
            waiting.cancel()
            await intended(recorder, "b")

    asyncio.run(scene())
    assert sorted(entry.asset_id for entry in journal.entries()) == ["a", "b"]


@pytest.mark.parametrize("is_busy", [False, True])
def test_the_heart_beats_idle_or_busy(journal, monkeypatch, is_busy):
    """A run that writes without a pause must not look gone to another machine."""
    monkeypatch.setattr("vodnb.bulk.engine.recorder.BEAT_SECONDS", 0.02)
    first = read_header(journal.path).owner["beat"]

    async def scene():
        async with recording(journal, listen=lambda _: None) as recorder:
            end = time.monotonic() + 0.15
            while time.monotonic() < end:
                if is_busy:
                    await intended(recorder, "a")
                await asyncio.sleep(0.001)

    asyncio.run(scene())
    assert read_header(journal.path).owner["beat"] >= first + 0.1


def test_a_run_that_was_taken_over_sends_no_more(journal):
    """Another machine thought us gone: the next intent is refused, naming it."""

    async def scene():
        async with recording(journal, listen=lambda _: None) as recorder:
            await intended(recorder, "a")
            with closing(Journal.open(journal.path)) as other:
                other.claim({"host": "there", "pid": 9}, is_gone=lambda _: True)
                with pytest.raises(JournalError, match="process 9 on there"):
                    await intended(recorder, "b")

    asyncio.run(scene())
    assert seen_on_disk(journal, "b") is None
