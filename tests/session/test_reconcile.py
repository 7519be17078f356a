"""Reconciling against the sandbox: look, send what hangs, read back; journal and table agree."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

import pandas as pd
import pytest
from jobs import interrupts, outcomes

import vodnb
from vodnb.bulk.engine.read_back import ReadBack
from vodnb.emulator.faults import Behaviour
from vodnb.journal.journal import Journal
from vodnb.rules.errors import InputError

OTHER_STATES = ("PUBLISHED", "TRANSCODE_FAILED", "CANCELLED", "UPLOAD_FAILED", "DELETED")


@pytest.fixture
def box():
    """Return a sandbox without a quota: forty that hang, and two in each of some other states."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None), assets=40) as running:
        for place, state in enumerate(OTHER_STATES):
            running.add([f"{2 * place + twin:032x}" for twin in (0, 1)], state=state)
        yield running


@pytest.fixture
def vod(box, tmp_path, monkeypatch):
    """Return a connection to it, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    connection = vodnb.connect(
        endpoint=box.endpoint,
        region=box.region,
        project_id=box.project_id,
        token=box.token,
        lang="en",
    )
    yield connection
    connection.close()


def posts(box):
    """Count the confirm calls by asset and status."""
    calls = [call for call in box.ledger() if call.operation == "confirm"]
    return Counter((call.asset_id, call.status) for call in calls)


def hanging(box):
    """Return the assets that hang."""
    return [asset for asset, state in box.states().items() if state == "CREATING"]


def test_only_what_hangs_is_sent_and_all_agree(vod, box, tmp_path):
    """Forty POSTs for fifty-one assets; server, journal and table say the same of each row."""
    hung = hanging(box)
    table = vod.reconcile([*box.states(), "f" * 32], rate=None, progress=False)
    assert posts(box) == {(asset, "CREATED"): 1 for asset in hung}
    assert outcomes(table) == {"confirmed": 40, "already_confirmed": 4, "failed": 7}
    states = {**box.states(), "f" * 32: "NO_ASSET"}
    with closing(Journal.open(next((tmp_path / ".vodnb").glob("*.sqlite")))) as journal:
        noted = {entry.asset_id: entry.settlement for entry in journal.entries()}
    for row in table.to_dict("records"):
        entry = noted[row["asset_id"]]
        assert (row["state_after"] or row["state_before"]) == states[row["asset_id"]]
        assert (entry.outcome, entry.state_after) == (row["outcome"], row["state_after"])
        if row["asset_id"] in hung:
            assert (row["outcome"], row["state_before"]) == ("confirmed", "CREATING")


def test_what_no_call_can_help_says_who_has_to_act(vod, box):
    """The need follows from the state: fix an unknown ID, upload a broken file anew."""
    table = vod.reconcile([*box.states(), "f" * 32], rate=None, progress=False)
    needs = {
        (row["state_before"], row["error_code"], row["needs"])
        for row in table.to_dict("records")
        if row["outcome"] != "confirmed"
    }
    assert needs == {
        ("PUBLISHED", "", "nothing"),
        ("TRANSCODE_FAILED", "", "re-upload"),
        ("CANCELLED", "CLIENT.STATE", "re-upload"),
        ("UPLOAD_FAILED", "CLIENT.STATE", "re-upload"),
        ("DELETED", "CLIENT.STATE", "look"),
        ("NO_ASSET", "CLIENT.STATE", "fix the ID"),
    }
    meaning = table.set_index("state_before").loc["NO_ASSET", "meaning"]
    assert "NO_ASSET: Unknown to the service" in meaning
    told = {(line.code, str(line.needs), line.rows) for line in vodnb.summary(table).lines}
    assert {("CLIENT.STATE", "re-upload", 4), ("CLIENT.STATE", "fix the ID", 1)} <= told
    assert ("", "re-upload", 2) in told


def test_the_run_says_how_many_calls_looking_spared(vod, box):
    """Eleven of fifty-one needed no confirm call; looking took six."""
    job = vod.start([*box.states(), "f" * 32], rate=None, only_hanging=True)
    job.wait(progress=False)
    assert "looking took 6 calls and spared 11" in repr(job)


def test_what_find_finds_can_be_reconciled(vod, box):
    """No table at all: find what hangs, and settle it."""
    found = vod.find(min_age=None, progress=False, rate=None)
    assert set(found["asset_id"]) == set(hanging(box))
    table = vod.reconcile(found, rate=None, progress=False)
    assert outcomes(table) == {"confirmed": 40}
    assert vod.find(min_age=None, progress=False, rate=None).empty


def test_a_run_that_dies_while_reading_back_is_gone_on_with(vod, box, monkeypatch):
    """The same cell reads the rest back and keeps the outcomes; nothing is sent again."""

    async def die(_self):
        raise SystemError("the kernel dies here")

    with monkeypatch.context() as patch:
        patch.setattr(ReadBack, "read_all", die)
        first = vod.confirm(hanging(box), rate=None, progress=False)
    assert set(first["state_after"]) == {""}
    assert list(vodnb.runs()["state"]) == ["unfinished"]
    again = vod.confirm(list(first["asset_id"]), rate=None, progress=False)
    assert list(again["run_id"]) == list(first["run_id"])
    assert outcomes(again) == {"confirmed": 40}
    assert set(again["state_after"]) == {"CREATED"}
    assert set(posts(box).values()) == {1}
    assert list(vodnb.runs()["state"]) == ["finished"]


def test_a_reconciliation_is_resumed_as_one(vod, box):
    """vodnb.resume() sends only what hangs too, for the journal says what the run was."""
    vod.confirm(list(box.states()), rate=None, progress=False, only_hanging=True, canary=3)
    assert len(posts(box)) == 3
    table = vodnb.resume(vod=vod, rate=None, progress=False)
    assert outcomes(table) == {"confirmed": 40, "already_confirmed": 4, "failed": 6}
    assert set(table[table["outcome"] == "failed"]["error_code"]) == {"CLIENT.STATE"}
    assert len(posts(box)) == 40


def test_a_dry_run_sends_nothing_and_counts_what_hangs(vod, box):
    """What would be sent is exactly what hangs."""
    table = vod.reconcile(list(box.states()), rate=None, progress=False, dry_run=True)
    assert posts(box) == {}
    dry = table[table["error_code"] == "CLIENT.DRY_RUN"]
    assert set(dry["asset_id"]) == set(hanging(box))


def test_verify_false_reads_nothing_back(vod, box):
    """It saves the calls, and leaves state_after empty."""
    table = vod.confirm(hanging(box), rate=None, progress=False, verify=False)
    assert set(table["state_after"]) == {""}
    assert len([call for call in box.ledger() if call.operation == "info"]) == 4


# -- a status for each row ------------------------------------------------------------------------


@pytest.fixture
def mixed(box):
    """Return a table of nine that hang, which asks for all three statuses, and a broken row."""
    hung = hanging(box)[:9]
    wanted = ["CANCELLED", "CREATED", " FAILED "] * 3
    rows = {"asset_id": [*hung, "n/a"], "status": [*wanted, ""], "title": list("abcdefghij")}
    return pd.DataFrame(rows, index=list(range(20, 10, -1)))


def test_a_column_called_status_does_nothing_by_itself(vod, box, mixed):
    """An uploader's log with such a column is confirmed like any table."""
    table = vod.confirm(mixed, rate=None, progress=False)
    assert {status for _, status in posts(box)} == {"CREATED"}
    assert set(table["requested_status"]) == {"CREATED"}


