"""What `vodnb.tables.read` makes of files, pasted text, DataFrames and lists."""

from __future__ import annotations

import copy
import csv
import io
import time
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from vodnb.rules.errors import InputError
from vodnb.rules.model import Verdict
from vodnb.tables.read import load_assets

if TYPE_CHECKING:
    from pathlib import Path

A = "0a1b2c3d4e5f60718293a4b5c6d7e8f1"
B = "1a1b2c3d4e5f60718293a4b5c6d7e8f2"
C = "2a1b2c3d4e5f60718293a4b5c6d7e8f3"

ids = st.text("0123456789abcdef", min_size=32, max_size=32)
# NUL is left out: a file of NULs at every other byte is UTF-16 by the rule.
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
cells = st.one_of(
    st.text(letters, max_size=8),
    st.text(" ,;|\t\"'\r\n=a1", max_size=8),
    st.sampled_from(["", "NA", "null", "1.23E+31", "inf", "00123", "1" * 31, "-", "＝１", "媒资"]),
)
id_cells = st.one_of(
    ids,
    cells,
    st.builds("{}{}{}".format, st.sampled_from(["", " ", "\n", "'", "\ufeff"]), ids, st.just(" ")),
    st.sampled_from([A, A.upper(), f"\u3000{A}", f'="{B}"', B]),
)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.tuples(id_cells, *[cells] * (width - 1)).map(list), max_size=8).map(
        lambda rows: [["asset_id", "title", "c;d", "e"][:width], *rows]
    )
)


def load(path: Path, data: str | bytes, **options):
    """Write a file and load it."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return load_assets(path, **options)


def verdicts(frame: pd.DataFrame) -> list[str]:
    """Return the verdicts of a table as a list."""
    return list(frame["verdict"])


def text_as_read(frame: pd.DataFrame) -> list[str]:
    """Return the ID cells of a table whose own ID column is asset_id, as they were read."""
    return list(frame["asset_id_raw" if "asset_id_raw" in frame else "asset_id"])


def check_promises(frame: pd.DataFrame, as_read: list[str]) -> None:
    """Check what holds of every loaded table, given its ID cells as they were read."""
    assert len(frame) == len(as_read)
    counts = frame.attrs["vodnb"]["counts"]
    assert sum(counts.values()) == frame.attrs["vodnb"]["rows"] == len(frame)
    assert {name: count for name, count in counts.items() if count} == Counter(verdicts(frame))
    for asset_id, verdict, note, cell in zip(
        frame["asset_id"], frame["verdict"], frame["verdict_note"], as_read, strict=True
    ):
        changed = "removed" in note or "made" in note
        assert asset_id == cell or (verdict in {"cleaned", "duplicate"} and changed)
        assert note or verdict == "ok"
    usable = frame[frame["verdict"].isin(["ok", "cleaned", "duplicate"])]
    firsts = usable[usable["verdict"] != "duplicate"]
    assert firsts["asset_id"].is_unique
    assert set(firsts["asset_id"]) == set(usable["asset_id"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tables,
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@example([["asset_id"], [""], [f"\n{A}"]], ",", "utf-8", csv.QUOTE_MINIMAL)
@example([["asset_id"], [" "]], ",", "utf-8", csv.QUOTE_MINIMAL)
@example([["asset_id", "title"], [A, ""], ["", ""]], ",", "utf-8", csv.QUOTE_MINIMAL)
def test_every_cell_of_a_csv_file_is_kept(tmp_path, table, delimiter, encoding, quoting):
    """Any table written by the csv module comes back cell for cell, row for row."""
    delimiter = "," if len(table[0]) == 1 else delimiter
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows(table)
    # Some GB18030 bytes happen to be UTF-8 as well, so that one is named.
    chosen = encoding if encoding == "gb18030" else None
    path = tmp_path / "table.csv"
    frame = load(path, text.getvalue().encode(encoding), encoding=chosen)
    titles, *rows = table
    assert text_as_read(frame) == [row[0] for row in rows]
    for at, title in enumerate(titles[1:], 1):
        assert list(frame[title]) == [row[at] for row in rows]
    assert "ragged" not in verdicts(frame)
    check_promises(frame, [row[0] for row in rows])


@given(st.lists(id_cells))
def test_every_cell_of_a_list_is_kept_and_judged(source):
    """A list of texts of any kind is one row each, and no ID is changed silently."""
    frame = load_assets(source)
    assert text_as_read(frame) == source
    check_promises(frame, source)


@given(st.lists(st.tuples(id_cells, cells)), st.sampled_from(["asset_id", "媒资ID", "verdict"]))
def test_loading_again_changes_nothing(rows, title):
    """A loaded table is left exactly as it is, with or without its story."""
    once = load_assets(pd.DataFrame(rows, columns=[title, "note"], dtype=object), id_column=title)
    twice = load_assets(once)
    assert_frame_equal(once, twice)
    bare = once.copy()
    bare.attrs = {}
    assert_frame_equal(once, load_assets(bare))


@given(st.text(max_size=200))
@example('"')
@example(f'asset_id\n"{A}\n{B}')
def test_any_pasted_text_is_loaded_or_refused_with_a_reason(text):
    """Whatever is pasted comes to a table that keeps its promises, or to an InputError."""
    try:
        frame = load_assets(f"asset_id,x\n{text}\n")
    except InputError:
        return
    if "asset_id" in frame.attrs["vodnb"]["id_column"]:
        check_promises(frame, text_as_read(frame))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_file_is_loaded_or_refused_with_a_reason(tmp_path, data):
    """No bytes make the loader raise anything but InputError."""
    path = tmp_path / "any.csv"
    try:
        frame = load(path, data)
    except InputError as error:
        assert str(error)  # noqa: PT017  # refusing is one of the two good ends
    else:
        assert "verdict" in frame


# --- The ID column ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    ["asset_id", "assetId", "Asset ID", "asset-id", "ASSET_ID", "媒资ID", "媒资id", "媒资编号",
     "素材ID", "vod_asset_id", "media_asset_id", "ａｓｓｅｔ＿ｉｄ", " asset_id ",
     "\u200basset_id"],
)  # fmt: skip
def test_known_titles_are_recognised(title):
    """Case, width, spaces and separators do not matter, and the user's title is kept."""
    frame = load_assets(f"id,{title}\n{B},my-asset\n")
    assert list(frame["asset_id"]) == ["my-asset"]
    assert title in frame.columns
    assert frame.attrs["vodnb"]["why"] == "its title"


