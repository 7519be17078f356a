"""What an answer means: decided on codes, strict about success, never raising."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules import answers
from vodnb.rules.answers import Answer, Fault, FaultKind, Reply, read_answer
from vodnb.rules.codes import all_entries, look_up
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


ODD_CODES = [
    10062, 0, 0.5, True, False, [], ["VOD.10062"], {}, {"a": 1}, " ", "10062", "VOD10062",
    "VOD.99999", "no.such", "CLIENT.CONNECT", "client.dns", "CLIENT.THROTTLED",
]  # fmt: skip


@pytest.mark.parametrize("shape", [
    lambda code: {"error_code": code},
    lambda code: {"errorCode": code, "errorMsg": "why"},
    lambda code: {"error": {"code": code, "message": "why"}},
    lambda code: {"error": {"error_code": code}},
    lambda code: {"error_code": None, "error": {"code": code}},
    lambda code: {"error_code": "", "code": code},
    lambda code: {"code": code, "message": "why"},
], ids=["gateway", "camel", "IAM", "nested", "after null", "after blank", "bare"])  # fmt: skip
@pytest.mark.parametrize("code", ODD_CODES, ids=repr)
def test_a_200_that_tells_of_an_error_is_no_success(shape, code):
    """Though the asset's own ID came back: what the code means nobody knows, so it is a doubt."""
    answer = answered(200, {"asset_id": ASSET, **shape(code)})
    assert answer.kind is AnswerClass.AMBIGUOUS
    assert answer.code


@pytest.mark.parametrize("error", ["it failed", {"message": "it failed"}, {}, [], 1, False])
def test_a_200_with_an_error_of_no_known_shape_is_no_success(error):
    """Whatever stands under `error`, if it is not null or blank."""
    assert answered(200, {"asset_id": ASSET, "error": error}).kind is AnswerClass.AMBIGUOUS


@pytest.mark.parametrize("blank", [None, ""])
@pytest.mark.parametrize("name", ["error_code", "errorCode", "code", "error"])
def test_a_blank_code_is_none(name, blank):
    """Some write the field into every answer."""
    assert answered(200, {"asset_id": ASSET, name: blank}).kind is AnswerClass.DONE


@pytest.mark.parametrize("code", [200, "200"])
def test_a_success_may_repeat_its_status(code):
    """As IAM does in its errors: `code` is then no code of an error."""
    body = {"asset_id": ASSET, "code": code, "message": "OK"}
    assert answered(200, body).kind is AnswerClass.DONE
    assert answered(200, {"asset_id": ASSET, "error_code": code}).kind is AnswerClass.AMBIGUOUS


def test_a_code_of_the_service_counts_wherever_it_stands():
    """A number above it, or a blank, does not hide it."""
    for above in (None, "", 17, "403"):
        body = {"error_code": above, "error": {"code": "VOD.10062", "message": "gone"}}
        assert (answered(403, body).code, answered(403, body).message) == ("VOD.10062", "gone")


@pytest.mark.parametrize("code", ["CLIENT.CONNECT", "client.not_sent", "CLIENT.THROTTLED"])
def test_no_server_speaks_with_our_codes(code):
    """One of ours would say that nothing has left; without a true code the status decides."""
    answer = answered(500, {"error_code": code})
    assert (answer.kind, answer.code) == (AnswerClass.AMBIGUOUS, "CLIENT.NO_CODE")


ALLOWED_BY_CODE = {
    AnswerClass.PERMANENT, AnswerClass.REJECTED, AnswerClass.GLOBAL, AnswerClass.AMBIGUOUS,
}  # fmt: skip
codes_of_all_kinds = st.one_of(
    st.sampled_from([entry.code for entry in all_entries()]),
    st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(min_size=1, max_size=12), st.lists(st.text(max_size=4), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)  # fmt: skip


@given(
    code=codes_of_all_kinds,
    key=st.sampled_from(["error_code", "errorCode"]),
    more=st.dictionaries(st.sampled_from(["error_msg", "code", "error", "request_id"]),
                         st.none() | st.text(max_size=6)),
)  # fmt: skip
def test_no_code_and_our_id_make_a_success(code, key, more):
    """A known code of the service decides by its class; anything else is a doubt."""
    answer = answered(200, {"asset_id": ASSET, **more, key: code})
    is_known = isinstance(code, str) and look_up(code).is_known and not code.startswith("CLIENT.")
    expected = {look_up(code, 200).answer} if is_known else {AnswerClass.AMBIGUOUS}
    assert answer.kind in expected & ALLOWED_BY_CODE
