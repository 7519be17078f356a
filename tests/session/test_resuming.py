"""Going on with a run without its cell: `vodnb.runs`, `vodnb.resume`, and their commands."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import vodnb
from vodnb.cli import main
from vodnb.emulator.faults import Behaviour
from vodnb.rules.errors import InputError, SetupError

pytestmark = pytest.mark.waits


@pytest.fixture
def box():
    """Return a sandbox of 30 assets without a quota."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None, latency=0.01), assets=30) as running:
        yield running


@pytest.fixture
def vod(box):
    """Return a connection to it."""
    connection = vodnb.connect(
        endpoint=box.endpoint, region=box.region, project_id=box.project_id, token=box.token
    )
    yield connection
    connection.close()


@pytest.fixture
def environment(box, monkeypatch):
    """Set what `connect()` finds in the environment."""
    for name, value in {
        "VODNB_ENDPOINT": box.endpoint,
        "VODNB_REGION": box.region,
        "VODNB_PROJECT_ID": box.project_id,
        "VODNB_TOKEN": box.token,
    }.items():
        monkeypatch.setenv(name, value)


def write_table(box, tmp_path):
    """Write the sandbox's assets to a CSV with a title column; return its path."""
    rows = [f"{asset_id},film {number}" for number, asset_id in enumerate(box.states())]
    path = tmp_path / "assets.csv"
    path.write_text("\n".join(["asset_id,title", *rows]) + "\n", encoding="utf-8")
    return path


def stop_early(vod, source, **options):
    """Start a run, stop it after a few assets, and return its name."""
    job = vod.start(source, rate="600/min", workers=2, **options)
    while job.share < 0.1:
        pass
    job.stop()
    job.wait(progress=False)
    return job.run_id


def test_an_unfinished_run_is_listed_and_gone_on_with(vod, box, tmp_path):
    """The run stands in the list with its counts, and goes on with the columns of its file."""
    run_id = stop_early(vod, write_table(box, tmp_path))
    listed = vodnb.runs()
    assert listed["run_id"].tolist() == [run_id]
    assert listed["state"].tolist() == ["unfinished"]
    assert (
        listed["confirmed"].iloc[0] + listed["not_sent"].iloc[0] == listed["assets"].iloc[0] == 30
    )
    results = vodnb.resume(vod=vod, rate=None, progress=False)
    assert set(results["run_id"]) == {run_id}
    assert results["title"].iloc[7] == "film 7"
    assert set(results["outcome"]) == {"confirmed"}
    posts = [call.asset_id for call in box.ledger() if call.operation == "confirm"]
    assert len(posts) == len(set(posts)) == 30
    assert vodnb.runs()["state"].tolist() == ["finished"]


def test_a_run_goes_on_without_its_file(vod, box, tmp_path):
    """Where the file is gone, the table is of the assets alone."""
    path = write_table(box, tmp_path)
    run_id = stop_early(vod, path)
    path.unlink()
    results = vodnb.resume(run_id, vod=vod, rate=None, progress=False)
    assert list(results.columns[:1]) == ["asset_id"]
    assert "title" not in results
    assert results["asset_id"].tolist() == list(box.states())


def test_a_run_is_named_by_its_journal_too(vod, box, tmp_path):
    """The path of a journal anywhere will do."""
    stop_early(vod, list(box.states()), journal=tmp_path / "elsewhere")
    (journal,) = (tmp_path / "elsewhere").iterdir()
    assert vodnb.runs().empty
    assert len(vodnb.runs(tmp_path / "elsewhere")) == 1
    results = vodnb.resume(journal, vod=vod, rate=None, progress=False)
    assert set(results["outcome"]) == {"confirmed"}


