"""The journal file: what is written comes back, and what is broken is refused with a name."""

from __future__ import annotations

import random
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import DOUBT, bounced, header_at, intent, new_journal, settled

from vodnb.journal.entries import Entry, Standing
from vodnb.journal.journal import Journal, read_header
from vodnb.rules.errors import JournalError
from vodnb.rules.model import Outcome, Settlement, Status

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SETTLEMENTS = st.builds(
    Settlement,
    outcome=st.sampled_from(list(Outcome)),
    code=WORDS,
    message=WORDS,
    http_status=st.none() | st.integers(100, 599),
    request_id=WORDS,
    attempts=st.integers(0, 9),
    sent_at=WORDS,
    elapsed_ms=st.none() | st.integers(0, 10**6),
    state_before=WORDS,
    state_after=WORDS,
)
ENTRIES = st.builds(
    Entry,
    asset_id=st.sampled_from("abcdef"),
    standing=st.sampled_from(list(Standing)),
    settlement=SETTLEMENTS,
    left_at=st.floats(0, 4e9),
)


def last_of(entries: list[Entry]) -> dict[str, tuple[Standing, Settlement]]:
    """Return what stands last for each asset."""
    return {entry.asset_id: (entry.standing, entry.settlement) for entry in entries}


@settings(max_examples=40)
@given(groups=st.lists(st.lists(ENTRIES, max_size=8), max_size=6))
def test_what_is_written_comes_back(groups):
    """The last entry of each asset wins, over any grouping, after closing and opening."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch, "run.sqlite")
        with closing(new_journal(path, "fabcde")) as journal:
            for group in groups:
                journal.write(group)
        with closing(Journal.open(path)) as journal:
            assert list(journal.assets()) == list("fabcde")
            assert last_of(list(journal.entries())) == last_of(list(chain(*groups)))


def test_the_time_it_left_is_its_last_intent_s(tmp_path):
    """An outcome has no time of leaving of its own: the intent's before it counts."""
    with closing(new_journal(tmp_path / "run.sqlite")) as journal:
        journal.write([intent("a", left_at=5.0), settled("b")])
        journal.write([bounced("a"), intent("a", left_at=9.0)])
        journal.write([settled("a", DOUBT)])
        found = {entry.asset_id: entry.left_at for entry in journal.entries()}
    assert found == {"a": 9.0, "b": 0.0}


def test_each_commit_is_forced_to_the_disk(tmp_path):
    """Power may fail, which no kill can play: EXTRA syncs, and a home on NFS has no WAL."""
    path = tmp_path / "run.sqlite"
    for open_it in (new_journal, Journal, Journal.open):
        with closing(open_it(path)) as journal:
            modes = [journal._base.execute(f"PRAGMA {name}").fetchone()[0] for name in SAFETY]
        assert modes == list(SAFETY.values())


SAFETY = {"synchronous": 3, "journal_mode": "delete", "locking_mode": "normal"}


def test_it_is_readable_by_its_owner_only(tmp_path):
    """Nobody else on a shared machine reads which assets there are."""
    new_journal(tmp_path / "run.sqlite").close()
    assert stat.S_IMODE((tmp_path / "run.sqlite").stat().st_mode) == 0o600


def test_the_header_says_what_the_run_is(tmp_path):
    """Every value comes back as it was given, and as it was noted later."""
    path = tmp_path / "run.sqlite"
    owner = {"host": "h", "pid": 7, "boot": "b", "began": "1", "beat": 2.5}
    given_header = header_at(
        path, status=Status.CANCELLED, source="媒资\udcff.csv", deadline=2.5, owner=owner
    )
    with closing(Journal.create(given_header, ["a"])) as journal:
        assert read_header(path) == given_header
        journal.note(is_finished=True, owner={})
        journal.note(deadline=60.0)
    found = read_header(path)
    assert (found.is_finished, found.owner, found.deadline) == (True, {}, 60.0)


def test_assets_are_added_behind(tmp_path):
    """What is wanted beyond the old assets comes after them."""
    with closing(new_journal(tmp_path / "run.sqlite", ["b"])) as journal:
        journal.add(["c", "a"])
        assert list(journal.assets()) == ["b", "c", "a"]


def test_counts_are_of_assets_that_have_an_outcome(tmp_path):
    """What bounced counts as not yet touched."""
    with closing(new_journal(tmp_path / "run.sqlite", "abcde")) as journal:
        journal.write([intent("a"), intent("b"), intent("c"), bounced("a"), settled("b")])
        assert journal.counts() == (5, {"confirmed": 1, "in_doubt": 1})


def test_an_existing_file_is_never_overwritten(tmp_path):
    """Two runs of one name: the second is refused, and the first is left as it is."""
    path = tmp_path / "run.sqlite"
    with closing(new_journal(path)) as journal:
        journal.write([settled("a")])
    before = path.read_bytes()
    with pytest.raises(JournalError, match="cannot be written"):
        new_journal(path)
    assert path.read_bytes() == before


