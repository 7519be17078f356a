"""Which lines are titles, comments and rows, and whether titles and content agree."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from vodnb.rules.errors import InputError
from vodnb.tables.loaded import describe
from vodnb.tables.read import load_assets
from vodnb.tables.write import save

IDS = [f"{at:02x}1b2c3d4e5f60718293a4b5c6d7e8f1" for at in range(60)]


def verdicts(frame):
    """Return the verdicts as plain texts."""
    return list(frame["verdict"])


@pytest.mark.parametrize("mark", ["#", "--", "//"])
@pytest.mark.parametrize("title", ["asset_id", "key"])
def test_a_leading_row_with_an_id_is_no_comment(mark, title):
    """`#1` in the first cell of the first rows: they have IDs, and stay rows; so do titles `#,...`.

    That holds with titles, without, and where the column is named.
    """
    rows = f"{mark}1,{IDS[0]},x\n{mark}2,{IDS[1]},y\n3,{IDS[2]},z\n"
    for text in (rows, f"{mark},{title},t\n{rows}", f"# by hand\n{mark},{title},t\n{rows}"):
        frame = load_assets(text)
        assert list(frame["asset_id"]) == IDS[:3]
        assert frame.shape[1] >= 5
        assert frame.columns[1] == (title if title in text else "column_2")
        assert verdicts(frame) == ["ok"] * 3
    named = load_assets(f"{mark},{title},t\n{rows}", id_column=title)
    assert list(named["asset_id"]) == IDS[:3]


def test_comments_above_the_titles_are_still_left_out():
    """A comment that speaks of the titles is one, and a title behind a mark is none."""
    for text in (
        f"# a, b\n# asset_id\nasset_id,t\n{IDS[0]},x\n",
        f"-- asset_id, t\nasset_id,t\n{IDS[0]},x\n",
        f"# asset_id,t\n{IDS[0]},x\n",
    ):
        frame = load_assets(text)
        assert list(frame["asset_id"]) == [IDS[0]], text
        assert "t" in [title.strip() for title in frame.columns]


def test_title_and_content_must_agree():
    """`asset_id` above other text, and IDs in another column: it asks, and names both."""
    text = "asset_id,key\n" + "".join(f"clip {at},{IDS[at]}\n" for at in range(9)) + "clip,none\n"
    with pytest.raises(
        InputError, match=r"'asset_id' is titled .* 'clip 0'; .* 'key' \(column 2\)"
    ):
        load_assets(text)
    assert list(load_assets(text, id_column="key")["asset_id"][:9]) == IDS[:9]
    assert list(load_assets(text, id_column="asset_id")["asset_id"][:1]) == ["clip 0"]


@pytest.mark.parametrize(
    "cells", [["1.23E+31", "1e5"], ["", ""], ["0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f1", "x"]]
)
def test_a_titled_column_of_ids_of_any_kind_agrees(cells):
    """Mangled IDs, none at all and UUIDs are not other text."""
    text = "asset_id,md5\n" + "".join(f"{cell},{IDS[0]}\n" for cell in cells)
    assert load_assets(text).attrs["vodnb"]["id_column"] == "asset_id"


# --- Titles and rows of different widths ------------------------------------------------


def rows_of(line, count):
    """Return lines, each with the next ID in it."""
    return "".join(line.format(asset_id=IDS[at], n=at) + "\n" for at in range(count))


def test_a_row_with_a_separator_too_many_is_ragged_though_its_last_cell_is_empty():
    """The neighbour has moved below the title of the ID: it is not sent."""
    for count in (4, 40):
        text = "day,asset_id,t\n" + rows_of("2024-01-05,{asset_id},", count)
        text += f",2024-01-05,{IDS[50]},\n"
        frame = load_assets(text)
        assert verdicts(frame) == [*["ok"] * count, "ragged"]
        assert "has 4 cells where 3 belong" in frame["verdict_note"][count]


def test_empty_cells_at_the_end_of_one_row_shift_nothing_where_the_id_proves_itself():
    """As spreadsheets leave them; an ID of another form proves nothing, and is ragged."""
    text = f"asset_id,t\n{IDS[0]},x\n{IDS[1]},y,,\n{IDS[2]},z\n"
    assert verdicts(load_assets(text)) == ["ok"] * 3
    text = "asset_id,t\nclip-1,x\nclip-2,y,,\nclip-3,z\n"
    assert verdicts(load_assets(text)) == ["ok", "ragged", "ok"]


@pytest.mark.parametrize("end", ["", ","])
def test_titles_one_short_do_not_name_the_column_beside_the_ids(end):
    """Rows with a cell more than there are titles: the content tells which column it is."""
    text = "asset_id,t\n" + rows_of("{n},{asset_id},clip" + end, 9)
    for id_column in (None, "asset_id"):
        frame = load_assets(text, id_column=id_column)
        assert list(frame["asset_id"]) == IDS[:9]
        assert verdicts(frame) == ["ok"] * 9
        assert "titles and rows do not fit" in frame.attrs["vodnb"]["why"]
        assert list(load_assets(frame)["asset_id"]) == IDS[:9]


def test_ids_that_no_missing_title_explains_are_not_taken():
    """A checksum two columns off is not what a title one short has moved."""
    text = "asset_id,t\n" + "".join(f"clip-{at},x,{IDS[at]}\n" for at in range(9))
    assert set(verdicts(load_assets(text, id_column="asset_id"))) == {"ragged"}
    with pytest.raises(InputError, match="is titled like the IDs, but holds other text"):
        load_assets(text)


def test_rows_that_end_in_a_delimiter_are_right_where_the_content_says_so():
    """A cell more than titles at the end of each row: the titled column holds the IDs."""
    frame = load_assets("asset_id,t\n" + rows_of("{asset_id},clip,", 9))
    assert verdicts(frame) == ["ok"] * 9


def test_where_content_proves_nothing_the_loader_asks():
    """Rows wider than the titles, and IDs of another form: the titles are to be mended."""
    text = "asset_id,t\nclip-1,x,\nclip-2,y,\nclip-3,z,\n"
    for id_column in (None, "asset_id"):
        with pytest.raises(InputError, match="2 titles, and most rows have 3 cells"):
            load_assets(text, id_column=id_column)
    assert verdicts(load_assets(text, id_form="any")) == ["ok"] * 3


# --- Ragged rows that have their ID all the same ----------------------------------------

SOUND = "day,n,asset_id,t\n" + rows_of("2024-01-05,{n},{asset_id},clip", 40)


@pytest.mark.parametrize(
    ("line", "verdict", "note"),
    [
        ("2024-01-05,1,{},clip, more", "ok", "its asset ID is in its place"),
        ("2024-01-05,1,{}", "ok", "its asset ID is in its place"),
        ("2024-01-05,1, {} ,a,b", "cleaned", "its asset ID is in its place"),
        ('2024-01-05,"1,{},clip, more', "ok", "a quote does not pair"),
        ("2024-01-051,{},clip", "cleaned", "its asset ID is 1 to the left"),
        ("x,2024-01-05,1,{},clip", "ragged", "cells may have shifted"),
        ("2024-01-05,1{},clip", "ragged", "cells may have shifted"),
        ("2024-01-05,1,{0},{0},x", "ragged", "cells may have shifted"),
        ("{},2024-01-05,1", "ragged", "cells may have shifted"),
    ],
)
def test_a_ragged_row_whose_id_is_plain_is_usable(tmp_path, line, verdict, note):
    """It is in its column, or a cell before it is missing; its other cells stay as they are."""
    text = SOUND + line.format(IDS[50]) + "\n"
    frame = load_assets(text + rows_of("2024-01-06,{n},{asset_id},again", 1))
    assert verdicts(frame)[40:] == [verdict, "duplicate"]
    assert note in frame["verdict_note"][40]
    if verdict != "ragged":
        assert frame["asset_id"][40] == IDS[50]
    path = tmp_path / "saved.csv"
    frame.to_csv(path, index=False)
    for again in (load_assets(frame), load_assets(path), load_assets(frame.iloc[40:41])):
        assert list(again["verdict"])[-2:] == list(frame["verdict"])[-2:] or len(again) == 1
        assert again.iloc[-2 if len(again) > 1 else 0][["asset_id", "verdict"]].to_list() == [
            frame["asset_id"][40],
            verdict,
        ]
    twice = load_assets(text + line.format(IDS[50]) + "\n")
    assert list(load_assets(twice)["verdict"]) == list(twice["verdict"])


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("2024-01-05,1,MG-1050,clip, more", "ok"),
        ("2024-01-051,MG-1050,clip", "cleaned"),
        ('2024-01-05,1,"MG-1050,clip', "cleaned"),
        ('2024-01-05,1,"MG-1050,clip, more', "cleaned"),
        ("2024-01-05,1,MG-1050,clip,", "ok"),
        (",2024-01-05,1,MG-1050,clip", "ragged"),
        ("2024-01-05,1,MG-10,clip, more", "ragged"),
        ('2024-01-05,1,"Tee,clip', "not_an_id"),
    ],
)
def test_ids_of_another_form_prove_their_place_by_how_they_are_built(line, verdict):
    """`MG-1050` among forty that are two capitals, a hyphen and four digits is plainly the ID."""
    rows = "".join(f"2024-01-05,{at},MG-{at + 1000},clip\n" for at in range(40))
    frame = load_assets(f"day,n,key,t\n{rows}{line}\n", id_column="key")
    assert verdicts(frame) == [*["ok"] * 40, verdict]
    if verdict in {"ok", "cleaned"}:
        assert frame["asset_id"][40] == "MG-1050"
    again = load_assets(frame)
    assert list(again["asset_id"]) == list(frame["asset_id"])
    assert verdicts(again) == verdicts(frame)


def test_another_column_of_the_same_form_proves_no_place():
    """A checksum beside the IDs may have moved below their title."""
    text = "day,md5,asset_id,t\n" + "".join(
        f"2024-01-05,{at:032x},{IDS[at]},clip\n" for at in range(40)
    )
    frame = load_assets(f"{text},2024-01-05,{10**20:032x},{IDS[50]}x,clip\n")
    assert verdicts(frame)[40:] == ["ragged"]


def test_another_table_below_keeps_nothing():
    """Rows of one width below one another, or with titles among them, are no rows of this table."""
    other = [f"v,{at:02},{10**20 + at:032x}" for at in range(3)]
    for below in (other, ["a,b,key", *other[:1]], [*other[:2], "Total,2"]):
        frame = load_assets(SOUND + "\n".join(below) + "\n")
        assert set(verdicts(frame)[40:]) == {"ragged"}


# --- Titles and delimiters that other readers stumble over ------------------------------


def test_a_comma_and_a_space_part_quoted_cells():
    """`"a", "b"` is two cells, and a comma within the second parts nothing."""
    text = '"t", "asset_id", "n"\n' + "".join(f'"a, b", "{one}", "1, 2"\n' for one in IDS)
    frame = load_assets(text)
    assert list(frame.columns[:3]) == ["t", "asset_id", "n"]
    assert list(frame["n"]) == ["1, 2"] * len(IDS)
    assert verdicts(frame) == ["ok"] * len(IDS)
    plain = load_assets(f'asset_id,t\n{IDS[0]}, "x"\n{IDS[1]}, y\n')
    assert list(plain["t"]) == [' "x"', " y"]
    broken = load_assets(text + f'"a, b", "{IDS[0]}x, "1"\n')
    assert verdicts(broken)[60:] == ["ragged"]


@pytest.mark.parametrize("kind", ["frame", "series", "file", "named"])
def test_half_a_surrogate_in_a_title_is_spelled_out(tmp_path, kind):
    """No screen and no file can hold it, so it costs the table nothing but that."""
    title = "t\ud800"
    frame = pd.DataFrame({"asset_id": IDS, "t": IDS if kind == "named" else 1})
    frame.columns = pd.Index(["key" if kind == "named" else "asset_id", title], dtype=object)
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(json.dumps({"asset_id": one, title: "x"}) for one in IDS), "utf-8")
    source = {"series": pd.Series(IDS, name=title), "file": path}.get(kind, frame)
    loaded = load_assets(source, id_column=title if kind == "named" else None)
    assert "t\\ud800" in loaded.columns
    for suffix in ("csv", "xlsx", "parquet"):
        again = load_assets(save(loaded, tmp_path / f"saved.{suffix}"))
        assert list(again.columns) == list(loaded.columns)


# --- Encodings that are read as GB18030 without an error --------------------------------

TALES = {
    "big5": ["標題", "第三課：信號與系統", "上海圖書館講座（上）"],
    "shift_jis": ["タイトル", "第3回 信号とシステム", "紅白歌合戦"],
    "euc_jp": ["タイトル", "第3回 信号とシステム", "動画の名前"],
    "euc_kr": ["제목", "서울도서관 강연 목록", "신호와 시스템"],
}


@pytest.mark.parametrize("codec", TALES)
def test_text_that_does_not_read_like_chinese_is_told(tmp_path, codec):
    """It is read as GB18030 as ever, the IDs are right, and the summary names `encoding=`."""
    title, *cells = TALES[codec]
    text = f"asset_id,{title}\n{IDS[0]},{cells[0]}\n{IDS[1]},{cells[1]}\n"
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(codec))
    frame = load_assets(path)
    assert list(frame["asset_id"]) == IDS[:2]
    why = frame.attrs["vodnb"]["encoding_why"]
    assert "does not read like Chinese" in why
    assert repr(codec) in why
    assert "encoding=" in why
    for lang in ("en", "zh"):
        assert "encoding=" in describe(frame, lang=lang).why
    assert load_assets(path, encoding=codec).columns[1] == title


@pytest.mark.parametrize(
    "cells",
    [["媒资"], ["标题", "鑫淼科技宣传片"], ["李雷", "第3课：信号与系统（上）"],
     ["標題", "第三課：信號與系統"], ["春节联欢晚会", "视频点播服务用户手册。"], ["，。"]],
)  # fmt: skip
def test_chinese_text_is_not_doubted(tmp_path, cells):
    """Simplified or not, of a few letters or many, with rare names and signs in it."""
    path = tmp_path / "t.csv"
    lines = [f"{one},{cell}" for one, cell in zip(IDS, cells, strict=False)]
    path.write_bytes("\n".join(["asset_id,t", *lines, ""]).encode("gb18030"))
    assert load_assets(path).attrs["vodnb"]["encoding_why"] == "UTF-8 does not fit"
