"""What an earlier vodnb left on a user's disk still opens: runs, reports, exchanges, a sandbox.

The files are in tests/contract/earlier, with how they were made. Public names alone are used here,
so that these tests hold whatever becomes of the rooms behind them.
"""

from __future__ import annotations

import json
import pickle
import re
import shutil
import socket
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from readmes import ROOT

import vodnb

EARLIER = ROOT / "tests" / "contract" / "earlier"
UNFINISHED = "20261130T092253Z-53a749"
FINISHED = "20261130T092252Z-ea9dc8"
RUN_COUNTS = {"confirmed": 36, "failed": 4}


@pytest.fixture
def box(tmp_path):
    """The sandbox of then, from its state file, at an address of today."""
    state = shutil.copy(EARLIER / "sandbox_state.json", tmp_path)
    with vodnb.sandbox(state_file=state) as running:
        running.behaviour = type(running.behaviour)(quota=None)
        yield running


@pytest.fixture
def vod(box):
    """A connection to it, as to the real service."""
    connection = vodnb.connect(
        endpoint=box.endpoint, region=box.region, project_id=box.project_id, token=box.token
    )
    yield connection
    connection.close()


@pytest.fixture
def folder(box, tmp_path):
    """The user's folder: both tables, and the journals of both runs in `.vodnb` beside them.

    The journals name the sandbox where it is now, and the clock of this machine, by which what is
    in doubt has been so for long.
    """
    for name in ("finished.csv", "unfinished.csv"):
        shutil.copy(EARLIER / name, tmp_path)
    shutil.copytree(EARLIER / "runs", tmp_path / ".vodnb")
    clock = {"host": socket.gethostname(), "offset": time.time() - time.monotonic()}
    moved = {"endpoint": box.endpoint, "clock": clock}
    for journal in (tmp_path / ".vodnb").iterdir():
        with closing(sqlite3.connect(journal)) as base, base:
            for name, value in moved.items():
                changed = "UPDATE run SET value = ? WHERE name = ?"
                assert base.execute(changed, (json.dumps(value), name)).rowcount == 1
    return tmp_path


def asset_ids(table):
    """Return the asset IDs of a table of then."""
    lines = (EARLIER / table).read_text("utf-8").splitlines()[1:]
    return [line.split(",")[0] for line in lines]


def at_the_end(results):
    """Return how many rows there are of each outcome."""
    return {outcome: count for outcome, count in Counter(results["outcome"]).items() if count}


def numbers_in(text):
    """Return the numbers of a text, whose words may have changed since."""
    return re.findall(r"\d+", text)


def test_runs_of_then_are_listed(folder):
    """Each with its state, what it asks for, and its assets by outcome."""
    runs = vodnb.runs(folder / ".vodnb").set_index("run_id")
    assert dict(runs["state"]) == {UNFINISHED: "unfinished", FINISHED: "finished"}
    names = ["assets", "confirmed", "failed", "in_doubt", "not_sent"]
    assert list(runs.loc[UNFINISHED, names]) == [40, 12, 2, 18, 8]
    assert list(runs.loc[FINISHED, names]) == [12, 10, 2, 0, 0]


@pytest.mark.parametrize("way", ["cell", "resume"])
def test_run_that_was_killed_then_goes_on_now(folder, box, vod, way):
    """What had its outcome keeps it, what was in doubt is asked for, and nothing is sent twice."""
    options = {"rate": None, "deadline": 5, "progress": False}
    before = box.states()
    if way == "cell":
        results = vod.confirm("unfinished.csv", check_first=False, **options)
    else:
        results = vodnb.resume(UNFINISHED, vod=vod, **options)
    assert at_the_end(results) == RUN_COUNTS
    assert set(results["run_id"].dropna()) == {UNFINISHED}
    assert list(results["asset_id"]) == asset_ids("unfinished.csv")
    sent = Counter(call.asset_id for call in box.ledger() if call.operation == "confirm")
    hung = {asset for asset in asset_ids("unfinished.csv") if before.get(asset) == "CREATING"}
    assert {asset for asset, times in sent.items() if times == 1} >= hung
    assert set(sent.values()) == {1}
    assert not {asset for asset in sent if before.get(asset) == "CREATED"}
    assert list(vodnb.runs(folder / ".vodnb")["state"]) == ["finished", "finished"]


def test_table_of_a_run_that_ended_then_is_had_without_a_call(folder, box, vod):
    """From its journal alone, with the codes and the times of then."""
    results = vodnb.resume(folder / ".vodnb" / f"{FINISHED}.sqlite", vod=vod, progress=False)
    assert at_the_end(results) == {"confirmed": 10, "failed": 2}
    assert list(results["asset_id"]) == asset_ids("finished.csv")
    assert set(results["error_code"].dropna()) - {""} == {"VOD.10062"}
    assert {str(moment)[:10] for moment in results["sent_at"]} == {"2026-11-30"}
    assert [call for call in box.ledger() if call.operation == "confirm"] == []


