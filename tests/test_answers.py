"""What an answer means: decided on codes, strict about success, never raising."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules import answers
from vodnb.rules.answers import Answer, Fault, FaultKind, Reply, read_answer
from vodnb.rules.model import AnswerClass
from vodnb.rules.operations import CONFIRM, INFO, TOKEN

ASSET = "0123456789abcdef0123456789abcdef"
SENT = {"asset_id": ASSET, "status": "CREATED"}


def answered(status: int, body: object, **headers: str) -> Answer:
    """Return what an answer to a confirm call comes to."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = Reply(status=status, body=raw, headers=headers)
    return read_answer(CONFIRM, reply, sent=SENT)


def test_the_same_asset_id_in_a_200_is_done():
    """Only status 200, JSON, and the asset ID that was sent make a success."""
    answer = answered(200, {"asset_id": ASSET}, **{"x-request-id": "r-1"})
    assert (answer.kind, answer.code, answer.request_id) == (AnswerClass.DONE, "", "r-1")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"asset_id": "f" * 32}, "CLIENT.MISMATCH"),
        ({"asset_id": 7}, "CLIENT.MISMATCH"),
        ({"asset_id": None}, "CLIENT.MISMATCH"),
        ({}, "CLIENT.BAD_ANSWER"),
        ([ASSET], "CLIENT.BAD_ANSWER"),
        (None, "CLIENT.BAD_ANSWER"),
        (b"", "CLIENT.BAD_ANSWER"),
        (b"<html><title>Sign in</title></html>", "CLIENT.BAD_ANSWER"),
        (b'{"asset_id": "\xff\xfe"}', "CLIENT.BAD_ANSWER"),
        (b'{"asset_id": NaN}', "CLIENT.BAD_ANSWER"),
        (f'{{"asset_id": "x", "asset_id": "{ASSET}"}}'.encode(), "CLIENT.BAD_ANSWER"),
        (b"[" * 100_000, "CLIENT.BAD_ANSWER"),
    ],
)
def test_a_200_that_does_not_name_the_asset_is_ambiguous(body, code):
    """A 200 from a proxy, cut, garbled or about another asset never counts as a success."""
    answer = answered(200, body)
    assert (answer.kind, answer.code) == (AnswerClass.AMBIGUOUS, code)


def test_an_error_within_errors_without_end_is_no_error(monkeypatch):
    """However deep the parser went, reading what it found never raises."""
    found: object = "the end"
    for _ in range(50_000):
        found = {"error": found}
    monkeypatch.setattr(answers, "_parse", lambda _body: found)
    assert answered(500, b"{}").code == "CLIENT.NO_CODE"


def test_a_body_that_was_cut_is_ambiguous():
    """A body longer than the limit is not read as JSON, however well it begins."""
    body = json.dumps({"asset_id": ASSET}).encode()
    answer = read_answer(CONFIRM, Reply(status=200, body=body, is_cut=True), sent=SENT)
    assert answer.code == "CLIENT.BAD_ANSWER"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "VOD.10062", AnswerClass.PERMANENT),
        (404, "VOD.10062", AnswerClass.PERMANENT),
        (200, "VOD.10062", AnswerClass.PERMANENT),
        (403, "VOD.10126", AnswerClass.PERMANENT),
        (403, "VOD.10127", AnswerClass.REJECTED),
        (429, "APIGW.0308", AnswerClass.REJECTED),
        (429, "APIG.0308", AnswerClass.REJECTED),
        (403, "VOD.10051", AnswerClass.AMBIGUOUS),
        (500, "VOD.10051", AnswerClass.AMBIGUOUS),
        (504, "APIGW.0201", AnswerClass.AMBIGUOUS),
        (413, "APIGW.0201", AnswerClass.PERMANENT),
        (401, "APIGW.0307", AnswerClass.GLOBAL),
        (403, "VOD.10054", AnswerClass.GLOBAL),
        (403, "VOD.10120", AnswerClass.GLOBAL),
        (404, "APIGW.0101", AnswerClass.GLOBAL),
        (403, "VOD.99999", AnswerClass.AMBIGUOUS),
    ],
)
def test_the_code_decides_and_not_the_status(status, code, kind):
    """The same 403 is a wrong ID, throttling, an internal fault or a lost sign-in, by code."""
    answer = answered(status, {"error_code": code, "error_msg": "why"})
    assert (answer.kind, answer.code, answer.message) == (kind, code, "why")


