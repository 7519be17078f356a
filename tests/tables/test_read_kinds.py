"""What `vodnb.tables.read` makes of packed files, workbooks, JSON lines, Parquet, and the rest."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile

import openpyxl
import pandas as pd
import pytest

from vodnb.rules.errors import InputError, SetupError
from vodnb.tables.formats import files
from vodnb.tables.formats import workbook as workbook_module
from vodnb.tables.loaded import describe
from vodnb.tables.read import load_assets
from vodnb.tables.write import save

A = "0a1b2c3d4e5f60718293a4b5c6d7e8f1"
B = "1a1b2c3d4e5f60718293a4b5c6d7e8f2"
C = "12e45678901234567890123456789012"
PLAIN = f"asset_id,标题\n{A},视频\n{B},x\n".encode()


def load(folder, data, name="assets.csv", **options):
    """Write a file and load it."""
    path = folder / name
    path.write_bytes(data)
    return load_assets(path, **options)


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip archive with these members."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


def workbook(*rows, **sheets) -> bytes:
    """Return a workbook; `rows` are those of its first sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, lines in sheets.items():
        page = book.create_sheet(title)
        for row in lines:
            page.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


# --- Packed files -----------------------------------------------------------------------


def test_gzip_and_zip_are_unpacked(tmp_path):
    """What is packed reads like the file itself, and the summary says so; names do not matter."""
    plain = load(tmp_path, PLAIN)
    macs = {"__MACOSX/up/._assets.csv": b"\0\5\26\7", "up/": b"", "up/.DS_Store": b"x"}
    parquet = save(plain, tmp_path / "p.parquet").read_bytes()
    for data, told in [
        (gzip.compress(PLAIN), "gzip"),
        (zipped({"a.parquet": parquet}), "zip: a.parquet"),
        (zipped({"up/assets.csv": PLAIN, **macs}), "zip: up/assets.csv"),
        (zipped({"a.xlsx": workbook(["asset_id", "标题"], [A, "视频"], [B, "x"])}), "zip: a.xlsx"),
    ]:
        frame = load(tmp_path, data, "odd.name")
        pd.testing.assert_frame_equal(frame, plain, check_flags=False)
        assert told in repr(describe(frame))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"PK\x03\x04rest", "zip archive or Excel workbook .* is damaged.*Get it again"),
        (gzip.compress(PLAIN)[:-9], "gzip archive that is damaged or cut off.*Get it again"),
        (b"\x1f\x8b\x08", "gzip archive that is damaged"),
        (zipped({"a": PLAIN, "b": PLAIN}), "holds 2 files: 'a', 'b'.*Unpack it"),
        (zipped({"a": PLAIN}).replace(b"aPK\5\6", b"\0PK\5\6"), "holds 0 files"),
        (zipped({}), "holds 0 files.*none to load"),
        (zipped({"a": gzip.compress(PLAIN)}), "archive within an archive.*Unpack it"),
        (gzip.compress(zipped({"a": PLAIN})), "archive within an archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook .*password.*xlsx.*CSV UTF-8"),
        (b"7z\xbc\xaf\x27\x1c\0", "7z archive.*Unpack"),
        (b"Rar!\x1a\x07\0", "rar archive.*Unpack"),
        (b"BZh91AY&SYxx", "bzip2 archive.*Unpack"),
        (b"\xfd7zXZ\x00\0", "xz archive.*Unpack"),
        (b"\x28\xb5\x2f\xfd\0", "zstd archive.*Unpack"),
        (b"%PDF-1.7", "PDF.*Ask for the table"),
        (b"SQLite format 3\0", "SQLite database.*Export"),
        (b"\x89PNG\r\n", "picture"),
        (b"  <!DOCTYPE html><table>", "web page.*Save As"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "web page or XML.*Save As"),
        (zipped({"mimetype": b"application/vnd.oasis"}), "office document.*Save As"),
        (zipped({"xl/workbook.bin": b""}), "office document.*Save As"),
        (zipped({"xl/workbook.xml": b"<x"}), "workbook that cannot be read.*CSV UTF-8"),
        (b"PAR1\0\0\0\0PAR1", "Parquet file that cannot be read.*save it as CSV"),
    ],
    # What was packed bears the time, and pytest-xdist needs the same names in every process.
    ids=lambda value: value if isinstance(value, str) else "data",
)
def test_what_is_no_table_is_refused_with_advice(tmp_path, data, told):
    """A kind of file is told by its first bytes, whatever its name, with why and what to do."""
    with pytest.raises(InputError, match=told):
        load(tmp_path, data)


