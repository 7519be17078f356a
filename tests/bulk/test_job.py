"""The handle of a run, on the real loop thread: its table at any time, its switches, its end."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import time
import traceback
import weakref
from types import SimpleNamespace

import pytest
from fake_kernel import pretend_kernel
from jobs import creating, gate_over, ids, interrupts, outcomes, start, wait_until
from pretend_service import LOST, PretendService, refusal

import vodnb
from vodnb.bulk.background import last_job
from vodnb.bulk.job import Job, new_run_id
from vodnb.rules.answers import Reply
from vodnb.rules.asset_info import states_in
from vodnb.rules.errors import SetupError, SignInError


def test_a_run_gives_the_whole_table():
    """Every row, in order, each confirmed, with the run's name."""
    service, assets = creating(30)
    job = start(service, assets)
    table = job.wait(progress=False)
    assert list(table["asset_id"]) == assets
    assert outcomes(table) == {"confirmed": 30}
    assert set(table["run_id"]) == {job.run_id}
    assert (job.done(), job.share) == (True, 1.0)


def test_the_table_is_whole_at_any_time():
    """While it runs: what is out is in doubt, what was not reached is not sent."""
    service, assets = gate_over(30, held=4)
    job = start(service, assets, workers=4)
    wait_until(lambda: len(service.out) == 4)
    table = job.results()
    assert len(table) == 30
    assert outcomes(table) == {"in_doubt": 4, "not_sent": 26}
    assert list(table["outcome"][:4]) == ["in_doubt"] * 4
    assert not job.done()
    service.open()
    assert outcomes(job.wait(progress=False)) == {"confirmed": 30}


def test_a_stop_brings_home_what_is_out():
    """After a stop nothing new leaves; calls that are out get their outcome."""
    service, assets = gate_over(30, held=4)
    job = start(service, assets, workers=4)
    wait_until(lambda: len(service.out) == 4)
    job.stop()
    service.open()
    table = job.wait(progress=False)
    assert outcomes(table) == {"confirmed": 4, "not_sent": 26}
    rest = table[table["outcome"] == "not_sent"]
    assert set(rest["error_code"]) == {"CLIENT.STOPPED"}
    assert set(rest["error_msg"]) == {"the run was stopped by hand"}
    assert service.posts() == 4


