"""The results table: every row kept, each with exactly one outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tables import ASSETS, FEWER, TITLES, finished, runs, settlements, user_tables

from vodnb.rules.codes import look_up
from vodnb.rules.errors import InputError, UnsettledError
from vodnb.rules.model import RESULT_COLUMNS, Outcome, Settlement, Status
from vodnb.tables import results
from vodnb.tables.formats.cell_text import TEXT
from vodnb.tables.history import row_cells
from vodnb.tables.mixed import join_parts, split_by_status
from vodnb.tables.read import load_assets
from vodnb.tables.results import (
    DTYPES,
    check_is_results,
    refuse_other_status,
    require_settled,
    to_retry,
    usable_assets,
)

A, B, C, D, E, F = ASSETS
GOOD = Settlement(outcome=Outcome.CONFIRMED, http_status=200, attempts=1)


def ended(outcome: str, code: str = "", **more: object) -> Settlement:
    """Return a settlement by its words."""
    return Settlement(outcome=Outcome(outcome), code=code, **more)


def six() -> pd.DataFrame:
    """Return results in which every outcome and both sorts of failure appear."""
    table = load_assets([A, B, C, D, E, F, "1.23E+31"])
    return finished(
        table,
        {
            A: GOOD,
            B: ended("already_confirmed", state_before="CREATED"),
            C: ended("failed", "VOD.10062", http_status=403),
            D: ended("failed", "VOD.10051", http_status=500),
            E: ended("in_doubt", "CLIENT.NO_ANSWER"),
        },
    )


@FEWER
@given(runs())
def test_no_row_is_lost_or_moved(run):
    """There are as many result rows as input rows, in the same order, with the same index."""
    table, how = run
    results = finished(table, how)
    pd.testing.assert_index_equal(results.index, table.index)
    assert list(results["asset_id"]) == list(table["asset_id"])
    assert list(results["verdict"]) == list(table["verdict"])


@FEWER
@given(user_tables(), st.dictionaries(st.sampled_from(ASSETS), settlements()))
def test_no_cell_of_the_user_is_lost(given_table, how):
    """Every column as it was given stays, cell by cell; one with a name of ours is renamed."""
    frame, title = given_table
    results = finished(load_assets(frame, id_column=title), how)
    for name in frame.columns:
        kept = [name, f"{name}_input", f"{name}_raw"]
        if name in RESULT_COLUMNS:
            # A requested_status that says what the run says again needs no second column.
            is_same = name == "requested_status" and set(frame[name]) <= {"CREATED"}
            kept = [name if is_same else f"{name}_input"]
        assert any(
            other in results and list(results[other]) == list(frame[name]) for other in kept
        ), name


@FEWER
@given(runs())
def test_result_columns_come_last_and_once(run):
    """The sixteen result columns stand at the end, in their order, and no title is there twice."""
    results = finished(*run)
    assert tuple(results.columns[-len(RESULT_COLUMNS) :]) == RESULT_COLUMNS
    assert results.columns.is_unique


@FEWER
@given(runs())
def test_each_row_has_the_outcome_of_its_asset(run):
    """A usable row ends as its asset did, a listed twice asset alike; any other is invalid."""
    table, how = run
    results = finished(table, how)
    for row in results.to_dict("records"):
        if row["verdict"] in {"ok", "cleaned", "duplicate"}:
            asset = how.get(row["asset_id"])
            expected = (asset.outcome, asset.code) if asset else ("not_sent", "CLIENT.STOPPED")
        else:
            expected = ("invalid", f"CLIENT.{row['verdict'].upper()}")
            assert row["error_msg"] == row["verdict_note"]
        assert (row["outcome"], row["error_code"]) == expected
        assert row["outcome"] in set(Outcome)


@FEWER
@given(runs())
def test_error_code_is_empty_for_good_rows_only(run):
    """Code, meaning and next step are there if and only if the row is not good."""
    for row in finished(*run).to_dict("records"):
        is_good = row["outcome"] in {"confirmed", "already_confirmed"}
        for name in ("error_code", "meaning", "next_step"):
            assert (row[name] == "") == is_good
        assert not (is_good and row["retryable"])
        assert is_good or row["needs"] == look_up(row["error_code"]).needs


@FEWER
@given(runs())
def test_dtypes_are_as_declared(run):
    """Texts are strings with "" for none; retryable is boolean; numbers are integers with gaps."""
    results = finished(*run)
    for name in RESULT_COLUMNS:
        assert results[name].dtype == DTYPES[name]
        assert results[name].dtype == TEXT or name in {
            "retryable", "http_status", "attempts", "elapsed_ms"
        }  # fmt: skip
    assert results["retryable"].dtype == "bool"
    assert results["attempts"].dtype == "int64"
    assert results["http_status"].dtype == results["elapsed_ms"].dtype == "Int64"
    texts = [name for name in RESULT_COLUMNS if DTYPES[name] == TEXT]
    assert not results[texts].isna().any().any()


@FEWER
@given(runs(), st.dictionaries(st.sampled_from(ASSETS), settlements()))
def test_columns_of_an_earlier_run_are_replaced(run, again):
    """Confirming a results table gives the same as confirming the table it came from."""
    table, how = run
    first = finished(table, how)
    second = finished(load_assets(first, id_column=None), again, run_id="run-2")
    pd.testing.assert_frame_equal(second, finished(table, again, run_id="run-2"))


@FEWER
@given(runs())
def test_the_given_table_is_left_alone(run):
    """Neither the loaded table nor what it says of its source is changed."""
    table, how = run
    before = table.copy(deep=True)
    results = finished(table, how, lang="zh")
    results["verdict"] = "changed"
    pd.testing.assert_frame_equal(table, before)
    assert table.attrs == before.attrs
    assert results.attrs["vodnb"] == {**before.attrs["vodnb"], "lang": "zh"}


def test_user_column_is_never_dropped_for_its_name():
    """A user's own column stays even where a plain `<name>_input` is taken already."""
    frame = pd.DataFrame({"asset_id": [A], "outcome": ["mine"], "outcome_input": ["too"]})
    results = finished(load_assets(frame), {A: GOOD})
    assert list(results["outcome_input_input"]) == ["mine"]
    assert list(results["outcome_input"]) == ["too"]