def test_a_bare_id_is_no_known_title():
    """`id` is any table's key: it counts only by content."""
    with pytest.raises(InputError, match=r"No column with asset IDs.*'id' \(e\.g\. '1'\)"):
        load_assets("id,name\n1,x\n")
    assert load_assets(f"id,name\n{A},x\n").attrs["vodnb"]["why"] == "its content"


def test_the_column_is_found_by_content():
    """Nine filled cells of ten that are 32 hex digits make an ID column; eight do not."""
    rows = [f"{at:032x},x\n" for at in range(9)]
    frame = load_assets("".join(["key,n\n", *rows, "oops,x\n", ",x\n"]))
    assert frame.attrs["vodnb"] | {"counts": None} == {
        "source": "text", "encoding": "", "encoding_why": "", "delimiter": ",",
        "delimiter_why": "it gives an ID column and even rows", "id_column": "key",
        "why": "its content", "rows": 11, "counts": None,
    }  # fmt: skip
    with pytest.raises(InputError, match="No column"):
        load_assets("".join(["key,n\n", *rows[:8], "oops,x\n"]))


def test_two_candidates_are_a_question():
    """Two columns by title, or by content, are named and asked about, never chosen between."""
    with pytest.raises(InputError, match=r"'asset_id' \(column 1\) and '媒资ID'.*id_column="):
        load_assets(f"asset_id,媒资ID\n{A},{B}\n")
    with pytest.raises(InputError, match=r"'asset_id' \(column 1\) and 'asset_id' \(column 2\)"):
        load_assets(f"asset_id,asset_id\n{A},{B}\n")
    with pytest.raises(InputError, match=r"'p'.*and 'q'.*both hold asset IDs.*id_column="):
        load_assets(f"p,q,r\n{A},{B},x\n")
    assert list(load_assets(f"p,q\n{A},{B}\n", id_column="q")["asset_id"]) == [B]


def test_the_column_can_be_named():
    """The user's word wins, exactly or but for case; a title that is not there is refused."""
    text = f"asset_id,Clip Key\nnope,{A}\n"
    for name in ("Clip Key", "clip_key"):
        frame = load_assets(text, id_column=name)
        assert list(frame["asset_id"]) == [A]
        assert list(frame["asset_id_input"]) == ["nope"]
        assert frame.attrs["vodnb"]["why"] == "id_column="
    with pytest.raises(InputError, match=r"no column 'key'.*'Clip Key' \(e\.g\. '0a1b"):
        load_assets(text, id_column="key")
    with pytest.raises(InputError, match="no column '-'"):
        load_assets(f"a,--\n{A},1\n", id_column="-")


def test_a_long_table_is_not_listed_whole():
    """The list of columns in a message stays short, and so do its examples."""
    titles = ",".join(f"t{at}" for at in range(20))
    with pytest.raises(InputError, match=r"t11.* and 8 more") as caught:
        load_assets(f"{titles}\n{'x' * 500}\n")
    assert "t12" not in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("first", [A, f" {A}", A.upper(), "1.23E+31"])