def test_a_name_in_an_archive_steers_no_terminal(tmp_path):
    """What a file says of itself is spelled out where it is no text."""
    frame = load(tmp_path, zipped({"\x1b[2Ja.csv": PLAIN}))
    assert "\x1b" not in repr(describe(frame))
    assert "a.csv" in repr(describe(frame))


def test_a_locked_zip_is_refused(tmp_path):
    """A member with a password is named."""
    data = bytearray(zipped({"a": PLAIN}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InputError, match=r"'a' in the zip .* locked with a password.*Unpack"):
        load(tmp_path, bytes(data))


@pytest.mark.long
@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped({"a": data})])
def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch, pack):
    """Unpacking ends at a bound, not where memory does."""
    monkeypatch.setattr(files, "MOST_UNPACKED", 1 << 21)
    assert len(load(tmp_path, pack(PLAIN + b"\n" * (1 << 20)))) == 2
    with pytest.raises(InputError, match=r"unpacks to more than 2,097,152 bytes.*yourself"):
        load(tmp_path, pack(b"0" * (1 << 22)))


def test_a_workbook_bomb_is_not_read(tmp_path, monkeypatch):
    """A workbook that says it is huge is refused before a row is read."""
    monkeypatch.setattr(workbook_module, "MOST_UNPACKED", 1000)
    with pytest.raises(InputError, match=r"unpacks to .* more than 1,000.*CSV UTF-8"):
        load(tmp_path, workbook(["asset_id"], [A]))


# --- Workbooks --------------------------------------------------------------------------


def test_a_workbook_is_read_as_text(tmp_path):
    """Every cell is text; rows in between count, those at the end do not; titles may be lower."""
    frame = load(
        tmp_path,
        workbook(["Uploads"], [], ["媒资ID", "n", "d"], [A, 5, True], [], [C, 2.5, None], [""]),
        "a.xlsx",
    )
    assert list(frame["媒资ID"]) == [A, "", C]
    assert list(frame["verdict"]) == ["ok", "empty", "ok"]
    assert list(frame["n"]) == ["5", "", "2.5"]
    assert list(frame["d"]) == ["TRUE", "", ""]
    assert {str(dtype) for dtype in frame.dtypes} == {"string"}
    assert "sheet 'Sheet'" in repr(describe(frame))
    assert "2 lines above the titles left out" in repr(describe(frame))


@pytest.mark.parametrize("cell", [12, 1.2e31, int("1" * 32), True, pd.Timestamp("2026-01-02")])
def test_a_number_in_the_id_column_is_mangled_for_good(tmp_path, cell):
    """However good it looks, and after saving and loading again, in any form."""
    frame = load(tmp_path, workbook(["asset_id"], [cell], ["my-asset"], ["other"]), "a.xlsx")
    assert list(frame["verdict"]) == ["mangled", "ok", "ok"]
    assert "holds a number" in frame["verdict_note"][0]
    assert list(load_assets(frame)["verdict"]) == ["mangled", "ok", "ok"]
    for name in ("b.csv", "b.xlsx", "b.parquet"):
        again = load_assets(save(frame, tmp_path / name))
        pd.testing.assert_frame_equal(again, frame, check_flags=False)


def test_which_sheet_is_asked(tmp_path):
    """Empty sheets do not count; of two with something in them, one must be named."""
    data = workbook(["asset_id"], [A], empty=[], more=[["asset_id"], [B]])
    with pytest.raises(InputError, match=r"2 sheets .*'Sheet', 'more'.*sheet='\.\.\.'"):
        load(tmp_path, data, "a.xlsx")
    assert list(load(tmp_path, data, "a.xlsx", sheet="more")["asset_id"]) == [B]
    with pytest.raises(InputError, match=r"no sheet 'x'.*'Sheet', 'empty', 'more'"):
        load(tmp_path, data, "a.xlsx", sheet="x")
    with pytest.raises(InputError, match="is empty"):
        load(tmp_path, data, "a.xlsx", sheet="empty")