def test_requested_status_of_the_user_is_kept_where_it_says_something_else():
    """It goes only where the run says the very same again; else not one cell is lost."""
    frame = pd.DataFrame({"asset_id": [A, B], "requested_status": ["FAILED", "CREATED"]})
    results = finished(load_assets(frame), {})
    assert list(results["requested_status_input"]) == ["FAILED", "CREATED"]
    assert set(results["requested_status"]) == {"CREATED"}


def test_a_wide_table_is_no_cause_for_a_warning():
    """Many user columns pass without a word of pandas about fragments."""
    titles = ",".join(["asset_id", *(f"c{number}" for number in range(150))])
    table = load_assets(f"{titles}\n{A}{',x' * 150}\n")
    results = finished(table, {A: GOOD})
    assert len(results.columns) == 151 + 2 + len(RESULT_COLUMNS)


@pytest.mark.parametrize("when", ["state_before", "state_after"])
@pytest.mark.parametrize("outcome", ["confirmed", "already_confirmed"])
def test_a_failed_transcoding_needs_another_upload(outcome, when):
    """It is confirmed all the same, with no error code."""
    how = {A: ended(outcome, **{when: "TRANSCODE_FAILED"}), B: GOOD}
    results = finished(load_assets([A, B]), how)
    assert list(results["needs"]) == ["re-upload", "nothing"]
    assert list(results["outcome"]) == [outcome, "confirmed"]
    assert list(results["error_code"]) == ["", ""]


def test_words_speak_the_language_asked_for():
    """Meaning and next step are Chinese or English; codes, outcomes and needs stay."""
    entry = look_up("VOD.10062", 403)
    how = {A: ended("failed", "VOD.10062", http_status=403)}
    english = finished(load_assets([A]), how, lang="en").iloc[0]
    chinese = finished(load_assets([A]), how, lang="zh").iloc[0]
    assert (english["meaning"], english["next_step"]) == (entry.meaning_en, entry.next_step_en)
    assert (chinese["meaning"], chinese["next_step"]) == (entry.meaning_zh, entry.next_step_zh)
    same = ["outcome", "error_code", "needs", "retryable"]
    assert (
        list(english[same]) == list(chinese[same]) == ["failed", "VOD.10062", "fix the ID", False]
    )


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 100])
def test_rows_are_the_same_however_many_are_made_at_a_time(monkeypatch, at_once):
    """A table of millions is filled piece by piece; no piece slips."""
    expected = six()
    monkeypatch.setattr(results, "_AT_ONCE", at_once)
    pd.testing.assert_frame_equal(six(), expected)
    assert expected["http_status"].isna().tolist() == [False, True, False, False, True, True, True]


def test_usable_assets_are_sent_once_in_order():
    """Each distinct asset of a usable row comes once, in the order of its first row."""
    table = load_assets([B, f" {A}", "inf", B, A, C, ""])
    assert usable_assets(table) == [B, A, C]


# -- to_retry ------------------------------------------------------------------------------------


def test_retry_takes_what_may_still_pass():
    """Not sent, in doubt, and failed where a retry may help; nothing else."""
    again = to_retry(six())
    assert list(again["asset_id"]) == [D, E, F]
    assert set(again["requested_status"]) == {"CREATED"}
    gone = set(RESULT_COLUMNS) - {"requested_status"}
    assert not gone & set(again.columns)
    assert list(again.columns) == ["asset_id", "verdict", "verdict_note", "requested_status"]


@FEWER
@given(runs())
def test_retry_is_the_rows_that_are_open(run):
    """It keeps the index and the user's columns, and takes each open row and no other."""
    results = finished(*run)
    again = to_retry(results)
    is_open = [
        row["outcome"] in {"not_sent", "in_doubt"}
        or (row["outcome"] == "failed" and row["retryable"])
        for row in results.to_dict("records")
    ]
    pd.testing.assert_index_equal(again.index, results.index[is_open])
    assert list(again["asset_id"]) == list(results["asset_id"][is_open])