def test_a_list_without_titles_loses_no_row(first):
    """Where the first line is an ID, sound or mangled, there are no titles."""
    frame = load_assets(f"{first}\n{B}\n{C}\n")
    assert len(frame) == 3
    assert text_as_read(frame) == [first, B, C]


def test_a_table_without_titles_gets_numbered_ones():
    """Columns without titles are numbered, and the ID column is found by content."""
    frame = load_assets(f"x,{A},1\ny,{B}\nz,{C},3\n")
    assert list(frame.columns[:3]) == ["column_1", "column_2", "column_3"]
    assert list(frame["asset_id"]) == [A, B, C]
    assert verdicts(frame) == ["ok", "ragged", "ok"]


def test_titles_are_made_to_differ():
    """A second `name` is `name_2`, or the next number free; an empty title gets its number."""
    frame = load_assets(f"asset_id,name,name,name_2,,name\n{A},1,2,3,4,5\n")
    assert list(frame.columns[:6]) == ["asset_id", "name", "name_3", "name_2", "column_5", "name_4"]
    assert [frame[title][0] for title in frame.columns[1:6]] == ["1", "2", "3", "4", "5"]


# --- Columns of the result --------------------------------------------------------------


def test_the_text_as_read_stays_when_cleaning_changed_a_cell():
    """asset_id_raw stands beside asset_id if and only if a cell of that very column changed."""
    frame = load_assets(f"n,asset_id,t\n1,{A},x\n2, {B},y\n")
    assert list(frame.columns) == ["n", "asset_id", "asset_id_raw", "t", "verdict", "verdict_note"]
    assert list(frame["asset_id"]) == [A, B]
    assert list(frame["asset_id_raw"]) == [A, f" {B}"]
    assert "asset_id_raw" not in load_assets(f"asset_id\n{A}\n1e5\n")


def test_an_id_column_of_another_name_keeps_its_text():
    """Where the user's column is not called asset_id, it stays as read and asset_id is added."""
    frame = load_assets(f"媒资ID,t\n {A},x\nNA,y\n")
    assert list(frame.columns) == ["媒资ID", "t", "asset_id", "verdict", "verdict_note"]
    assert list(frame["媒资ID"]) == [f" {A}", "NA"]
    assert list(frame["asset_id"]) == [A, "NA"]


def test_columns_of_our_names_are_kept_under_another():
    """A user's own verdict, note or raw column becomes `<name>_input`."""
    frame = load_assets(
        f"asset_id,verdict,verdict_note,asset_id_raw,verdict_input\n{A},good,n,r,i\n"
    )
    assert [str(frame[f"{name}_input"][0]) for name in ("verdict_note", "asset_id_raw")] == [
        "n",
        "r",
    ]
    assert (frame["verdict_input"][0], frame["verdict_input_2"][0]) == ("i", "good")
    assert verdicts(frame) == ["ok"]


def test_duplicates_name_the_first_row_and_keep_their_own_note():
    """Later rows of an asset are duplicates of the first usable one, cleaned or not."""
    frame = load_assets(f"asset_id\n{A},x\n {A}\n{A}\n{A.upper()}\n{B}\n")
    assert verdicts(frame) == ["ragged", "cleaned", "duplicate", "duplicate", "ok"]
    notes = list(frame["verdict_note"])
    assert notes[2] == "same asset as data row 2"
    assert notes[3].startswith("same asset as data row 2; upper-case")


def test_the_story_is_plain_and_harmless():
    """The attrs hold plain values, so tables can be joined, compared and copied."""
    frame = load_assets([A, B, ""])
    story = frame.attrs["vodnb"]
    assert (story["source"], story["rows"], story["id_column"]) == ("list", 3, "asset_id")
    assert story["counts"] == {verdict.value: 0 for verdict in Verdict} | {"ok": 2, "empty": 1}
    assert {type(name) for name in story["counts"]} == {str}
    assert len(pd.concat([frame, frame])) == 6
    assert_frame_equal(frame, copy.deepcopy(frame))


def test_thousands_of_titles_are_told_apart_at_once():
    """Each is looked up, not counted up to: eight thousand of one name took seven seconds."""
    width, begun = 8_000, time.process_time()
    frame = load_assets(f"asset_id{',x' * width}\n{A}{',1' * width}\n")
    assert list(frame.columns[:4]) == ["asset_id", "x", "x_2", "x_3"]
    assert frame.columns[width] == f"x_{width}"
    assert load_assets(f"asset_id\n{A}{',1' * width}\n").columns[-3] == f"extra_{width}"
    assert time.process_time() - begun < 5