@pytest.mark.parametrize("how", ["a.csv", "a.jsonl", "a.csv.gz", "a.parquet", "pasted"])
def test_a_sheet_is_not_asked_of_what_has_none(tmp_path, how):
    """Nothing that was asked for is passed over in silence."""
    path = tmp_path / how
    text = f'{{"asset_id": "{A}"}}\n' if how == "a.jsonl" else PLAIN.decode()
    data = gzip.compress(text.encode()) if how.endswith(".gz") else text.encode()
    path.write_bytes(data)
    if how == "a.parquet":
        pd.DataFrame({"asset_id": [A]}).to_parquet(path)
    source = text if how == "pasted" else path
    with pytest.raises(InputError, match=r"sheet='uploads' was given, and '.*' is no workbook"):
        load_assets(source, sheet="uploads")


def test_two_id_columns_of_a_workbook_are_asked_about(tmp_path):
    """As in a text file."""
    with pytest.raises(InputError, match=r"'p' .*and 'q' .*both hold asset IDs"):
        load(tmp_path, workbook(["p", "q"], [A, B]), "a.xlsx")


@pytest.mark.parametrize(
    ("module", "suffix", "extra"),
    [("openpyxl", ".xlsx", "excel"), ("pyarrow", ".parquet", "fast")],
)
def test_a_missing_extra_is_told_with_the_command(tmp_path, monkeypatch, module, suffix, extra):
    """Loading and saving say what to install; text files need neither."""
    saved = save(load_assets([A]), tmp_path / f"saved{suffix}").read_bytes()
    told = rf'{module}.*pip install "vodnb\[{extra}\]"'
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SetupError, match=told):
        load(tmp_path, saved, f"a{suffix}")
    with pytest.raises(SetupError, match=told):
        save(load_assets([A]), tmp_path / f"out{suffix}")
    assert list(load(tmp_path, PLAIN)["asset_id"]) == [A, B]
    assert not list(tmp_path.glob("out*"))


# --- JSON lines -------------------------------------------------------------------------


def test_json_lines_are_read_digit_by_digit(tmp_path):
    """Numbers keep every digit, whatever they look like; keys come in the order first met."""
    text = f'{{"t": "视频", "asset_id": {C}}}\n\n{{"asset_id": "{A}", "x": [1.50, null]}}\n\n'
    frame = load(tmp_path, text.encode(), "log.jsonl")
    assert list(frame.columns[:4]) == ["t", "asset_id", "extra_1", "x"]
    assert list(frame["asset_id"]) == [C, "", A]
    assert list(frame["x"]) == ["", "", '["1.50", null]']
    assert list(frame["verdict"]) == ["ok", "ragged", "ok"]
    assert frame.attrs["vodnb"]["delimiter_why"] == "each line is a JSON object"


@pytest.mark.parametrize(
    "line",
    [
        "oops", "[1]", "7", "{}", f'{{"asset_id": "{A}"',
        f'{{"asset_id": "{A}", "asset_id": 1}}', "[" * 100_000, '{"a":' * 5000,
    ],
)  # fmt: skip
def test_a_line_that_is_no_object_is_kept_and_not_sent(tmp_path, line):
    """Its text stays in a column of its own, and the note names the line."""
    frame = load(tmp_path, f'{{"asset_id": "{B}"}}\n{line}\n{{"asset_id": "{A}"}}'.encode())
    assert list(frame["verdict"]) == ["ok", "ragged", "ok"]
    assert frame["extra_1"][1] == line
    assert "line 2 is no JSON object" in frame["verdict_note"][1]


def test_a_csv_file_with_braces_is_no_json():
    """Only an object is one."""
    assert list(load_assets(f"{{x}},asset_id\n1,{A}\n")["asset_id"]) == [A]


# --- Titles, and what stands above them -------------------------------------------------


