"""No secret is in an exchange, in any form it can take: canaries for all six of them."""

from __future__ import annotations

import copy
import json
import pickle
import sqlite3
import traceback
from contextlib import closing

import pytest
from connections import connect_to
from IPython.core.ultratb import VerboseTB
from leak_scan import leaks

import vodnb
from vodnb.emulator.faults import Behaviour
from vodnb.rules.errors import VodnbError

ASSET = "f4" * 16


@pytest.fixture(scope="module")
def box():
    """A sandbox whose answers will echo what they should not."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None)) as running:
        yield running


WAYS = ("token", "key", "temporary key", "user")


def secrets_of(box) -> dict[str, str]:
    """Return what must not be seen; of the AK four characters may."""
    key = box.temporary_key
    return {
        "token": box.token, "ak": box.ak[4:], "sk": box.sk, "temporary ak": key.ak[4:],
        "temporary sk": key.sk, "security token": key.security_token,
        "password": box.iam_password,
    }  # fmt: skip


OWN = {
    "token": {"token"},
    "key": {"ak", "sk"},
    "temporary key": {"temporary ak", "temporary sk", "security token"},
    "user": {"password"},
}
"""The secrets that a connection of each way knows, and hides wherever a server says them."""


def own_secrets(box, way: str) -> dict[str, str]:
    """Return the secrets of one way."""
    return {name: told for name, told in secrets_of(box).items() if name in OWN[way]}


@pytest.fixture
def connect(box, monkeypatch):
    """Connect in one of the ways."""
    monkeypatch.setenv("VODNB_IAM_ENDPOINT", box.iam_endpoint)
    key, made = box.temporary_key, []
    given = {
        "token": {"token": box.token},
        "key": {"ak": box.ak, "sk": box.sk},
        "temporary key": {"ak": key.ak, "sk": key.sk, "security_token": key.security_token},
        "user": {"iam_user": box.iam_user, "iam_domain": box.iam_domain,
                 "iam_password": box.iam_password},
    }  # fmt: skip

    def build(way: str):
        made.append(connect_to(box, **given[way]))
        return made[-1]

    yield build
    for vod in made:
        vod.close()


def all_forms(exchange, tmp_path) -> str:
    """Return everything that an exchange can be made into."""
    path = exchange.save(tmp_path / "x.json", overwrite=True)
    parts = [
        repr(exchange), str(exchange), f"{exchange}", *exchange._repr_mimebundle_().values(),
        repr(exchange.speak("zh")), path.read_text("utf-8"), repr(pickle.dumps(exchange)),
        repr(copy.deepcopy(exchange)), repr(exchange.attempts), repr(exchange.place),
        repr(exchange.diagnosis), repr(exchange.diff(exchange)), repr(exchange.fields()),
        exchange.curl(), exchange.python(), exchange.sdk(), repr(exchange.json()),
        json.dumps([attempt.as_json() for attempt in exchange.attempts]),
        *(repr(getattr(exchange, name)) for name in exchange.__slots__),
    ]  # fmt: skip
    return "\n".join(parts)


def echoing(box) -> dict[str, object]:
    """Return an answer that holds every secret there is, in message and headers."""
    told = " ".join([*secrets_of(box).values(), box.ak, box.temporary_key.ak])
    told = told.replace(f" {box.ak[4:]} ", " ").replace(f" {box.temporary_key.ak[4:]} ", " ")
    return {
        "http_status": 403,
        "body": {"error_code": "VOD.10053", "error_msg": f"illegal: {told}", "x": told},
        "headers": {"x-echo": told, "set-cookie": f"t={box.token}", "x-request-id": box.token},
    }


@pytest.mark.parametrize("way", WAYS)
def test_no_form_shows_a_secret(box, connect, tmp_path, way):
    """A success, a refusal, and an answer that echoes the secrets of this very connection."""
    vod = connect(way)
    vod.call("info", asset_id=[ASSET])
    known = own_secrets(box, way)
    box.fault(operation="info", **echoing(box))
    echoed = vod.call("info", asset_id=[ASSET])
    assert "***" in echoed.body
    for exchange in (vod.call("info", asset_id=[ASSET]), echoed, vod.exchange(1)):
        assert leaks(all_forms(exchange, tmp_path), known) == []
    table = vod.history()
    assert leaks(table.to_csv() + repr(table) + repr(vars(vod)), known) == []


@pytest.mark.parametrize("way", ["key", "temporary key"])
def test_signature_shows_nowhere(box, connect, tmp_path, way, monkeypatch):
    """Not even where the gateway echoes it bare, without a word before it."""
    vod, seen = connect(way), []
    send = vod._connection.client._http.send

    async def noted(method, url, *, headers, **options):
        signature = headers["Authorization"].rpartition("=")[2]
        seen.append(signature)
        box.fault(operation="info", http_status=401, body={
            "error_code": "APIGW.0301", "error_msg": f"bad {signature}"},
            headers={"x-echo": signature})  # fmt: skip
        return await send(method, url, headers=headers, **options)

    monkeypatch.setattr(vod._connection.client._http, "send", noted)
    exchange = vod.call("info", asset_id=[ASSET])
    assert "bad ***" in exchange.message
    assert leaks(all_forms(exchange, tmp_path), {"signature": seen[0]}) == []


def test_password_in_the_fields_shows_nowhere(box, connect, tmp_path):
    """A token call whose body was given by hand hides its password like any other."""
    user = {"name": "mia", "password": "CANARYpassword!1 x", "domain": {"name": "acme"}}
    auth = {"identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "cn-north-4"}}}  # fmt: skip
    exchange = connect("token").call("token", auth=auth)
    assert exchange.http_status == 401
    assert leaks(all_forms(exchange, tmp_path), {"password": user["password"]}) == []


@pytest.mark.parametrize("way", WAYS)
def test_verbose_traceback_shows_no_secret(box, connect, way):
    """Whatever a call raises: no frame of ours holds a secret in the clear."""
    vod = connect(way)
    vod.call("info", asset_id=[ASSET])
    auth = {"identity": {"password": {"user": {"password": box.iam_password}}}}
    calls = [
        lambda: vod.call("confirm", asset_id=ASSET),
        lambda: vod.call("token", auth=dict(auth), nonsense=1),
        lambda: vod.call("tokn", auth=dict(auth)),
        lambda: vod.call("token", auth=dict(auth), destroy=1),
        lambda: vod.call("token", auth=dict(auth), deadline=-1),
        lambda: vod.call("token", auth=dict(auth), lang="xx"),
        lambda: vod.preview("tokn", auth=dict(auth)),
        lambda: vod.call("info", asset_id=[ASSET] * 11),
        lambda: vod.exchange(object()),
        lambda: vod.exchange(1).diff(2),
    ]
    for call in calls:
        with pytest.raises(VodnbError) as caught:
            call()
        trace = caught.value.__traceback__.tb_next.tb_next
        shown = "".join(
            VerboseTB(theme_name="nocolor").text(type(caught.value), caught.value, trace)
        )
        frames = [frame for frame, _ in traceback.walk_tb(trace)]
        assert leaks(shown, secrets_of(box)) == []
        assert leaks("".join(repr(frame.f_locals) for frame in frames), secrets_of(box)) == []


def test_kept_attempts_hold_no_secret(box, connect, tmp_path):
    """The journal of a run whose failures echo secrets has none of them, anywhere in the file."""
    for at, way in enumerate(WAYS):
        vod, folder = connect(way), tmp_path / way
        assets = box.add([f"{'abcd'[at]}{number:031x}" for number in range(3)])
        box.fault(**echoing(box), times=2)
        results = vod.confirm(assets, progress=False, journal=folder, rate=None, workers=1)
        assert sorted(results["outcome"]) == ["confirmed", "failed", "failed"]
        failed = results[results["outcome"] == "failed"].iloc[0]
        assert "***" in vod.exchange(failed).body
        (path,) = folder.iterdir()
        secrets = own_secrets(box, way)
        assert leaks(path.read_bytes().decode("latin-1"), secrets) == []
        with closing(sqlite3.connect(path)) as base:
            told = base.execute("SELECT told FROM attempt").fetchall()
        assert len(told) == 2
        assert leaks("".join(text for (text,) in told), secrets) == []


def test_the_scan_finds_what_is_planted(box):
    """The scan above does fire: on each secret, raw and base64."""
    for name, secret in secrets_of(box).items():
        assert leaks(f"x{secret}y", secrets_of(box))[0].startswith(name)
