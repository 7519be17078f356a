"""Signatures agree with the documents and the official SDK; tokens are fetched once for all."""

from __future__ import annotations

import asyncio
import importlib
import types
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules.errors import NoAnswerError, SignInError
from vodnb.service.auth import Grant, SignIn, token_life
from vodnb.service.redact import Secret
from vodnb.service.settings.credentials import KeyCredential, TokenCredential, UserCredential
from vodnb.service.signing import Headers, sign

AK = "AKEXAMPLE0123456789A"
SK = "SKexample0123456789abcdefghijklmnopqrstuv"
PROJECT = "0123456789abcdef0123456789abcdef"
HOST = "https://vod.cn-north-4.myhuaweicloud.com"
NOW = 1704164645.0  # 2024-01-02T03:04:05Z
KEY = KeyCredential(ak=Secret(AK, is_key_id=True), sk=Secret(SK))
USER = UserCredential(user="me", password=Secret("pass word"), domain="corp")
BASE = {"Content-Type": "application/json", "X-Project-Id": PROJECT}
BODY = b'{"asset_id":"f488337c31c8e4622f1590735b134c65","status":"CREATED"}'


def signed(method: str, path: str, *, body: bytes = b"", key: KeyCredential = KEY) -> Headers:
    """Sign a call to VOD as the reference vectors do."""
    return sign(
        method, f"{HOST}/v1.0/{PROJECT}{path}", headers=BASE, body=body, credential=key, now=NOW
    )


def test_the_confirm_vector_is_met():
    """A POST is signed as in the first reference vector."""
    headers = signed("POST", "/asset/status/uploaded", body=BODY)
    assert headers["Authorization"] == (
        "SDK-HMAC-SHA256 Access=AKEXAMPLE0123456789A, "
        "SignedHeaders=content-type;host;x-project-id;x-sdk-date, "
        "Signature=b3528c9039b42072b9b98e9948654c599da7570ac52c8ef21f5d7c1c681b8784"
    )
    assert headers["X-Sdk-Date"] == "20240102T030405Z"
    assert headers["Host"] == "vod.cn-north-4.myhuaweicloud.com"


def test_the_list_vector_is_met():
    """A GET with repeated keys and a Chinese query is signed as in the second vector."""
    query = "asset_id=a&asset_id=b&page=0&query_string=a%20b%2F%E4%B8%AD&size=100"
    assert signed("GET", f"/asset/list?{query}")["Authorization"] == (
        "SDK-HMAC-SHA256 Access=AKEXAMPLE0123456789A, "
        "SignedHeaders=content-type;host;x-project-id;x-sdk-date, "
        "Signature=8c8a2db096d46db0cfd276f1fa261e0d3e5d4493412edc5af10c9d6b821b0374"
    )


def test_the_security_token_vector_is_met():
    """A temporary key's security token is sent and signed as in the third vector."""
    key = KeyCredential(ak=KEY.ak, sk=KEY.sk, security_token=Secret("gQpjTEMPTOKEN"))
    headers = signed("POST", "/asset/status/uploaded", body=BODY, key=key)
    assert headers["X-Security-Token"] == "gQpjTEMPTOKEN"
    assert headers["Authorization"] == (
        "SDK-HMAC-SHA256 Access=AKEXAMPLE0123456789A, "
        "SignedHeaders=content-type;host;x-project-id;x-sdk-date;x-security-token, "
        "Signature=db9e7184b049350826dc3c44e5dbab181b23f8e25d12b36cce87c576b1f6c30b"
    )


@pytest.fixture(scope="module")
def sdk():
    """Sign a request as the official SDK does, with the reference key."""
    signer = importlib.import_module("huaweicloudsdkcore.signer.signer")
    make = importlib.import_module("huaweicloudsdkcore.sdk_request").SdkRequest
    key = types.SimpleNamespace(ak=AK, sk=SK)

    def sign_request(**request) -> str:
        signed = signer.Signer(key).sign(make(schema="https", host=HOST[8:], **request))
        return signed.header_params["Authorization"]

    return sign_request


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
segments = st.text("abcXYZ019-_.~ 中&=", min_size=1, max_size=8)