def test_a_journal_that_was_never_begun_is_nobody_s(tmp_path):
    """Killed while it was being created: an empty file, or tables without a header."""
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    assert read_header(empty) is None
    with closing(new_journal(tmp_path / "run.sqlite")) as journal:
        journal._base.execute("DELETE FROM run")
        journal._base.commit()
    assert read_header(tmp_path / "run.sqlite") is None


def test_a_newer_format_is_refused(tmp_path):
    """An old vodnb does not guess at what a new one wrote."""
    with closing(new_journal(tmp_path / "run.sqlite")) as journal:
        journal.note(format=2)
    with pytest.raises(JournalError, match=r"has format 2.*Update vodnb"):
        read_header(tmp_path / "run.sqlite")


def test_half_a_surrogate_pair_and_a_nul_break_no_write(tmp_path):
    """JSON may bring both in a message; the one is replaced, the other kept."""
    odd = Settlement(
        outcome=Outcome.FAILED, code="X.1", message="a\ud800b\x00c", request_id="\udfff"
    )
    with closing(new_journal(tmp_path / "run.sqlite")) as journal:
        journal.write([settled("a", odd)])
        (found,) = journal.entries()
    assert (found.settlement.message, found.settlement.request_id) == ("a?b\x00c", "?")


def test_entries_are_written_all_or_none(tmp_path):
    """A group that fails in the middle leaves nothing of itself."""
    bad = Entry(asset_id=None, standing=Standing.INTENT, settlement=DOUBT)
    with closing(new_journal(tmp_path / "run.sqlite")) as journal:
        with pytest.raises(JournalError, match="cannot be written"):
            journal.write([intent("a"), bad])
        assert list(journal.entries()) == []
        journal.write([intent("b")])
        assert [entry.asset_id for entry in journal.entries()] == ["b"]


def test_readers_may_look_while_a_writer_writes(tmp_path):
    """A second connection sees each group as soon as it is written, and hinders nobody."""
    path = tmp_path / "run.sqlite"
    with closing(new_journal(path)) as writer, closing(Journal.open(path)) as reader:
        for asset in "abc":
            writer.write([settled(asset)])
            assert asset in {entry.asset_id for entry in reader.entries()}
            assert read_header(path).run_id == "run"


OURS = {"host": "here", "pid": 1, "boot": "b", "began": "5", "beat": 1.0}
THEIRS = {**OURS, "host": "there", "beat": 2.0}


def test_a_claim_is_refused_while_the_owner_lives(tmp_path):
    """The message names who works on it; the claim is theirs as before."""
    path = tmp_path / "run.sqlite"
    new_journal(path, owner=THEIRS).close()
    with closing(Journal.open(path)) as journal:
        with pytest.raises(JournalError, match="process 1 on there"):
            journal.claim(OURS, is_gone=lambda _: False)
        assert read_header(path).owner == THEIRS
        journal.claim(OURS, is_gone=lambda _: True)
        assert read_header(path).owner == OURS


@pytest.mark.parametrize(
    "step",
    [
        lambda journal: journal.write([intent("a")]),
        lambda journal: journal.note(owner=OURS),
        lambda journal: journal.add(["z"]),
    ],
)
def test_who_was_taken_over_writes_no_more(tmp_path, step):
    """A machine that slept past its heartbeat wakes up: it may not become a second writer."""
    path = tmp_path / "run.sqlite"
    with closing(new_journal(path, owner=OURS)) as sleeper, closing(Journal.open(path)) as other:
        sleeper.note(owner={**OURS, "beat": 7.0})
        other.claim(THEIRS, is_gone=lambda _: True)
        with pytest.raises(JournalError, match="process 1 on there"):
            step(sleeper)
        assert read_header(path).owner == THEIRS
        other.write([intent("b")])
        assert [entry.asset_id for entry in other.entries()] == ["b"]


# -- damage ---------------------------------------------------------------------------------------


def written(path: Path) -> bytes:
    """Write a journal of some size and return its bytes."""
    assets = [f"{number:032x}" for number in range(200)]
    with closing(new_journal(path, assets)) as journal:
        journal.write(intent(asset) for asset in assets)
        journal.write(settled(asset) for asset in assets[:150])
    return path.read_bytes()


def read_all(path: Path) -> tuple[list[str], list[Entry]] | None:
    """Read everything that a resuming run reads; None where the journal was never begun."""
    if read_header(path) is None:
        return None
    with closing(Journal.open(path)) as journal:
        assets = list(journal.assets())
        return assets, list(journal.entries())


