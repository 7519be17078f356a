"""One call: request built and signed in, answer read, secrets out of sight."""

from __future__ import annotations

import asyncio
import json
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_http import (
    ASSET,
    CONFIRMED,
    ENDPOINT,
    EXPIRED,
    IAM,
    KEY,
    NOW,
    PASSWORD,
    PLAIN,
    PROJECT,
    SETTINGS,
    TOKEN_VALUE,
    USER,
    client_of,
    confirm,
    granted,
    refusal,
    reply,
)

from vodnb.rules.answers import Fault, FaultKind, Reply
from vodnb.rules.errors import (
    BusyError,
    NoAnswerError,
    SetupError,
    SignInError,
)
from vodnb.rules.model import AnswerClass
from vodnb.rules.operations import CONFIRM, TOKEN
from vodnb.service.client import Client
from vodnb.service.signing import sign


def test_a_call_is_built_from_its_declaration():
    """Path with project, compact JSON, token in its header, deadline passed on."""
    client = client_of(CONFIRMED)
    answer = confirm(client, deadline=12)
    assert answer.kind is AnswerClass.DONE
    assert (answer.request_id, answer.elapsed_ms) == ("r1", 7)
    (sent,) = client.sent
    assert sent["method"] == "POST"
    assert sent["url"] == f"{ENDPOINT}/v1.0/{PROJECT}/asset/status/uploaded"
    assert sent["content"] == f'{{"asset_id":"{ASSET}","status":"CREATED"}}'.encode()
    assert dict(sent["headers"]) == {
        "Content-Type": "application/json",
        "X-Auth-Token": TOKEN_VALUE,
    }
    assert 11 < sent["deadline"] <= 12


def test_a_key_signs_the_very_bytes_that_are_sent():
    """URL, project header and body of the request are those of the signature."""
    client = client_of(CONFIRMED, credential=KEY)
    confirm(client)
    (sent,) = client.sent
    assert sent["headers"] == sign(
        "POST",
        sent["url"],
        headers={"Content-Type": "application/json", "X-Project-Id": PROJECT},
        body=sent["content"],
        credential=KEY,
        now=NOW,
    )


ECHO = (
    "verify aksk signature fail, canonicalRequest:POST|/x||x-auth-token:{token}|authorization:"
    "SDK-HMAC-SHA256 Access=AKEXAMPLE0123456789A, SignedHeaders=host, Signature=b3528c9039b420"
)


def test_what_the_server_says_is_redacted_on_entry():
    """Message, headers and request ID: the gateway echoes what it was sent."""
    told = refusal(
        403,
        "VOD.10053",
        ECHO.format(token=TOKEN_VALUE),
        x_request_id=TOKEN_VALUE,
        location=f"https://evil/?t={TOKEN_VALUE}",
        x_subject_token="new",
        set_cookie="session=1",
    )
    answer = confirm(client_of(told))
    assert "CANARY" not in repr(answer)
    assert "b3528c9039" not in answer.message
    assert "Access=AKEX***" in answer.message
    assert answer.headers["x-subject-token"] == answer.headers["set-cookie"] == "***"


def test_a_fault_becomes_an_answer_without_secrets():
    """The words of a failed connection are redacted too."""
    fault = Fault(kind=FaultKind.NO_ANSWER, detail=f"broke on {TOKEN_VALUE}")
    answer = confirm(client_of(fault))
    assert (answer.code, answer.message) == ("CLIENT.NO_ANSWER", "broke on ***")


def test_an_iam_user_signs_in_once_and_brings_the_project():
    """The password goes to IAM in a token call; its answer names the project."""
    client = client_of(granted(), CONFIRMED, CONFIRMED, credential=USER, project_id="")

    async def run():
        await asyncio.gather(client.prepare(), client.prepare())
        for _ in range(2):
            await client.call(CONFIRM, asset_id=ASSET, status="CREATED")

    asyncio.run(run())
    first, second, third = client.sent
    assert first["url"] == f"{IAM}/v3/auth/tokens?nocatalog=true"
    assert json.loads(first["content"]) == {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {
                    "user": {"name": "me", "password": PASSWORD, "domain": {"name": "corp"}}
                },
            },
            "scope": {"project": {"name": "cn-north-4"}},
        }
    }
    assert dict(first["headers"]) == {"Content-Type": "application/json"}
    assert "/v1.0/p-of-token/" in second["url"]
    assert second["headers"]["X-Auth-Token"] == third["headers"]["X-Auth-Token"] == "CANARYissued-1"
    assert client.project_id == "p-of-token"
    assert client.redact("x CANARYissued-1 y") == "x *** y"


def test_a_known_project_is_the_scope():
    """With a project ID the token is asked for that project."""
    client = client_of(granted(), credential=USER)
    asyncio.run(client.prepare())
    assert json.loads(client.sent[0]["content"])["auth"]["scope"] == {"project": {"id": PROJECT}}
    assert client.project_id == PROJECT


