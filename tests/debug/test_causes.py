"""Each way in which a call is not let in ends in one sentence that names the cause."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from relay import relay_to
from scripted_http import EXPIRED, KEY, SETTINGS, USER, client_of, granted, refusal, reply

import vodnb
from vodnb.emulator.faults import Behaviour
from vodnb.rules.answers import Fault, FaultKind, Reply
from vodnb.rules.operations import CONFIRM
from vodnb.service.client import Client
from vodnb.session.vod import Vod

HAN = re.compile(r"[\u4e00-\u9fff]")
ASSET = "f4" * 16


@pytest.fixture(scope="module")
def box():
    """One sandbox for all: what a case breaks is its own credential or way."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None)) as running:
        running.add(ASSET)
        yield running


@pytest.fixture
def connect(box, monkeypatch):
    """Connect to the sandbox with some things otherwise; close in the end."""
    made = []
    # Each case begins with a key that was refused by nobody yet.
    box._admission._failures.clear()
    box._admission._locked_until.clear()
    monkeypatch.setenv("VODNB_IAM_ENDPOINT", box.iam_endpoint)

    def build(**changes: str) -> Vod:
        known = {"endpoint": box.endpoint, "region": box.region, "project_id": box.project_id}
        vod = vodnb.connect(**{**known, "lang": "en", **changes})
        made.append(vod)
        return vod

    yield build
    for vod in made:
        vod.close()


def key_of(box, **changes):
    """Return the sandbox's permanent key, with some of it otherwise."""
    return {"ak": box.ak, "sk": box.sk, **changes}


def look(vod):
    """Make the call that a case is about: one that changes nothing."""
    return vod.call("info", asset_id=[ASSET])


def confirm(vod):
    """Make a call with a body."""
    return vod.call("confirm", asset_id="0" * 32, status="CREATED")


# -- wrong credentials and clocks ------------------------------------------------------------------


def told_of(exchange, key: str, *words: str) -> str:
    """Check that an exchange names this cause, in both languages; return the English sentence."""
    found = exchange.diagnosis
    assert found is not None, exchange
    assert found.key == key, found
    for word in words:
        assert word in found.cause
    spoken = exchange.speak("zh").diagnosis
    assert HAN.search(spoken.cause)
    assert HAN.search(spoken.do)
    assert not HAN.search(found.cause + found.do)
    assert found.cause in repr(exchange)
    assert found.do in repr(exchange)
    return found.cause


def test_wrong_secret_key(box, connect):
    """Both signed the same text: so it is the key."""
    exchange = look(connect(**key_of(box, sk="x" * 40)))
    told_of(exchange, "sk", "The secret key is wrong", f"{box.ak[:4]}***")
    assert exchange.diagnosis.canonical.first is None
    assert box.ak not in repr(exchange)


def test_wrong_access_key(box, connect):
    """The gateway knows no such key."""
    told_of(look(connect(**key_of(box, ak="NOSUCHKEY0123456789A"))), "ak", "NOSU***")


@pytest.mark.parametrize(("minutes", "key"), [(16, "clock ahead"), (-16, "clock behind")])
def test_clock_that_is_off(box, connect, minutes, key):
    """The skew is told in minutes and with its direction."""
    vod = connect(**key_of(box))
    vod._connection.client = Client(
        vod._connection.settings, clock=lambda: time.time() + minutes * 60
    )
    told_of(look(vod), key, "16 minutes", key.split()[1])
    vod.close()


def test_temporary_key_without_its_token(box, connect):
    """The security token is named as what is missing."""
    key = box.temporary_key
    told_of(look(connect(ak=key.ak, sk=key.sk)), "security token missing", "security token")


def test_temporary_key_with_another_token(box, connect):
    """The security token is named as what is wrong."""
    key = box.temporary_key
    exchange = look(connect(ak=key.ak, sk=key.sk, security_token="gQpjOTHER" * 9))
    told_of(exchange, "security token wrong", "security token")


def test_key_that_is_locked(box, connect):
    """After too many refusals the key is locked, whatever was wrong first."""
    vod = connect(**key_of(box, sk="x" * 40))
    assert [look(vod).diagnosis.key for _ in range(6)] == ["sk"] * 6
    told_of(look(vod), "locked", "locked")


