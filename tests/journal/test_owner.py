"""Who writes a run: one process, told apart from others; and nobody else sends its assets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from journals import RUN_ID, leave_behind, want

from vodnb.journal import owner
from vodnb.journal.finding import list_runs
from vodnb.journal.opening import open_run
from vodnb.rules.errors import JournalError


@pytest.fixture(autouse=True)
def _nothing_stays_taken():
    yield
    owner._taken.clear()


HOLDER = """
import sys, time
from pathlib import Path
from vodnb.journal import owner
from vodnb.journal.journal import Journal
journal = Journal.open(Path(sys.argv[1]))
journal.claim(owner.this_process(), is_gone=owner.is_gone)
print("held", flush=True)
time.sleep(60)
"""


CONTENDER = """
import sys
from pathlib import Path
sys.path[:0] = PATHS
from journals import header_at
from vodnb.journal import owner
from vodnb.journal.opening import Want, open_run
from vodnb.rules.errors import JournalError
import secrets
folder = Path(FOLDER)
run_id = f"20260101T000000Z-{secrets.token_hex(3)}"
header = header_at(folder / f"{run_id}.sqlite", owner=owner.this_process())
print("ready", flush=True)
sys.stdin.readline()
try:
    opened = open_run(folder, Want(header=header, assets=list("abc"), is_fresh=False))
except JournalError:
    opened = None
print("runs" if opened else "refused", flush=True)
sys.stdin.readline()
if opened:
    opened.close(is_finished=True)
""".replace("PATHS", repr(sys.path))


def test_another_process_holds_the_run_until_it_is_gone(tmp_path):
    """Refused by process and host while it lives, killed or not asked; then it goes on."""
    leave_behind(tmp_path, "abc")
    path = tmp_path / f"{RUN_ID}.sqlite"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        for _ in range(2):
            with pytest.raises(
                JournalError, match=f"process {holder.pid} on {socket.gethostname()}"
            ):
                open_run(tmp_path, want(tmp_path, "abc"))
        assert [run.state for run in list_runs([tmp_path])] == ["under way"]
        holder.kill()
        holder.wait()
    opened = open_run(tmp_path, want(tmp_path, "abc"))
    assert opened.header.run_id == RUN_ID
    opened.close(is_finished=False)


@pytest.mark.parametrize("is_fresh", [False, True])
@pytest.mark.parametrize("assets", ["b", "bx", "abcd"])
def test_assets_that_somebody_works_on_are_refused(tmp_path, assets, is_fresh):
    """Another table with one asset of a live run, a larger one, a fresh one: told who it is."""
    opened = open_run(tmp_path, want(tmp_path, "abc"))
    before = sorted(tmp_path.iterdir())
    other = want(tmp_path, assets, is_fresh=is_fresh, run_id="20280101T000000Z-000000")
    with pytest.raises(JournalError, match=r"is (being worked on|at work on \d of these assets)"):
        open_run(tmp_path, other)
    assert sorted(tmp_path.iterdir()) == before
    assert not owner.is_taken("20280101T000000Z-000000")
    opened.close(is_finished=False)


@pytest.mark.parametrize("changes", [{"project_id": "q" * 32}, {"endpoint": "http://other"}])
def test_the_same_name_elsewhere_is_another_asset(tmp_path, changes):
    """Another project or endpoint has assets of its own; and so has another table."""
    first = open_run(tmp_path, want(tmp_path, "abc"))
    second = open_run(tmp_path, want(tmp_path, "abc", run_id="20280101T000000Z-0", **changes))
    third = open_run(tmp_path, want(tmp_path, "de", run_id="20290101T000000Z-0"))
    for opened in (first, second, third):
        opened.close(is_finished=False)


def test_of_calls_in_the_same_moment_one_runs_at_most(tmp_path):
    """Four kernels run the same cell at once: none or one of them gets the run."""
    program = CONTENDER.replace("FOLDER", repr(str(tmp_path)))
    command = [sys.executable, "-c", program]
    for _ in range(3):
        each = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        for process in each:
            assert process.stdout.readline() == "ready\n"
        for process in each:
            process.stdin.write("go\n")
            process.stdin.flush()
        told = [process.stdout.readline().strip() for process in each]
        for process in each:
            process.communicate("end\n", timeout=20)
        assert told.count("runs") <= 1
        assert set(told) <= {"runs", "refused"}


def test_a_second_job_of_this_process_is_refused(tmp_path):
    """The same cell twice in one kernel."""
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    with pytest.raises(JournalError, match="being worked on in this kernel"):
        open_run(tmp_path, want(tmp_path, "ab", run_id="20280101T000000Z-000000"))
    assert [run.state for run in list_runs([tmp_path])] == ["under way"]
    opened.close(is_finished=False)
    again = open_run(tmp_path, want(tmp_path, "ab", run_id="20280101T000000Z-000000"))
    assert again.header.run_id == opened.header.run_id
    again.close(is_finished=False)


def changed(**values):
    """Return this process as an owner, but for some values."""
    return {**owner.this_process(), **values}


@pytest.mark.parametrize(
    ("who", "gone"),
    [
        (changed, False),
        (lambda: changed(pid=2**22 + 1), True),
        (lambda: changed(began="1"), True),
        (lambda: changed(boot="another"), True),
        (lambda: changed(host="another"), False),
        (lambda: changed(host="another", beat=time.time() - 59), False),
        (lambda: changed(host="another", beat=time.time() - 61), True),
        (lambda: changed(host="another", beat=time.time() + 3600), True),
    ],
)
def test_who_is_gone(who, gone):
    """Ended, its number given anew, its machine restarted, or silent for a minute elsewhere."""
    assert owner.is_gone(who()) is gone


def test_without_proc_a_process_is_asked_for_by_signal(monkeypatch):
    """macOS: alive or not is all that can be known; Windows: only the heartbeat counts."""
    real = Path.exists
    monkeypatch.setattr(owner.Path, "read_text", _no_proc)
    monkeypatch.setattr(owner.Path, "exists", lambda self: "proc" not in str(self) and real(self))
    here = owner.this_process()
    assert (here["boot"], here["began"]) == ("", "running")
    assert not owner.is_gone(here)
    assert owner.is_gone({**here, "pid": 2**22 + 1})
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr("os.kill", lambda *_: pytest.fail("it would interrupt the process"))
    there = owner.this_process()
    assert not owner.is_gone(there)
    assert owner.is_gone({**there, "beat": time.time() - 61})


def _no_proc(*_args, **_options):
    raise FileNotFoundError


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a child is forked")
def test_a_process_that_was_killed_is_gone_before_its_parent_asks():
    """In a container there may be nobody who ever does."""
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    found = {**owner.this_process(), "pid": child, "began": owner._began(child)}
    assert not owner.is_gone(found)
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert owner.is_gone(found)
    os.waitpid(child, 0)
    assert owner.is_gone(found)