@given(
    call=st.tuples(
        st.sampled_from(["GET", "POST", "DELETE"]), st.lists(segments, min_size=1, max_size=4)
    ),
    query=st.dictionaries(words.filter(bool), st.lists(words, min_size=1, max_size=3), max_size=4),
    body=st.binary(max_size=40),
    extra=st.dictionaries(st.from_regex(r"X-[A-Z][a-z_]{1,5}", fullmatch=True), words, max_size=2),
)
def test_signatures_agree_with_the_official_sdk(sdk, call, query, body, extra):
    """On any request, our Authorization is the SDK's."""
    method, path = call
    where = "/" + "/".join(quote(part, safe="~") for part in path)
    headers = {**BASE, **extra}
    pairs = sorted((name, value) for name, values in query.items() for value in values)
    text = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    theirs = sdk(
        method=method,
        resource_path=where,
        query_params=[(name, list(values)) for name, values in query.items()],
        header_params={**headers, "X-Sdk-Date": "20240102T030405Z"},
        body=body,
    )
    url = f"{HOST}{where}?{text}" if text else HOST + where
    ours = sign(method, url, headers=headers, body=body, credential=KEY, now=NOW)
    assert ours["Authorization"] == theirs


def test_headers_show_no_value():
    """A traceback that shows variables shows names only."""
    headers = signed("GET", "/asset/info")
    assert "Authorization: ***" in repr(headers)
    assert "Signature" not in repr(headers) + str(headers) + f"{headers}"


class Iam:
    """Stands for IAM: hands out tokens, or fails as told."""

    def __init__(self, *, life: float = 1000.0) -> None:
        self.calls = 0
        self.life = life
        self.error = None
        self.now = 0.0
        self.takes = 0.0

    def clock(self) -> float:
        """Return the time of the test."""
        return self.now

    async def fetch(self) -> Grant:
        """Hand out the next token, or fail."""
        self.calls += 1
        mine = self.calls
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.now += self.takes
        if self.error:
            raise self.error
        return Grant(token=Secret(f"token-{mine}"), life=self.life, project_id="p")

    def sign_in(self, credential=USER) -> SignIn:
        """Return a sign-in that asks here."""
        return SignIn(credential, fetch=self.fetch, clock=self.clock)


async def ask(sign_in: SignIn) -> str:
    """Return the token of the next request."""
    headers = await sign_in.headers("GET", f"{HOST}/x", headers={"A": "b"}, body=b"")
    assert headers["A"] == "b"
    return headers["X-Auth-Token"]


def test_many_workers_fetch_one_token():
    """All who need the first token at once get the same one, fetched once."""
    iam = Iam()

    async def run():
        sign_in = iam.sign_in()
        return await asyncio.gather(*(ask(sign_in) for _ in range(16)))

    assert set(asyncio.run(run())) == {"token-1"}
    assert iam.calls == 1


def test_a_generation_is_renewed_once():
    """Sixteen refused workers make one renewal, and all hear that there is a newer token."""
    iam = Iam()

    async def run():
        sign_in = iam.sign_in()
        await sign_in.ensure()
        told = await asyncio.gather(*(sign_in.renew(1) for _ in range(16)))
        return told, await ask(sign_in), sign_in.generation

    told, token, generation = asyncio.run(run())
    assert told == [True] * 16
    assert (iam.calls, token, generation) == (2, "token-2", 2)


def test_a_refused_password_is_never_sent_twice():
    """A definite no is remembered: asking again would lock the user."""
    iam = Iam()

    async def run():
        sign_in = iam.sign_in()
        await sign_in.ensure()
        iam.error = SignInError("wrong password")
        first = await asyncio.gather(*(sign_in.renew(1) for _ in range(8)))
        return [*first, await sign_in.renew(1)], sign_in.failure

    told, failure = asyncio.run(run())
    assert told == [False] * 9
    assert iam.calls == 2
    assert failure is iam.error


def test_a_passing_failure_is_shared_and_then_tried_again():
    """Those who waited together share the failure; who comes later makes a new try."""
    iam = Iam()

    async def run():
        sign_in = iam.sign_in()
        iam.error = NoAnswerError("silence")
        waited = await asyncio.gather(*(sign_in.ensure() for _ in range(5)), return_exceptions=True)
        iam.error = None
        return waited, await ask(sign_in), sign_in.failure

    waited, token, failure = asyncio.run(run())
    assert all(isinstance(one, NoAnswerError) for one in waited)
    assert (iam.calls, token, failure) == (2, "token-2", None)


