"""The same cell again: through the public verbs, against the sandbox and its ledger."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from jobs import interrupts, outcomes, wait_until
from journals import header_at, intent, new_journal, settled

import vodnb
from vodnb.emulator.server import sandbox
from vodnb.journal.journal import Journal, read_header
from vodnb.journal.opening import open_run
from vodnb.rules.errors import JournalError, SignInError

DEADLINE = 0.5


@pytest.fixture(scope="module")
def box():
    """Return a sandbox of this file's own, without quotas."""
    with sandbox() as running:
        running.behaviour = type(running.behaviour)(quota=None)
        yield running


@pytest.fixture
def vod(box, monkeypatch):
    """Return a connection whose doubts are settled soon."""
    monkeypatch.setattr("vodnb.rules.lifecycle.SETTLE_MARGIN", 0.2)
    box.clear_faults()
    connection = connect(box)
    yield connection
    connection.close()


def connect(box, token=None):
    """Connect to the sandbox as to the real service."""
    return vodnb.connect(
        endpoint=box.endpoint,
        region=box.region,
        project_id=box.project_id,
        token=token or box.token,
    )


def confirm(vod, assets, **options):
    """Run the cell."""
    return vod.confirm(assets, **{"rate": None, "deadline": DEADLINE, "progress": False, **options})


def fresh_assets(box, count):
    """Return assets that nobody has touched."""
    return box.add(secrets.token_hex(16) for _ in range(count))


def posts(box, assets):
    """Count the confirm calls of each of these assets."""
    wanted = set(assets)
    served = (call.asset_id for call in box.ledger() if call.operation == "confirm")
    return Counter(asset for asset in served if asset in wanted)


def journals(folder=".vodnb"):
    """Return the journals of a folder, the oldest first."""
    return sorted(Path(folder).glob("*.sqlite"))


def stop_midway(vod, assets, **options):
    """Run the cell and stop it by hand once ten assets are settled; return its table."""
    job = vod.start(assets, **{"rate": "60/s", "deadline": DEADLINE, "workers": 2, **options})
    wait_until(lambda: job.share * len(assets) >= 10)
    job.stop()
    return job.wait(progress=False)


def test_a_stopped_run_goes_on_in_the_same_cell(vod, box):
    """The same run, nothing sent twice, and then it is finished: the next cell looks first."""
    assets = fresh_assets(box, 60)
    first = stop_midway(vod, assets)
    assert outcomes(first)["not_sent"] > 10
    second = confirm(vod, assets)
    assert outcomes(second) == {"confirmed": 60}
    assert set(second["run_id"]) == set(first["run_id"])
    assert set(posts(box, assets).values()) == {1}
    assert len(journals()) == 1
    third = confirm(vod, assets)
    assert outcomes(third) == {"already_confirmed": 60}
    assert set(third["run_id"]) != set(first["run_id"])
    assert set(posts(box, assets).values()) == {1}


def test_what_was_taken_over_is_kept_once(vod, box, monkeypatch):
    """As the results take it, not as the journal told it: a run of millions has both in memory."""
    assets = fresh_assets(box, 40)
    stop_midway(vod, assets)
    known = []

    def noting(*args):
        opened = open_run(*args)
        known.append((len(opened.settled), opened))
        return opened

    monkeypatch.setattr("vodnb.bulk.job.open_run", noting)
    table = confirm(vod, assets)
    assert outcomes(table) == {"confirmed": 40}
    ((count, opened),) = known
    assert count >= 10
    assert (opened.settled, opened.doubtful) == ({}, {})


def test_a_larger_table_goes_on_with_the_run(vod, box):
    """What is new in it is added; a table that lacks an asset begins a run of its own."""
    assets = fresh_assets(box, 50)
    first = stop_midway(vod, assets[:40])
    second = confirm(vod, assets[::-1])
    assert outcomes(second) == {"confirmed": 50}
    assert set(second["run_id"]) == set(first["run_id"])
    assert set(posts(box, assets).values()) == {1}
    more = fresh_assets(box, 40)
    third = stop_midway(vod, more)
    fourth = confirm(vod, more[1:])
    assert set(fourth["run_id"]) != set(third["run_id"])
    assert set(posts(box, more[1:]).values()) == {1}


def test_fresh_begins_a_new_run(vod, box):
    """fresh=True leaves the unfinished run as it is."""
    assets = fresh_assets(box, 40)
    first = stop_midway(vod, assets)
    second = confirm(vod, assets, fresh=True)
    assert set(second["run_id"]) != set(first["run_id"])
    assert sorted(read_header(path).is_finished for path in journals()) == [False, True]
    assert set(posts(box, assets).values()) == {1}


def test_journal_false_writes_nothing_and_a_path_is_used(vod, box, tmp_path):
    """No file anywhere; or in the folder that was named, and nowhere else."""
    confirm(vod, fresh_assets(box, 3), journal=False)
    assert list(tmp_path.iterdir()) == []
    confirm(vod, fresh_assets(box, 3), journal=tmp_path / "kept")
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
    assert len(journals(tmp_path / "kept")) == 1


