"""Tables saved as workbooks and as Parquet: texts are texts, nothing is live, all comes back."""

from __future__ import annotations

import sys
import zipfile
from unittest import mock

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tables import ASSETS, FEWER, finished, runs, texts
from round_trip import changed, tricky_ids

from vodnb.rules.errors import InputError
from vodnb.rules.model import Outcome, Settlement
from vodnb.tables.formats import workbook
from vodnb.tables.formats.cell_text import TEXT
from vodnb.tables.read import load_assets
from vodnb.tables.write import check_target, save

A, B, *_ = ASSETS
LIVE = tuple("=+-@\t\r\n＝＋－＠")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for the files of properties, which run many times."""
    return tmp_path_factory.mktemp("saved")


def cells_of(path):
    """Return the cells of a workbook, as another program gives them."""
    return [cell for row in openpyxl.load_workbook(path).active for cell in row]


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
@FEWER
@given(run=runs(odd_index=False))
def test_results_come_back_identical(suffix, run, folder):
    """Saved and loaded again: each cell, title and dtype of a results table is as it was."""
    results = finished(*run)
    again = load_assets(save(results, folder / f"results{suffix}"))
    pd.testing.assert_frame_equal(again, results, check_flags=False)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@FEWER
@given(run=runs(odd_index=False))
def test_loaded_tables_come_back_identical(suffix, run, folder):
    """The same holds for a table that was loaded and not confirmed yet."""
    again = load_assets(save(run[0], folder / f"table{suffix}"))
    pd.testing.assert_frame_equal(again, run[0], check_flags=False)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@FEWER
@given(notes=st.lists(st.text(st.characters(codec="utf-8"), max_size=9) | texts, min_size=1))
def test_any_text_comes_back(suffix, notes, folder):
    """Controls, line ends, quotes, `_x000D_`, apostrophes: each as it was, whatever the file."""
    notes = [*notes, "a_x000D_b", "_x005F_", "\r", "\x00\x0b\ufffe", " ", f"see\n{B}\n{A}", "'=x"]
    table = load_assets(pd.DataFrame({"asset_id": A, "note": notes}, dtype=TEXT))
    again = load_assets(save(table, folder / f"notes{suffix}"))
    pd.testing.assert_frame_equal(again, table, check_flags=False)


@FEWER
@given(run=runs())
def test_no_cell_of_a_workbook_is_live(run, folder):
    """No formula, no text that begins like one, and each text in a cell for texts."""
    for cell in cells_of(save(finished(*run), folder / "live.xlsx")):
        assert cell.data_type != "f"
        if isinstance(cell.value, str):
            assert cell.number_format == "@"
            assert (
                not cell.value.startswith(LIVE)
                or cell.value.lstrip("+-").replace(".", "").isdigit()
            )


def test_ids_in_a_workbook_are_texts(tmp_path):
    """Also those that Excel would take for numbers; and numbers that it would cut."""
    table = pd.DataFrame(
        {
            "asset_id": ["12e45678901234567890123456789012", "0" * 31 + "1"],
            "big": [10**20, 7],
            "x": [1.5, np.inf],
            "b": [True, None],
            "d": pd.to_datetime(["2026-01-02", None]),
        }
    )
    kinds = [(cell.value, cell.data_type) for cell in cells_of(save(table, tmp_path / "t.xlsx"))]
    assert kinds[5:7] == [("12e45678901234567890123456789012", "s"), (str(10**20), "s")]
    assert kinds[7:10] == [(1.5, "n"), (True, "b"), ("2026-01-02 00:00:00", "s")]
    assert kinds[10:] == [("0" * 31 + "1", "s"), (7, "n"), ("inf", "s"), (None, "n"), (None, "n")]


def test_parquet_keeps_the_dtypes_of_the_user(tmp_path):
    """Numbers, dates and truth values of a DataFrame stay what they were."""
    table = load_assets(
        pd.DataFrame(
            {"asset_id": [A, B], "n": [1, 2], "when": pd.to_datetime(["2026-01-02"] * 2),
             "t": pd.array(["'=x", None], dtype=TEXT), "o": [b"x", 5]}
        )
    )  # fmt: skip
    again = load_assets(save(table, tmp_path / "t.parquet"))
    assert [again[name].dtype for name in ("n", "when", "t")] == [
        table[name].dtype for name in ("n", "when", "t")
    ]
    assert again["t"][0] == "'=x"
    assert list(again["o"]) == ["b'x'", "5"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_a_cell_that_holds_several_things_is_written_as_text(tmp_path, suffix):
    """An array, a list, and nothing at all, side by side in a column of the user's."""
    cells = [np.array([1, 2]), ["x", "y"], None, np.nan, pd.NaT]
    table = load_assets(pd.DataFrame({"asset_id": list(ASSETS[:5]), "tags": cells}))
    again = load_assets(save(table, tmp_path / f"t{suffix}"))
    assert list(again["tags"].fillna("")) == ["[1 2]", "['x', 'y']", "", "", ""]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize(
    "cells",
    [
        np.array([1 + 2j, 3]),
        pd.arrays.SparseArray([0, 7]),
        pd.Categorical(["x", 1]),
        pd.period_range("2026-01", periods=2, freq="M"),
        pd.array([1.5, None], dtype="Float64"),
    ],
    ids=lambda cells: str(cells.dtype),
)
def test_a_column_of_any_dtype_can_be_saved(tmp_path, suffix, cells):
    """What a kind of file has no column for is text there."""
    table = load_assets(pd.DataFrame({"asset_id": [A, B], "own": cells}))
    again = load_assets(save(table, tmp_path / f"t{suffix}"))
    assert list(again["asset_id"]) == [A, B]
    assert str(again["own"].iloc[0]) == str(table["own"].iloc[0])


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_half_a_surrogate_does_not_cost_the_file(tmp_path, suffix):
    """It is spelled out in Parquet; a workbook can hold it."""
    how = {A: Settlement(outcome=Outcome.FAILED, code="X.1", message="a\ud800b")}
    again = load_assets(save(finished(load_assets([A]), how), tmp_path / f"t{suffix}"))
    assert again["error_msg"][0] in {"a\\ud800b", "a\ud800b"}


