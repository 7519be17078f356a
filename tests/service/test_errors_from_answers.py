"""An answer amounts to the right error, and a wrong clock is named."""

from __future__ import annotations

import asyncio
import pickle
from dataclasses import replace
from email.utils import formatdate

import pytest
from scripted_http import (
    CONFIRMED,
    KEY,
    NOW,
    PROJECT,
    client_of,
    confirm,
    refusal,
)

from vodnb.rules.answers import Fault, FaultKind, Reply
from vodnb.rules.errors import (
    AccountError,
    BusyError,
    NoAnswerError,
    RowError,
    SetupError,
    SignInError,
)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(960, "16 minutes ahead"), (-960, "16 minutes behind"), (200, ""), (None, "")],
)
def test_a_clock_that_is_off_is_named(ahead, words):
    """A refused signature is compared with the server's Date."""
    headers = {} if ahead is None else {"date": formatdate(NOW - ahead, usegmt=True)}
    client = client_of(refusal(401, "APIGW.0301", "signature expired", **headers), credential=KEY)
    message = confirm(client).message
    assert words in message
    assert ("clock" in message) == bool(words)


@pytest.mark.parametrize("date", ["nonsense", "Mon, 99 Zzz 2024 00:00:00 GMT", ""])
def test_a_date_that_is_none_says_nothing_of_the_clock(date):
    """Garbage in a header is passed over."""
    client = client_of(refusal(401, "APIGW.0301", "bad", date=date), credential=KEY)
    assert confirm(client).message == "bad"


def test_the_clock_is_named_for_refused_signatures_only():
    """Neither for other refusals, nor for tokens, nor for a success."""
    old = {"date": formatdate(NOW - 5000, usegmt=True)}
    not_found = refusal(403, "VOD.10062", "gone", **old)
    assert confirm(client_of(not_found, credential=KEY)).message == "gone"
    assert confirm(client_of(refusal(401, "APIGW.0301", "no", **old))).message == "no"
    fine = replace(CONFIRMED, headers={**CONFIRMED.headers, **old})
    assert confirm(client_of(fine, credential=KEY)).message == ""


@pytest.mark.parametrize(
    ("got", "error", "words"),
    [
        (refusal(401, "APIGW.0301", x_request_id="r9"), SignInError, "r9"),
        (refusal(403, "APIGW.0302"), SignInError, "APIGW.0302"),
        (refusal(403, "VOD.10056"), AccountError, "VOD.10056"),
        (refusal(429, "APIGW.0308"), BusyError, "APIGW.0308"),
        (refusal(403, "VOD.10127"), BusyError, "VOD.10127"),
        (refusal(403, "VOD.10051"), BusyError, "VOD.10051"),
        (refusal(403, "VOD.10062"), RowError, PROJECT),
        (refusal(404, "APIGW.0101"), SetupError, "endpoint https://vod.cn-north-4"),
        (Fault(kind=FaultKind.DNS, detail="unknown"), SetupError, "region cn-north-4"),
        (Fault(kind=FaultKind.TLS, detail="self-signed"), SetupError, "ca_bundle none"),
        (Fault(kind=FaultKind.CONNECT, detail="refused"), SetupError, "proxy none"),
        (Fault(kind=FaultKind.NO_ANSWER, detail="silence"), NoAnswerError, "silence"),
        (Reply(status=200, body=b"<html>"), NoAnswerError, "vod.cn-north-4"),
        (Reply(status=302, headers={"location": "x"}), SetupError, "CLIENT.REDIRECT"),
        (Reply(status=401, body=b"{}"), SignInError, "CLIENT.SIGN_IN"),
        (Reply(status=429, body=b"{}"), BusyError, "CLIENT.THROTTLED"),
    ],
)
def test_an_answer_amounts_to_an_error_by_its_code(got, error, words):
    """What the reader can do decides the class; the message is complete; it pickles."""
    client = client_of(got)
    found = client.error_for(confirm(client))
    assert type(found) is error
    assert words in str(found)
    assert found.means
    assert found.do
    assert str(pickle.loads(pickle.dumps(found))) == str(found)


def test_an_error_speaks_the_language_of_the_settings():
    """Meaning and next step come from the catalogue."""
    client = client_of(refusal(403, "VOD.10062"), lang="zh")
    assert "媒资" in client.error_for(confirm(client)).means


def test_the_proxy_is_named_where_the_host_is_not_reached(monkeypatch):
    """Without its password."""
    monkeypatch.setenv("https_proxy", "http://me:CANARYword@proxy.example:3128")
    client = client_of(Fault(kind=FaultKind.CONNECT, detail="refused"))
    told = str(client.error_for(confirm(client)))
    assert "proxy proxy.example:3128" in told
    assert "CANARY" not in told


def test_the_proxy_that_is_named_is_on_the_way_to_the_host_that_was_called(monkeypatch):
    """IAM's host may have another than VOD's."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "iam.cn-north-4.myhuaweicloud.com")
    client = client_of(Fault(kind=FaultKind.CONNECT, detail="refused"), project_id="")
    with pytest.raises(SetupError, match=r"iam\.cn-north-4.* was not reached.*proxy none"):
        asyncio.run(client.prepare())
