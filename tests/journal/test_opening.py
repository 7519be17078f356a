"""Which run a call goes on with, and where its journal lives."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from journals import RUN_ID, bounced, intent, leave_behind, settled, want

from vodnb.journal import opening, owner
from vodnb.journal.finding import list_runs
from vodnb.journal.journal import Journal, read_header
from vodnb.journal.opening import choose_folder, find_headers, open_run
from vodnb.rules.errors import JournalError
from vodnb.rules.model import Outcome, Settlement, Status


@pytest.fixture(autouse=True)
def _nothing_stays_taken():
    yield
    owner._taken.clear()


def test_a_run_goes_on_where_it_was(tmp_path):
    """Outcomes are taken over, doubts are to be asked, what bounced is as if never touched."""
    lost = Settlement(outcome=Outcome.IN_DOUBT, code="CLIENT.NO_ANSWER", attempts=2)
    entries = [
        settled("a"),
        intent("b", left_at=time.time() - 7),
        bounced("c"),
        intent("d", left_at=time.time() - 7),
        settled("d", lost),
    ]
    leave_behind(tmp_path, "abcde", entries, deadline=60.0)
    opened = open_run(tmp_path, want(tmp_path, "abcde"))
    assert (opened.header.run_id, opened.is_new) == (RUN_ID, False)
    assert set(opened.settled) == {"a"}
    assert set(opened.doubtful) == {"b", "d"}
    assert opened.doubtful["d"][0] == lost
    assert all(7 <= age < 60 for _, age in opened.doubtful.values())
    assert opened.header.deadline == 60.0
    opened.close(is_finished=True)
    found = read_header(tmp_path / f"{RUN_ID}.sqlite")
    assert (found.is_finished, found.owner) == (True, {})


def test_a_clock_gone_backwards_gives_no_age(tmp_path):
    """It left in the future, as it seems: the whole settle time is waited."""
    leave_behind(tmp_path, "a", [intent("a", left_at=time.time() + 3600)])
    opened = open_run(tmp_path, want(tmp_path, "a"))
    assert opened.doubtful["a"][1] == 0.0
    opened.close(is_finished=False)


def test_a_clock_set_forward_gives_no_age(tmp_path, monkeypatch):
    """Three hours forward in a second are one second; and so many as have passed stay."""
    now = time.time()
    leave_behind(tmp_path, "ab", [intent("a", left_at=now), intent("b", left_at=now - 9)])
    monkeypatch.setattr(owner, "time", SimpleNamespace(monotonic=time.monotonic, time=_later))
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    assert 0 <= opened.doubtful["a"][1] < 5
    assert 9 <= opened.doubtful["b"][1] < 14
    opened.close(is_finished=False)


def _later():
    return time.time() + 3 * 3600


def test_times_of_another_machine_give_no_age(tmp_path, monkeypatch):
    """A home folder on two machines, whose clocks nobody has compared: for good."""
    monkeypatch.setattr(owner.socket, "gethostname", lambda: "there")
    leave_behind(tmp_path, "a", [intent("a", left_at=time.time() - 9)])
    monkeypatch.undo()
    for _ in range(2):
        opened = open_run(tmp_path, want(tmp_path, "a"))
        assert opened.doubtful["a"][1] == 0.0
        opened.close(is_finished=False)
        monkeypatch.setattr(owner.socket, "gethostname", lambda: "there")


def test_the_longest_deadline_is_kept(tmp_path):
    """A shorter deadline now does not make an older call end sooner."""
    leave_behind(tmp_path, deadline=60.0)
    open_run(tmp_path, want(tmp_path, "abc", deadline=5.0)).close(is_finished=False)
    assert read_header(tmp_path / f"{RUN_ID}.sqlite").deadline == 60.0
    open_run(tmp_path, want(tmp_path, "abc", deadline=90.0)).close(is_finished=False)
    assert read_header(tmp_path / f"{RUN_ID}.sqlite").deadline == 90.0


def test_a_larger_table_goes_on_and_its_new_assets_are_added(tmp_path):
    """Key is the asset, not the row: re-sorted and extended, it is the same run."""
    leave_behind(tmp_path, "abc")
    opened = open_run(tmp_path, want(tmp_path, "zcbay"))
    assert opened.header.run_id == RUN_ID
    assert list(opened.journal.assets()) == list("abczy")
    opened.close(is_finished=False)


@pytest.mark.parametrize(
    ("assets", "changes"),
    [
        ("ab", {}),
        ("abz", {}),
        ("abc", {"status": Status.CANCELLED}),
        ("abc", {"project_id": "q" * 32}),
        ("abc", {"endpoint": "http://other"}),
        ("abc", {"is_fresh": True}),
    ],
)
def test_another_run_begins(tmp_path, assets, changes):
    """A table that lacks an asset, another status, project or endpoint, or fresh=True."""
    leave_behind(tmp_path, "abc", [settled("a")])
    opened = open_run(tmp_path, want(tmp_path, assets, **changes))
    assert (opened.is_new, opened.settled) == (True, {})
    assert opened.header.run_id != RUN_ID
    opened.close(is_finished=False)
    assert len(list(find_headers(tmp_path))) == 2


def test_a_finished_run_is_never_replayed(tmp_path):
    """Its outcomes may be old: a new run looks first."""
    leave_behind(tmp_path, "abc", [settled(asset) for asset in "abc"], is_finished=True)
    opened = open_run(tmp_path, want(tmp_path, "abc"))
    assert (opened.is_new, opened.settled) == (True, {})
    opened.close(is_finished=False)


def test_the_newest_of_several_goes_on(tmp_path):
    """Two were cut off: the later one is meant."""
    for run_id in ("20260102T000000Z-aaaaaa", "20260103T000000Z-aaaaaa", "20260101T000000Z-bbbbbb"):
        leave_behind(tmp_path, "ab", run_id=run_id)
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    assert opened.header.run_id == "20260103T000000Z-aaaaaa"
    opened.close(is_finished=False)


def test_a_run_that_could_not_start_leaves_no_trace(tmp_path):
    """Neither a file nor a mark."""
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    opened.give_back()
    assert list(tmp_path.iterdir()) == []
    assert owner.take(opened.header.run_id)


def test_a_journal_left_by_a_crash_in_its_creation_hinders_nobody(tmp_path):
    """An empty file is no run."""
    (tmp_path / f"{RUN_ID}.sqlite").touch()
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    assert opened.is_new
    opened.close(is_finished=False)


def test_a_damaged_journal_stops_the_call_unless_it_is_fresh(tmp_path):
    """It may be the very run: refused by name; fresh=True goes past it."""
    leave_behind(tmp_path, "abc")
    path = tmp_path / f"{RUN_ID}.sqlite"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(JournalError, match=r"abcdef\.sqlite' is damaged"):
        open_run(tmp_path, want(tmp_path, "abc"))
    open_run(tmp_path, want(tmp_path, "abc", is_fresh=True)).close(is_finished=False)
    assert [run.state for run in list_runs([tmp_path])] == ["unfinished", "damaged"]


def test_the_end_is_handed_over_even_if_it_cannot_be_noted(tmp_path, caplog):
    """A full disk at the very end costs no table; the same kernel may go on with the run."""
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    opened.journal.close()
    opened.close(is_finished=True)
    assert "journal" in caplog.text
    assert read_header(opened.journal.path).owner["pid"] == os.getpid()
    assert [run.state for run in list_runs([tmp_path])] == ["unfinished"]
    again = open_run(tmp_path, want(tmp_path, "ab", run_id="20280101T000000Z-000000"))
    assert again.header.run_id == opened.header.run_id
    again.close(is_finished=False)


# -- together -------------------------------------------------------------------------------------


def test_a_run_that_has_just_begun_is_not_taken_for_one_that_was_cut_off(tmp_path, monkeypatch):
    """Of two calls in one kernel the second finds the first's journal: it is at work already."""
    create = Journal.create
    refused = []

    def created(header, assets):
        journal = create(header, assets)
        if not refused:
            with pytest.raises(JournalError, match="in this kernel") as caught:
                open_run(tmp_path, want(tmp_path, "ab", run_id="20280101T000000Z-000000"))
            refused.append(caught.value)
        return journal

    monkeypatch.setattr(Journal, "create", created)
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    assert (opened.is_new, len(refused)) == (True, 1)
    opened.close(is_finished=False)