def show_later(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let a job's clock, and no other, go that much ahead."""
    ahead = SimpleNamespace(monotonic=lambda: time.monotonic() + seconds)
    patch.setattr("vodnb.bulk.background.time", ahead)


def test_paused_nothing_leaves_and_the_time_stands_still(monkeypatch):
    """Pause and resume may be called twice; the time of a pause is not counted."""
    service, assets = creating(40, latency=0.01)
    job = start(service, assets, workers=2)
    wait_until(lambda: service.posts() >= 4)
    job.pause()
    job.pause()
    assert repr(job).startswith("Paused")
    time.sleep(0.05)
    sent = service.posts()
    before = job._seconds()
    with monkeypatch.context() as later:
        show_later(later, 1000)
        assert job._seconds() == pytest.approx(before, abs=0.5)
    time.sleep(0.15)
    assert service.posts() == sent
    job.resume()
    job.resume()
    assert outcomes(job.wait(progress=False)) == {"confirmed": 40}
    assert job._seconds() < 100


def test_a_run_stopped_while_paused_took_no_longer_than_it_ran(monkeypatch):
    """The pause before the stop is not counted either, however late `resume` is called."""
    service, assets = creating(40, latency=0.01)
    job = start(service, assets, workers=2)
    wait_until(lambda: service.posts() >= 2)
    show_later(monkeypatch, 100)
    job.pause()
    began = job._seconds()
    show_later(monkeypatch, 1000)
    job.stop()
    wait_until(job.done)
    assert job._seconds() == pytest.approx(began, abs=0.5)
    show_later(monkeypatch, 5000)
    job.resume()
    job.pause()
    assert job._seconds() == pytest.approx(began, abs=0.5)
    assert repr(job).startswith("Stopped")


def test_an_interrupt_returns_the_table():
    """Stop in a notebook, Ctrl-C in a terminal: no exception, every row accounted for."""
    service, assets = creating(500, latency=0.01)
    job = start(service, assets, workers=2)
    with interrupts(lambda: service.posts() > 10):
        table = job.wait(progress=False)
    assert len(table) == 500
    assert set(outcomes(table)) == {"confirmed", "not_sent"}
    assert outcomes(table)["confirmed"] == service.posts()


def test_a_second_interrupt_does_not_wait():
    """What is out when one presses again is in doubt, and the rest is not sent."""
    service, assets = gate_over(30, held=4)
    job = start(service, assets, workers=4)
    began = time.monotonic()
    with interrupts(lambda: len(service.out) == 4, lambda: job._control.is_stopped):
        table = job.wait(progress=False)
    assert time.monotonic() - began < 5
    assert outcomes(table) == {"in_doubt": 4, "not_sent": 26}
    assert list(table["error_code"][:4]) == ["CLIENT.NO_ANSWER"] * 4
    assert job.done()
    head, *notes = repr(job).splitlines()
    assert head.startswith("Stopped · 0/30 assets · took 0:0")
    assert [note[:9] for note in notes] == ["4 assets ", "26 assets", "Reason: C"]
    wait_until(lambda: not _open_works())
    assert set(job.results()["error_msg"]) == {"", "the run was stopped by hand"}


def _open_works() -> set[str]:
    """Name what still runs on the loop of vodnb."""
    from vodnb.kernel import loop

    return {str(task.get_coro()) for task in asyncio.all_tasks(loop._threads[-1].loop)}


def test_a_doubt_does_not_bear_the_code_of_an_earlier_throttling():
    """Throttled, sent again, given up: what is out now may have had its effect."""
    service, assets = gate_over(1, held=1)
    throttled = refusal("APIGW.0308", 429, **{"retry-after": "0"})
    service.free = 1
    service.scripts[assets[0]] = [(throttled, False)]
    job = start(service, assets)
    wait_until(lambda: service.out)
    row = job.results().iloc[0]
    assert (row["outcome"], row["error_code"]) == ("in_doubt", "CLIENT.NO_ANSWER")
    assert row["attempts"] == 1
    service.open()
    assert outcomes(job.wait(progress=False)) == {"confirmed": 1}


def test_a_job_can_be_awaited_beside_other_work():
    """Awaiting leaves the caller's loop free."""

    async def scene():
        service, assets = creating(60, latency=0.01)
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        table = await start(service, assets)
        ticking.cancel()
        return table, ticks

    table, ticks = asyncio.run(scene())
    assert outcomes(table) == {"confirmed": 60}
    assert ticks >= 5


def test_a_cancelled_wait_stops_the_run_and_keeps_its_table():
    """CancelledError goes on; `vodnb.last_job().results()` has what is known."""

    async def scene() -> None:
        service, assets = creating(500, latency=0.01)
        waiting = asyncio.create_task(start(service, assets).wait_async(progress=False))
        await asyncio.to_thread(wait_until, lambda: service.posts() >= 5)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(scene())
    job = vodnb.last_job()
    wait_until(job.done)
    found = outcomes(job.results())
    assert set(found) == {"confirmed", "not_sent"}
    assert found.total() == 500
    assert found["not_sent"] > 300


def _await(job: Job):
    async def waiting():
        return await job

    return asyncio.run(waiting())


@pytest.mark.parametrize("take", [Job.wait, _await, Job.results])
@pytest.mark.parametrize("is_prepared", [True, False])
def test_what_could_not_start_raises_without_our_plumbing(take, is_prepared, capsys):
    """The error, no frame of the loop thread, no chain, and no picture of a run."""
    service, assets = creating(5)
    if is_prepared:
        service.info_script = [refusal("APIGW.0301", 401)]
    else:
        service.prepare = _no_sign_in
    job = start(service, assets)
    wait_until(job.done)
    for _ in range(2):
        with pytest.raises(SignInError) as caught:
            take(job)
        files = {frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)}
        assert not any(name.endswith(("engine.py", "loop.py")) for name in files)
        told = "".join(traceback.format_exception(caught.value))
        assert "The above exception" not in told
        assert "During handling" not in told
    assert service.posts() == 0
    assert capsys.readouterr().err == ""


async def _no_sign_in() -> None:
    raise SignInError("no", code="APIGW.0301") from OSError("a cause of the loop thread")


@pytest.mark.parametrize("take", [Job.wait, _await])
def test_progress_is_told_in_lines_by_default(take, capsys):
    """A plain script's standard error has the tenths and, once, the end."""
    service, assets = creating(20, latency=0.03)
    take(start(service, assets, workers=1))
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith("Finished · 20/20 assets · 20 confirmed · took 0:0")
    assert len(told) > 1
    assert all(line.startswith("Confirming · ") for line in told[:-1])


def test_awaited_in_a_notebook_there_is_one_output(monkeypatch):
    """Displayed once, then updated, ending with the end."""
    kernel = pretend_kernel(monkeypatch)
    service, assets = creating(60, latency=0.02)
    job = start(service, assets)
    asyncio.run(job.wait_async())
    assert [what for what, _ in kernel.shown].count("display") == 1
    assert kernel.texts[-1].startswith("Finished · 60/60 assets · 60 confirmed · took 0:0")
    assert "<progress" in job._repr_mimebundle_()["text/html"]


def test_two_runs_at_once_share_the_quota():
    """The quota is the tenant's: together they are no faster than one alone."""
    assets = ids(24)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=0.0)
    service.project_id = "shared"
    jobs = [start(service, assets[first::2], ceiling=40.0) for first in (0, 1)]
    for job in jobs:
        assert outcomes(job.wait(progress=False)) == {"confirmed": 12}
    times = sorted(moment for name, _, moment in service.calls if name == "confirm")
    burst = 8
    assert times[-1] - times[0] >= (24 - burst - 1) / 40.0 * 0.95


