"""The error catalogue: complete, well formed, and words for any code whatever."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import replace
from html import unescape
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules.codes import all_entries, look_up
from vodnb.rules.errors import InputError
from vodnb.rules.model import AnswerClass, Needs
from vodnb.rules.words.explanation import Explanation, explain

COLUMNS = [
    *("code", "http_status", "kind", "retryable", "answer", "needs"),
    *("meaning_en", "meaning_zh", "next_step_en", "next_step_zh"),
]
SERVICE_KINDS = {"auth", "permission", "account", "param", "not_found", "state", "quota",
                 "throttle", "server"}  # fmt: skip
VOD = {10003, *range(10051, 10112), *range(10113, 10139)}
VST = {10001, 10002, 10004}
APIGW = {
    *(101, 103, 104, 105, 106, 201, 204, *range(301, 309), 310, 311, 401, 402, 404),
    *(501, 502, 601, 602, *range(605, 614), 705, 802, 1009),
}
IAM = {*range(1, 8), 9, 11, 12, 20, *range(61, 68), 72, 73, *range(80, 84), *range(1101, 1110)}
OURS = {
    **dict.fromkeys(("EMPTY", "MANGLED", "NOT_AN_ID"), ("permanent", "fix the ID", False)),
    "RAGGED": ("permanent", "fix the ID", False),
    "STATE": ("permanent", "look", False),
    "STOPPED": ("not_sent", "retry", True),
    "FAULT": ("not_sent", "retry", True),
    "DRY_RUN": ("not_sent", "retry", True),
    "CANARY": ("not_sent", "retry", True),
    "CONNECT": ("not_sent", "retry", True),
    "DNS": ("not_sent", "administrator", True),
    "TLS": ("global", "administrator", False),
    "NO_ANSWER": ("ambiguous", "look", True),
    "BAD_ANSWER": ("ambiguous", "look", True),
    "MISMATCH": ("ambiguous", "look", True),
    "NO_EFFECT": ("permanent", "retry", True),
    "REDIRECT": ("global", "administrator", False),
    "PROXY": ("global", "administrator", False),
    "THROTTLED": ("rejected", "wait", True),
    "SIGN_IN": ("global", "administrator", False),
    "NO_CODE": ("ambiguous", "look", True),
    "NO_READ": ("permanent", "administrator", False),
    "JOURNAL": ("not_sent", "retry", True),
    "ELSEWHERE": ("permanent", "nothing", False),
    "NO_REGISTRY": ("permanent", "administrator", False),
    "UNREAD": ("not_sent", "retry", True),
    "DISAGREES": ("ambiguous", "look", True),
}
SERVICE_CODES = (
    {f"VOD.{number}" for number in VOD}
    | {f"VST.{number}" for number in VST}
    | {f"APIGW.{number:04}" for number in APIGW}
    | {f"IAM.{number:04}" for number in IAM}
)
ALLOWS = {
    "VOD.10062": ("permanent", "fix the ID"),
    "VOD.10126": ("permanent", "look"),
    "VOD.10111": ("permanent", "administrator"),
    "VOD.10083": ("permanent", "wait"),
    **dict.fromkeys(("VOD.10127", "APIGW.0308", "IAM.0012"), ("rejected", "wait")),
    **dict.fromkeys(("VOD.10051", "VOD.10052", "VST.10002"), ("ambiguous", "retry")),
    **dict.fromkeys(("VOD.10054", "VOD.10074", "VOD.10120"), ("global", "administrator")),
    **dict.fromkeys(("APIGW.0101", "APIGW.0301", "APIGW.0307"), ("global", "administrator")),
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ANY_CODE = st.text() | st.sampled_from(sorted(SERVICE_CODES)) | st.from_regex(r"[A-Z]+\.[0-9]+")
ANY_STATUS = st.none() | st.integers()


def _table() -> list[dict[str, str]]:
    text = files("vodnb.rules").joinpath("error_codes.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


ROWS = _table()


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['code']}-{row['http_status']}" for row in ROWS])
class TestEachRow:
    """What holds for every line of the table."""

    def test_is_well_formed(self, row):
        """A row has the ten columns, and a word that we know in each that has a fixed choice."""
        assert list(row) == COLUMNS
        assert re.fullmatch(r"(VOD|VST|APIGW|IAM|CLIENT)\.([0-9A-Z_]+|\*)|\*", row["code"])
        assert re.fullmatch(r"([1-5][0-9]{2}(\|[1-5][0-9]{2})*)?", row["http_status"])
        assert row["kind"] in SERVICE_KINDS | {"client"}
        assert row["retryable"] in {"yes", "no"}
        assert row["answer"] in set(AnswerClass) - {AnswerClass.DONE}
        assert row["needs"] in set(Needs)
        assert (row["kind"] == "client") == row["code"].startswith("CLIENT.")

    def test_speaks_both_languages(self, row):
        """Meaning and next step are whole sentences in English and in Chinese."""
        for column in ("meaning_en", "next_step_en"):
            assert re.fullmatch(r"[A-Za-z][ -~]+\.", row[column]), column
        for column in ("meaning_zh", "next_step_zh"):
            assert CHINESE.search(row[column]), column
            assert row[column].endswith("。"), column

    def test_writes_chinese_with_chinese_punctuation(self, row):
        """No half-width comma, stop, colon or question mark follows a Chinese character."""
        for column in ("meaning_zh", "next_step_zh"):
            assert not re.search(r"[\u4e00-\u9fff][,.;:!?()]", row[column]), column

    def test_has_no_stray_blanks(self, row):
        """No cell begins or ends with a blank, holds two in a row, or a line break."""
        for column, value in row.items():
            assert value == " ".join(value.split()), column

    def test_asks_for_what_fits_the_answer(self, row):
        """A throttled or unsent row can be sent again; a settled no never asks for a retry."""
        waits = row["needs"] in {Needs.RETRY, Needs.WAIT}
        if waits or row["answer"] in {AnswerClass.REJECTED, AnswerClass.NOT_SENT}:
            assert row["retryable"] == "yes"
        if row["needs"] in {Needs.FIX_THE_ID, Needs.RE_UPLOAD}:
            assert (row["answer"], row["retryable"]) == (AnswerClass.PERMANENT, "no")
        if row["kind"] == "throttle":
            assert (row["answer"], row["needs"]) == (AnswerClass.REJECTED, Needs.WAIT)
        if row["kind"] in {"auth", "account"} and not row["code"].endswith("*"):
            assert row["answer"] == AnswerClass.GLOBAL


def test_the_table_is_plain_utf8():
    """The file has no byte order mark and no carriage return."""
    raw = files("vodnb.rules").joinpath("error_codes.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw


def test_a_code_and_a_status_name_one_row():
    """No two rows claim the same code with the same HTTP status."""
    keys = [(row["code"], status) for row in ROWS for status in row["http_status"].split("|")]
    assert [key for key, times in Counter(keys).items() if times > 1] == []


def test_every_documented_code_is_in_the_table():
    """The service's codes are exactly those that the public pages list: 88, 3, 36 and 33."""
    listed = {entry.code for entry in all_entries() if entry.kind != "client"}
    assert listed == SERVICE_CODES
    assert all(entry.is_known for entry in all_entries())
    assert [len(family) for family in (VOD, VST, APIGW, IAM)] == [88, 3, 36, 33]


