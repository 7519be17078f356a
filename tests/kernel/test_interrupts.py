"""A run always has a handle: whenever an interrupt comes, and whoever closes its connection."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
import time

import pytest
from jobs import creating, outcomes, start, wait_until

import vodnb
from vodnb.bulk.background import last_job
from vodnb.bulk.job import Job
from vodnb.bulk.sweep import Sweep
from vodnb.kernel import loop
from vodnb.kernel.interrupts import held
from vodnb.rules import lifecycle


@pytest.fixture
def box():
    """Return the sandbox, without what other tests have planned."""
    box = vodnb.connect(sandbox=True).sandbox
    box.clear_faults()
    return box


def posts(box, assets) -> int:
    """Count the confirm calls for these assets."""
    return sum(call.operation == "confirm" and call.asset_id in assets for call in box.ledger())


def new_assets(box, count):
    """Return assets that nobody has had yet, and that hang."""
    return box.add([f"{random.getrandbits(128):032x}" for _ in range(count)])


@pytest.fixture
def interrupting(monkeypatch):
    """Interrupt as soon as a coroutine was queued on the loop thread, amid the queuing."""
    real = asyncio.run_coroutine_threadsafe

    def queue_and_interrupt(work, on):
        future = real(work, on)
        if threading.current_thread() is threading.main_thread():
            signal.raise_signal(signal.SIGINT)
        return future

    return lambda: monkeypatch.setattr(
        loop.asyncio, "run_coroutine_threadsafe", queue_and_interrupt
    )


def test_an_interrupt_amid_the_start_gives_the_table(box, interrupting):
    """The job was queued and nobody had it: now it is stopped, and its table handed over."""
    assets = new_assets(box, 120)
    vod = vodnb.connect(sandbox=True)
    interrupting()
    table = vod.confirm(assets, rate=None, progress=False)
    assert len(table) == 120
    assert last_job().done()
    sent = posts(box, assets)
    assert outcomes(table)["not_sent"] >= 120 - sent
    time.sleep(0.1)
    assert posts(box, assets) == sent


def test_an_interrupt_amid_start_leaves_a_job_that_stops(box, interrupting):
    """`start` cannot return it: it raises, `last_job` has the job, and the job is told to stop."""
    assets = new_assets(box, 120)
    vod = vodnb.connect(sandbox=True)
    interrupting()
    with pytest.raises(KeyboardInterrupt):
        vod.start(assets, status="CANCELLED", destroy=120, rate=None)
    job = last_job()
    wait_until(job.done)
    found = outcomes(job.results())
    assert found.total() == 120
    assert found["not_sent"] >= 120 - posts(box, assets)


def test_whenever_an_interrupt_comes_nothing_runs_on(box):
    """Before the start it is raised and nothing is sent; after it there is a table."""
    vod = vodnb.connect(sandbox=True)
    chance, ends = random.Random(1), set()
    main = threading.main_thread().ident
    for _ in range(40):
        assets = new_assets(box, 30)
        seconds = chance.uniform(0, 0.03)
        helper = threading.Timer(seconds, signal.pthread_kill, (main, signal.SIGINT))
        table = None
        try:
            helper.start()
            table = vod.confirm(assets, rate=None, progress=False, journal=False)
            helper.join()
        except KeyboardInterrupt:
            helper.join()
        sent = posts(box, assets)
        if table is None:
            assert sent == 0 or last_job().done()
        else:
            assert len(table) == 30
            assert outcomes(table)["not_sent"] + sent >= 30
        time.sleep(0.02)
        assert posts(box, assets) == sent
        ends.add(table is None)
    assert False in ends


@pytest.mark.parametrize("kind", [Job, Sweep])
def test_an_interrupt_while_the_table_is_built_does_not_cost_it(box, kind, monkeypatch):
    """The run has ended, and its table is what the reader waits for."""
    assets = new_assets(box, 3)
    vod = vodnb.connect(sandbox=True)
    build = kind._build

    def build_slowly(work):
        signal.raise_signal(signal.SIGINT)
        return build(work)

    monkeypatch.setattr(kind, "_build", build_slowly)
    options = {"progress": False, "rate": None}
    table = vod.confirm(assets, **options) if kind is Job else vod.find(min_age=None, **options)
    assert len(table) >= 3 or kind is Sweep


def test_a_second_interrupt_does_not_wait_for_what_is_out(box):
    """The calls that are out are left in doubt; the table is there at once."""
    assets = new_assets(box, 4)
    vod = vodnb.connect(sandbox=True)
    main, before = threading.main_thread().ident, last_job()

    def press():
        wait_until(lambda: last_job() is not before and last_job()._state.doubtful)
        for _ in range(2):
            signal.pthread_kill(main, signal.SIGINT)
            time.sleep(0.25)

    options = {"check_first": False, "rate": None, "progress": False, "verify": False}
    box.fault(operation="confirm", delay=5.0, times=50)
    helper = threading.Thread(target=press)
    helper.start()
    began = time.monotonic()
    table = vod.confirm(assets, **options)
    helper.join()
    box.clear_faults()
    assert time.monotonic() - began < 4
    assert outcomes(table)["in_doubt"] >= 1


@pytest.mark.parametrize("journal", [True, False])
def test_what_a_stopped_run_has_sent_is_not_sent_by_the_next_one(
    box, journal, tmp_path, monkeypatch
):
    """In another folder, and without a look: it is asked about first."""
    monkeypatch.setattr(lifecycle, "SETTLE_MARGIN", 0.2)
    assets = new_assets(box, 60)
    vod = vodnb.connect(sandbox=True)
    options = {"check_first": False, "deadline": 1, "verify": False}
    job = vod.start(assets, rate="1200/min", journal=journal and tmp_path / "a", **options)
    wait_until(lambda: job.counts.total() > 5)
    job.stop()
    sent = outcomes(job.wait(progress=False))["confirmed"]
    assert 5 < sent < 60
    table = vod.confirm(assets, rate=None, journal=tmp_path / "b", progress=False, **options)
    assert set(table["outcome"]) <= {"confirmed", "already_confirmed"}
    assert posts(box, assets) == 60


def test_closing_a_connection_stops_its_runs(box):
    """What is out comes home, and nothing more leaves; other connections go on."""
    assets, others = new_assets(box, 300), new_assets(box, 5)
    vod, other = vodnb.connect(sandbox=True), vodnb.connect(sandbox=True)
    job = vod.start(assets, rate="600/min", journal=False)
    beside = other.start(others, rate="600/min", journal=False)
    wait_until(lambda: job.counts.total() > 3)
    vod.close()
    assert job.done()
    found = outcomes(job.results())
    assert found["not_sent"] > 200
    assert found["in_doubt"] == 0
    assert outcomes(beside.wait(progress=False)) == {"confirmed": 5}


def test_signing_in_anew_does_not_stop_what_is_under_way(box):
    """A run goes on with the credential that it began with."""
    assets = new_assets(box, 20)
    vod = vodnb.connect(
        endpoint=box.endpoint, region=box.region, project_id=box.project_id, token=box.token
    )
    job = vod.start(assets, rate="600/min", journal=False)
    wait_until(lambda: job.counts.total() > 2)
    vod.sign_in(token=box.token)
    assert outcomes(job.wait(progress=False)) == {"confirmed": 20}


def test_interrupts_are_held_and_raised_at_the_end():
    """Once, whatever their number; those that were taken are not raised; handlers come back."""
    before = signal.getsignal(signal.SIGINT)
    reached = []

    def work():
        with held():
            with held():
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            reached.append("the inner one does not raise")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached
    with held() as interrupts:
        signal.raise_signal(signal.SIGINT)
        assert interrupts.take() == 1
        assert interrupts.take() == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_of_somebody_else_is_left_alone():
    """A kernel that cancels the task of a cell hears of each interrupt itself."""
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_signal: heard.append("there"))
    try:
        with held():
            signal.raise_signal(signal.SIGINT)
            assert heard == ["there"]
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_nothing_is_held():
    """No signal comes there, and no handler can be set."""
    told = []

    def enter():
        with held() as interrupts:
            told.append(interrupts.take())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert told == [0]


def test_a_job_begins_once():
    """`begin` twice is one run."""
    service, assets = creating(3)
    job = start(service, assets)
    assert job.begin() is job
    assert outcomes(job.run(progress=False)) == {"confirmed": 3}
    assert service.posts() == 3


def test_what_has_not_begun_has_no_future():
    """Nobody can wait for it."""
    service, assets = creating(1)
    job = start(service, assets)
    job.wait(progress=False)
    fresh = type(job).__new__(type(job))
    fresh._future = None
    assert not fresh.done()
    with pytest.raises(RuntimeError):
        _ = fresh.future


def test_giving_up_at_the_end_changes_nothing():
    """The second interrupt may come when the run has just ended: it ended well."""
    service, assets = creating(3)
    job = start(service, assets)
    wait_until(job.done)
    job.give_up()
    assert repr(job).startswith("Finished · 3/3 assets")
    assert outcomes(job.results()) == {"confirmed": 3}
