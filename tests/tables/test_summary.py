"""The summary: counts that add up, in words, in both languages, harmless as HTML."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from made_tables import ASSETS, FEWER, finished, runs

from vodnb.rules.codes import look_up
from vodnb.rules.errors import InputError
from vodnb.rules.model import Needs, Outcome, Settlement
from vodnb.tables.read import load_assets
from vodnb.tables.summary import summary

A, B, C, D, E, F = ASSETS
HOSTILE = "X.1<img src=x onerror=alert(1)>\x1b[2J"


def mixed(**more: Settlement) -> pd.DataFrame:
    """Return results of seven rows, two of them with one code, one invalid."""
    how = {
        A: Settlement(outcome=Outcome.CONFIRMED, http_status=200),
        B: Settlement(outcome=Outcome.FAILED, code="VOD.10062", http_status=403),
        C: Settlement(outcome=Outcome.FAILED, code="VOD.10126", http_status=403),
        D: Settlement(outcome=Outcome.FAILED, code="VOD.10126", http_status=403),
        E: Settlement(outcome=Outcome.IN_DOUBT, code="CLIENT.NO_ANSWER"),
        **more,
    }
    return finished(load_assets([B, E, A, C, F, D, "inf"]), how)


@FEWER
@given(runs())
def test_counts_add_up(run):
    """Every row is counted once: over the outcomes, and over the lines."""
    results = finished(*run)
    told = summary(results)
    assert told.rows == len(results) == sum(told.counts.values())
    assert sum(line.rows for line in told.lines) == len(results)
    assert told.counts == {
        outcome.value: int(results["outcome"].eq(outcome.value).sum()) for outcome in Outcome
    }
    pairs = results.groupby(["outcome", "error_code"]).size().to_dict()
    found: dict[tuple[str, str], int] = {}
    for line in told.lines:
        key = (line.outcome.value, line.code)
        found[key] = found.get(key, 0) + line.rows
    assert found == pairs


def test_lines_are_in_the_order_of_outcomes_then_of_size():
    """Good news first, then what is worse; of one outcome the most frequent code first."""
    lines = summary(mixed()).lines
    assert [(line.outcome, line.code, line.rows) for line in lines] == [
        ("confirmed", "", 1),
        ("failed", "VOD.10126", 2),
        ("failed", "VOD.10062", 1),
        ("in_doubt", "CLIENT.NO_ANSWER", 1),
        ("not_sent", "CLIENT.STOPPED", 1),
        ("invalid", "CLIENT.MANGLED", 1),
    ]
    assert [line.needs for line in lines] == [
        Needs.NOTHING if line.code == "" else look_up(line.code).needs for line in lines
    ]


def test_text_says_counts_codes_and_what_to_do():
    """The text form is a sentence, then each code with meaning, next step and who must act."""
    told = repr(summary(mixed()))
    entry = look_up("VOD.10126", 403)
    assert told.splitlines()[0] == (
        "7 rows: 1 confirmed, 3 failed, 1 in doubt, 1 not sent, 1 invalid."
    )
    assert f"       2  failed · VOD.10126 · {entry.needs}\n" in told
    assert f"          {entry.meaning_en}\n          → {entry.next_step_en}" in told
    assert "confirmed ·" not in told


def test_chinese_is_chinese_throughout():
    """Every sentence and word is Chinese; only codes stay."""
    told = summary(mixed(), lang="zh")
    assert told.headline == "共 7 行：1 已确认，3 失败，1 存疑，1 未发送，1 无效行。"
    entry = look_up("VOD.10126", 403)
    bundle = told._repr_mimebundle_()
    for text in bundle.values():
        assert entry.meaning_zh in text
        assert entry.next_step_zh in text
        assert "更正媒资ID" in text
    assert '<div lang="zh">' in bundle["text/html"]
    words = re.sub(r"<[^>]*>", " ", bundle["text/html"])
    assert not re.search(r"\b(failed|confirmed|rows|next step|meaning)\b", words)


def test_html_has_a_row_for_each_line():
    """The notebook form has the sentence, a header and one row of a table for each line."""
    bundle = summary(mixed())._repr_mimebundle_(include=None, exclude=None)
    html = bundle["text/html"]
    assert bundle["text/plain"] == repr(summary(mixed()))
    assert "7 rows: 1 confirmed, 3 failed" in html
    assert html.count("<tr>") == 1 + 6
    assert re.search(r"<td[^>]*>VOD\.10062</td>", html)
    for title in ("outcome", "error code", "rows", "needs", "meaning", "next step"):
        assert re.search(rf"<th[^>]*>{title}</th>", html)


def test_hostile_code_does_no_harm():
    """A code is the server's text: escaped in HTML, and its control characters spelled out."""
    results = mixed(**{F: Settlement(outcome=Outcome.FAILED, code=HOSTILE, http_status=400)})
    html = summary(results)._repr_mimebundle_()["text/html"]
    assert "<img" not in html
    assert "X.1&lt;img src=x onerror=alert(1)&gt;\x1b[2J" in html
    assert "\x1b" not in repr(summary(results))
    assert r"onerror=alert(1)>\x1b[2J'" in repr(summary(results))


def test_meaning_is_that_of_the_http_status():
    """A code that means two things by status is explained by the rows' own status."""
    statuses = look_up("APIGW.0201", 413), look_up("APIGW.0201", 504)
    assert statuses[0].meaning_en != statuses[1].meaning_en
    for entry, status in zip(statuses, (413, 504), strict=True):
        how = {A: Settlement(outcome=Outcome.FAILED, code="APIGW.0201", http_status=status)}
        assert summary(finished(load_assets([A]), how)).lines[0].meaning == entry.meaning_en


@pytest.mark.parametrize(("lang", "words"), [("en", "No rows."), ("zh", "没有数据行。")])
def test_empty_table_says_so(lang, words):
    """A table without rows has counts of zero and one plain sentence."""
    told = summary(finished(load_assets(pd.DataFrame({"asset_id": []})), {}), lang=lang)
    assert repr(told) == words
    assert set(told.counts.values()) == {0}
    assert words in told._repr_mimebundle_()["text/html"]


def test_failed_transcoding_is_not_lost_among_the_confirmed():
    """Confirmed rows whose file must come anew have a line of their own, in text as well."""
    broken = Settlement(outcome=Outcome.CONFIRMED, state_after="TRANSCODE_FAILED")
    told = summary(mixed(**{F: broken}))
    good = [(line.rows, line.needs) for line in told.lines if line.outcome is Outcome.CONFIRMED]
    assert sorted(good) == [(1, Needs.NOTHING), (1, Needs.RE_UPLOAD)]
    assert told.counts["confirmed"] == 2
    assert "       1  confirmed · re-upload\n" in repr(told)


@pytest.mark.parametrize("options", [{}, {"dtype": str}, {"dtype": str, "keep_default_na": False}])
def test_table_that_came_through_pandas_is_summed_up_alike(options, tmp_path):
    """However pandas reads the texts, gaps and numbers back, no row is left out."""
    mixed().to_csv(tmp_path / "r.csv", index=False)
    read = pd.read_csv(tmp_path / "r.csv", **options)
    assert repr(summary(read)) == repr(summary(mixed()))


def test_what_is_no_results_table_is_refused():
    """A table that was only loaded has no outcome to sum up."""
    with pytest.raises(InputError, match="no results table: it has no outcome"):
        summary(load_assets([A]))
