"""What `vodnb.tables.read` makes of sources other than files, loaded tables among them."""

from __future__ import annotations

from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from reading import A, B, C, load, verdicts

from vodnb.rules.errors import InputError
from vodnb.tables.loaded import describe
from vodnb.tables.read import load_assets


def test_a_frame_keeps_index_dtypes_and_itself():
    """Only the ID column becomes text; the user's own DataFrame is not touched."""
    source = pd.DataFrame(
        {"asset_id": [A, f" {B}"], "size": [1, 2], "when": pd.to_datetime(["2026-01-01"] * 2)},
        index=["p", "q"],
    )
    before = source.copy()
    frame = load_assets(source)
    assert_frame_equal(source, before)
    assert list(frame.index) == ["p", "q"]
    assert frame["size"].dtype == source["size"].dtype
    assert frame["when"].dtype == source["when"].dtype
    assert list(frame["asset_id"]) == [A, B]
    assert frame.attrs["vodnb"]["source"] == "DataFrame"


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        (None, "empty"), (np.nan, "empty"), (pd.NA, "empty"), (pd.NaT, "empty"),
        (1.23e31, "mangled"), (np.inf, "mangled"), (123.0, "mangled"), (np.float32(1), "mangled"),
        (10**20, "mangled"), (123, "mangled"), (int("1" * 32), "ok"), (Decimal("1E+31"), "mangled"),
        ([A], "not_an_id"), (b"x", "not_an_id"), (np.str_(C), "ok"),
    ],
)  # fmt: skip
def test_a_cell_that_is_no_text_is_judged(cell, verdict):
    """Missing cells are empty, floats are mangled, whole numbers are judged by their digits."""
    frame = load_assets(pd.DataFrame({"asset_id": pd.Series([cell, A, B], dtype=object)}))
    assert verdicts(frame) == [verdict, "ok", "ok"]
    assert all(isinstance(text, str) for text in frame["asset_id"])


def test_a_column_that_a_reader_made_numeric_is_mangled():
    """A float column has lost its IDs, every one."""
    frame = load_assets(pd.DataFrame({"asset_id": [1.2e31, float("nan")], "n": [1, 2]}))
    assert verdicts(frame) == ["mangled", "empty"]


