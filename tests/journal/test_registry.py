"""The registry of runs under way: one for each user, wherever the journals lie."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import time
from pathlib import Path

import numpy as np
import pytest
from entries import BEAT, begun, claim, hearts_stand_still, orphaned
from hypothesis import given
from hypothesis import strategies as st
from journals import RUN_ID
from pretend_service import ids

from vodnb.journal import owner, registration_files, registry, turns
from vodnb.journal.registration_files import places_shared
from vodnb.journal.registry import enter, folder_of_entries
from vodnb.rules.errors import JournalError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Return a home folder of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with hearts_stand_still():
        yield tmp_path / "home"


def kept(home):
    """Return the names of what the registry keeps."""
    folder = home / ".vodnb" / "under_way"
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("lock."))


# -- the files ------------------------------------------------------------------------------------


def test_an_asset_takes_sixteen_bytes_that_any_process_finds_again(home):
    """The beginning of its SHA-256, sorted; not what Python hashes to, which is salted."""
    enter(claim(), ["b", "a", "\udc80"])
    (path,) = (home / ".vodnb" / "under_way").glob("*.ids")
    told = path.read_bytes()
    assert len(told) == 3 * 16
    assert sorted([told[:16], told[16:32], told[32:]]) == [told[:16], told[16:32], told[32:]]
    assert hashlib.sha256(b"a").digest()[:16] in told


def test_only_its_owner_can_read_it(home):
    """Folder 0700, files 0600, whatever was there before."""
    folder = home / ".vodnb" / "under_way"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    begun(ids(3))
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert (modes, len(list(folder.iterdir()))) == ({0o600}, 3)


_IDS = st.sets(st.binary(min_size=16, max_size=16), max_size=30)


@given(mine=_IDS, theirs=_IDS, both=_IDS)
def test_what_two_runs_share_is_found(mine, theirs, both):
    """Places in the first of what is in the second too; digests that end in NUL among them."""
    mine, theirs = sorted(mine | both), sorted(theirs | both)
    found = places_shared(np.array(mine, dtype="S16"), np.array(theirs, dtype="S16"))
    assert sorted(mine[place] for place in found) == sorted(set(mine) & set(theirs))


def test_a_million_assets_enter_in_a_second():
    """Of computing time; and of two such runs it is found at once what they share."""
    assets = ids(1_000_000)
    began = time.process_time()
    entry = begun(assets)
    took = time.process_time() - began
    orphaned(entry)
    again = enter(claim(), assets[:1000])
    assert list(again.left[0].assets) == assets[:1000]
    assert took < 2  # half of that where nothing else runs


# -- who is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["CREATED", "CANCELLED"])
@pytest.mark.parametrize(
    ("journal", "told"), [(None, "not kept"), (Path("/x/a.sqlite"), "/x/a.sqlite")]
)
def test_a_second_run_is_told_who_works_on_its_assets(status, journal, told):
    """Whatever it asks for: how many, by whom, where, and what to do."""
    begun(ids(5), journal=journal)
    with pytest.raises(JournalError) as caught:
        enter(claim(status=status, run_id="later"), ids(5, first=3))
    refused = caught.value
    assert "2 of these assets are being worked on in this kernel" in refused.what
    assert f"run {RUN_ID}, its journal is {told}." in refused.what
    assert "paused" in refused.means
    assert "last_job().stop()" in refused.do


def test_another_machine_is_named_until_it_is_silent():
    """By process and host; an entry of half an hour ago is one that was cut off."""
    entry = begun(ids(3))
    there = {**owner.this_process(), "host": "there", "pid": 77}
    orphaned(entry, owner=there)
    with pytest.raises(JournalError, match="by process 77 on there"):
        enter(claim(), ids(1))
    orphaned(entry, owner={**there, "beat": time.time() - 1800})
    assert enter(claim(), ids(1)).left


def test_a_run_that_has_not_opened_its_journal_yet_holds_its_assets():
    """From the moment it has entered."""
    enter(claim(), ids(3))
    with pytest.raises(JournalError, match="not open yet"):
        enter(claim(), ids(1))


@pytest.mark.parametrize("changes", [{"endpoint": "http://other"}, {"project_id": "q" * 32}])
def test_another_project_has_other_assets(changes):
    """The same ID elsewhere is another asset."""
    begun(ids(3))
    assert enter(claim(**changes), ids(3)).left == []


def test_a_process_whose_number_was_given_to_another_is_gone():
    """It lives, and began at another time: nobody is at work."""
    orphaned(begun(ids(3)))
    assert len(enter(claim(), ids(3)).left) == 1


def test_a_child_is_somebody_else():
    """What its parent is at work on, a forked process is refused; and it changes nothing of it."""
    begun(ids(3))
    if not (pid := os.fork()):
        status = 1
        try:
            enter(claim(), ids(3))
        except JournalError as refused:
            status = 0 if f"process {os.getppid()} on {socket.gethostname()}" in str(refused) else 2
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    with pytest.raises(JournalError, match="in this kernel"):
        enter(claim(), ids(3))


def test_its_heart_beats_while_it_is_under_way(monkeypatch):
    """Without a journal too, and the time of its last sending with it."""
    monkeypatch.setattr(registry.Registration, "_beat", BEAT)
    monkeypatch.setattr(registry, "BEAT_SECONDS", 0.01)
    entry = begun(ids(1))
    path = entry._files.folder / f"{entry._files.token}.json"
    first = json.loads(path.read_text())
    end = time.monotonic() + 10
    while (later := json.loads(path.read_text()))["owner"]["beat"] == first["owner"]["beat"]:
        assert time.monotonic() < end
    assert later["sent_at"] > first["sent_at"]
    entry.leave([])
    time.sleep(0.03)
    assert not path.exists()


# -- what stays -----------------------------------------------------------------------------------


def test_a_run_that_settles_everything_leaves_nothing(home):
    """Nor does one that could not start."""
    begun(ids(3)).leave([])
    begun(ids(3)).withdraw()
    enter(claim(), ids(3)).leave(ids(1))
    assert kept(home) == []
    assert registry._open == set()


def test_what_is_left_in_doubt_stays_and_only_that(home):
    """Nobody's any more, so that whoever comes next goes on with it."""
    begun(ids(5)).leave(ids(2))
    assert len(kept(home)) == 2
    assert enter(claim(), ids(5, first=2)).left == []
    (left,) = enter(claim(project_id="p" * 32), ids(2)).left
    assert (left.assets, left.journal, left.deadline) == (ids(2), "", 30.0)