@pytest.mark.parametrize(
    "body",
    [
        {"error_code": "VOD.10062", "error_msg": "gone"},
        {"errorCode": "VOD.10062", "errorMsg": "gone"},
        {"code": "VOD.10062", "message": "gone"},
        {"error": {"code": "VOD.10062", "message": "gone"}},
    ],
)
def test_every_shape_of_error_body_is_read(body):
    """The gateway, VOD and IAM write their errors in different shapes."""
    assert (answered(403, body).code, answered(403, body).message) == ("VOD.10062", "gone")


def test_a_request_id_in_the_body_is_used_where_the_header_has_none():
    """The request ID is what support asks for first."""
    body = {"error_code": "VOD.10062", "error_msg": "", "request_id": "r-2"}
    assert answered(403, body).request_id == "r-2"


@pytest.mark.parametrize(
    ("status", "body", "code", "kind"),
    [
        (302, b"", "CLIENT.REDIRECT", AnswerClass.GLOBAL),
        (401, b"", "CLIENT.SIGN_IN", AnswerClass.GLOBAL),
        (407, b"", "CLIENT.PROXY", AnswerClass.GLOBAL),
        (429, b"slow down", "CLIENT.THROTTLED", AnswerClass.REJECTED),
        (502, b"<html>Bad gateway</html>", "CLIENT.BAD_ANSWER", AnswerClass.AMBIGUOUS),
        (204, b"", "CLIENT.BAD_ANSWER", AnswerClass.AMBIGUOUS),
        (500, b'{"detail": "?"}', "CLIENT.NO_CODE", AnswerClass.AMBIGUOUS),
        (500, b'{"error": "text"}', "CLIENT.NO_CODE", AnswerClass.AMBIGUOUS),
        (500, b'{"error_code": 17}', "CLIENT.NO_CODE", AnswerClass.AMBIGUOUS),
    ],
)
def test_without_a_code_the_status_is_the_last_resort(status, body, code, kind):
    """Redirects, proxies and throttling are told apart even where nobody names a code."""
    answer = answered(status, body)
    assert (answer.kind, answer.code) == (kind, code)


def test_iam_repeats_the_status_where_a_code_should_stand():
    """IAM's `"code": 401` is no code; its words are kept."""
    body = {"error": {"code": 401, "message": "The username or password is wrong."}}
    reply = Reply(status=401, body=json.dumps(body).encode())
    answer = read_answer(TOKEN, reply, sent={})
    assert (answer.kind, answer.code) == (AnswerClass.GLOBAL, "CLIENT.SIGN_IN")
    assert answer.message == "The username or password is wrong."


def test_what_answered_is_shown_without_its_markup():
    """A login page shows as its words, so that a person sees what it is."""
    page = b"<html><script>steal()</script><title>Please  sign in</title></html>"
    answer = answered(200, page, **{"content-type": "text/html"})
    assert answer.message == "HTTP 200, text/html: Please sign in"


@pytest.mark.parametrize(
    ("kind", "code", "allows"),
    [
        (FaultKind.DNS, "CLIENT.DNS", AnswerClass.NOT_SENT),
        (FaultKind.TLS, "CLIENT.TLS", AnswerClass.GLOBAL),
        (FaultKind.CONNECT, "CLIENT.CONNECT", AnswerClass.NOT_SENT),
        (FaultKind.NO_ANSWER, "CLIENT.NO_ANSWER", AnswerClass.AMBIGUOUS),
        (FaultKind.BAD_ANSWER, "CLIENT.BAD_ANSWER", AnswerClass.AMBIGUOUS),
    ],
)
def test_a_fault_allows_what_its_place_proves(kind, code, allows):
    """Only what provably never left may be sent again freely."""
    answer = read_answer(CONFIRM, Fault(kind=kind, detail="why", elapsed_ms=5), sent=SENT)
    assert (answer.kind, answer.code, answer.message) == (allows, code, "why")
    assert (answer.http_status, answer.elapsed_ms) == (None, 5)


def test_a_state_answer_needs_its_array():
    """asset/info succeeds only where the array of assets is there."""
    done = read_answer(INFO, Reply(status=200, body=b'{"asset_info_array": []}'), sent={})
    bad = read_answer(INFO, Reply(status=200, body=b'{"assets": []}'), sent={})
    assert (done.kind, bad.code) == (AnswerClass.DONE, "CLIENT.BAD_ANSWER")


@given(status=st.integers(100, 599), body=st.binary(max_size=200))
def test_no_bytes_make_a_success_by_chance(status, body):
    """Whatever comes back, reading it never raises, and only the asset's own ID is a success."""
    answer = read_answer(CONFIRM, Reply(status=status, body=body), sent=SENT)
    assert answer.kind is not AnswerClass.DONE
    assert answer.code