def test_our_own_codes_are_in_the_table():
    """Each code of ours has the answer class and the need that the run relies on."""
    ours = {
        entry.code.removeprefix("CLIENT."): (entry.answer, entry.needs, entry.retryable)
        for entry in all_entries()
        if entry.kind == "client"
    }
    assert ours == OURS


@pytest.mark.parametrize("code", ALLOWS)
def test_a_code_says_what_it_allows(code):
    """Throttling, doubt, a bad ID and a bad sign-in are told apart by code alone."""
    entry = look_up(code)
    assert (entry.answer, entry.needs) == ALLOWS[code]


def test_the_http_status_does_not_change_what_a_code_means():
    """VOD.10062 is the same with each documented status, and with any other."""
    assert look_up("VOD.10062").http_statuses == (404, 403, 400)
    assert {look_up("VOD.10062", status) for status in (None, 404, 403, 400, 200, 429, 401)} == {
        look_up("VOD.10062")
    }


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        *((status, "permanent") for status in (400, 413, 414, 494)),
        *((status, "ambiguous") for status in (500, 502, 504)),
    ],
)
def test_the_gateways_catch_all_is_told_apart_by_status(status, answer):
    """APIGW.0201 has a row of its own for each status."""
    entry = look_up("APIGW.0201", status)
    assert entry.http_statuses == (status,)
    assert entry.answer == answer