def test_a_status_for_each_row_is_asked_for_when_named(vod, box, mixed):
    """Each asset gets its own status once; the table keeps rows, order, index and cells."""
    table = vod.confirm(mixed, status_column="status", destroy=6, rate=None, progress=False)
    wanted = mixed["status"].str.strip()
    expected = zip(mixed["asset_id"][:9], wanted[:9], strict=True)
    assert posts(box) == dict.fromkeys(expected, 1)
    assert list(table.index) == list(mixed.index)
    assert list(table["title"]) == list("abcdefghij")
    assert list(table["outcome"]) == ["confirmed"] * 9 + ["invalid"]
    assert list(table["requested_status"][:9]) == list(wanted[:9])
    assert table["run_id"].nunique() == 3
    job = vodnb.last_job()
    assert (dict(job.counts), dict(job.codes)) == ({"confirmed": 9}, {"": 9})
    assert job.run_id == table.loc[19, "run_id"]
    ends = {"CREATED": "CREATED", "FAILED": "UPLOAD_FAILED", "CANCELLED": "CANCELLED"}
    assert list(table["state_after"][:9]) == [ends[status] for status in wanted[:9]]
    uniform = vod.confirm(mixed["asset_id"].tolist()[:2], rate=None, progress=False)
    assert (table[uniform.columns[-16:]].dtypes == uniform.dtypes[-16:]).all()