def test_frames_with_odd_titles():
    """Number titles stay, repeated ones are told apart, levels and an ID as title are refused."""
    numbered = load_assets(pd.DataFrame([[A, 1]]))
    assert list(numbered.columns) == [0, 1, "asset_id", "verdict", "verdict_note"]
    doubled = load_assets(pd.DataFrame([[A, 1, 2]], columns=["asset_id", "n", "n"]))
    assert list(doubled.columns[:3]) == ["asset_id", "n", "n_2"]
    levels = pd.DataFrame([[A]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    with pytest.raises(InputError, match="several levels"):
        load_assets(levels)
    with pytest.raises(InputError, match=f"{A}' is itself an asset ID.*header=None"):
        load_assets(pd.DataFrame({A: [B]}))


def test_a_series_is_a_column_of_ids():
    """A Series keeps its name and index, whatever the name."""
    frame = load_assets(pd.Series([A, " x1"], index=[7, 8], name="clips"))
    assert list(frame.columns) == ["clips", "asset_id", "verdict", "verdict_note"]
    assert list(frame.index) == [7, 8]
    assert list(frame["asset_id"]) == [A, "x1"]
    assert list(load_assets(pd.Series([A]))["asset_id"]) == [A]


def test_iterables_are_lists_of_ids():
    """Tuples, sets, generators and None cells are taken; a set comes in a fixed order."""
    assert list(load_assets((A, None))["asset_id"]) == [A, ""]
    assert list(load_assets({B, A, C})["asset_id"]) == [A, B, C]
    assert list(load_assets(text for text in [B, A])["asset_id"]) == [B, A]
    assert len(load_assets([])) == 0


@pytest.mark.parametrize("source", [b"asset_id\n", 5, None, {"asset_id": [A]}, bytearray(b"x")])
def test_other_objects_are_refused(source):
    """Bytes, numbers and dicts are refused with what to give instead."""
    with pytest.raises(InputError, match=r"Assets cannot be loaded from .*path of a file"):
        load_assets(source)


def test_a_list_of_other_things_is_refused():
    """A list of lists or dicts is no list of IDs."""
    with pytest.raises(InputError, match=r"holds a 'dict'.*pd\.DataFrame"):
        load_assets([{"asset_id": A}])


def test_a_name_without_a_file_is_refused_with_a_hint(tmp_path, monkeypatch):
    """The message names the current folder and files of similar names."""
    (tmp_path / "assets.csv").write_text(f"asset_id\n{A}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        load_assets("asets.csv")
    assert str(tmp_path) in str(caught.value)
    assert "Did you mean 'assets.csv'?" in str(caught.value)
    with pytest.raises(InputError, match=r"looks like an asset ID.*in a list"):
        load_assets(A)
    with pytest.raises(InputError, match="is a folder"):
        load_assets(tmp_path)
    with pytest.raises(InputError, match="no file"):
        load_assets(tmp_path / "none" / "there.csv")
    with pytest.raises(InputError, match="no file"):
        load_assets("x" * 5000)
    assert load_assets("assets.csv").attrs["vodnb"]["source"] == "assets.csv"


def test_a_file_in_the_home_folder_is_found(tmp_path, monkeypatch):
    """A leading ~ is the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "a.csv").write_text(f"asset_id\n{A}\n")
    assert list(load_assets("~/a.csv")["asset_id"]) == [A]


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path, monkeypatch):
    """The system's reason is passed on."""
    path = tmp_path / "a.csv"
    path.write_text("asset_id\n")

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        load_assets(path)


# --- Loading again ----------------------------------------------------------------------


def test_a_saved_table_loads_as_it_was(tmp_path):
    """Verdicts, notes, raw texts and ragged rows survive a CSV file; result columns stay."""
    for title in ("asset_id", "媒资ID"):
        once = load_assets(
            f'{title},t\n{A},x\n {A},"open\n{B},y,z\n{C.upper()},\nNA,w\n\n,,\nq,"\n'
        )
        saved = once.assign(outcome=once["verdict"], run_id=once["asset_id"])
        path = tmp_path / "saved.csv"
        saved.to_csv(path, index=False)
        again = load_assets(path)
        assert_frame_equal(saved, again)
        assert again.attrs["vodnb"]["id_column"] == title


def test_the_story_of_the_file_is_kept(tmp_path):
    """Loading a loaded table still knows which file it came from."""
    path = tmp_path / "a.csv"
    first = load(path, f"asset_id\n{A}\n")
    assert load_assets(first).attrs == first.attrs


def test_part_of_a_table_is_judged_anew():
    """Rows taken out of a loaded table are counted and compared among themselves."""
    frame = load_assets(f"asset_id\n{A}\n {A}\n{B.upper()}\nNA\n")
    part = load_assets(frame[1:])
    assert verdicts(part) == ["cleaned", "cleaned", "not_an_id"]
    assert list(part.index) == [1, 2, 3]
    assert list(part["asset_id_raw"]) == [f" {A}", B.upper(), "NA"]
    assert part.attrs["vodnb"]["rows"] == 3


def test_an_id_mended_by_hand_counts():
    """Where asset_id was edited after loading, the edit is judged, and the old text stays."""
    frame = load_assets(f"asset_id\n {A}\n1.23E+31\nNA\n")
    frame.loc[1, "asset_id"] = B
    frame.loc[2, "asset_id"] = f" {C}"
    mended = load_assets(frame)
    assert list(mended["asset_id"]) == [A, B, C]
    assert verdicts(mended) == ["cleaned", "ok", "cleaned"]
    assert list(mended["asset_id_raw"]) == [f" {A}", "1.23E+31", f" {C}"]
    assert_frame_equal(mended, load_assets(mended))


def test_an_id_mended_beside_a_column_of_another_name_counts():
    """The edit of asset_id wins over the user's own ID column, which stays as read."""
    frame = load_assets(f"媒资ID\n {A}\n1.23E+31\n")
    frame.loc[1, "asset_id"] = B
    mended = load_assets(frame)
    assert list(mended["asset_id"]) == [A, B]
    assert list(mended["媒资ID"]) == [f" {A}", "1.23E+31"]


def test_naming_the_column_again():
    """The same id_column changes nothing; another one starts over and keeps the old IDs."""
    frame = load_assets(f"p,q\n {A},{B}\n", id_column="p")
    assert_frame_equal(frame, load_assets(frame, id_column="p"))
    assert_frame_equal(frame, load_assets(frame, id_column="asset_id"))
    other = load_assets(frame, id_column="q")
    assert list(other["asset_id"]) == [B]
    assert list(other["asset_id_input"]) == [A]
    assert list(other.columns).count("verdict") == 1


# --- The summary ------------------------------------------------------------------------


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self):
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag, _attrs):
        """Note a tag."""
        self.seen.add(tag)


def test_the_summary_adds_up(tmp_path):
    """The summary says what was read and how, and shows up to three rows of each trouble."""
    path = tmp_path / "assets.csv"
    text = f"asset_id,t\n{A},x\n {A},y\nmy-asset,z\n" + "NA,\n" * 5 + ",\n"
    said = repr(describe(load(path, text.encode("utf-8-sig"))))
    headline, *rows = said.splitlines()
    assert headline == (
        f"9 rows from {path} (UTF-8 with BOM, comma, ID column 'asset_id'): 2 ok, 1 duplicate, "
        "1 empty, 5 not_an_id; 2 assets to confirm; 1 of an unusual form (not 32 hex digits); "
        "6 rows need a look"
    )
    assert len(rows) == 5
    assert rows[0] == (
        "  chosen: encoding (by its byte order mark), "
        "delimiter (it gives an ID column and even rows), id_column (its title); "
        "each can be given as an argument"
    )
    assert rows[1].startswith("  row 9: empty: ''")
    assert rows[2].startswith("  row 4: not_an_id: 'NA'")


def test_the_summary_of_a_clean_table_is_one_line():
    """Nothing is said of troubles where there are none."""
    summary = describe(load_assets([A]))
    assert repr(summary) == "1 row from list (ID column 'asset_id'): 1 ok; 1 asset to confirm"
    assert set(summary._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert "0 rows" in repr(describe(load_assets([])))


def test_the_summary_shows_cells_as_text():
    """A cell with markup is shown, not run; a long one is cut."""
    frame = load_assets(["<script>alert(1)</script>", "x" * 500, A])
    bundle = describe(frame)._repr_mimebundle_(include=None, exclude=None)
    tags = Tags()
    tags.feed(bundle["text/html"])
    assert tags.seen <= {"div", "p", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert "alert(1)" in bundle["text/html"]
    assert len(bundle["text/plain"]) < 500


def test_the_summary_wants_a_loaded_table():
    """A table without verdicts is refused; one that lost its story is summed up all the same."""
    with pytest.raises(InputError, match="no verdicts"):
        describe(pd.DataFrame({"asset_id": [A]}))
    bare = load_assets([A, B])[:1].copy()
    bare.attrs = {}
    assert repr(describe(bare)) == "1 row from a table: 1 ok; 1 asset to confirm"


@pytest.mark.parametrize("again", [False, True])
def test_a_table_and_its_source_go_their_own_ways(again):
    """Whoever goes on working in a table changes nothing of what was loaded from it."""
    source = pd.DataFrame({"asset_id": ["a1" * 16, "b2" * 16], "title": ["one", "two"]})
    if again:
        source = load_assets(source)
    loaded = load_assets(source)
    before = loaded.copy()
    source.loc[0, "asset_id"] = "c3" * 16
    source.iloc[1, 1] = "three"
    source.attrs["vodnb"] = "mine"
    assert_frame_equal(loaded, before)
    loaded.loc[1, "title"] = "four"
    loaded["verdict"] = "mangled"
    assert source["title"].iloc[1] == "three"
    assert not again or set(source["verdict"]) == {"ok"}
    assert loaded.attrs["vodnb"]["rows"] == 2