@pytest.mark.parametrize("status", [None, 403, 503])
def test_the_gateways_catch_all_without_its_status_stays_in_doubt(status):
    """APIGW.0201 with a status that no page names is never taken for a definite no."""
    entry = look_up("APIGW.0201", status)
    assert entry.is_known
    assert entry.answer is AnswerClass.AMBIGUOUS


@pytest.mark.parametrize("number", sorted(APIGW))
def test_both_spellings_of_the_gateway_are_one(number):
    """APIG. and APIGW. bring the same entry, each under the code that was asked for."""
    theirs, ours = look_up(f"APIG.{number:04}", 500), look_up(f"APIGW.{number:04}", 500)
    assert (theirs.code, ours.code) == (f"APIG.{number:04}", f"APIGW.{number:04}")
    assert replace(theirs, code=ours.code) == ours
    assert theirs.is_known


def test_case_and_blanks_do_not_matter():
    """A code copied with blanks or in lower case is found."""
    assert look_up(" vod.10062\n") == look_up("VOD.10062")
    assert look_up("apig.0308").code == "APIG.0308"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("VOD.99999", "VOD answered"),
        ("VOD.100021010", "VOD answered"),
        ("VST.10099", "VST code"),
        ("APIGW.9999", "API gateway"),
        ("APIG.9999", "API gateway"),
        ("IAM.9999", "IAM, which"),
        ("VOD.", "This code"),
        ("VOD.1006٢", "This code"),
        ("CLIENT.NEW", "This code"),
        ("VOD.*", "This code"),
        ("*", "This code"),
        ("", "This code"),
    ],
)
def test_an_unknown_code_gets_the_words_of_its_family(code, says):
    """Whatever is not in the table is said to be unknown, stays in doubt, and keeps its code."""
    entry = look_up(code)
    assert says in entry.meaning("en")
    assert not entry.is_known
    assert entry.code == code
    assert (entry.answer, entry.retryable, entry.needs) == (AnswerClass.AMBIGUOUS, True, Needs.LOOK)
    assert "request ID" in entry.next_step("en")
    assert "请求ID" in entry.next_step("zh")


@pytest.mark.parametrize("code", ["VOD.99999", "APIGW.9999", "IAM.9999", "nonsense", ""])
def test_an_unknown_code_falls_back_to_the_status(code):
    """429 is throttling and 401 a refused sign-in whatever the unknown code is."""
    throttled, refused = look_up(code, 429), look_up(code, 401)
    assert (throttled.answer, throttled.needs) == (AnswerClass.REJECTED, Needs.WAIT)
    assert (refused.answer, refused.needs) == (AnswerClass.GLOBAL, Needs.ADMINISTRATOR)
    assert not throttled.is_known
    assert not refused.is_known
    assert look_up(code, 403).answer is AnswerClass.AMBIGUOUS


@given(code=ANY_CODE, status=ANY_STATUS)
def test_looking_up_never_fails(code, status):
    """Any text with any status has an entry with words in both languages, under its own code."""
    entry = look_up(code, status)
    assert entry.code == code.strip().upper()
    assert all(entry.meaning(lang) and entry.next_step(lang) for lang in ("en", "zh"))


@given(code=ANY_CODE, status=ANY_STATUS)
def test_looking_up_twice_says_the_same(code, status):
    """The answer depends on code and status alone, and a normalised code changes nothing."""
    assert look_up(look_up(code, status).code, status) == look_up(code, status)


@given(status=ANY_STATUS, code=st.sampled_from(sorted(SERVICE_CODES)))
def test_a_known_code_stays_known_with_any_status(code, status):
    """No status turns a documented code into an unknown one."""
    assert look_up(code, status).is_known


def test_an_explanation_in_english_says_everything():
    """In a terminal: code, statuses, meaning, whether a retry helps, next step, who must act."""
    entry = look_up("VOD.10062")
    assert repr(explain("vod.10062")) == (
        "VOD.10062\n"
        "  HTTP status: 404 / 403 / 400\n"
        f"  Meaning: {entry.meaning_en}\n"
        "  Retry: No, not before something has changed.\n"
        f"  Next step: {entry.next_step_en}\n"
        "  Who must act: you: correct the ID"
    )


