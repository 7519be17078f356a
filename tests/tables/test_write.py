"""Saved files: nothing lost, nothing live, nothing half written; and back again."""

from __future__ import annotations

import csv
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tables import ASSETS, FEWER, finished, runs, texts

from vodnb.rules.errors import InputError, UnsettledError
from vodnb.rules.model import Outcome, Settlement
from vodnb.tables.formats.cell_text import TEXT
from vodnb.tables.read import load_assets
from vodnb.tables.results import require_settled, to_retry
from vodnb.tables.write import check_target, guard, restore, save, unguard

A, B, C, D, E, F = ASSETS
LIVE = tuple("=+-@\t\r\n＝＋－＠")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for the files of properties, which run many times."""
    return tmp_path_factory.mktemp("saved")


def cells_of(path: Path) -> list[list[str]]:
    """Return the cells of a file as a spreadsheet would see them."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def read_plainly(path: Path) -> pd.DataFrame:
    """Return a file as a table of texts, by other means than our own loading."""
    titles, *rows = cells_of(path)
    columns = [pd.array([row[at] for row in rows], dtype=TEXT) for at in range(len(titles))]
    table = pd.concat(map(pd.Series, columns), axis=1)
    table.columns = pd.Index(titles)
    return table


def as_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table the way a file gives it."""
    return table.astype(TEXT).fillna("")


def is_live(cell: str) -> bool:
    """Whether a spreadsheet may take the cell for a formula; a plain number is none."""
    try:
        float(cell)
    except ValueError:
        return cell.lstrip(" \"'\u00a0\u3000").startswith(LIVE) and not cell.startswith("'")
    return not cell.isascii()


# -- guard ---------------------------------------------------------------------------------------


@given(st.text() | texts | st.text(st.sampled_from("'\"= +-@\t\r1.")))
def test_guard_is_undone_exactly(text):
    """Whatever the text, guarding it harms nothing, and is undone to the letter."""
    assert unguard(guard(text)) == text
    assert not is_live(guard(text))
    assert guard(text) in {text, f"'{text}"}


@given(st.text() | texts)
def test_what_was_never_guarded_stays(text):
    """An apostrophe that we would not have set is the user's own."""
    if guard(unguard(text)) != text:
        assert unguard(text) == text
    assert unguard("'0a1b") == "'0a1b"
    assert unguard("'-12") == "'-12"


@pytest.mark.parametrize("number", ["-12", "+3.25", "0", "-0.5", "12345678901234567890"])
def test_numbers_are_left_alone(number):
    """A negative number is no formula."""
    assert guard(number) == number


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\r=x", "\n=x", "  =x", '"=x', "＝x",
     "－x", "＋86", "＠x", "\u3000=x", "-1e5", "+", "-", "-١"],
)  # fmt: skip
def test_each_beginning_of_a_formula_is_guarded(text):
    """Blanks and quotes before it make no difference, nor does full width."""
    assert guard(text) == f"'{text}"


# -- save ----------------------------------------------------------------------------------------


@FEWER
@given(run=runs())
def test_no_cell_of_a_saved_file_is_live(run, folder):
    """Neither a cell nor a title begins like a formula, whoever wrote it."""
    for row in cells_of(save(finished(*run), folder / "live.csv")):
        assert not [cell for cell in row if is_live(cell)]


def test_cells_that_are_no_texts_are_guarded_too(tmp_path):
    """Numbers and dates are written as they are; what else reads like a formula is guarded."""
    table = pd.DataFrame(
        {
            "n": [-1.5, 2.0],
            "d": pd.to_datetime(["2026-01-02", None]),
            "t": [pd.Timedelta(days=-1), pd.NaT],
            "o": [Path("=cmd"), None],
            "m": [-3, "=x"],
            "c": pd.Categorical(["=x", "y"]),
            -7: [True, False],
        }
    )
    path = save(table, tmp_path / "t.csv")
    assert cells_of(path) == [
        ["n", "d", "t", "o", "m", "c", "-7"],
        ["-1.5", "2026-01-02", "'-1 days +00:00:00", "'=cmd", "-3", "'=x", "True"],
        ["2.0", "", "", "", "'=x", "y", "False"],
    ]