def test_what_the_next_run_settles_is_taken_out(home):
    """All that it has asked about; the rest is for somebody else."""
    orphaned(begun(ids(5)))
    second = begun(ids(3))
    second.leave(ids(1))
    assert len(kept(home)) == 4
    (first, again) = sorted(begun(ids(5)).left, key=lambda left: len(left.assets))
    assert (first.assets, sorted(again.assets)) == (ids(1), ids(2, first=3))


def test_a_run_that_could_not_start_takes_nothing_out(home):
    """It has asked about nothing."""
    orphaned(begun(ids(5)))
    before = kept(home)
    begun(ids(5)).withdraw()
    enter(claim(), ids(5)).leave([])
    assert kept(home) == before


def test_what_was_not_asked_about_stays(home):
    """A run that knows how an asset ended leaves the doubt of another one alone."""
    orphaned(begun(ids(3)))
    third = begun(ids(3))
    third.spare(ids(1))
    third.leave([])
    (left,) = enter(claim(), ids(3)).left
    assert left.assets == ids(1)


def test_a_run_that_never_came_to_send_leaves_no_doubt(home):
    """It was killed while its journal was opened; what it left is cleared away."""
    entry = enter(claim(), ids(3))
    orphaned(entry)
    assert enter(claim(), ids(3)).left == []
    assert len(kept(home)) == 2


def test_the_last_sending_is_no_earlier_than_the_last_heartbeat():
    """Age counts from two beats after it, and never from a moment to come."""
    entry = begun(ids(1))
    sent_at = json.loads(orphaned(entry).read_text())["sent_at"]
    assert sent_at >= time.time() + 9
    orphaned(entry, sent_at=time.time() - 50)
    (left,) = enter(claim(), ids(1)).left
    assert 50 <= left.age < 60


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"format": 2}'])
def test_a_damaged_entry_may_have_sent_anything(damage):
    """Of any service and up to now: asked about after the whole settle time, once."""
    orphaned(begun(ids(3))).write_text(damage)
    entry = begun(ids(3), endpoint="http://other")
    (left,) = entry.left
    assert (left.assets, left.age) == (ids(3), 0.0)
    entry.leave([])
    assert enter(claim(endpoint="http://other"), ids(3)).left == []


def test_what_nobody_asks_about_for_a_month_is_forgotten(home):
    """Unless somebody is at work on it."""
    long_ago = time.time() - 31 * 24 * 3600
    orphaned(begun(ids(3)), sent_at=long_ago)
    begun(ids(1, first=9))
    assert enter(claim(), ids(3)).left == []
    assert len(kept(home)) == 4


def test_litter_is_cleared_away(home):
    """Assets without what they belong to, and what was never written to its end."""
    folder = folder_of_entries()
    (folder / "aa.ids").touch()
    (folder / "bb.draft").touch()
    os.utime(folder / "bb.draft", (0, 0))
    enter(claim(), ids(1)).withdraw()
    assert kept(home) == []


def test_what_is_being_written_is_no_litter_where_a_clock_is_ahead(home, monkeypatch):
    """Another process writes its entry, and the clock of this one was set forward by a day."""
    draft = folder_of_entries() / "cc.draft"
    draft.touch()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 24 * 3600)
    enter(claim(), ids(1)).withdraw()
    assert draft.exists()


def test_a_registry_that_vanishes_costs_no_table(home, caplog):
    """Somebody has cleaned up at home: the run ends all the same."""
    orphaned(begun(ids(3)))
    entry = begun(ids(3))
    shutil.rmtree(home)
    entry.leave(ids(1))
    assert "registry" in caplog.text
    assert registry._open == set()


def test_who_slept_while_it_entered_enters_again(monkeypatch):
    """Another machine has gone on meanwhile, and did not see it."""
    verdicts = [False, True]
    monkeypatch.setattr(turns.Turn, "is_ours", property(lambda _: verdicts.pop(0)))
    entry = enter(claim(), ids(3))
    assert (verdicts, registry._open) == ([], {entry._files.token})


# -- where there is none --------------------------------------------------------------------------


def test_a_home_that_is_not_ours_or_read_only_has_none(home, monkeypatch):
    """Nor has a user without one."""
    folder_of_entries()
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *_: False)
        with pytest.raises(OSError, match="read-only"):
            folder_of_entries()
    mine = os.getuid()
    with monkeypatch.context() as patch:
        patch.setattr("os.getuid", lambda: mine + 1)
        with pytest.raises(OSError, match="somebody else"):
            folder_of_entries()

    def homeless():
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(OSError, match="no home"):
        folder_of_entries()


def test_an_entry_that_cannot_be_written_is_none(home, monkeypatch):
    """A full disk: nothing stays, in the folder or in this process."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registration_files.RegistrationFiles, "tell", full)
    with pytest.raises(OSError, match="No space"):
        enter(claim(), ids(3))
    assert (kept(home), registry._open) == ([], set())
