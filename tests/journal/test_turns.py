"""One process at a time in a folder, without any lock of the system."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vodnb.journal import owner, turns
from vodnb.journal.turns import turn_in
from vodnb.rules.errors import JournalError

WORKER = """
import os, sys
from pathlib import Path
from vodnb.journal.turns import turn_in
folder, count = Path(sys.argv[1]), Path(sys.argv[1], "count")
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    with turn_in(folder, patience=60):
        os.close(os.open(folder / "inside", os.O_CREAT | os.O_EXCL))
        count.write_text(str(int(count.read_text()) + 1))
        os.unlink(folder / "inside")
"""

GONE = {**owner.this_process(), "pid": 1, "began": "another"}


def alive() -> dict:
    """Return a process of another machine that was heard of just now."""
    return {**owner.this_process(), "host": "elsewhere"}


def lock(folder, number, content):
    """Leave the file of a turn."""
    Path(folder, f"lock.{number}").write_text(json.dumps(content) if content else "released")


def numbers(folder):
    """Return the numbers of the turns that are left."""
    return sorted(turns._numbers(Path(folder)))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("left", [None, GONE, ""])
def test_of_eight_processes_one_at_a_time_is_in(tmp_path, left):
    """Also where the last one has died in its turn: exactly one follows it, and nothing is lost."""
    rounds = 40
    (tmp_path / "count").write_text("0")
    if left is not None:
        lock(tmp_path, 7, left)
    command = [sys.executable, "-c", WORKER, str(tmp_path), str(rounds)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes) for _ in range(8)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    assert (tmp_path / "count").read_text() == str(8 * rounds)
    assert numbers(tmp_path) == [8 * rounds + (7 if left is not None else 0)]
    assert not list(tmp_path.glob("*.draft"))


def test_numbers_never_go_back(tmp_path):
    """The highest stays when it is handed on; who was slow finds that it has been overtaken."""
    for number in (1, 2, 3):
        with turn_in(tmp_path) as turn:
            assert turn.number == number
            assert turn.is_ours
        assert numbers(tmp_path) == [number]
    assert (tmp_path / "lock.3").read_text().startswith("released")
    assert (tmp_path / "lock.3").stat().st_mode & 0o777 == 0o600


def test_who_was_overtaken_before_its_link_was_made_is_not_in(tmp_path, monkeypatch):
    """It takes back the low number that it got only because that was cleared away."""
    lock(tmp_path, 5, "")
    make, made = turns._make, []

    def late(folder, number):
        if not made:
            lock(folder, 9, "")
            (folder / "lock.5").unlink()
        made.append(number)
        return make(folder, number)

    monkeypatch.setattr(turns, "_make", late)
    with turn_in(tmp_path) as turn:
        assert turn.number == 10
    assert made == [6, 10]
    assert numbers(tmp_path) == [10]


def test_who_slept_in_its_turn_is_told(tmp_path):
    """Another machine has taken it for gone and gone on: what was done must be undone."""
    with turn_in(tmp_path) as turn:
        lock(tmp_path, turn.number + 1, alive())
        assert not turn.is_ours


@pytest.mark.parametrize("is_whole", [True, False])
def test_waiting_ends_and_names_the_holder(tmp_path, is_whole):
    """On another machine, or on a drive without links and in the middle of being written."""
    (tmp_path / "lock.1").write_text(json.dumps(alive()) if is_whole else "not JSON")
    began = time.monotonic()
    with (
        pytest.raises(JournalError, match="held by process"),
        turn_in(tmp_path, patience=0.1),
    ):
        pytest.fail("it is not our turn")
    assert time.monotonic() - began < 5
    assert numbers(tmp_path) == [1]


def test_a_turn_of_another_machine_ends_with_its_silence(tmp_path):
    """As the writer of a journal does."""
    lock(tmp_path, 1, {**alive(), "beat": time.time() - 300})
    with turn_in(tmp_path, patience=0.1) as turn:
        assert turn.number == 2


def test_another_thread_waits_too(tmp_path):
    """And no longer than it must."""
    with (
        turn_in(tmp_path),
        pytest.raises(JournalError, match=f"process {owner.this_process()['pid']} "),
        turn_in(tmp_path, patience=0.05),
    ):
        pytest.fail("it is not our turn")


def test_a_drive_without_links_does_too(tmp_path, monkeypatch):
    """The file is made in place then, and not where there is one."""

    def no_links(*_):
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(turns.os, "link", no_links)
    with turn_in(tmp_path) as turn:
        assert not turns._make(tmp_path, turn.number)
    assert numbers(tmp_path) == [1]


def test_a_link_whose_answer_was_lost_is_ours(tmp_path, monkeypatch):
    """A network drive repeats the call, and then says that the name is taken: by ourselves."""
    link = turns.os.link

    def twice(draft, target):
        link(draft, target)
        link(draft, target)

    monkeypatch.setattr(turns.os, "link", twice)
    with turn_in(tmp_path, patience=1) as turn:
        assert turn.number == 1


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    """As what the system says: whoever asks knows what to do without."""
    with pytest.raises(OSError, match="missing"), turn_in(tmp_path / "missing"):
        pytest.fail("there is no folder")