def test_token_that_has_run_out(connect):
    """One answer of the gateway for three causes: all three are named, and the region."""
    with vodnb.sandbox() as other:
        vod = connect(endpoint=other.endpoint, project_id=other.project_id, token=other.token)
        other.expire_tokens()
        told_of(look(vod), "token old", "run out", "revoked", "another region than cn-north-4")


def test_token_that_was_cut(box, connect):
    """Half a token cannot be decrypted."""
    told_of(look(connect(token=box.token[:200])), "token garbled", "cut in copying")


def test_wrong_project(box, connect):
    """The project is named, and where the right one stands."""
    exchange = look(connect(project_id="0" * 32, token=box.token))
    told_of(exchange, "project", "0" * 32, "cn-north-4")


def test_wrong_password(box, connect):
    """IAM refuses without a code; the exchange of the token call says what to check."""
    who = {"iam_user": box.iam_user, "iam_domain": box.iam_domain}
    vod = connect(**who, iam_password="no such password")
    told_of(vod.call("token"), "password", "user name, account name or password")


def test_project_of_another_user(box, connect):
    """IAM knows the user and not the project."""
    who = {"iam_user": box.iam_user, "iam_domain": box.iam_domain}
    vod = connect(**who, iam_password=box.iam_password, project_id="1" * 32)
    told_of(vod.call("token"), "user project", "the project")


# -- a proxy on the way ----------------------------------------------------------------------------

TAMPERED = {
    "host": (lambda came: came.with_header("Host", "vod.internal"), "host", "vod.internal"),
    "a header changed": (
        lambda came: came.with_header("Content-Type", "application/json; charset=utf-8"),
        "header changed",
        "content-type",
    ),
    "a header gone": (
        lambda came: came.with_header("X-Project-Id", None),
        "header gone",
        "x-project-id",
    ),
    "the date gone": (lambda came: came.with_header("X-Sdk-Date", None), "date gone", "X-Sdk-Date"),
    "the sign-in gone": (
        lambda came: came.with_header("Authorization", None),
        "sign-in gone",
        "Authorization",
    ),
    "the sign-in garbled": (
        lambda came: came.with_header(
            "Authorization", came.headers["Authorization"].replace(", ", " ; ")
        ),
        "sign-in garbled",
        "Authorization",
    ),
    "the body": (lambda came: replace(came, body=came.body + b" "), "body", "SHA-256"),
    "the query": (lambda came: replace(came, path=f"{came.path}?utm=1"), "query", "utm=1"),
    "the path": (
        lambda came: replace(came, path=re.sub("/[0-9a-f]{32}/", f"/{'a' * 32}/", came.path)),
        "path",
        "a" * 32,
    ),
    "an unknown path": (
        lambda came: replace(came, path=f"/api{came.path}"),
        "no such API",
        "knows no such call",
    ),
}


@pytest.mark.parametrize(("tamper", "key", "word"), TAMPERED.values(), ids=TAMPERED)
def test_proxy_that_changes_something(box, connect, tamper, key, word):
    """What was changed on the way is named, with both values where there are two."""
    with relay_to(box.endpoint, tamper) as address:
        vod = connect(endpoint=address, **key_of(box))
        told_of(confirm(vod), key, word)


def test_proxy_that_takes_the_token_out(box, connect):
    """The header is named that did not arrive."""
    with relay_to(box.endpoint, lambda came: came.with_header("X-Auth-Token", None)) as address:
        told_of(look(connect(endpoint=address, token=box.token)), "sign-in gone", "X-Auth-Token")


def test_proxy_that_changes_nothing(box, connect):
    """Handed on as it is, a signed call is let in: the cases above are the tampering's."""
    with relay_to(box.endpoint, lambda came: came) as address:
        assert look(connect(endpoint=address, **key_of(box))).ok


def test_first_difference_is_marked_beside_ours(box, connect):
    """Both canonical requests are shown line by line, and the first line that differs is marked."""
    with relay_to(
        box.endpoint, lambda came: came.with_header("Content-Type", "text/plain")
    ) as address:
        exchange = confirm(connect(endpoint=address, **key_of(box)))
    comparison = exchange.diagnosis.canonical
    assert comparison.part == "header content-type"
    assert (comparison.ours, comparison.theirs) == ("application/json", "text/plain")
    shown = repr(exchange)
    assert "! header content-type ← first difference" in shown
    assert shown.count("first difference") == 1
    assert "the gateway's: text/plain" in shown
    html = exchange._repr_mimebundle_()["text/html"]
    assert "header content-type ← first difference" in html