@pytest.mark.parametrize("count", [None, 3, 9, 10, "6", True])
def test_a_wrong_count_for_the_destructive_part_sends_nothing(vod, box, mixed, count):
    """Six of the nine are to be destroyed; no other number starts anything."""
    with pytest.raises(InputError, match="destroy=6"):
        vod.confirm(mixed, status_column="status", destroy=count, rate=None, progress=False)
    assert box.ledger() == []


def test_every_strange_status_and_every_torn_asset_is_named(vod, box, mixed):
    """All bad cells at once, with their rows; nothing is sent."""
    mixed.iloc[[1, 4], 1] = ["CANCELED", ""]
    with pytest.raises(InputError, match=r"row 2 .*'CANCELED'; row 5 .*''"):
        vod.confirm(mixed, status_column="status", destroy=6, progress=False)
    torn = pd.DataFrame({"asset_id": ["a" * 32] * 2, "what": ["CREATED", "FAILED"]})
    with pytest.raises(InputError, match=f"{'a' * 32} .CREATED, FAILED"):
        vod.confirm(torn, status_column="what", destroy=1, progress=False)
    with pytest.raises(InputError, match="no column 'wanted'"):
        vod.confirm(torn, status_column="wanted", progress=False)
    with pytest.raises(InputError, match="exclude each other"):
        vod.confirm(torn, status="FAILED", status_column="what", progress=False)
    assert box.ledger() == []


def test_what_is_left_of_a_mixed_run_can_be_retried(vod, box, mixed):
    """A canary of four sends four in all; the rest, run again, asks for what it asked for."""
    options = {"rate": None, "progress": False}
    first = vod.confirm(mixed, status_column="status", destroy=6, canary=4, **options)
    assert len(posts(box)) == 4
    assert outcomes(first) == {"confirmed": 4, "not_sent": 5, "invalid": 1}
    left = vodnb.to_retry(first)
    again = vod.confirm(left, status_column="requested_status", destroy=5, **options)
    assert outcomes(again) == {"confirmed": 5}
    assert set(posts(box).values()) == {1}


def test_a_mixed_run_that_is_stopped_gives_the_whole_table(vod, box, mixed):
    """Stopped before its second part begins: its rows are not sent, and the words say so."""
    job = vod.start(mixed, status_column="status", destroy=6, rate=None)
    prepare = job._prepare

    def stopping(plan, table, control):
        part = prepare(plan, table, control)
        run = part._run

        async def run_and_stop():
            await run()
            control.stop()

        part._run = run_and_stop
        return part

    job._prepare = stopping
    table = job.wait(progress=False)
    assert len(table) == len(mixed)
    assert set(table["outcome"]) <= {"confirmed", "not_sent", "invalid"}
    assert "not sent" in repr(job)
    assert vodnb.last_job() is job


def test_an_interrupt_of_a_mixed_run_gives_the_whole_table(vod, box, mixed):
    """What is out comes home, what was not reached is not sent; the same cell goes on."""
    options = {"status_column": "status", "rate": None, "progress": False}
    box.fault(delay=0.3, times=9)
    with interrupts(lambda: posts(box)):
        table = vod.confirm(mixed, destroy=6, **options)
    assert len(table) == 10
    assert outcomes(table)["not_sent"] >= 3
    again = vod.confirm(mixed, destroy=6, **options)
    # A part that was finished is looked at anew, like any finished run.
    good = outcomes(again)["confirmed"] + outcomes(again)["already_confirmed"]
    assert good == 9
    assert set(posts(box).values()) == {1}
