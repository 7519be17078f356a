"""A damaged journal: what can be read stands, the rest is in doubt, and nothing is sent blindly."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from contextlib import closing

import pytest
from journals import BACK, DONE, bounced, header_at, intent, new_journal, settled

import vodnb
from vodnb.emulator.faults import Behaviour
from vodnb.journal import owner
from vodnb.journal.entries import LOST, Standing
from vodnb.journal.journal import Journal, read_header
from vodnb.journal.opening import Want, open_run
from vodnb.journal.salvage import salvage
from vodnb.rules.errors import InputError, JournalError
from vodnb.rules.model import Outcome, Settlement

ASSETS = [f"{number:032x}" for number in range(400)]
TIMES = 500 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 25
NO = Settlement(outcome=Outcome.FAILED, code="VOD.10062", http_status=403, attempts=1)


def ragged(path, **changes):
    """Write a journal of every sort of standing; return what is known for sure."""
    with closing(new_journal(path, ASSETS, **changes)) as journal:
        journal.write([intent(asset_id, left_at=time.time()) for asset_id in ASSETS[:300]])
        journal.write([settled(asset_id) for asset_id in ASSETS[:100]])
        journal.write([settled(asset_id, NO) for asset_id in ASSETS[100:150]])
        journal.write([bounced(asset_id) for asset_id in ASSETS[150:200]])
    return {**dict.fromkeys(ASSETS[:100], DONE), **dict.fromkeys(ASSETS[100:150], NO)}


def standing(path):
    """Return the last settlement of each asset, whose every entry must be whole."""
    with closing(Journal.open(path)) as journal:
        return {entry.asset_id: entry for entry in journal.entries()}


def damage(path, chance):
    """Overwrite or cut off a part of the file; leave its first two pages, with the header."""
    content = bytearray(path.read_bytes())
    start = chance.randrange(2 * 4096, len(content))
    if chance.random() < 0.5:
        del content[start:]
    else:
        length = chance.randrange(1, 8 * 4096)
        content[start : start + length] = chance.randbytes(length)
    path.write_bytes(content)


@pytest.mark.campaign
@pytest.mark.long
def test_what_cannot_be_read_is_in_doubt_and_what_can_be_stands(tmp_path):
    """Wherever the damage is: no outcome is made up, and no asset counts as untouched."""
    chance = random.Random(7)
    saved = 0
    for number in range(TIMES):
        path = tmp_path / str(number) / "20260101T000000Z-abcdef.sqlite"
        known = ragged(path)
        damage(path, chance)
        salvage(path)
        found = standing(path)
        assert read_header(path).is_salvaged
        for asset_id, entry in found.items():
            if entry.settlement.outcome is Outcome.IN_DOUBT:
                assert entry.standing is Standing.INTENT
                assert entry.left_at > time.time() - 60
            else:
                assert entry.settlement == known[asset_id]
                saved += 1
        with closing(Journal.open(path)) as journal:
            assert set(journal.assets()) == set(found) <= set(ASSETS)
    assert saved > TIMES * 30


def test_a_journal_that_is_whole_loses_no_outcome(tmp_path):
    """Salvaged for no reason, it knows all outcomes; what has none is in doubt, to be safe."""
    path = tmp_path / "20260101T000000Z-abcdef.sqlite"
    known = ragged(path)
    salvage(path)
    found = standing(path)
    assert {asset: entry.settlement for asset, entry in found.items() if asset in known} == known
    assert {entry.settlement.outcome for asset, entry in found.items() if asset not in known} == {
        Outcome.IN_DOUBT
    }
    assert found[ASSETS[170]].settlement == LOST != BACK
    assert list(found) != []
    assert len(found) == len(ASSETS)


def test_the_damaged_file_is_kept(tmp_path):
    """Byte for byte, beside the new one; nothing else is left behind."""
    path = tmp_path / "20260101T000000Z-abcdef.sqlite"
    ragged(path)
    broken = path.read_bytes()[:20_000]
    path.write_bytes(broken)
    salvage(path)
    assert (tmp_path / f"{path.name}.damaged").read_bytes() == broken
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [path.name, f"{path.name}.damaged"]


def test_an_interrupted_commit_is_not_played_into_the_new_file(tmp_path):
    """The old file's rollback journal goes with it."""
    path = tmp_path / "20260101T000000Z-abcdef.sqlite"
    ragged(path)
    with closing(Journal(path)) as writer:
        writer._base.execute("PRAGMA cache_size=1")
        writer._base.execute("BEGIN IMMEDIATE")
        writer._base.execute("UPDATE entry SET code = 'half done'")
        torn = path.read_bytes(), path.with_name(f"{path.name}-journal").read_bytes()
        writer._base.rollback()
    path.write_bytes(torn[0])
    path.with_name(f"{path.name}-journal").write_bytes(torn[1])
    salvage(path)
    assert not path.with_name(f"{path.name}-journal").exists()
    assert "half done" not in {entry.settlement.code for entry in standing(path).values()}