def test_what_a_workbook_cannot_hold_is_refused(tmp_path, monkeypatch):
    """Too many rows before a run, a cell that is too long when it is there; CSV is named."""
    monkeypatch.setattr("vodnb.tables.write.MOST_ROWS", 3)
    assert len(load_assets(save(load_assets([A, B]), tmp_path / "two.xlsx"))) == 2
    for use in (save, check_target):
        with pytest.raises(InputError, match=r"holds 2 rows, and the table has 3.*'t\.csv'"):
            use(load_assets([A, B, A]), tmp_path / "t.xlsx")
    long = pd.DataFrame({"asset_id": [A, B], "note": ["", "x" * 32_768]})
    with pytest.raises(InputError, match=r"row 2 has 32,768 letters in the column 'note'.*CSV"):
        save(long, tmp_path / "t.xlsx")
    assert not (tmp_path / "t.xlsx").exists()


def test_two_titles_alike_are_refused_for_parquet(tmp_path):
    """Parquet cannot hold them; CSV is named."""
    with pytest.raises(InputError, match=r"same title.*'t\.csv'"):
        save(pd.DataFrame([[1, 2]], columns=["x", "x"]), tmp_path / "t.parquet")


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_failure_while_writing_leaves_the_old_file(tmp_path, suffix):
    """A full disk costs neither the file that was there, nor leaves a draft."""
    path = save(load_assets([A]), tmp_path / f"t{suffix}")
    full = OSError(28, "No space left on device")
    with mock.patch("pathlib.Path.replace", side_effect=full), pytest.raises(InputError):
        save(load_assets([B]), path)
    assert list(load_assets(path)["asset_id"]) == [A]
    assert list(tmp_path.iterdir()) == [path]


def test_saved_workbook_is_whole(tmp_path):
    """The archive itself is sound."""
    assert zipfile.ZipFile(save(load_assets([A]), tmp_path / "t.xlsx")).testzip() is None


def test_ids_like_numbers_pass_every_file_unchanged(tmp_path):
    """Load, CSV, xlsx, CSV, Parquet; by hand with a million."""
    ids = tricky_ids(2_000)
    assert len(set(ids)) == 2_000
    assert changed(ids, tmp_path) == []


def test_a_changed_id_is_seen(tmp_path):
    """The campaign does find a loader that takes an ID for a number."""
    spoilt = load_assets(["1" * 32, "2" * 32])
    with mock.patch("round_trip.load_assets", return_value=spoilt):
        assert len(changed(["1" * 32, "0" * 32], tmp_path, steps=())) == 1


def test_without_pyarrow_everything_else_works(tmp_path, monkeypatch):
    """CSV and workbooks are loaded and saved the same."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert changed(tricky_ids(50), tmp_path, steps=("a.csv", "a.xlsx")) == []


@given(st.text())
def test_what_is_spelled_out_is_undone(text):
    """To the letter, and nothing is left that XML cannot hold."""
    spelled = workbook._spelled(text)
    assert workbook._unspelled(spelled) == text
    assert all(letter in "\t\n" or letter >= " " for letter in spelled)