@pytest.mark.parametrize(
    ("above", "count"),
    [
        ("# exported 2026-01-02\n", 1), ("Hanging uploads\n", 1), ("视频清单,,\n生成,2026\n\n", 3),
        ("// a\n-- b\n", 2), ("Uploads of January; all\n", 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("title", ["asset_id", "key"])
def test_lines_above_the_titles_are_left_out_and_counted(above, count, title):
    """Comments, names and dates are no rows, and the summary says how many there were."""
    frame = load_assets(f"{above}{title},title,n\n{A},x,1\n{B},y,2\n")
    assert list(frame["asset_id"]) == [A, B]
    assert list(frame.columns[:3]) == [title, "title", "n"]
    assert frame.attrs["vodnb"]["above"] == count


@pytest.mark.parametrize("first", [A, "1.23E+31", f"{A}f", A[:20], f"{A} {B}", "NA", "1234"])
def test_what_may_be_a_row_is_never_left_out(first):
    """Above the titles, or where there are none, a cell that is or was an ID makes a row."""
    one = load_assets(f"{first}\n" + "".join(f"{at:032x}\n" for at in range(20)))
    assert len(one) == 21
    if first in {A, "1234"}:
        return
    with pytest.raises(InputError, match=r"No column with asset IDs .*load_assets\(.*id_column"):
        load_assets(f"{first}\nasset_id,t,u\n{A},1,2\n")


def test_titles_met_again_are_no_id():
    """Files put one behind another have their titles in between; these are never sent."""
    frame = load_assets(f"asset_id,t\n{A},x\nasset_id,t\n{B},y\n")
    assert list(frame["verdict"]) == ["ok", "not_an_id", "ok"]
    assert "title" in frame["verdict_note"][1]


def test_a_line_of_very_many_cells_does_not_blow_up_the_table():
    """Every cell is kept; the last ones stay together in one column."""
    frame = load_assets(f"asset_id,t\n{A},x\n" + f"{B},y\n" * 600 + ",".join("z" * 5000) + "\n")
    assert len(frame) == 602
    assert len(frame.columns) < 20
    assert ",".join(frame.iloc[-1, :10]) == ",".join("z" * 5000)
    assert frame["verdict"].iloc[-1] == "ragged"


def test_a_table_of_padding_is_refused():
    """Titles of thousands of cells above rows of one would fill memory with nothing."""
    with pytest.raises(InputError, match=r"Record 1 has 20,000 cells.*delimiter"):
        load_assets("asset_id" + "," * 19_999 + "\n" + f"{A}\n" * 5_000)


def test_a_wide_table_warns_of_nothing():
    """A table of hundreds of columns loads like any other."""
    titles = ",".join(f"t{at}" for at in range(300))
    frame = load_assets(f"asset_id,{titles}\n{A}{',x' * 300}\n")
    assert (frame.shape, frame["verdict"][0]) == ((1, 303), "ok")


@pytest.mark.parametrize("delimiter", [";", "|"])
def test_a_delimiter_behind_each_id_is_none_of_it(delimiter):
    """One column whose lines all end in a delimiter loads as its IDs."""
    frame = load_assets(f"asset_id\n{A}{delimiter}\n{B}{delimiter}\n")
    assert list(frame["verdict"]) == ["ok", "ok"]


def test_a_number_rounded_by_a_spreadsheet_is_mangled():
    """Fifteen digits and then zeros are 32 hex digits, too, but were another ID."""
    rounded = "123456789012345" + "0" * 17
    frame = load_assets([A, rounded, "0" * 32, "0" * 15 + "1" + "0" * 16])
    assert list(frame["verdict"]) == ["ok", "mangled", "ok", "ok"]
    assert list(load_assets([rounded])["verdict"]) == ["mangled"]


def test_a_saved_table_that_was_edited_is_read_like_any_other(tmp_path):
    """A number typed into a workbook of ours is mangled, a line with a cell too many is ragged."""
    table = load_assets(["my-asset", "other", "third"])
    book = openpyxl.load_workbook(save(table, tmp_path / "t.xlsx"))
    book.active["A3"].value = 12345
    book.save(tmp_path / "t.xlsx")
    edited = load_assets(tmp_path / "t.xlsx")
    assert list(edited["verdict"]) == ["ok", "mangled", "ok"]
    assert "holds a number" in edited["verdict_note"][1]
    path = save(table, tmp_path / "t.csv")
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines[:2], f"{lines[2]},more", lines[3]]), "utf-8")
    edited = load_assets(path)
    assert list(edited["verdict"]) == ["ok", "ragged", "ok"]
    assert "cells may have shifted" in edited["verdict_note"][1]