def test_a_call_prepares_itself():
    """Without a project ID the first call looks it up."""
    listed = reply(200, {"projects": [{"id": "found", "name": "cn-north-4"}]})
    client = client_of(listed, CONFIRMED, CONFIRMED, project_id="")
    confirm(client)
    confirm(client)
    assert client.sent[0]["url"] == f"{IAM}/v3/projects?name=cn-north-4"
    assert client.sent[0]["headers"]["X-Auth-Token"] == TOKEN_VALUE
    assert [sent["url"].split("/")[4] for sent in client.sent[1:]] == ["found", "found"]


def test_a_key_looks_the_project_up_without_a_project_header():
    """IAM is asked before there is a project."""
    listed = reply(200, {"projects": [{"id": "found"}]})
    client = client_of(listed, credential=KEY, project_id="")
    asyncio.run(client.prepare())
    assert client.project_id == "found"
    assert "X-Project-Id" not in client.sent[0]["headers"]


@pytest.mark.parametrize(
    ("projects", "words"),
    [([], "no projects"), ([{"id": "a"}, {"id": "b"}], "2 projects"), ("x", "no projects")],
)
def test_an_unclear_project_is_asked_for(projects, words):
    """None or several is a question, not a guess."""
    client = client_of(reply(200, {"projects": projects}), project_id="")
    with pytest.raises(SetupError, match=f"{words}.*VODNB_PROJECT_ID"):
        asyncio.run(client.prepare())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"project_id": "", "region": ""}, "VODNB_REGION"),
        ({"project_id": "", "iam_endpoint": ""}, "VODNB_IAM_ENDPOINT"),
        ({"project_id": "", "region": "", "credential": USER}, "VODNB_REGION"),
        ({"iam_endpoint": "", "credential": USER}, "VODNB_IAM_ENDPOINT"),
    ],
)
def test_what_cannot_be_looked_up_is_named(changes, words):
    """Before anything is sent."""
    client = client_of(**changes)
    with pytest.raises(SetupError, match=words):
        asyncio.run(client.prepare())
    assert client.sent == []


def test_a_wrong_password_is_told_in_full_and_sent_once():
    """Who, where and why; a second try would lock the user."""
    body = {"error": {"code": 401, "message": "The username or password is wrong.", "title": "x"}}
    client = client_of(reply(401, body), credential=USER)

    async def run():
        for _ in range(2):
            with pytest.raises(SignInError) as caught:
                await client.prepare()
        return caught.value

    wrong = asyncio.run(run())
    assert "'me' of account 'corp'" in str(wrong)
    assert "username or password is wrong" in str(wrong)
    assert "VODNB_IAM_PASSWORD" in str(wrong)
    assert wrong.http_status == 401
    assert len(client.sent) == 1


@pytest.mark.parametrize(
    ("got", "error"),
    [
        (Fault(kind=FaultKind.DNS, detail="unknown name"), SetupError),
        (Fault(kind=FaultKind.NO_ANSWER, detail="silence"), NoAnswerError),
        (refusal(429, "IAM.0012", "slow down"), BusyError),
        (replace(granted(), headers={}), NoAnswerError),
        (Reply(status=200, body=b"<html>sign in</html>"), NoAnswerError),
    ],
)
def test_a_sign_in_that_did_not_come_about(got, error):
    """Each cause has its error, and names IAM's host rather than VOD's."""
    client = client_of(got, credential=USER)
    with pytest.raises(error) as caught:
        asyncio.run(client.prepare())
    assert "iam.cn-north-4" in str(caught.value)


def test_a_project_lookup_that_was_refused():
    """The error is the one for the code."""
    client = client_of(refusal(401, "APIGW.0301"), project_id="")
    with pytest.raises(SignInError, match=r"iam[.]cn-north-4"):
        asyncio.run(client.prepare())


@pytest.mark.parametrize("code", ["APIGW.0307", "APIG.0301", "VOD.10054"])
def test_a_token_that_ran_out_is_renewed_and_the_call_sent_again(code):
    """Once, with the new token, within what is left of the deadline, and no later than before."""
    client = client_of(
        granted(), refusal(401, code), granted("CANARYissued-2"), CONFIRMED, credential=USER
    )
    answer = confirm(client, deadline=9, leaves_by=77.0)
    assert answer.kind is AnswerClass.DONE
    assert [client.sent[number]["leaves_by"] for number in (1, 3)] == [77.0, 77.0]
    tokens = [sent["headers"].get("X-Auth-Token") for sent in client.sent]
    assert tokens == [None, "CANARYissued-1", None, "CANARYissued-2"]
    assert 8 < client.sent[3]["deadline"] <= 9