def test_assets_beyond_those_that_were_read_are_in_doubt_too(tmp_path):
    """The table has assets that the salvaged journal does not name: its names may be lost."""
    path = tmp_path / "20260101T000000Z-abcdef.sqlite"
    ragged(path)
    salvage(path)
    header = header_at(path.with_name("20270101T000000Z-0.sqlite"), owner=owner.this_process())
    opened = open_run(tmp_path, Want(header=header, assets=[*ASSETS, "new"], is_fresh=False))
    assert not opened.is_new
    assert opened.doubtful["new"][0].outcome is Outcome.IN_DOUBT
    assert opened.doubtful["new"][1] < 5
    assert set(opened.settled) | set(opened.doubtful) == {*ASSETS, "new"}
    opened.close(is_finished=False)


def test_what_is_added_is_in_doubt_from_its_first_moment(tmp_path, monkeypatch):
    """Cut off in between, the next call would know its name, and take it for untouched."""
    path = tmp_path / "20260101T000000Z-abcdef.sqlite"
    ragged(path)
    salvage(path)
    header = header_at(path.with_name("20270101T000000Z-0.sqlite"), owner=owner.this_process())
    want = Want(header=header, assets=[*ASSETS, "new"], is_fresh=False)

    def full(*_):
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_append", full)
        with pytest.raises(JournalError, match="disk is full"):
            open_run(tmp_path, want)
    opened = open_run(tmp_path, want)
    assert not opened.is_new
    assert "new" in opened.doubtful
    opened.close(is_finished=False)


def test_what_cannot_be_saved_is_refused(tmp_path):
    """No file, no header, or somebody at work: told, and nothing is changed."""
    path = tmp_path / "20260101T000000Z-abcdef.sqlite"
    with pytest.raises(InputError, match="There is no journal"):
        vodnb.salvage(path)
    path.write_bytes(b"SQLite format 3\0" + bytes(9000))
    with pytest.raises(JournalError, match="Nothing can be saved"):
        vodnb.salvage(path)
    path.unlink()
    ragged(path, owner=owner.this_process())
    assert owner.take("20260101T000000Z-abcdef")
    with pytest.raises(JournalError, match="being worked on by process"):
        vodnb.salvage(path)
    owner.leave("20260101T000000Z-abcdef")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_same_cell_goes_on_after_the_salvage(tmp_path, monkeypatch):
    """Refused with the way out; salvaged, every asset is confirmed, and none is sent twice."""
    monkeypatch.setattr("vodnb.rules.lifecycle.SETTLE_MARGIN", 0.2)
    with vodnb.sandbox(behaviour=Behaviour(quota=None), assets=300) as box:
        vod = vodnb.connect(
            endpoint=box.endpoint, region=box.region, project_id=box.project_id, token=box.token
        )
        options = {"rate": None, "deadline": 1, "check_first": False, "journal": tmp_path}
        assets = list(box.states())
        job = vod.start(assets, **options)
        while job.share < 0.3:
            time.sleep(0.001)
        job.stop()
        job.wait(progress=False)
        (path,) = tmp_path.iterdir()
        broken = bytearray(path.read_bytes())
        broken[-3 * 4096 :] = bytes(3 * 4096)
        path.write_bytes(broken)
        with pytest.raises(JournalError, match=r"vodnb\.salvage\("):
            vod.confirm(assets, progress=False, **options)
        assert vodnb.salvage(path)["state"].tolist() == ["unfinished"]
        results = vod.confirm(assets, progress=False, **options)
        assert set(results["outcome"]) <= {"confirmed", "already_confirmed"}
        sent = Counter(call.asset_id for call in box.ledger() if call.operation == "confirm")
        assert sent == Counter(assets)
        vod.close()