@FEWER
@given(runs())
def test_retry_can_be_confirmed_again(run):
    """Its results have the columns of the first ones, and no leftover of `to_retry`."""
    table, how = run
    first = finished(table, how)
    again = load_assets(to_retry(first))
    second = finished(again, {}, run_id="run-2")
    assert list(second.columns) == list(first.columns)


@pytest.mark.parametrize("dtype", [str, None])
def test_retry_reads_a_table_that_came_through_pandas(dtype, tmp_path):
    """Whether pandas guessed the dtypes or read texts only, "False" is not taken for true."""
    six().to_csv(tmp_path / "r.csv", index=False)
    read = pd.read_csv(tmp_path / "r.csv", dtype=dtype)
    assert list(to_retry(read)["asset_id"]) == [D, E, F]


def test_retry_with_another_status_is_refused():
    """What was asked for once is not turned into something else; other columns do not matter."""
    again = to_retry(six())
    refuse_other_status(again, Status.CREATED)
    with pytest.raises(InputError, match="status CREATED, and this call asks for CANCELLED"):
        refuse_other_status(again, Status.CANCELLED)
    refuse_other_status(again.drop(columns="requested_status"), Status.CANCELLED)
    refuse_other_status(six(), Status.CANCELLED)
    refuse_other_status(again.assign(requested_status="tomorrow"), Status.CANCELLED)


# -- require_settled, check_is_results -----------------------------------------------------------


def test_unsettled_rows_are_counted_by_outcome_and_code():
    """The error says how many rows of how many, which outcomes and which codes."""
    with pytest.raises(UnsettledError) as caught:
        require_settled(six())
    told = str(caught.value)
    assert told.startswith("5 of 7 rows are not settled: ")
    for part in (
        "1 failed (VOD.10062)",
        "1 failed (VOD.10051)",
        "1 in_doubt (CLIENT.NO_ANSWER)",
        "1 not_sent (CLIENT.STOPPED)",
        "1 invalid (CLIENT.MANGLED)",
        "to_retry",
    ):
        assert part in told


@pytest.mark.parametrize("status", list(Outcome))
def test_each_outcome_is_settled_or_not(status):
    """Only the two good outcomes let a scheduled notebook go on."""
    code = "" if status.is_good else "VOD.10051"
    results = finished(load_assets([A]), {A: ended(status, code)})
    if status.is_good:
        require_settled(results)
    else:
        with pytest.raises(UnsettledError, match=f"1 {status}"):
            require_settled(results)


def test_nothing_is_settled_where_there_is_nothing():
    """A table without rows has no open row."""
    require_settled(finished(load_assets(pd.DataFrame({"asset_id": []})), {}))


@pytest.mark.parametrize("use", [check_is_results, require_settled, to_retry])
def test_what_is_no_results_table_is_refused(use):
    """The message names the type, the missing columns, or the strange outcome."""
    with pytest.raises(InputError, match="A list is no results table"):
        use([A])
    with pytest.raises(InputError, match="has no error_code, meaning"):
        use(six().drop(columns=["meaning", "error_code"]))
    with pytest.raises(InputError, match="outcome holds 'done'"):
        use(six().assign(outcome="done"))


def test_our_names_are_among_the_random_titles():
    """The properties above do meet user columns with names of ours."""
    assert set(TITLES) & set(RESULT_COLUMNS) >= {"outcome", "run_id", "requested_status"}


def test_parts_put_together_have_every_cell_of_the_users():
    """A part whose run says `requested_status` again leaves it out; the whole does not lose it."""
    asked = ["CREATED", "later", "CANCELLED"]
    table = load_assets(
        pd.DataFrame({"asset_id": [*ASSETS[:1], "", *ASSETS[1:2]], "requested_status": asked})
    )
    parts = split_by_status(table, "requested_status")
    told = {
        status: (rows, finished(part, {}, status=status)) for status, (rows, part) in parts.items()
    }
    together = join_parts(table, told)
    assert list(together["requested_status_input"]) == asked
    assert list(together["requested_status"]) == ["CREATED", "CREATED", "CANCELLED"]
    assert list(together.columns)[-len(RESULT_COLUMNS) :] == list(RESULT_COLUMNS)


def test_a_row_is_read_whatever_the_user_keeps_in_it():
    """Numbers become Python's own, a gap is None, and an array in a column of the user's stays."""
    own = [np.array([1, 2]), pd.NaT]
    results = finished(load_assets(pd.DataFrame({"asset_id": list(ASSETS[:2]), "own": own})), {})
    first, second = (row_cells(results.iloc[at]) for at in range(2))
    assert first["asset_id"] == ASSETS[0]
    assert type(first["attempts"]) is int
    assert first["http_status"] is None
    assert list(first["own"]) == [1, 2]
    assert second["own"] is None