def test_a_run_that_could_not_start_leaves_no_journal(box):
    """A bad token: nothing to go on with."""
    stranger = connect(box, token="x" * 40)
    with pytest.raises(SignInError):
        confirm(stranger, fresh_assets(box, 3))
    stranger.close()
    assert journals() == []


def test_a_folder_that_cannot_be_had_sends_the_journal_home(vod, box, tmp_path, monkeypatch):
    """A file stands in its place: the run goes on, says so, and its journal is at home."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Path(".vodnb").touch()
    job = vod.start(fresh_assets(box, 3), rate=None, deadline=DEADLINE)
    assert outcomes(job.wait(progress=False)) == {"confirmed": 3}
    assert job._state.warnings == ["CLIENT.ELSEWHERE"]
    assert len(journals(tmp_path / "home" / ".vodnb" / "runs")) == 1


def left_behind(box, assets, entries):
    """Leave an unfinished journal of a dead process over these assets."""
    path = Path(".vodnb", "20260101T000000Z-abcdef.sqlite").resolve()
    journal = new_journal(
        path, assets, endpoint=box.endpoint, project_id=box.project_id, deadline=DEADLINE
    )
    with closing(journal):
        journal.write(entries)
    return path


def test_intents_left_behind_are_asked_after_the_settle_time(vod, box):
    """With effect: confirmed without a call. Without: sent once. Done ones are not touched."""
    assets = fresh_assets(box, 4)
    box.add([assets[0], assets[2]], state="CREATED")
    began = time.time()
    left_behind(
        box,
        assets,
        [
            intent(assets[0], left_at=began),
            intent(assets[1], left_at=began),
            settled(assets[2]),
        ],
    )
    table = confirm(vod, assets)
    assert outcomes(table) == {"confirmed": 4}
    assert set(table["run_id"]) == {"20260101T000000Z-abcdef"}
    assert posts(box, assets) == {assets[1]: 1, assets[3]: 1}
    resent = next(call for call in box.ledger() if call.asset_id == assets[1])
    assert resent.time - began >= DEADLINE + 0.19
    assert list(table["state_after"]) == ["CREATED"] * 4
    assert list(table["attempts"][:2]) == [1, 2]


def test_a_part_of_the_table_waits_for_what_the_whole_one_has_just_sent(vod, box):
    """What to retry of a run that was given up: its calls may still have their effect."""
    assets = fresh_assets(box, 3)
    began = time.time()
    left_behind(box, assets, [intent(asset, left_at=began) for asset in assets])
    threading.Timer(0.3, box.add, (assets[:1], "CREATED")).start()
    table = confirm(vod, assets[:2])
    assert set(table["run_id"]) != {"20260101T000000Z-abcdef"}
    assert outcomes(table) == {"confirmed": 2}
    assert posts(box, assets) == {assets[1]: 1}
    resent = next(call for call in box.ledger() if call.asset_id == assets[1])
    assert resent.time - began >= DEADLINE + 0.19


@pytest.mark.waits
def test_what_to_retry_after_a_stop_waits_for_what_is_still_out(vod, box, monkeypatch):
    """The service confirms it after we gave it up: the retry finds that, and sends nothing."""
    monkeypatch.setattr("vodnb.rules.lifecycle.SETTLE_MARGIN", 1.0)
    assets = fresh_assets(box, 3)
    box.fault(drop=True, asset_id=assets[0])
    threading.Timer(1.0, box.add, (assets[:1], "CREATED")).start()
    job = vod.start(assets, rate=None, deadline=DEADLINE, workers=3)
    wait_until(lambda: "Asking for the states" in repr(job) or job.done())
    job.stop()
    first = job.wait(progress=False)
    assert outcomes(first) == {"confirmed": 2, "in_doubt": 1}
    second = confirm(vod, vodnb.to_retry(first))
    assert outcomes(second) == {"confirmed": 1}
    assert set(second["run_id"]) != set(first["run_id"])
    assert posts(box, assets) == dict.fromkeys(assets, 1)


def test_a_clock_gone_backwards_waits_the_whole_settle_time(vod, box):
    """The intent lies in the future, as it seems: the settle time counts from now, no longer."""
    assets = fresh_assets(box, 1)
    left_behind(box, assets, [intent(assets[0], left_at=time.time() + 3600)])
    began = time.monotonic()
    assert outcomes(confirm(vod, assets)) == {"confirmed": 1}
    assert DEADLINE + 0.15 <= time.monotonic() - began < 10
    assert posts(box, assets) == {assets[0]: 1}


def test_interrupted_twice_while_the_journal_opens_nothing_stays_taken(vod, box, monkeypatch):
    """The thread that opens it cannot be stopped: what it opened is given back."""
    opening, go_on, opened = threading.Event(), threading.Event(), threading.Event()

    def slowly(*args):
        opening.set()
        go_on.wait(10)
        found = open_run(*args)
        opened.set()
        return found

    monkeypatch.setattr("vodnb.bulk.job.open_run", slowly)
    assets = fresh_assets(box, 3)
    job = vod.start(assets, rate=None)
    with interrupts(opening.is_set, lambda: job._control.is_stopped):
        table = job.wait(progress=False)
    assert outcomes(table) == {"not_sent": 3}
    go_on.set()
    assert opened.wait(10)
    wait_until(lambda: not journals())
    monkeypatch.undo()
    assert outcomes(confirm(vod, assets)) == {"confirmed": 3}


def test_doubts_left_by_a_stop_are_asked_again(vod, box):
    """Stopped before the settle time was over: in doubt now, settled by the next cell."""
    assets = fresh_assets(box, 2)
    box.fault(drop=True, effect=True, asset_id=assets[0])
    box.fault(drop=True, asset_id=assets[1])
    job = vod.start(assets, rate=None, deadline=DEADLINE, workers=2)
    wait_until(lambda: "Asking for the states" in repr(job) or job.done())
    job.stop()
    assert outcomes(job.wait(progress=False)) == {"in_doubt": 2}
    assert outcomes(confirm(vod, assets)) == {"confirmed": 2}
    assert posts(box, assets) == {assets[0]: 1, assets[1]: 2}
    _check_asked_in_between(box, assets[1])


def _check_asked_in_between(box, asset):
    story = [
        call.operation for call in box.ledger() if asset in (call.asset_ids or [call.asset_id])
    ]
    assert ("confirm", "confirm") not in set(pairwise(story))


def test_a_disk_that_is_full_stops_the_sending(vod, box, monkeypatch):
    """No POST after the failed intent; the rest is not sent; with space it goes on."""
    assets = fresh_assets(box, 30)
    write = Journal.write
    begun = []

    def full(self, entries, attempts):
        entries = list(entries)
        begun.extend(entries)
        if len(begun) > 20:
            self._base.execute("PRAGMA max_page_count = 1")
            self._base.execute("PRAGMA cache_size = 1")
            entries *= 400
        write(self, entries, attempts)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", full)
        table = confirm(vod, assets, workers=1)
    rest = table[table["outcome"] == "not_sent"]
    assert len(rest) >= 15
    assert set(rest["error_code"]) == {"CLIENT.JOURNAL"}
    assert "full" in rest["error_msg"].iloc[0]
    sent = posts(box, assets)
    assert sum(sent.values()) <= len(assets) - len(rest)
    again = confirm(vod, assets)
    assert outcomes(again) == {"confirmed": 30}
    assert set(again["run_id"]) == set(table["run_id"])
    assert set(posts(box, assets).values()) == {1}


def test_the_same_cell_twice_at_once_is_refused(vod, box):
    """One kernel: the second job says so, the first goes on undisturbed."""
    assets = fresh_assets(box, 40)
    job = vod.start(assets, rate="60/s", deadline=DEADLINE)
    wait_until(lambda: job.share > 0)
    with pytest.raises(JournalError, match="being worked on in this kernel"):
        confirm(vod, assets)
    assert outcomes(job.wait(progress=False)) == {"confirmed": 40}
    assert set(posts(box, assets).values()) == {1}


CHILD = """
import json, sys
import vodnb
from vodnb.rules import lifecycle
lifecycle.SETTLE_MARGIN = 0.2
box = json.loads(sys.argv[1])
assets = box.pop("assets")
vod = vodnb.connect(**box)
vod.confirm(assets, rate="20/s", workers=2, deadline=0.5, progress=False)
"""


def test_another_kernel_is_refused_and_a_killed_one_is_taken_over(vod, box):
    """While it lives the message names it; after SIGKILL the run goes on, nothing sent twice."""
    assets = fresh_assets(box, 60)
    told = {"endpoint": box.endpoint, "region": box.region, "project_id": box.project_id}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps({**told, "token": box.token, "assets": assets})],
        cwd=Path.cwd(),
    )
    try:
        wait_until(lambda: sum(posts(box, assets).values()) >= 6, seconds=40)
        with pytest.raises(JournalError, match=f"process {child.pid} on"):
            confirm(vod, assets)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert sum(posts(box, assets).values()) < 60
    table = confirm(vod, assets)
    assert outcomes(table) == {"confirmed": 60}
    assert set(table["run_id"]) == {journals()[0].name.removesuffix(".sqlite")}
    for asset, count in posts(box, assets).items():
        assert count <= 2
        _check_asked_in_between(box, asset)


def test_another_project_or_status_is_another_run(vod, box):
    """The journal of one service says nothing of another."""
    assets = fresh_assets(box, 2)
    path = Path(".vodnb", "20260101T000000Z-abcdef.sqlite").resolve()
    header = header_at(path, endpoint=box.endpoint, project_id="another")
    path.parent.mkdir()
    with closing(Journal.create(header, assets)) as journal:
        journal.write(settled(asset) for asset in assets)
    table = confirm(vod, assets)
    assert set(table["run_id"]) != {"20260101T000000Z-abcdef"}
    assert set(posts(box, assets).values()) == {1}