def test_file_is_as_excel_wants_it(tmp_path):
    """A byte order mark, CRLF at the line ends, no index, and Chinese as it was."""
    table = pd.DataFrame({"标题": ["第3课：信号", 'two "words"\nand a line'], "=a": ["x", "y"]})
    path = save(table.set_index(pd.Index([7, 7])), str(tmp_path / "t.csv"))
    assert path == tmp_path / "t.csv"
    assert path.read_bytes() == (
        b"\xef\xbb\xbf" + '标题,\'=a\r\n第3课：信号,x\r\n"two ""words""\nand a line",y\r\n'.encode()
    )


def test_titles_that_repeat_are_guarded_once(tmp_path):
    """Two columns of one title are two columns in the file."""
    table = pd.DataFrame([["=1", "=2"]], columns=["x", "x"])
    assert cells_of(save(table, tmp_path / "t.csv")) == [["x", "x"], ["'=1", "'=2"]]


def test_half_a_surrogate_does_not_cost_the_file(tmp_path):
    """A server may send one; it is spelled out, since no file can hold it."""
    table = finished(
        load_assets([A]), {A: Settlement(outcome=Outcome.FAILED, code="X.1", message="a\ud800b")}
    )
    assert "a\\ud800b" in cells_of(save(table, tmp_path / "t.csv"))[1]


def test_saving_changes_nothing_in_the_table(tmp_path):
    """The table that was given stays as it was."""
    table = pd.DataFrame({"=a": ["=1"], "b": [2]})
    before = table.copy(deep=True)
    save(table, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(table, before)


def test_file_is_replaced_as_a_whole(tmp_path):
    """What is there is replaced at the end only, and no draft is left behind."""
    path = tmp_path / "t.csv"
    save(pd.DataFrame({"a": ["1"]}), path)
    save(pd.DataFrame({"a": ["2"]}), path)
    assert cells_of(path) == [["a"], ["2"]]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["pandas.DataFrame.to_csv", "pathlib.Path.replace"])
def test_failure_while_writing_leaves_the_old_file(tmp_path, fault, where):
    """A full disk or an interrupt costs neither the file that was there, nor leaves a draft."""
    path = tmp_path / "t.csv"
    save(pd.DataFrame({"a": ["1"]}), path)
    expected = InputError if isinstance(fault, OSError) else KeyboardInterrupt
    with mock.patch(where, side_effect=fault), pytest.raises(expected) as caught:
        save(pd.DataFrame({"a": ["2"]}), path)
    if isinstance(fault, OSError):
        assert "t.csv' cannot be written: No space left on device." in str(caught.value)
    assert cells_of(path) == [["a"], ["1"]]
    assert list(tmp_path.iterdir()) == [path]


def test_source_is_never_replaced(tmp_path, monkeypatch):
    """The file that the table was loaded from is refused, by whatever path it is named."""
    source = tmp_path / "in.csv"
    source.write_text(f"asset_id\n{A}\n{B}\n")
    (tmp_path / "link.csv").symlink_to(source)
    monkeypatch.chdir(tmp_path)
    results = finished(load_assets("in.csv"), {})
    for name in ("in.csv", source, "link.csv", f"../{tmp_path.name}/in.csv"):
        for table in (load_assets(source), results):
            with pytest.raises(InputError, match="is the file that this table was loaded from"):
                save(table, name)
    assert source.read_text() == f"asset_id\n{A}\n{B}\n"
    assert save(results, "out.csv") == Path("out.csv")


