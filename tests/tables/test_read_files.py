"""How `vodnb.tables.read` reads files: encodings, delimiters, quotes, ragged lines."""

from __future__ import annotations

import pytest
from reading import A, B, C, load, verdicts

from vodnb.rules.errors import InputError
from vodnb.tables.read import load_assets


@pytest.mark.parametrize(
    ("encoding", "seen"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
    ],
)
def test_the_encoding_is_found_by_the_rule(tmp_path, encoding, seen):
    """Mark, NUL parity, UTF-8, GB18030: each is told, and Chinese text survives."""
    frame = load(tmp_path / "t.csv", f"媒资ID,标题\r\n{A},视频一\r\n".encode(encoding))
    assert frame.attrs["vodnb"]["encoding"] == seen
    assert list(frame.columns) == ["媒资ID", "标题", "asset_id", "verdict", "verdict_note"]
    assert list(frame["标题"]) == ["视频一"]


def test_big_endian_with_a_mark_is_read(tmp_path):
    """UTF-16 of the other byte order is told by its mark."""
    frame = load(tmp_path / "t.csv", b"\xfe\xff" + f"asset_id\n{A}\n".encode("utf-16-be"))
    assert list(frame["asset_id"]) == [A]


def test_the_encoding_can_be_named(tmp_path):
    """The user's word goes before the rule."""
    data = f"asset_id,名\n{A},許\n".encode("big5")
    frame = load(tmp_path / "t.csv", data, encoding="big5")
    assert list(frame["名"]) == ["許"]
    assert frame.attrs["vodnb"]["encoding"] == "big5"


def test_a_mark_is_never_part_of_a_title(tmp_path):
    """Where the named encoding leaves the byte order mark in, it is taken off."""
    frame = load(tmp_path / "t.csv", f"\ufeffasset_id\n{A}\n".encode(), encoding="utf-8")
    assert list(frame.columns) == ["asset_id", "verdict", "verdict_note"]


def test_what_no_encoding_fits_is_refused_with_the_byte(tmp_path):
    """The message names the byte, the line, and what to do."""
    with pytest.raises(InputError, match=r"byte 13, line 2.*GB18030.*encoding="):
        load(tmp_path / "t.csv", b"asset_id,x\na\xff\xff\n")
    with pytest.raises(InputError, match=r"is not ascii: byte 10, line 2"):
        load(tmp_path / "t.csv", b"asset_id\n\xe9\n", encoding="ascii")
    for codec in ("klingon", "hex", "a\0b"):
        with pytest.raises(InputError, match="no text encoding"):
            load(tmp_path / "t.csv", b"asset_id\n", encoding=codec)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("title", ["asset_id", "key"])
def test_the_delimiter_is_found(tmp_path, delimiter, title):
    """Any of the four is found, by title or by content, among the other three."""
    lines = [[title, "a;b,c|d", "n"], [A, "x,y;z|", "1"], [B, "", "2"]]
    others = ",;|".replace(delimiter, "")
    text = "".join(
        delimiter.join(cell.replace(delimiter, others[0]) for cell in line) + "\n" for line in lines
    )
    frame = load(tmp_path / "t.csv", text)
    assert frame.attrs["vodnb"]["delimiter"] == delimiter
    assert list(frame["asset_id"]) == [A, B]
    assert verdicts(frame) == ["ok", "ok"]


def test_ids_decide_the_delimiter_before_width():
    """A mark that cuts more and even cells loses to the one that leaves the IDs whole."""
    for title in ("asset_id", "key"):
        frame = load_assets(f"{title};a,b,c\n{A};1,2,3\n{B};4,5,6\n")
        assert list(frame["asset_id"]) == [A, B]
        assert list(frame["a,b,c"]) == ["1,2,3", "4,5,6"]


def test_a_known_title_decides_the_delimiter_where_no_id_does():
    """IDs of another form do not tell the delimiter; the title of their column does."""
    frame = load_assets("asset_id;a,b,c\nmy-1;1,2,3\n")
    assert list(frame["asset_id"]) == ["my-1"]


def test_a_letter_is_never_a_delimiter(tmp_path):
    """A one-column file with an `s` in each title is not split at it."""
    frame = load(tmp_path / "t.csv", f"asset_id\n{A}\n{B}\n")
    assert list(frame.columns) == ["asset_id", "verdict", "verdict_note"]
    for letter in ("s", "1", '"', "", ",,", "\n"):
        with pytest.raises(InputError, match=r"delimiter=.*no letter"):
            load_assets(f"asset_id\n{A}\n", delimiter=letter)


def test_a_named_delimiter_wins():
    """The user's delimiter is used where another would fit."""
    frame = load_assets(f"asset_id:x,y\n{A}:1,2\n", delimiter=":")
    assert list(frame["x,y"]) == ["1,2"]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_sep_line_is_obeyed_and_is_no_data(line):
    """A first line `sep=;` chooses the delimiter and is neither titles nor a row."""
    frame = load_assets(f"{line}\r\nasset_id;a,b\r\n{A};1,2\r\n{B}\r\n")
    assert list(frame["a,b"]) == ["1,2", ""]
    assert verdicts(frame) == ["ok", "ragged"]
    assert "line 4 " in frame["verdict_note"][1]


def test_a_sep_line_with_a_letter_is_not_obeyed():
    """`sep=a` would cut IDs to pieces: the line is dropped and the delimiter found."""
    assert list(load_assets(f"sep=a\nasset_id,x\n{A},1\n")["asset_id"]) == [A]