def test_many_refused_calls_make_one_renewal():
    """Eight workers with one dead token: one token call, eight calls sent again."""
    script = [granted(), *[EXPIRED] * 8, granted("CANARYissued-2"), *[CONFIRMED] * 8]
    client = client_of(*script, credential=USER)

    async def run():
        await client.prepare()
        calls = (client.call(CONFIRM, asset_id=ASSET, status="CREATED") for _ in range(8))
        return await asyncio.gather(*calls)

    answers = asyncio.run(run())
    assert all(answer.kind is AnswerClass.DONE for answer in answers)
    assert sum("/v3/auth/tokens" in sent["url"] for sent in client.sent) == 2
    assert len(client.sent) == 18


def test_a_call_is_sent_again_only_once():
    """A second refusal stands."""
    client = client_of(granted(), EXPIRED, granted("CANARYissued-2"), EXPIRED, credential=USER)
    assert confirm(client).code == "APIGW.0307"
    assert client._http.script == []


def test_a_renewal_that_fails_leaves_the_refusal_with_its_reason():
    """Nothing is raised in the middle of a run; the message says why."""
    client = client_of(granted(), EXPIRED, reply(401, {"error": {"code": 401}}), credential=USER)
    answer = confirm(client)
    assert answer.kind is AnswerClass.GLOBAL
    assert "A new token was not to be had: IAM at iam.cn-north-4" in answer.message
    assert "CANARY" not in answer.message


def test_a_token_made_elsewhere_is_not_renewed():
    """A plain token's refusal is the answer, after one call."""
    client = client_of(EXPIRED)
    assert confirm(client).code == "APIGW.0307"
    assert len(client.sent) == 1


def test_only_a_refused_sign_in_is_sent_again():
    """Whatever else goes wrong is the caller's to decide on."""
    client = client_of(granted(), refusal(403, "VOD.10051"), credential=USER)
    assert confirm(client).code == "VOD.10051"
    assert len(client.sent) == 2


def test_a_client_shows_where_it_calls_and_nothing_else():
    """Its repr has endpoint and project."""
    assert repr(client_of()) == f"Client({ENDPOINT}, project {PROJECT})"
    assert "not looked up yet" in repr(client_of(project_id=""))


def test_closing_a_client_closes_its_connections():
    """And a client of its own makes has real ones."""
    client = client_of()
    asyncio.run(client.aclose())
    assert client._http.is_closed
    asyncio.run(Client(SETTINGS).aclose())


@pytest.mark.parametrize("credential", [PLAIN, KEY, USER])
def test_no_variable_of_any_frame_shows_a_secret(credential):
    """When a call breaks in the middle, a traceback with all variables shows none."""
    echo = refusal(403, "VOD.10053", "never reached")
    script = [granted()] if credential is USER else []
    client = client_of(*script, asyncio.CancelledError(), echo, credential=credential)
    with pytest.raises(asyncio.CancelledError) as caught:
        confirm(client)
    frames = [
        frame.f_locals
        for frame, _ in traceback.walk_tb(caught.value.__traceback__)
        if "/vodnb/service/" in Path(frame.f_code.co_filename).as_posix()
    ]
    assert frames
    assert "CANARY" not in repr(frames)


def test_no_variable_shows_the_password_when_signing_in_breaks():
    """Neither the password on its way to IAM, nor what IAM echoes."""
    for got in (asyncio.CancelledError(), refusal(401, "IAM.0001", f"bad {PASSWORD}")):
        client = client_of(got, credential=USER)
        with pytest.raises((asyncio.CancelledError, SignInError)) as caught:
            asyncio.run(client.prepare())
        frames = [
            frame.f_locals
            for frame, _ in traceback.walk_tb(caught.value.__traceback__)
            if "/vodnb/service/" in Path(frame.f_code.co_filename).as_posix()
        ]
        assert len(frames) > 3
        assert "CANARY" not in repr(frames) + str(caught.value)


def test_a_token_can_be_asked_for_by_hand():
    """As the debug form does; what comes back is masked."""
    client = client_of(granted("CANARYby-hand"))
    answer = asyncio.run(client.call(TOKEN, auth={"identity": {}}))
    assert answer.kind is AnswerClass.DONE
    assert answer.headers["x-subject-token"] == "***"
    assert "X-Auth-Token" not in client.sent[0]["headers"]


@pytest.mark.parametrize("step", ["ensure", "headers"])
def test_nothing_leaves_after_the_deadline(monkeypatch, step):
    """A sign-in that takes longer than the deadline leaves the call unsent, and says so."""
    client = client_of(CONFIRMED)
    real = getattr(client._sign_in, step)

    async def slow(*args, **options):
        await asyncio.sleep(0.05)
        return await real(*args, **options)

    monkeypatch.setattr(client._sign_in, step, slow)
    answer = confirm(client, deadline=0.01)
    assert (answer.kind, answer.code) == (AnswerClass.NOT_SENT, "CLIENT.CONNECT")
    assert client.sent == []
