"""Files to hand back: one for each party, loadable again, never over somebody's work."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from made_tables import FEWER, finished, runs
from reports import end, ids, mixed, results_of

import vodnb
from vodnb.rules.errors import InputError
from vodnb.rules.model import Needs, Outcome
from vodnb.rules.words.wording import say


@FEWER
@given(run=runs(odd_index=False))
def test_every_open_row_is_in_exactly_one_file(run, tmp_path_factory):
    """The file of each need holds just its rows; rows that need nothing are in none."""
    results = finished(*run)
    folder = tmp_path_factory.mktemp("back") / "new"
    back = vodnb.hand_back(results, folder, lang="zh")
    needed = results[results["needs"] != "nothing"]
    assert sum(back.rows.values()) == len(needed)
    assert {needs.value for needs in back.files} == set(needed["needs"])
    for needs, path in back.files.items():
        again = vodnb.load_assets(path)
        ours = needed[needed["needs"] == needs.value]
        for name in ("asset_id", "outcome", "error_code", "run_id"):
            assert list(again[name]) == list(ours[name])
    assert set(folder.iterdir()) == set(back.files.values())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_file_says_what_to_do_and_is_confirmed_again(lang, tmp_path):
    """A mark for Excel, one line on what to do, the table; it can be loaded and sent."""
    back = vodnb.hand_back(mixed(), tmp_path / "todo", lang=lang)
    assert [path.name for path in back.files.values()] == [
        "retry.csv", "fix-the-id.csv", "look.csv",
    ]  # fmt: skip
    assert say(f"needs.{Needs.FIX_THE_ID}", lang) in repr(back)
    raw = back.files[Needs.FIX_THE_ID].read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf"# vodnb ')
    first = raw.decode("utf-8-sig").splitlines()[0]
    assert {"zh": "更正asset_id列", "en": "Correct the column asset_id"}[lang] in first
    again = vodnb.load_assets(back.files[Needs.RETRY])
    assert set(again["verdict"]) == {"ok"}
    assert "VOD.10051" in set(again["error_code"])


def test_nothing_in_a_file_is_a_live_formula(tmp_path):
    """Cells and titles that begin like one are guarded; loading takes the guard off."""
    results = mixed().assign(**{"=cmd": "=HYPERLINK(1)", "note": "@x"})
    back = vodnb.hand_back(results, tmp_path, lang="en")
    for path in back.files.values():
        rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
        cells = {cell for row in rows for cell in row}
        assert "'=HYPERLINK(1)" in cells
        assert not [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@"))]
        assert set(vodnb.load_assets(path)["note"]) == {"@x"}


def test_nobody_has_to_act(tmp_path):
    """Where all is confirmed no file is written, and it says so."""
    back = vodnb.hand_back(results_of({ids(1)[0]: end(0)}), tmp_path / "todo", lang="en")
    assert repr(back) == "Nobody has to act: no file was written."
    assert list((tmp_path / "todo").iterdir()) == []


def test_transcoding_that_failed_is_handed_to_whoever_uploads(tmp_path):
    """Confirmed, and yet there is something to do."""
    told = {ids(1)[0]: end(0, state_after="TRANSCODE_FAILED")}
    back = vodnb.hand_back(results_of(told), tmp_path, lang="en")
    assert list(back.files) == [Needs.RE_UPLOAD]


def test_files_of_ours_are_replaced_unless_they_were_edited(tmp_path):
    """A second call replaces and takes away what it wrote; a file that was worked on stays."""
    vodnb.hand_back(mixed(), tmp_path, lang="en")
    only = results_of({ids(1)[0]: end(0, Outcome.FAILED, "VOD.10062")})
    vodnb.hand_back(only, tmp_path, lang="zh")
    assert [path.name for path in tmp_path.iterdir()] == ["fix-the-id.csv"]
    edited = tmp_path / "fix-the-id.csv"
    edited.write_bytes(edited.read_bytes().replace(b"0000", b"1111"))
    before = edited.read_bytes()
    with pytest.raises(InputError, match="was edited since"):
        vodnb.hand_back(only, tmp_path, lang="en")
    assert edited.read_bytes() == before


def test_somebody_elses_file_and_a_link_stand_in_the_way(tmp_path):
    """Neither is replaced, and no other file is written either."""
    other = tmp_path / "other.csv"
    other.write_text("mine", "utf-8")
    (tmp_path / "todo").mkdir()
    (tmp_path / "todo" / "look.csv").symlink_to(other)
    with pytest.raises(InputError, match=r"look\.csv' exists already"):
        vodnb.hand_back(mixed(), tmp_path / "todo", lang="en")
    assert other.read_text("utf-8") == "mine"
    assert [path.name for path in (tmp_path / "todo").iterdir()] == ["look.csv"]


def test_full_disk_leaves_no_draft(tmp_path, monkeypatch):
    """Half of the files written: neither they nor their drafts stay."""
    monkeypatch.setattr(Path, "write_bytes", _full_disk)
    with pytest.raises(InputError, match="No space left"):
        vodnb.hand_back(mixed(), tmp_path / "todo", lang="en")
    assert list((tmp_path / "todo").iterdir()) == []


def _full_disk(_path, _content):
    raise OSError(28, "No space left on device")


def test_folder_that_cannot_be_made_is_told(tmp_path):
    """The folder's name is a file's."""
    (tmp_path / "todo").write_text("", "utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        vodnb.hand_back(mixed(), Path("todo"), lang="en")