# -- answers that a sandbox does not give ----------------------------------------------------------

SCRIPTED = {
    "token of another region": (
        {"credential": USER, "iam_endpoint": "https://iam.cn-north-1.myhuaweicloud.com"},
        [granted(), EXPIRED, granted("CANARYissued-2"), EXPIRED],
        "token elsewhere",
        "cn-north-1",
    ),
    "fresh token refused": (
        {"credential": USER},
        [granted(), EXPIRED, granted("CANARYissued-2"), EXPIRED],
        "token fresh",
        "got just now",
    ),
    "refused by VOD": ({}, [refusal(403, "VOD.10054")], "refused by VOD", "another project"),
    "no permission": ({}, [refusal(403, "VOD.10074")], "permission", "vod:asset:upload"),
    "gateway's permission": ({}, [refusal(403, "APIGW.0302")], "permission", "vod:asset:upload"),
    "app sign-in": ({}, [refusal(401, "APIGW.0303")], "app auth", "App"),
    "another prefix": (
        {"credential": KEY},
        [refusal(401, "APIG.0301", "Get secretKey failed,ak:X,err:ak not exist")],
        "ak",
        "AKEX***",
    ),
    "method changed": (
        {"credential": KEY},
        [refusal(401, "APIGW.0301", "verify aksk signature fail, canonicalRequest:GET|/|||host|x")],
        "method",
        "POST",
    ),
    "unknown words": (
        {"credential": KEY},
        [refusal(401, "APIGW.0301", "odd {braces} here")],
        "unclear",
        "odd {braces} here",
    ),
    "login page": (
        {},
        [Reply(status=200, headers={"content-type": "text/html"}, body=b"<html>Welcome</html>")],
        "page",
        "text/html",
    ),
    "redirect": (
        {},
        [reply(302, {}, location="https://login.example/x")],
        "redirect",
        "login.example",
    ),
    "proxy wants a password": ({}, [reply(407, {})], "proxy sign-in", "407"),
    "unknown host": ({}, [Fault(kind=FaultKind.DNS, detail="no name")], "dns", "myhuaweicloud"),
    "untrusted": ({}, [Fault(kind=FaultKind.TLS, detail="self-signed")], "tls", "self-signed"),
    "refused": ({}, [Fault(kind=FaultKind.CONNECT, detail="refused")], "unreached", "refused"),
}


def scripted(changes, *script):
    """Return the exchange of a confirm call that is answered so."""
    vod = Vod(replace(SETTINGS, **changes))
    vod._connection.client = client_of(*script, **changes)
    return vod.call(CONFIRM.name, asset_id=ASSET, status="CREATED")


@pytest.mark.parametrize(("changes", "script", "key", "word"), SCRIPTED.values(), ids=SCRIPTED)
def test_answer_that_names_its_cause(changes, script, key, word):
    """Answers of real gateways, proxies and networks are told apart too."""
    told_of(scripted(changes, *script), key, word)


@pytest.mark.parametrize(
    "answer",
    [
        refusal(403, "VOD.10062"),
        refusal(429, "APIGW.0308"),
        refusal(403, "VOD.10051"),
        reply(200, {"asset_id": ASSET}),
    ],
)
def test_what_is_no_matter_of_sign_in_is_left_to_the_catalogue(answer):
    """A wrong ID, throttling, an internal fault and a success get no diagnosis."""
    assert scripted({}, answer).diagnosis is None


@pytest.mark.parametrize(
    "echo", ["", "|", "GET", "|||||||", "POST|/x||a|b|c", "x" * 5000, "POST|/|q|host:h||host|zz"]
)
def test_echo_of_any_shape_is_borne(echo):
    """A canonical request that is cut or garbled gives a comparison, or none; never an error."""
    answer = refusal(401, "APIGW.0301", f"verify aksk signature fail, canonicalRequest:{echo}")
    exchange = scripted({"credential": KEY}, answer)
    assert exchange.diagnosis is not None
    assert repr(exchange)
