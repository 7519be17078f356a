"""Every row of results leads to its exchange: kept where it failed, else built and said so."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pandas as pd
import pytest
from connections import connect_to
from journals import DONE, header_at, intent, new_journal, settled

import vodnb
from vodnb.emulator.faults import Behaviour
from vodnb.journal import journal as journals
from vodnb.journal.finding import find_attempt
from vodnb.journal.journal import Journal
from vodnb.journal.opening import open_run
from vodnb.rules.attempt import Attempt, Timings
from vodnb.rules.errors import InputError, JournalError

KNOWN = [f"a{number:031x}" for number in range(4)]
UNKNOWN = "b" * 32
TRIED = Attempt(
    operation="confirm",
    method="POST",
    url="http://pretend/v1.0/p/asset/status/uploaded",
    request_headers={"X-Auth-Token": "***"},
    body="\ud800 中文",
    http_status=403,
    code="VOD.10062",
    timings=Timings(total_ms=1.5),
)


@pytest.fixture(scope="module")
def box():
    """One sandbox for all."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None)) as running:
        yield running


@pytest.fixture
def vod(box):
    """A connection; its assets hang anew."""
    box.add(KNOWN)
    made = connect_to(box)
    yield made
    made.close()


def run(vod, assets, **options):
    """Run a table to its end."""
    return vod.confirm(assets, progress=False, rate=None, **options)


def row_of(results, asset_id):
    """Return the row of an asset."""
    return results[results["asset_id"] == asset_id].iloc[0]


# -- rows ------------------------------------------------------------------------------------------


def test_failure_is_kept_as_it_was(vod, box):
    """Request, headers, body and request ID of the failed call; its snippets and replay too."""
    results = run(vod, [*KNOWN, UNKNOWN])
    exchange = vod.exchange(row_of(results, UNKNOWN))
    assert exchange.code == "VOD.10062"
    assert exchange.request_id == row_of(results, UNKNOWN)["request_id"]
    assert exchange.json()["error_code"] == "VOD.10062"
    assert exchange.last.headers["x-request-id"] == exchange.request_id
    assert exchange.last.request_headers["X-Auth-Token"] == "***"
    assert f"Kept by the journal of run {results['run_id'].iloc[0]}" in repr(exchange)
    assert exchange.place.project_id == box.project_id
    assert len(exchange.replay().diff(exchange)) == 0


def test_success_is_not_kept_and_says_so(vod):
    """What the row tells stands in it, and the request is built anew."""
    results = run(vod, KNOWN)
    row = row_of(results, KNOWN[0])
    exchange = vod.exchange(row)
    assert exchange.ok
    assert exchange.request_id == row["request_id"]
    assert KNOWN[0] in exchange.last.request_body
    assert "keeps the exchanges of failures only" in repr(exchange)


def test_row_that_was_never_sent_says_so(vod, box):
    """A dry run, and an asset that its state settled."""
    dry = vod.exchange(row_of(run(vod, KNOWN, dry_run=True), KNOWN[1]))
    assert not dry.is_sent
    assert "CLIENT.DRY_RUN was decided here" in repr(dry)
    box.add(KNOWN[:1], state="PUBLISHED")
    looked = vod.exchange(row_of(run(vod, KNOWN, fresh=True), KNOWN[0]))
    assert not looked.is_sent
    assert "never sent: its state settled the row" in repr(looked)


def test_row_without_an_id_or_of_no_run_is_refused(vod):
    """There is no call behind it, and the text says which row would do."""
    results = run(vod, pd.DataFrame({"asset_id": [*KNOWN, ""]}))
    with pytest.raises(InputError, match=r"no usable asset ID .*CLIENT\.EMPTY"):
        vod.exchange(results.iloc[-1])
    for odd in ("x", None, results, {"asset_id": "a"}, pd.Series([1])):
        with pytest.raises(InputError, match="no row of results"):
            vod.exchange(odd)


def test_row_of_any_shape(vod):
    """A Series, a table of one row, a mapping and a named tuple are rows."""
    results = run(vod, [*KNOWN, UNKNOWN])
    one = results[results["asset_id"] == UNKNOWN]
    (named,) = one.itertuples()
    for row in (one.iloc[0], one, dict(one.iloc[0]), named):
        assert vod.exchange(row).code == "VOD.10062"


def test_run_without_a_journal_says_so(vod):
    """The row is all there is."""
    results = run(vod, [*KNOWN, UNKNOWN], journal=False)
    exchange = vod.exchange(row_of(results, UNKNOWN))
    assert (exchange.code, exchange.http_status) == ("VOD.10062", 403)
    assert exchange.body == ""
    assert f"journal of run {results['run_id'].iloc[0]} was not found" in repr(exchange)


def test_journal_elsewhere_is_found(vod, tmp_path, monkeypatch):
    """By this session wherever it was kept; by another one where its folder is named."""
    results = run(vod, [*KNOWN, UNKNOWN], journal=tmp_path / "far" / "away")
    row = row_of(results, UNKNOWN)
    monkeypatch.chdir("/")
    assert "Kept by" in repr(vod.exchange(row))
    vod._runs.folders.clear()
    assert "was not found" in repr(vod.exchange(row))
    assert "Kept by" in repr(vod.exchange(row, journal=tmp_path / "far" / "away"))
    (path,) = (tmp_path / "far" / "away").iterdir()
    assert "Kept by" in repr(vod.exchange(row, journal=path))