@pytest.mark.parametrize(
    ("table", "name", "told"),
    [
        ([A], "t.csv", "A list is no table"),
        (pd.DataFrame(), "t.xls", "'t.xls' does not end in .csv, .* Name it 't.csv'"),
        (pd.DataFrame(), "t", "'t' does not end in .csv"),
        (pd.DataFrame(), "no/such/t.csv", "There is no folder '.*no/such'"),
    ],
)
def test_what_cannot_be_saved_is_refused(table, name, told, tmp_path):
    """The message says what is wrong with table or place, and nothing is written."""
    for use in (save, check_target):
        with pytest.raises(InputError, match=told):
            use(table, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_home_folder_is_meant_by_its_sign(tmp_path, monkeypatch):
    """Saved, loaded and refused as the source alike; a name that is no user's is a name."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    assert save(load_assets([A, B]), "~/t.csv") == tmp_path / "home" / "t.csv"
    again = load_assets("~/t.csv")
    assert list(again["asset_id"]) == [A, B]
    for name in ("~/t.csv", tmp_path / "home" / "t.csv"):
        with pytest.raises(InputError, match="is the file that this table was loaded from"):
            save(again, name)
    with pytest.raises(InputError, match="There is no folder '~nobody-here'"):
        save(again, "~nobody-here/t.csv")
    assert list(load_assets(f"~asset_id\n{A}\n")["asset_id"]) == [A]


def test_folder_that_is_in_the_way_is_told(tmp_path):
    """A folder of that name is not replaced."""
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        save(pd.DataFrame({"a": ["1"]}), tmp_path / "t.CSV".lower())


# -- restore -------------------------------------------------------------------------------------


def through_restore(path):
    """Read a saved file by other means, and restore it."""
    return restore(read_plainly(path))


OPENERS = [through_restore, load_assets]


@pytest.mark.parametrize("opener", OPENERS)
@FEWER
@given(run=runs(odd_index=False))
def test_results_come_back_identical(opener, run, folder):
    """Saved and opened again: each cell, title and dtype of a results table is as it was."""
    results = finished(*run)
    again = opener(save(results, folder / "again.csv"))
    pd.testing.assert_frame_equal(again, results, check_flags=False)


@pytest.mark.parametrize("opener", OPENERS)
@FEWER
@given(run=runs(odd_index=False))
def test_loaded_tables_come_back_identical(opener, run, folder):
    """The same holds for a table that was loaded and not confirmed yet."""
    table, _ = run
    again = opener(save(table, folder / "table.csv"))
    pd.testing.assert_frame_equal(again, table, check_flags=False)


def test_foreign_file_is_returned_as_it_is():
    """Without our columns an apostrophe is the user's own."""
    table = pd.DataFrame({"id": ["'=x"], "'-y": ["'z"], "retryable": ["True"]}, dtype=TEXT)
    pd.testing.assert_frame_equal(restore(table), table)
    assert restore(table) is table


@pytest.mark.parametrize(
    ("name", "cells", "dtype"),
    [
        ("retryable", ["TRUE", "false"], "bool"),
        ("retryable", ["True", ""], TEXT),
        ("http_status", ["403.0", ""], "Int64"),
        ("http_status", ["403", "none"], TEXT),
        ("attempts", ["1", "2"], "int64"),
        ("attempts", ["1", ""], TEXT),
        ("elapsed_ms", ["-1", "0"], TEXT),
        ("elapsed_ms", ["9" * 15, "1"], "Int64"),
        ("elapsed_ms", ["9" * 30, "1"], TEXT),
    ],
)
def test_column_that_was_edited_keeps_its_text(name, cells, dtype):
    """What a spreadsheet makes of values is read; what nobody can read stays text."""
    table = as_texts(finished(load_assets([A, B]), {}))
    table[name] = pd.array(cells, dtype=TEXT)
    restored = restore(table)
    assert restored[name].dtype == dtype
    if dtype == TEXT:
        assert list(restored[name]) == cells


def test_titles_that_would_collide_stay():
    """Two titles never become one."""
    table = as_texts(finished(load_assets([A]), {}))
    table["=x"], table["'=x"] = pd.array(["1"], dtype=TEXT), pd.array(["2"], dtype=TEXT)
    assert list(restore(table).columns) == list(table.columns)


# -- around ---------------------------------------------------------------------------------------


def test_saved_results_can_be_confirmed_again(tmp_path):
    """Loaded from its file, a results table is judged as before and its assets can be sent."""
    table = load_assets(pd.DataFrame({"asset_id": [A, f" {B}", A, "inf"], "note": list("=-+@")}))
    results = finished(table, {A: Settlement(outcome=Outcome.CONFIRMED)})
    again = load_assets(save(results, tmp_path / "r.csv"))
    assert list(again["verdict"]) == ["ok", "cleaned", "duplicate", "mangled"]
    second = finished(again, {A: Settlement(outcome=Outcome.CONFIRMED)}, run_id="run-2")
    assert list(second["outcome"]) == ["confirmed", "not_sent", "confirmed", "invalid"]
    assert second.columns.is_unique
    assert set(second["run_id"]) == {"run-2"}


def test_saved_results_serve_every_verb(tmp_path):
    """What comes back from a file can be retried and required like the table itself."""
    how = {A: Settlement(outcome=Outcome.FAILED, code="VOD.10062", http_status=403)}
    again = load_assets(save(finished(load_assets([A, B]), how), tmp_path / "r.csv"))
    assert list(to_retry(again)["asset_id"]) == [B]
    with pytest.raises(UnsettledError, match="2 of 2 rows"):
        require_settled(again)