def test_an_explanation_in_chinese_says_everything():
    """The same in Chinese, with Chinese punctuation."""
    entry = look_up("APIG.0308")
    assert repr(explain("APIG.0308", lang="zh")) == (
        "APIG.0308\n"
        "  HTTP状态码：429\n"
        f"  含义：{entry.meaning_zh}\n"
        "  重试：有用，稍后重新发送有可能成功。\n"
        f"  下一步：{entry.next_step_zh}\n"
        "  由谁处理：无需处理：等待一段时间后重新发送"
    )


def test_an_explanation_takes_the_status_into_account():
    """APIGW.0201 with 504 explains a timeout, with 413 a long body; our codes name no status."""
    assert "did not answer in time" in repr(explain("APIGW.0201", 504))
    assert "12 MB" in repr(explain("APIGW.0201", 413))
    assert "HTTP status: none of its own" in repr(explain("CLIENT.NO_ANSWER"))
    assert "HTTP状态码：无固定状态码" in repr(explain("CLIENT.NO_ANSWER", lang="zh"))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("entry", all_entries(), ids=lambda entry: entry.code)
def test_every_code_can_be_explained(entry, lang):
    """Each entry shows its own words in both languages, as text and as HTML."""
    explanation = Explanation(entry=entry, lang=lang)
    bundle = explanation._repr_mimebundle_()
    assert bundle["text/plain"] == repr(explanation)
    assert f"{entry.meaning(lang)}\n" in bundle["text/plain"]
    assert f"{entry.next_step(lang)}\n" in bundle["text/plain"]
    shown = _text(bundle["text/html"])
    assert entry.code in shown
    assert entry.meaning(lang) in shown
    assert entry.next_step(lang) in shown


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("10062", "VOD.10062"),
        ("vod10062", "VOD.10062"),
        ("VOD-10062", "VOD.10062"),
        ("VOD. 10062", "VOD.10062"),
        ("0308", "APIGW.0308"),
        ("0201", "APIGW.0201"),
    ],
)
def test_a_misspelt_code_is_explained_and_a_known_one_named(asked, meant):
    """A code that looks close is said to be unknown, with the code that may be meant."""
    shown = repr(explain(asked))
    assert f"Did you mean: {meant}\n" in shown
    assert "not in the table" in shown
    assert f"您要找的是不是：{meant}\n" in repr(explain(asked, lang="zh"))


@pytest.mark.parametrize("asked", ["VOD.99999", "x", "!", "62", "EMPTY"])
def test_nothing_is_suggested_without_likeness(asked):
    """A code that resembles none is explained without a guess."""
    shown = repr(explain(asked))
    assert "Did you mean" not in shown
    assert "not in the table" in shown


@pytest.mark.parametrize("bad", [10062, None, b"VOD.10062", "", " \n"])
def test_what_is_no_code_is_refused_with_help(bad):
    """A number, nothing or blanks raise an error that shows the value and how to ask."""
    with pytest.raises(InputError) as caught:
        explain(bad)
    assert repr(bad) in str(caught.value)
    assert "vodnb.explain('VOD.10062')" in str(caught.value)


def test_the_bundle_gives_only_what_is_asked_for():
    """Jupyter may include or exclude kinds of display."""
    explanation = explain("VOD.10062")
    assert set(explanation._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert set(explanation._repr_mimebundle_(include=["text/html"])) == {"text/html"}
    assert set(explanation._repr_mimebundle_(exclude=["text/html"])) == {"text/plain"}


def test_a_hostile_code_cannot_become_markup():
    """A code out of a file or from a server is shown as text, never as a tag."""
    html = explain("<script>alert('x')</script>")._repr_mimebundle_()["text/html"]
    assert "<SCRIPT" not in html.upper()
    assert "<SCRIPT>ALERT('X')</SCRIPT>" in _text(html)


def test_a_hostile_code_cannot_steer_the_terminal():
    """Escape characters in a code are shown spelt out."""
    explanation = explain("VOD\x1b[2J\n.1")
    assert "\x1b" not in repr(explanation)
    assert r"\x1b" in repr(explanation)
    assert "\x1b" not in explanation._repr_mimebundle_()["text/html"]


@given(code=ANY_CODE.filter(str.strip), status=ANY_STATUS, lang=st.sampled_from(["en", "zh"]))
def test_any_code_can_be_explained(code, status, lang):
    """Any text that is not blank is explained; its HTML holds nothing but a table's tags."""
    bundle = explain(code, status, lang=lang)._repr_mimebundle_()
    assert _tags(bundle["text/html"]) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


def _text(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def _tags(html: str) -> set[str]:
    return set(re.findall(r"</?([^ >]*)", html))