def test_a_token_is_renewed_ahead_of_its_end():
    """At 80 % of its life the next is fetched; before that, none."""
    iam = Iam(life=1000.0)

    async def run():
        sign_in = iam.sign_in()
        tokens = []
        for now in (0, 799, 800, 1599, 1600):
            iam.now = now
            tokens.append(await ask(sign_in))
        return tokens

    assert asyncio.run(run()) == ["token-1", "token-1", "token-2", "token-2", "token-3"]


def test_a_renewal_ahead_may_fail():
    """The old token is used on, and the next try waits half a minute."""
    iam = Iam(life=1000.0)

    async def run():
        sign_in = iam.sign_in()
        await sign_in.ensure()
        iam.error = NoAnswerError("silence")
        seen = []
        for now in (800, 810, 829, 830):
            iam.now = now
            seen.append((await ask(sign_in), iam.calls))
        return seen

    token = "token-1"
    assert asyncio.run(run()) == [(token, 2), (token, 2), (token, 2), (token, 3)]


def test_a_silent_iam_does_not_hold_up_a_good_token():
    """A try that takes its half minute is followed by half a minute without one."""
    iam = Iam(life=1000.0)

    async def run():
        sign_in = iam.sign_in()
        await sign_in.ensure()
        iam.now, iam.takes, iam.error = 800, 30.0, NoAnswerError("silence")
        seen = []
        for later in (0, 0, 29, 1):
            iam.now += later
            seen.append((await ask(sign_in), iam.calls))
        return seen

    token = "token-1"
    assert asyncio.run(run()) == [(token, 2), (token, 2), (token, 2), (token, 3)]


def test_while_one_fetches_ahead_the_others_go_on():
    """They have a good token, and their calls have a deadline."""
    iam = Iam(life=1000.0)

    async def run():
        sign_in = iam.sign_in()
        await sign_in.ensure()
        iam.now = 800
        fetching = asyncio.ensure_future(ask(sign_in))
        await asyncio.sleep(0)
        others = [await ask(sign_in) for _ in range(3)]
        assert not fetching.done()
        return [*others, await fetching, await ask(sign_in)]

    assert asyncio.run(run()) == ["token-1"] * 3 + ["token-2"] * 2


def test_a_plain_token_cannot_be_renewed():
    """It is sent as it is; there is nothing to renew it with."""
    iam = Iam()

    async def run():
        sign_in = iam.sign_in(TokenCredential(token=Secret("plain-token")))
        return await ask(sign_in), await sign_in.renew(0), sign_in.can_renew, repr(sign_in)

    assert asyncio.run(run()) == (
        "plain-token",
        False,
        False,
        "SignIn(TokenCredential, generation 0)",
    )
    assert iam.calls == 0


def test_a_key_signs_each_request():
    """With an access key each request gets a signature of its own time."""
    iam = Iam()
    iam.now = NOW

    async def run():
        sign_in = iam.sign_in(KEY)
        return await sign_in.headers("GET", f"{HOST}/x", headers=BASE, body=b"")

    assert asyncio.run(run()) == sign(
        "GET", f"{HOST}/x", headers=BASE, body=b"", credential=KEY, now=NOW
    )


@pytest.mark.parametrize(
    ("data", "life", "project"),
    [
        (
            {
                "token": {
                    "issued_at": "2020-01-03T09:05:22.701000Z",
                    "expires_at": "2020-01-04T09:05:22.701000Z",
                    "project": {"id": "p1"},
                }
            },
            86400.0,
            "p1",
        ),
        (
            {"token": {"issued_at": "2020-01-03T09:00:00Z", "expires_at": "2020-01-03T09:15:00Z"}},
            900.0,
            "",
        ),
        ({"token": {"issued_at": "soon", "expires_at": 7, "project": {"id": 7}}}, 86400.0, ""),
        ({"token": {"issued_at": "2020-01-03", "expires_at": "2020-01-03"}}, 86400.0, ""),
        ({"token": {"issued_at": "2020-01-03", "expires_at": "2020-01-04T00:00Z"}}, 86400.0, ""),
        ({}, 86400.0, ""),
    ],
)
def test_the_life_of_a_token_is_read_from_the_answer(data, life, project):
    """By IAM's own two times; 24 hours where they are missing or senseless."""
    assert token_life(data) == (life, project)