def test_a_run_whose_journal_cannot_be_made_is_not_at_work(tmp_path, monkeypatch):
    """The mark goes with it."""

    def full(*_):
        raise JournalError("the disk is full")

    monkeypatch.setattr(Journal, "create", full)
    with pytest.raises(JournalError, match="disk is full"):
        open_run(tmp_path, want(tmp_path, "ab"))
    assert owner._taken == set()


def test_what_another_has_noted_since_the_run_was_found_counts(tmp_path, monkeypatch):
    """Another machine went on with it in between: its times do not compare."""
    leave_behind(tmp_path, "a", [intent("a", left_at=time.time() - 9)])
    find = opening._find_unfinished

    def found(*args):
        header = find(*args)
        with closing(Journal(header.path)) as journal:
            journal.note(clock={"host": "", "offset": 0.0})
        return header

    monkeypatch.setattr(opening, "_find_unfinished", found)
    opened = open_run(tmp_path, want(tmp_path, "a"))
    assert opened.doubtful["a"][1] == 0.0
    opened.close(is_finished=False)


@pytest.mark.parametrize("is_fresh", [False, True])
def test_what_a_run_sent_that_was_cut_off_a_moment_ago_is_in_doubt(tmp_path, is_fresh):
    """A table with some of its assets is another run, whose calls may still have their effect."""
    now = time.time()
    entries = [
        intent("a", left_at=now - 3),
        settled("b"),
        bounced("c"),
        intent("d", left_at=now - 50),
        intent("e", left_at=now - 40),
        intent("z", left_at=now - 3),
    ]
    leave_behind(tmp_path, "abcdez", entries, deadline=40.0)
    leave_behind(tmp_path, "ae", [intent("a", left_at=now - 1)], run_id="20250101T000000Z-aaaaaa")
    asked = want(tmp_path, "abcde", is_fresh=is_fresh, deadline=5.0)
    opened = open_run(tmp_path, asked)
    if opened.is_new:
        assert is_fresh
    assert set(opened.doubtful) == {"a", "e"}
    assert 1 <= opened.doubtful["a"][1] < 3
    assert 40 <= opened.doubtful["e"][1] < 46
    assert opened.header.deadline == 40.0
    opened.close(is_finished=False)