def test_failed_call_of_then_is_behind_its_row(folder, vod):
    """The journal has kept the last sending of what failed."""
    results = vodnb.resume(FINISHED, vod=vod, progress=False)
    exchange = vod.exchange(results[results["outcome"] == "failed"].iloc[0])
    assert exchange.is_sent
    assert exchange.code == "VOD.10062"
    assert exchange.request_id == results["request_id"].iloc[-2]


def test_saved_exchange_opens_and_saves_as_it_was(tmp_path):
    """Not a byte differs when it is saved again."""
    for name, code in (("exchange.json", ""), ("refused.json", "VOD.10062")):
        exchange = vodnb.load_exchange(EARLIER / name)
        assert exchange.code == code
        assert exchange.ok is not bool(code)
        exchange.save(tmp_path / name)
        assert (tmp_path / name).read_bytes() == (EARLIER / name).read_bytes()


def test_pickled_exchange_is_the_saved_one():
    """The names that a pickle of then calls by are still there."""
    found = pickle.loads((EARLIER / "exchange.pickle").read_bytes())
    assert found == vodnb.load_exchange(EARLIER / "exchange.json")
    assert type(found).__name__ == "Exchange"


def test_saved_exchange_is_made_again(vod):
    """The same call now gives the same state."""
    exchange = vodnb.load_exchange(EARLIER / "exchange.json")
    again = vod.replay(exchange)
    assert again.json()["asset_info_array"][0]["status"] == "CREATED"
    assert again.fields() == exchange.fields()


def test_report_notebook_runs_again_from_its_folder(tmp_path, monkeypatch):
    """Each cell shows the same numbers as then; what it imports is where it was."""
    for name in ("report.ipynb", "report_files"):
        copy = shutil.copytree if name == "report_files" else shutil.copy
        copy(EARLIER / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    cells = json.loads(Path("report.ipynb").read_text("utf-8"))["cells"]
    namespace: dict[str, object] = {}
    shown = {}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        *above, last = "".join(cell["source"]).splitlines()
        exec("\n".join(above), namespace)
        if cell["outputs"]:
            shown[cell["id"]] = eval(last, namespace)._repr_mimebundle_()["text/plain"]
        else:
            exec(last, namespace)
    then = {
        cell["id"]: "".join(cell["outputs"][0]["data"]["text/plain"])
        for cell in cells
        if cell["cell_type"] == "code" and cell["outputs"]
    }
    del shown["appendix"], then["appendix"]  # the versions of today
    assert {name: numbers_in(text) for name, text in shown.items()} == {
        name: numbers_in(text) for name, text in then.items()
    }
    assert "Not entirely: 10 of 12 rows are confirmed" in then["headline"]


def test_report_of_then_is_replaced_and_compared_with(tmp_path):
    """It counts as ours, so it may be written over; its table is one to compare with."""
    for name in ("report.ipynb", "report.html"):
        shutil.copy(EARLIER / name, tmp_path)
    shutil.copytree(EARLIER / "report_files", tmp_path / "report_files")
    shutil.copy(EARLIER / "report_files" / "results.csv", tmp_path / "then.csv")
    written = {"execute": False, "lang": "en", "against": "then.csv"}
    vodnb.report("then.csv", tmp_path / "report.ipynb", **written)
    changed = vodnb.load_assets(tmp_path / "report_files" / "comparison.csv")
    assert list(changed["asset_id"]) == asset_ids("finished.csv")[-2:]
    table = vodnb.load_assets("then.csv")
    assert at_the_end(table) == {"confirmed": 10, "failed": 2}
    assert len(vodnb.to_retry(table)) == 0


def test_sandbox_of_then_serves_its_assets(box):
    """With the project, the keys and the states of then."""
    assert Counter(box.states().values()) == {"CREATED": 27, "CREATING": 19}
    kept = json.loads((EARLIER / "sandbox_state.json").read_text("utf-8"))["vodnb sandbox 1"]
    assert box.project_id == kept["credentials"]["project_id"]
    assert box.ak == kept["credentials"]["key"]["ak"]
    where = {"endpoint": box.endpoint, "region": box.region, "project_id": box.project_id}
    with closing(vodnb.connect(**where, ak=box.ak, sk=box.sk)) as keyed:
        assert keyed.call("info", asset_id=asset_ids("finished.csv")[:1]).ok
