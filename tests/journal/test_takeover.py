"""What a new run must ask about that earlier ones may have sent."""

from __future__ import annotations

import time
from contextlib import closing

import pytest
from entries import begun, claim, hearts_stand_still, orphaned
from journals import (
    DONE,
    DOUBT,
    RUN_ID,
    bounced,
    header_at,
    intent,
    leave_behind,
    new_journal,
    settled,
)

from vodnb.journal import opening
from vodnb.journal.entries import LOST
from vodnb.journal.journal import Journal, read_header
from vodnb.journal.opening import OpenRun
from vodnb.journal.registry import enter
from vodnb.journal.takeover import take_over
from vodnb.rules.model import Outcome, Status


@pytest.fixture(autouse=True)
def _hearts_stand_still():
    with hearts_stand_still():
        yield


def new_run(folder, assets, **known):
    """Return a run that has just opened its journal."""
    path = folder / "20270101T000000Z-ffffff.sqlite"
    header = header_at(path, deadline=5.0)
    return OpenRun(journal=new_journal(path, assets), header=header, **known)


def killed_elsewhere(tmp_path, assets, entries=(), **changes):
    """Leave a run with a journal in another folder; return that journal."""
    path = tmp_path / "there" / f"{RUN_ID}.sqlite"
    leave_behind(path.parent, assets, entries, deadline=40.0, **changes)
    status = str(changes.get("status", "CREATED"))
    orphaned(begun(list(assets), journal=path, deadline=40.0, status=status))
    return path


def taken(tmp_path, assets="abcde", *, looks_first=True, **known):
    """Return a new run with what it takes over."""
    entry = enter(claim(run_id="later"), list(assets))
    with closing(new_run(tmp_path / "here", assets, **known).journal) as journal:
        run = OpenRun(journal=journal, header=header_at(journal.path, deadline=5.0), **known)
        taken_over = take_over(run, entry, looks_first=looks_first, warn=pytest.fail)
        return taken_over, opening._sort(journal, taken_over.header).doubtful


def test_the_doubts_of_a_journal_elsewhere_are_taken_over_at_any_age(tmp_path):
    """Only of our assets, not what bounced or has its outcome; and our journal has them too."""
    now = time.time()
    entries = [
        intent("a", left_at=now - 500),
        settled("b"),
        bounced("c"),
        intent("d", left_at=now - 5),
        intent("z", left_at=now),
    ]
    killed_elsewhere(tmp_path, "abcdez", entries)
    opened, written = taken(tmp_path)
    for doubtful in (opened.doubtful, written):
        # What was over before this run began is not its doing.
        assert {one: doubt for one, (doubt, _) in doubtful.items()} == {"a": LOST, "d": DOUBT}
        assert 500 <= doubtful["a"][1] < 510
    assert opened.header.deadline == 40.0
    assert read_header(opened.journal.path).deadline == 40.0


@pytest.mark.parametrize("looks_first", [True, False])
def test_what_was_settled_is_asked_about_where_no_look_would_tell(tmp_path, looks_first):
    """Without looking first, or while the state may lag; not what was never sent."""
    now = time.time()
    entries = [
        *(intent(one, left_at=now - age) for one, age in (("a", 500), ("b", 3))),
        *map(settled, "abc"),
    ]
    killed_elsewhere(tmp_path, "abc", entries)
    opened, _ = taken(tmp_path, looks_first=looks_first)
    assert set(opened.doubtful) == ({"b"} if looks_first else {"a", "b"})
    assert opened.doubtful["b"][0].outcome is Outcome.IN_DOUBT
    assert opened.doubtful["b"][0].attempts == 1


def test_what_was_asked_for_otherwise_is_never_claimed(tmp_path):
    """Another status may have had its effect: that is not this run's doing."""
    entries = [intent("a", left_at=time.time() - 9)]
    killed_elsewhere(tmp_path, "abc", entries, status=Status.CANCELLED)
    opened, _ = taken(tmp_path)
    assert opened.doubtful["a"][0] == LOST


@pytest.mark.parametrize("trouble", ["deleted", "damaged", "not begun", "another run"])
def test_where_its_journal_tells_nothing_all_may_have_been_sent(tmp_path, trouble):
    """As without a journal: up to its last heartbeat and beyond, which is now."""
    path = killed_elsewhere(tmp_path, "abz")
    if trouble == "damaged":
        path.write_bytes(path.read_bytes()[:5000])
    elif trouble == "not begun":
        path.write_bytes(b"")
    else:
        path.unlink()
    if trouble == "another run":
        new_journal(path, "abz", run_id="another").close()
    opened, _ = taken(tmp_path, "abc")
    assert opened.doubtful == {"a": (LOST, 0.0), "b": (LOST, 0.0)}
    assert path.exists() is (trouble != "deleted")


def test_of_a_salvaged_journal_what_it_does_not_name_is_in_doubt(tmp_path):
    """Its names may be among what was lost."""
    path = killed_elsewhere(tmp_path, "abc")
    path.unlink()
    new_journal(path, "ab", is_salvaged=True).close()
    opened, _ = taken(tmp_path, "abc")
    assert opened.doubtful == {"c": (LOST, 0.0)}


def test_what_is_known_of_an_asset_stands(tmp_path):
    """An outcome of ours, whose doubt elsewhere stays there; and how often we have sent it."""
    killed_elsewhere(tmp_path, "ab", [intent("a"), intent("b", left_at=time.time() - 2)])
    known = {"settled": {"a": DONE}, "doubtful": {"b": (LOST, 1.0)}}
    opened, _ = taken(tmp_path, "ab", **known)
    assert opened.doubtful == {"b": (LOST, 1.0)}
    opened.entry.leave([])
    (left,) = enter(claim(), ["a", "b"]).left
    assert left.assets == ["a"]


def test_of_two_that_were_killed_the_later_counts(tmp_path):
    """With a journal and without: the settle time begins when either may have sent last."""
    killed_elsewhere(tmp_path, "ab", [intent("a", left_at=time.time() - 900)])
    orphaned(begun(["a"]))
    opened, _ = taken(tmp_path, "ab")
    assert opened.doubtful["a"][1] == 0.0


def test_what_our_own_journal_tells_is_not_asked_twice(tmp_path):
    """The run that we go on with knows it all."""
    path = killed_elsewhere(tmp_path, "abc", [intent("a")])
    with closing(Journal.open(path)) as journal:
        run = OpenRun(journal=journal, header=header_at(path))
        entry = enter(claim(), list("abc"))
        assert take_over(run, entry, looks_first=True, warn=pytest.fail).doubtful == {}