@pytest.mark.parametrize(
    "changes",
    [{"status": Status.CANCELLED}, {"project_id": "q" * 32}, {"is_finished": True}],
)
def test_what_asks_for_something_else_leaves_no_doubt_here(tmp_path, changes):
    """Another project or status, or a run that is finished."""
    entries = [intent("a", left_at=time.time())]
    leave_behind(tmp_path, "abz", entries, **changes)
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    assert (opened.is_new, opened.doubtful) == (True, {})
    opened.close(is_finished=False)


def test_a_run_at_work_is_not_kept_waiting_for_its_doubts(tmp_path, monkeypatch):
    """It has none of our assets, and a reader would hold its writer up."""
    entries = [intent("x", left_at=time.time())]
    leave_behind(tmp_path, "xyz", entries, owner=owner.this_process())
    assert owner.take(RUN_ID)
    monkeypatch.setattr(opening, "_young_doubts", lambda header: pytest.fail(header.run_id))
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    assert opened.is_new
    opened.close(is_finished=False)


# -- where ----------------------------------------------------------------------------------------


def test_a_journal_lives_beside_its_input_or_here(tmp_path, monkeypatch):
    """`.vodnb` beside the file, in the current folder without one, or where it was named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    beside = choose_folder(str(tmp_path / "data" / "assets.csv"), None)
    assert beside == (tmp_path / "data" / ".vodnb", True)
    assert choose_folder("", None) == (Path(".vodnb"), True)
    assert choose_folder("x.csv", tmp_path / "a" / "b") == (tmp_path / "a" / "b", True)
    assert (tmp_path / "a" / "b").is_dir()
    assert (tmp_path / ".vodnb").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("trouble", ["a file", "somebody else's", "read-only"])
def test_where_it_cannot_be_written_it_lives_at_home(tmp_path, monkeypatch, trouble):
    """Never a folder that somebody else could read or change."""
    home = tmp_path / "home"
    monkeypatch.setattr(Path, "home", lambda: home)
    beside = tmp_path / ".vodnb"
    if trouble == "a file":
        beside.touch()
    else:
        beside.mkdir()
    if trouble == "somebody else's":
        mine = os.getuid()
        monkeypatch.setattr("os.getuid", lambda: mine + 1)
        monkeypatch.setattr("vodnb.journal.opening._make", _believe_home(home))
    if trouble == "read-only":
        monkeypatch.setattr("os.access", lambda path, *_: Path(path) != beside)
    source = str(tmp_path / "assets.csv")
    assert choose_folder(source, None) == (home / ".vodnb" / "runs", False)
    with pytest.raises(JournalError, match="No journal can be written in"):
        choose_folder(source, beside)


def _believe_home(home):
    """Root owns what it makes: so the folder at home is made without the question."""
    from vodnb.journal import opening

    make = opening._make

    def made(folder):
        if home in folder.parents:
            folder.mkdir(parents=True)
            return folder
        return make(folder)

    return made


def test_a_journal_opened_for_reading_keeps_its_writer(tmp_path):
    """Looking does not claim."""
    opened = open_run(tmp_path, want(tmp_path, "ab"))
    with closing(Journal.open(opened.journal.path)) as reader:
        assert list(reader.assets()) == ["a", "b"]
    opened.journal.write([settled("a")])
    opened.close(is_finished=False)