def test_run_of_another_project_is_not_replayed_here(vod, box):
    """The exchange names its own place, and a mere replay() sends nothing to this project."""
    results = run(vod, [*KNOWN, UNKNOWN])
    with vodnb.sandbox() as other:
        place = {"endpoint": other.endpoint, "region": other.region}
        there = vodnb.connect(**place, project_id=other.project_id, token=other.token)
        exchange = there.exchange(row_of(results, UNKNOWN))
        assert exchange.place.endpoint == box.endpoint
        assert exchange.place.project_id == box.project_id
        with pytest.raises(InputError, match="no connection"):
            exchange.replay()
        there.close()


def test_refused_sign_in_amid_a_run_is_kept(vod, box):
    """The call that ended the run leads to its exchange: the row was not sent, and why."""
    box.fault(operation="confirm", code="APIGW.0307", http_status=401)
    results = run(vod, KNOWN, workers=1)
    kept = [vod.exchange(row) for _, row in results.iterrows() if row["attempts"]]
    assert [exchange.code for exchange in kept] == ["APIGW.0307"]
    assert kept[0].diagnosis.key == "token old"
    assert "Kept by the journal" in repr(kept[0])
    assert kept[0].json()["error_code"] == "APIGW.0307"


# -- the journal -----------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path):
    """A journal of three assets."""
    with closing(new_journal(tmp_path / "r.sqlite")) as made:
        yield made


def test_journal_gives_back_what_it_keeps(journal):
    """Whatever a server sent, half a surrogate pair too; a second sending takes its place."""
    journal.write([settled("a")], {"a": TRIED})
    assert journal.attempt("a") == TRIED
    assert journal.attempt("b") is None
    again = Attempt(**{**TRIED.as_json(), "timings": TRIED.timings, "code": "VOD.10126"})
    journal.write([settled("a")], {"a": again})
    assert journal.attempt("a") == again


def test_cap_is_kept_across_openings(journal, monkeypatch, tmp_path):
    """Of the first assets it is kept, of later ones not; an asset among them is kept anew."""
    monkeypatch.setattr(journals, "MOST_ATTEMPTS", 2)
    journal.write([settled("a"), settled("b"), settled("c")], dict.fromkeys("abc", TRIED))
    assert [bool(journal.attempt(one)) for one in "abc"] == [True, True, False]
    assert journal.is_full
    with closing(Journal(tmp_path / "r.sqlite")) as other:
        other.write([settled("a"), settled("c")], dict.fromkeys("ac", TRIED))
        assert other.attempt("c") is None
    kept = find_attempt("r", "c", [tmp_path])
    assert (kept.is_found, kept.is_full, kept.attempt) == (True, True, None)


def test_capped_row_says_so(vod, monkeypatch):
    """The note names how many are kept."""
    monkeypatch.setattr(journals, "MOST_ATTEMPTS", 1)
    results = run(vod, ["c" * 32, "d" * 32], workers=1)
    notes = [repr(vod.exchange(row)) for _, row in results.iterrows()]
    assert sum("first 1,000 failures" in note for note in notes) == 1
    assert sum("Kept by the journal" in note for note in notes) == 1


def test_outcome_and_attempt_are_one_commit(journal, monkeypatch):
    """Both are there or neither; and the disk is flushed no more often for it."""
    statements = []
    journal._base.set_trace_callback(statements.append)
    journal.write([settled("a")], {"a": TRIED})
    assert [text for text in statements if re.match("BEGIN|COMMIT", text)] == [
        "BEGIN IMMEDIATE", "COMMIT",
    ]  # fmt: skip
    bad = DONE.__class__(outcome=DONE.outcome, http_status=object())
    with pytest.raises(JournalError):
        journal.write([settled("b", bad)], {"b": TRIED})
    assert journal.attempt("b") is None


def test_older_journal_opens_and_goes_on(tmp_path):
    """A journal without the table is read as keeping none, and gets it when it is gone on with."""
    path = tmp_path / "20260101T000000Z-abcdef.sqlite"
    with closing(new_journal(path)) as made:
        made.write([settled("a"), intent("b")])
        made._base.execute("DROP TABLE attempt")
    with closing(Journal.open(path)) as reading:
        assert reading.attempt("a") is None
        assert not reading.is_full
    kept = find_attempt("20260101T000000Z-abcdef", "a", [tmp_path])
    assert (kept.is_found, kept.attempt) == (True, None)
    opened = open_run(tmp_path, want_of(path))
    try:
        assert set(opened.settled) == {"a"}
        opened.journal.write([settled("b")], {"b": TRIED})
        assert opened.journal.attempt("b") == TRIED
    finally:
        opened.close(is_finished=False)


def want_of(path):
    """Return what goes on with the run of a journal."""
    from vodnb.journal.opening import Want
    from vodnb.journal.owner import this_process

    header = header_at(path.with_name("20270101T000000Z-ffffff.sqlite"), owner=this_process())
    return Want(header=header, assets=["a", "b", "c"], is_fresh=False)


def test_damaged_attempt_is_told(journal, tmp_path):
    """A flipped bit is no evidence."""
    journal.write([settled("a")], {"a": TRIED})
    with closing(sqlite3.connect(tmp_path / "r.sqlite")) as base, base:
        base.execute("UPDATE attempt SET told = replace(told, '10062', '10063')")
    with pytest.raises(JournalError, match="damaged"):
        journal.attempt("a")


@pytest.mark.parametrize("run_id", ["../x", "/etc/passwd", "a/b", "..", ""])
def test_run_id_is_a_name_and_never_a_path(tmp_path, run_id):
    """A table from anywhere cannot make a file be opened elsewhere."""
    folder = tmp_path / "deep"
    folder.mkdir()
    with closing(new_journal(tmp_path / "x.sqlite")):
        assert not find_attempt(run_id, "a", [folder]).is_found
