"""The sandbox over real HTTP: its switches, both ways, its admission, its answers, its ledger."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import asdict

import pytest
from sandbox_calls import HTTP, ID, OTHER, as_new, ask, code_of, confirm, shown_state

from vodnb.emulator.faults import Behaviour
from vodnb.emulator.server import sandbox
from vodnb.rules.errors import InputError


class Clock:
    """A clock that goes on, and leaps when told."""

    def __init__(self) -> None:
        self.leap = 0.0

    def __call__(self) -> float:
        """Say what time it is."""
        return time.time() + self.leap


@pytest.fixture(scope="module")
def shared_box():
    """One sandbox for the tests of this file."""
    with sandbox(clock=Clock()) as running:
        yield running


@pytest.fixture
def box(shared_box):
    """That sandbox, with the documented behaviour, no faults, and two hanging assets."""
    return as_new(shared_box)


@pytest.mark.parametrize(
    ("second", "http_status", "code"), [("refuse", 403, "VOD.10126"), ("accept", 200, "")]
)
def test_second_confirm_is_a_switch(box, second, http_status, code):
    """A second CREATED is refused or accepted, and has no effect either way."""
    box.behaviour = Behaviour(second_confirm=second)
    assert confirm(box).status_code == 200
    answer = confirm(box)
    assert (answer.status_code, code_of(answer)) == (http_status, code)
    assert [entry.effect for entry in box.ledger()[-2:]] == [True, False]


@pytest.mark.parametrize("retry_after", [None, "3"])
def test_retry_after_is_a_switch(box, retry_after):
    """A 429 carries the header only where it was asked for."""
    box.behaviour = Behaviour(quota={"confirm": 0}, retry_after=retry_after)
    answer = confirm(box)
    assert (answer.status_code, code_of(answer)) == (429, "APIGW.0308")
    assert answer.headers.get("retry-after") == retry_after
    assert box.states()[ID] == "CREATING"


@pytest.mark.parametrize(("lag", "shown"), [(0.0, "CREATED"), (60.0, "CREATING")])
def test_lag_of_states_is_a_switch(box, lag, shown):
    """With a lag the queries go on showing the old state, while the truth has changed."""
    box.behaviour = Behaviour(state_lag=lag)
    confirm(box)
    assert shown_state(box) == shown
    assert box.states()[ID] == "CREATED"
    listed = ask(box, "GET", "/asset/list", params={"asset_id": ID}).json()["assets"][0]
    assert listed["asset_status"] == shown


@pytest.mark.parametrize(
    ("processing", "shown"), [((), "CREATED"), (((0.0, "TRANSCODING"),), "TRANSCODING")]
)
def test_processing_is_a_switch(box, processing, shown):
    """A confirmed asset stays CREATED, or moves on by a script."""
    box.behaviour = Behaviour(processing=processing)
    confirm(box)
    assert shown_state(box) == shown


@pytest.mark.parametrize("latency", [0.0, 0.15])
def test_latency_is_a_switch(box, latency):
    """Every answer takes at least so long."""
    box.behaviour = Behaviour(latency=latency)
    started = time.monotonic()
    confirm(box)
    assert (time.monotonic() - started >= 0.15) == bool(latency)


@pytest.mark.parametrize(("life", "http_status"), [(3600.0, 401), (7200.0, 200)])
def test_life_of_a_token_is_a_switch(box, life, http_status):
    """A token dies when its life is over."""
    box.behaviour = Behaviour(token_life=life)
    box.new_token()
    box._admission._clock.leap += 5400
    assert confirm(box).status_code == http_status


def test_switches_that_are_none_are_refused():
    """A behaviour that no document allows is a mistake of the test that asks for it."""
    with pytest.raises(InputError, match="second_confirm='maybe'"):
        Behaviour(second_confirm="maybe")
    with pytest.raises(InputError, match="not_found_status=200"):
        Behaviour(not_found_status=200)


def test_expired_tokens_are_refused_until_a_new_one_comes(box):
    """All tokens die at once; a new one opens again."""
    box.expire_tokens()
    assert code_of(confirm(box)) == "APIGW.0307"
    box.new_token()
    assert confirm(box).status_code == 200


def test_token_of_iam_opens_the_service(box):
    """The token in the header X-Subject-Token is good for a confirm call."""
    user = {
        "name": box.iam_user,
        "password": box.iam_password,
        "domain": {"name": box.iam_domain},
    }
    auth = {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"name": box.region}},
    }
    url = f"{box.iam_endpoint}/v3/auth/tokens"
    answer = HTTP.post(url, json={"auth": auth})
    token = answer.headers["x-subject-token"]
    assert token != box.token
    headers = {"x-auth-token": token}
    assert ask(box, "GET", "/asset/list", headers=headers).status_code == 200
    auth["scope"] = {"project": {"name": "eu-west-0"}}
    assert HTTP.post(url, json={"auth": auth}).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"asset_id":1,"status":"CREATED"}',
        b'{"asset_id":true,"status":"CREATED"}',
        b'{"asset_id":"","status":"CREATED"}',
        b'{"asset_id":"a","status":null}',
    ],
)
def test_bad_bodies_are_illegal_parameters(box, body):
    """Whatever is no confirm call gets VOD.10053, never a crash."""
    answer = ask(box, "POST", "/asset/status/uploaded", content=body)
    assert (answer.status_code, code_of(answer)) == (400, "VOD.10053")
    assert "illegal field: {" in answer.json()["error_msg"]


def test_half_a_character_is_no_crash(box):
    """A lone surrogate in the JSON gets an answer."""
    body = b'{"asset_id":"\\ud800","status":"CREATED"}'
    assert code_of(ask(box, "POST", "/asset/status/uploaded", content=body)) == "VOD.10062"
    body = b'{"title":"\\ud800","video_name":"v","video_type":"MP4"}'
    assert ask(box, "POST", "/asset", content=body).status_code == 200
    assert ask(box, "GET", "/asset/list", params={"size": 100}).status_code == 200
    assert HTTP.get(f"{box.endpoint}/_sandbox/ledger").status_code == 200


def test_created_asset_can_be_confirmed(box):
    """What create hands out hangs until it is confirmed; then it shows size and duration."""
    fields = {"title": '第1课, "A"', "video_name": "1.mp4", "video_type": "MP4"}
    made = ask(box, "POST", "/asset", json=fields).json()
    info = ask(box, "GET", "/asset/info", params={"asset_id": made["asset_id"]}).json()
    row = info["asset_info_array"][0]
    assert (row["status"], row["base_info"]["title"]) == ("CREATING", fields["title"])
    assert row["base_info"]["meta_data"] is None
    confirm(box, made["asset_id"])
    info = ask(box, "GET", "/asset/info", params={"asset_id": made["asset_id"]}).json()
    meta = info["asset_info_array"][0]["base_info"]["meta_data"]
    assert meta["duration"] > 0
    assert meta["video_size"] > 0
    too_long = ask(box, "POST", "/asset", json={**fields, "title": "课" * 43})
    assert "{title}" in too_long.json()["error_msg"]


def test_states_are_paged_through():
    """Pages are disjoint, complete, and say whether more follow."""
    with sandbox(assets=25) as box:
        box.add([ID], state="CANCELLED")
        seen = []
        for page in range(3):
            params = {"status": "CREATING", "page": page, "size": 10}
            answer = ask(box, "GET", "/asset/info", params=params).json()
            seen += [row["asset_id"] for row in answer["asset_info_array"]]
            assert (answer["total"], answer["is_truncated"]) == (25, int(page < 2))
        assert sorted([*seen, ID]) == sorted(box.states())
        listed = ask(box, "GET", "/asset/list", params={"size": 100}).json()
        assert listed["total"] == 25, "the list has no word for CANCELLED"
        assert not ask(box, "GET", "/asset/list", params={"start_time": "2999"}).json()["assets"]


@pytest.mark.parametrize("wrong", [{"size": 0}, {"size": 101}, {"page": -1}, {"page": "x"}])
def test_pages_out_of_bounds_are_illegal_parameters(box, wrong):
    """Page and size have limits."""
    for path in ("/asset/info", "/asset/list"):
        assert code_of(ask(box, "GET", path, params=wrong)) == "VOD.10053"


def test_list_speaks_words_of_its_own(box):
    """The list says FAILED for a failed upload, and tells transcoding apart from the asset."""
    box.add(ID, state="UPLOAD_FAILED")
    box.add(OTHER, state="TRANSCODING")
    params = {"asset_id": [ID, OTHER, "0" * 32]}
    rows = ask(box, "GET", "/asset/list", params=params).json()["assets"]
    found = [(row["asset_status"], row["transcode_status"]) for row in rows]
    assert found == [("FAILED", "UN_TRANSCODE"), ("CREATED", "TRANSCODING")]
    ours = {"query_string": "f488337c", "status": ["TRANSCODING", "FAILED"]}
    rows = ask(box, "GET", "/asset/list", params=ours).json()["assets"]
    assert [row["asset_id"] for row in rows] == [ID]


def test_ledger_over_http_is_the_ledger(box):
    """Both tell the same of every call, and no secret."""
    confirm(box)
    ask(box, "GET", "/asset/info", params={"asset_id": [ID, OTHER]})
    page = HTTP.get(f"{box.endpoint}/_sandbox/ledger")
    assert page.json() == json.loads(json.dumps([asdict(entry) for entry in box.ledger()]))
    first, second = page.json()[-2:]
    assert first["asset_id"] == ID
    assert (first["operation"], first["status"], first["effect"]) == ("confirm", "CREATED", True)
    assert (second["operation"], second["asset_ids"]) == ("info", [ID, OTHER])
    assert second["n"] == first["n"] + 1 == len(page.json())
    assert first["time"] <= second["time"] <= box._admission._clock()
    for secret in (box.token, box.sk, box.iam_password):
        assert secret not in page.text
        assert secret not in repr(box)
    assert box.endpoint in repr(box)
    assert box.project_id in repr(box)


HOSTS_OF_OTHERS = [
    "evil.example", "evil.example:{port}", "evil.example:127.0.0.1", "127.0.0.1.evil.example",
    "localhost.evil.example:{port}", "0.0.0.0:{port}", "[::2]:{port}", "@127.0.0.1", "[::1",
    "", None,
]  # fmt: skip
HOSTS_OF_OURS = ["127.0.0.1", "127.0.0.1:{port}", "localhost", "LocalHost:{port}", "[::1]:{port}"]


def ledger_at(box, host):
    """Return status and body of the ledger, asked for by hand with this Host."""
    port = int(box.endpoint.rpartition(":")[2])
    named = "" if host is None else f"Host: {host.format(port=port)}\r\n"
    ask = f"GET /_sandbox/ledger HTTP/1.1\r\n{named}Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(ask.encode())
        head, _, body = b"".join(iter(lambda: line.recv(65536), b"")).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize("host", HOSTS_OF_OTHERS)
def test_a_page_from_elsewhere_reads_no_ledger(box, host):
    """A browser that was told that evil.example is this machine asks with that name."""
    confirm(box)
    status, body = ledger_at(box, host)
    assert status in {400, 421}
    assert box.project_id.encode() not in body
    assert ID.encode() not in body


@pytest.mark.parametrize("host", HOSTS_OF_OURS)
def test_the_names_of_this_machine_are_answered(box, host):
    """By whatever name of its own, with a port or without."""
    assert ledger_at(box, host)[0] == 200