def test_a_journal_cut_off_anywhere_is_refused_and_never_half_believed(tmp_path):
    """At each of sixty lengths: JournalError and a copy; only an empty file was never begun."""
    whole = written(tmp_path / "whole.sqlite")
    lengths = {0, 1, 15, 16, 99, 100, 101, 4095, 4096, len(whole) - 1}
    lengths |= {len(whole) * step // 50 for step in range(1, 50)}
    for length in sorted(lengths):
        path = tmp_path / f"{length}.sqlite"
        path.write_bytes(whole[:length])
        if not length:
            assert read_all(path) is None
            continue
        with pytest.raises(JournalError, match=path.name):
            read_all(path)
    assert len(lengths) >= 55


def test_flipped_bytes_are_refused_or_make_no_difference(tmp_path):
    """A few bytes anywhere: refused, or nothing is read that was not written."""
    whole = written(tmp_path / "whole.sqlite")
    true = read_all(tmp_path / "whole.sqlite")
    chance = random.Random(7)
    refused = 0
    for number in range(150):
        broken = bytearray(whole)
        for _ in range(chance.choice([1, 3, 30])):
            broken[chance.randrange(len(broken))] ^= chance.randrange(1, 256)
        path = tmp_path / f"{number}.sqlite"
        path.write_bytes(broken)
        try:
            assert read_all(path) == true
        except JournalError:
            refused += 1
    assert 75 < refused < 150


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE run SET value = 'no json' WHERE name = 'owner'",
        "UPDATE run SET value = '\"soon\"' WHERE name = 'deadline'",
        "UPDATE run SET value = '\"DONE\"' WHERE name = 'status'",
        "DELETE FROM run WHERE name = 'run_id'",
        "DROP TABLE run",
        "UPDATE entry SET outcome = 'fine'",
        "UPDATE entry SET standing = 9",
        "UPDATE entry SET code = CAST(x'ff' AS TEXT)",
        "DROP TABLE entry",
    ],
)
def test_what_vodnb_never_wrote_is_refused(tmp_path, damage):
    """A whole SQLite file with nonsense in it is no journal to go on with."""
    path = tmp_path / "run.sqlite"
    with closing(new_journal(path)) as journal:
        journal.write([intent("a")])
        journal._base.execute(damage)
        journal._base.commit()
    with pytest.raises(JournalError, match=r"run\.sqlite"):
        read_all(path)


def test_a_damaged_journal_is_kept_aside_and_named(tmp_path):
    """The copy has every byte, and the message names it."""
    path = tmp_path / "run.sqlite"
    whole = written(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(JournalError, match=r"damaged.*run\.sqlite\.damaged"):
        read_all(path)
    copy = tmp_path / "run.sqlite.damaged"
    assert copy.read_bytes() == whole[: len(whole) // 2]


def test_quick_check_finds_what_reading_would_not(tmp_path):
    """A page of the table overwritten inside: opening refuses before a single row is read."""
    path = tmp_path / "run.sqlite"
    whole = bytearray(written(path))
    whole[3 * 4096 : 3 * 4096 + 64] = bytes(64)
    path.write_bytes(whole)
    with pytest.raises(JournalError, match="damaged"):
        Journal.open(path)


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    """A text file under such a name: read nor opened."""
    path = tmp_path / "run.sqlite"
    path.write_text("asset_id\n" * 1000, encoding="ascii")
    for look in (read_header, Journal.open):
        with pytest.raises(JournalError, match="damaged"):
            look(path)


def test_a_journal_locked_for_good_is_not_called_damaged(tmp_path, monkeypatch):
    """Somebody holds the file: it cannot be written, nothing is copied aside."""
    monkeypatch.setattr("vodnb.journal.journal._BUSY_SECONDS", 0.05)
    path = tmp_path / "run.sqlite"
    new_journal(path).close()
    with closing(Journal.open(path)) as journal, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="cannot be written: database is locked"):
            journal.write([intent("a")])
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.sqlite"]


# -- a full disk ----------------------------------------------------------------------------------

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from journals import intent, new_journal
from vodnb.journal.journal import Journal
from vodnb.rules.errors import JournalError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
journal = new_journal(path)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, most))
kept = 0
try:
    while True:
        journal.write([intent("a")] * 20)
        kept += 20
except JournalError as fault:
    assert "cannot be written" in str(fault), fault
try:
    new_journal(path.with_name("second.sqlite"), ["x" * 1000] * 100)
except JournalError:
    assert not path.with_name("second.sqlite").exists()
else:
    raise AssertionError("a second journal fitted in")
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
journal.write([intent("b")])
journal.close()
journal = Journal.open(path)
count = journal._base.execute("SELECT count(*) FROM entry").fetchone()[0]
assert count == kept + 1, (count, kept)
print("kept", kept)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
def test_a_full_disk_is_told_and_costs_nothing_that_was_written(tmp_path):
    """What was acknowledged is there, what failed left no trace, and space brings it back."""
    support = str(Path(__file__).parents[1] / "support")
    script = f"import sys; sys.path.insert(0, {support!r})\n{FULL_DISK}"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run.sqlite")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("kept ")