def test_the_table_of_a_finished_run_is_had_again_without_a_call(vod, box, tmp_path):
    """Where the kernel died with the table in its hands, the journal still has it."""
    path = write_table(box, tmp_path)
    first = vod.confirm(path, rate=None, progress=False)
    calls = len(box.ledger())
    again = vodnb.resume(vodnb.runs()["run_id"].iloc[0], vod=vod, progress=False)
    assert len(box.ledger()) == calls
    pd.testing.assert_frame_equal(again, first)
    assert vodnb.runs()["state"].tolist() == ["finished"]


def test_the_run_that_was_named_goes_on_and_no_other(vod, box, tmp_path):
    """Of two unfinished runs over the same assets, the newer one is left alone."""
    path = write_table(box, tmp_path)
    older = stop_early(vod, path)
    stop_early(vod, path, fresh=True)
    results = vodnb.resume(older, vod=vod, rate=None, progress=False)
    assert set(results["run_id"]) == {older}
    assert sorted(vodnb.runs()["state"]) == ["finished", "unfinished"]


def test_a_journal_of_something_else_is_refused(vod, box, tmp_path):
    """What it recorded says nothing about other assets; nothing is sent."""
    path = write_table(box, tmp_path)
    stop_early(vod, path)
    journal, calls = vodnb.runs()["journal"].iloc[0], len(box.ledger())
    with pytest.raises(InputError, match="of another run"):
        vod.confirm(list(box.states())[:5], journal=journal)
    Path("empty.sqlite").touch()
    with pytest.raises(InputError, match="holds no run"):
        vod.confirm(path, journal="empty.sqlite")
    with pytest.raises(InputError, match="There is no journal"):
        vod.confirm(path, journal=tmp_path / "gone.sqlite")
    assert len(box.ledger()) == calls


def test_nothing_to_go_on_with_is_said():
    """Without an unfinished run, or with a name that is none, the error says where it looked."""
    with pytest.raises(InputError, match="No run is unfinished here"):
        vodnb.resume()
    with pytest.raises(InputError, match="There is no run '2026'"):
        vodnb.resume("2026")


def test_a_connection_to_another_place_is_refused(vod, box, tmp_path):
    """A run belongs to its endpoint; elsewhere its assets are unknown."""
    stop_early(vod, write_table(box, tmp_path))
    with vodnb.sandbox() as other:
        there = vodnb.connect(
            endpoint=other.endpoint,
            region=other.region,
            project_id=other.project_id,
            token=other.token,
        )
        with pytest.raises(SetupError, match="this connection goes to"):
            vodnb.resume(vod=there)
    elsewhere = vodnb.connect(endpoint=box.endpoint, project_id="q" * 32, token=box.token)
    with pytest.raises(
        InputError, match=f"its project_id is {box.project_id}, and not qqq"
    ) as told:
        vodnb.resume(vod=elsewhere)
    assert "vodnb.resume" not in str(told.value)


def test_a_damaged_journal_is_listed_as_such(tmp_path):
    """A damaged journal hides nothing: it stands in the list."""
    (tmp_path / ".vodnb").mkdir()
    (tmp_path / ".vodnb" / "20260101T000000Z-abcdef.sqlite").write_bytes(b"SQLite format 3\0" * 99)
    listed = vodnb.runs()
    assert listed["state"].tolist() == ["damaged"]


@pytest.mark.usefixtures("environment")
def test_the_commands_list_and_go_on(vod, box, tmp_path):
    """`vodnb runs` shows the run, `vodnb resume` ends it and exits 0 when all is settled."""
    run_id = stop_early(vod, write_table(box, tmp_path))
    listed = CliRunner().invoke(main, ["runs"])
    assert run_id in listed.output
    assert "unfinished" in listed.output
    ended = CliRunner().invoke(main, ["resume", "--rate", "none", "--lang", "en"])
    assert ended.exit_code == 0, ended.output
    assert "30 rows: 30 confirmed." in ended.output
    assert (tmp_path / f"results-{run_id}.csv").is_file()


def test_the_command_says_when_there_are_none():
    """An empty list is a sentence."""
    assert CliRunner().invoke(main, ["runs"]).output == "No runs.\n"