def test_a_quoted_cell_may_have_line_breaks_and_delimiters():
    """Quotes keep commas, line breaks and doubled quotes within a cell."""
    frame = load_assets(f'asset_id,note\n{A},"one\r\ntwo, ""three"""\n{B},x\n')
    assert list(frame["note"]) == ['one\r\ntwo, "three"', "x"]
    assert list(frame["verdict_note"]) == ["", ""]


def test_a_stray_quote_swallows_no_row():
    """A quote left open costs its own line nothing but a remark, and no other line anything."""
    frame = load_assets(f'asset_id,note\n{A},"open\n{B},x\n{C},y\n')
    assert list(frame["asset_id"]) == [A, B, C]
    assert list(frame["note"]) == ['"open', "x", "y"]
    assert verdicts(frame) == ["ok"] * 3
    assert "line 2" in frame["verdict_note"][0]
    assert list(frame["verdict_note"][1:]) == ["", ""]


def test_two_stray_quotes_swallow_no_row_between_them():
    """Quotes on two lines that pair by accident do not hide the rows between."""
    frame = load_assets(f'asset_id,note\n{A},"he said\n{B},x\n{C},3"\n')
    assert list(frame["asset_id"]) == [A, B, C]
    assert list(frame["note"]) == ['"he said', "x", '3"']
    assert "line 2" in frame["verdict_note"][0]


def test_text_after_a_closing_quote_is_kept():
    """`"a"b` is read as it stands instead of losing its quotes silently."""
    frame = load_assets(f'asset_id,note\n{A},"a"b\n')
    assert list(frame["note"]) == ['"a"b']
    assert "does not pair" in frame["verdict_note"][0]


def test_a_huge_quoted_cell_loses_nothing():
    """A cell beyond the csv module's limit is read line by line, with a remark."""
    big = "x" * 200_000
    frame = load_assets(f'asset_id,note\n{A},"{big}"\n{B},y\n')
    assert list(frame["note"]) == [f'"{big}"', "y"]
    assert list(frame["asset_id"]) == [A, B]


def test_ragged_rows_are_kept_and_not_usable():
    """Too many cells go to extra columns, missing ones are empty, and neither row is sent."""
    frame = load_assets(f"asset_id,t,u\n{A},1,2,3,4\n{B},1\n{C},1,2\n{B},1,2\n")
    assert verdicts(frame) == ["ragged", "ragged", "ok", "ok"]
    assert list(frame["extra_1"]) == ["3", "", "", ""]
    assert list(frame["extra_2"]) == ["4", "", "", ""]
    assert list(frame["u"]) == ["2", "", "2", "2"]
    assert "line 2 has 5 cells where 3 belong" in frame["verdict_note"][0]


def test_empty_cells_at_the_end_of_a_line_are_not_ragged():
    """Spreadsheets add and leave out empty cells at the end; that shifts nothing."""
    frame = load_assets(f"asset_id,t,\n{A},1\n{B},1,,,\n,,\n")
    assert verdicts(frame) == ["ok", "ok", "empty"]
    assert list(frame.columns) == ["asset_id", "t", "column_3", "verdict", "verdict_note"]


def test_blank_lines_are_rows_but_not_at_the_ends():
    """A blank line between records is an empty row; leading and trailing ones are none."""
    frame = load_assets(f"\n\nasset_id,t\n{A},1\n\n  \n{B},2\n\n \n\n")
    assert verdicts(frame) == ["ok", "empty", "empty", "ok"]
    assert verdicts(load_assets(f"asset_id\n{A}\n\n{B}\n\n")) == ["ok", "empty", "ok"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(tmp_path, end):
    """Unix, Windows and old Mac line ends give the same rows."""
    frame = load(tmp_path / "t.csv", end.join(["asset_id,t", f"{A},1", f"{B},2"]))
    assert list(frame["asset_id"]) == [A, B]


def test_only_titles_is_a_table_without_rows(tmp_path):
    """A file of titles alone loads as no rows; an empty file is refused."""
    frame = load(tmp_path / "t.csv", "asset_id,t\n")
    assert len(frame) == 0
    assert list(frame.columns) == ["asset_id", "t", "verdict", "verdict_note"]
    for text in ("", "\n\n", "\ufeff", "sep=;\n"):
        with pytest.raises(InputError, match="is empty"):
            load(tmp_path / "t.csv", text)


def test_words_for_missing_stay_text():
    """`NA` and `null` are kept as they stand, and no cell is NaN."""
    frame = load_assets(f"asset_id,t\n{A},NA\nnull,nan\nNA,\n")
    assert list(frame["t"]) == ["NA", "nan", ""]
    assert verdicts(frame) == ["ok", "not_an_id", "not_an_id"]
    assert not frame.isna().any(axis=None)
    assert {str(dtype) for dtype in frame.dtypes} == {"string"}


def test_an_id_that_looks_like_a_number_keeps_every_digit(tmp_path):
    """Exponents and leading zeros are left alone in a file where every ID looks like a number."""
    numbers = ["12e45678901234567890123456789012", "0" * 29 + "123", "1" * 32]
    frame = load(tmp_path / "t.csv", "\n".join(["asset_id", *numbers]))
    assert list(frame["asset_id"]) == numbers
    assert verdicts(frame) == ["ok"] * 3