def test_there_is_one_settlement_an_asset_whatever_happens():
    """Memory does not grow with attempts: throttled and doubtful calls leave no more."""
    service, assets = creating(30, latency=0.0)
    throttled = refusal("APIGW.0308", 429, **{"retry-after": "0"})
    service.scripts[assets[29]] = [(throttled, False)] * 2
    for asset in assets[:5]:
        service.scripts[asset] = [(refusal("VOD.10126"), True)]
    job = start(service, assets)
    job.wait(progress=False)
    assert service.posts() == 32
    assert len(job._state.settlements) == 30
    assert job._state.outcomes.total() == 30


def test_ended_jobs_are_let_go():
    """Only the last job is kept; the tables of earlier ones can go."""
    service, assets = creating(3, latency=0.0)
    first = start(service, assets)
    first.wait(progress=False)
    gone = weakref.ref(first)
    del first
    last = start(service, assets)
    last.wait(progress=False)
    assert last_job() is last
    wait_until(lambda: gc.collect() >= 0 and gone() is None)


def test_a_fault_while_doubts_are_settled_costs_no_row(caplog):
    """An exception of our own in reading back: the table is whole, the doubt stays a doubt."""
    service, assets = creating(12)
    service.scripts[assets[11]] = [(refusal("VOD.10126"), False)]
    serve = service._info

    def broken(asked):
        if service.posts() >= 12:
            raise ZeroDivisionError
        return serve(asked)

    service._info = broken
    table = start(service, assets).wait(progress=False)
    assert outcomes(table) == {"confirmed": 11, "in_doubt": 1}
    assert "stopped by a fault of vodnb" in caplog.text


def test_rows_that_a_fault_of_ours_left_unsent_say_so():
    """CLIENT.FAULT, not CLIENT.STOPPED: nobody has stopped the run by hand."""
    service, assets = creating(40)
    service.scripts[assets[5]] = ["no pair"]
    job = start(service, assets, workers=1)
    table = job.wait(progress=False)
    assert outcomes(table) == {"confirmed": 5, "in_doubt": 1, "not_sent": 34}
    assert set(table["error_code"][6:]) == {"CLIENT.FAULT"}
    assert repr(job).splitlines()[1:] == [
        (
            "1 assets are in doubt: they were sent, and no trustworthy answer came. "
            "Run the same cell again to ask for their states."
        ),
        "34 assets were not sent. Run the same cell again to go on.",
        "Reason: CLIENT.FAULT ValueError in vodnb itself; see the log",
    ]


def test_the_table_is_not_the_caller_s_to_change():
    """What is done to the results is not done to the next results."""
    service, assets = creating(3)
    job = start(service, assets)
    table = job.wait(progress=False)
    table.loc[0, "outcome"] = "invalid"
    del table["asset_id"]
    assert outcomes(job.results()) == {"confirmed": 3}


def test_a_python_without_threads_leaves_no_job_behind(monkeypatch):
    """What was refused at once is not the last job."""
    service, assets = creating(1)
    before = last_job()
    monkeypatch.setattr("sys.platform", "emscripten")
    with pytest.raises(SetupError):
        start(service, assets)
    assert last_job() is before


def test_run_ids_sort_by_time_and_differ():
    """A run is named by its UTC time and something random."""
    first, second = new_run_id(), new_run_id()
    assert first != second
    assert first[8] == "T"
    assert first[15:17] == "Z-"
    assert len(first) == 23


def test_lost_answers_are_told_while_they_wait():
    """A run that waits out the settle time says what it is doing, and can be stopped."""
    service, assets = creating(1)
    service.scripts[assets[0]] = [(LOST, True)]
    job = start(service, assets, ceiling=math.inf, look_first=False)
    wait_until(lambda: repr(job).startswith("Asking for the states"))
    job.stop()
    table = job.wait(progress=False)
    assert outcomes(table) == {"in_doubt": 1}
    assert "1 assets are in doubt" in repr(job)


def test_states_of_other_assets_are_not_taken_for_ours():
    """An answer that speaks of strangers, of none, or is no list of assets, leaves ours open."""
    service, assets = creating(2)
    stranger = b'{"asset_id": "%s", "status": "CREATED"}' % (b"f" * 32)
    listed = b'{"asset_info_array": [%s, {"asset_id": []}, {}, 7]}' % stranger
    for body in (listed, b'{"asset_info_array": 7}'):
        service.info_script = [Reply(status=200, body=body)]
        table = start(service, assets).wait(progress=False)
        assert outcomes(table) == {"confirmed": 2}
        assert set(table["state_before"]) == {""}
        assert states_in(json.loads(body), assets) == dict.fromkeys(assets, "")
        service.states = dict.fromkeys(assets, "CREATING")
