"""Faults on request: the answer asked for, for the calls asked for, with the effect or without."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time

import httpx
import pytest
from sandbox_calls import ID, OTHER, as_new, ask, code_of, confirm, shown_state

from vodnb.emulator.server import sandbox
from vodnb.rules.errors import InputError


@pytest.fixture(scope="module")
def shared_box():
    """One sandbox for the tests of this file."""
    with sandbox() as running:
        yield running


@pytest.fixture
def box(shared_box):
    """That sandbox, with the documented behaviour, no faults, and two hanging assets."""
    return as_new(shared_box)


def test_fault_answers_in_place_of_the_service(box):
    """A code brings its own status and message; the call has no effect, and is in the ledger."""
    box.fault(code="APIGW.0308")
    box.fault(code="VOD.10051", http_status=500, headers={"Retry-After": "9"})
    throttled, broken = confirm(box), confirm(box)
    assert (throttled.status_code, code_of(throttled)) == (429, "APIGW.0308")
    assert throttled.json()["request_id"] == throttled.headers["x-request-id"]
    assert (broken.status_code, code_of(broken)) == (500, "VOD.10051")
    assert broken.headers["retry-after"] == "9"
    assert broken.json()["error_msg"]
    assert box.states()[ID] == "CREATING"
    found = [(entry.error_code, entry.effect) for entry in box.ledger()[-2:]]
    assert found == [("APIGW.0308", False), ("VOD.10051", False)]
    assert confirm(box).status_code == 200


@pytest.mark.parametrize("effect", [False, True])
def test_dropped_call_may_have_had_its_effect(box, effect, caplog):
    """The connection ends without an answer; only the state and the ledger tell the effect."""
    box.fault(drop=True, effect=effect)
    with pytest.raises(httpx.RemoteProtocolError):
        confirm(box)
    assert box.states()[ID] == ("CREATED" if effect else "CREATING")
    entry = box.ledger()[-1]
    assert (entry.http_status, entry.request_id, entry.effect) == (0, "", effect)
    assert not caplog.text, "the server itself must not take it for a bug"


def test_only_the_befallen_connection_is_dropped(box):
    """Other clients keep their connections."""
    place = box.endpoint.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(place)) as other:
        for drops in (True, False):
            other.request("GET", "/_sandbox/ledger")
            assert other.getresponse().read()
            if drops:
                box.fault(drop=True)
                with pytest.raises(httpx.RemoteProtocolError):
                    confirm(box)


@pytest.mark.parametrize(
    ("fault", "content", "content_type"),
    [
        ({"body": {"asset_id": OTHER}}, b'{"asset_id":"%s"}' % OTHER.encode(), "application/json"),
        ({"body": "<html>proxy</html>"}, b"<html>proxy</html>", "text/html"),
        ({"body": b"\xff{"}, b"\xff{", "application/json"),
        ({"http_status": 502}, b"", "application/json"),
        ({"body": "x", "headers": {"Content-Type": "text/x"}}, b"x", "text/x"),
    ],
)
def test_fault_sends_the_body_asked_for(box, fault, content, content_type):
    """Any body can be had, with the effect or without."""
    box.fault(**fault, effect=True)
    answer = confirm(box)
    assert answer.content == content
    assert answer.headers["content-type"].startswith(content_type)
    assert answer.status_code == fault.get("http_status", 200)
    assert box.states()[ID] == "CREATED"


def test_faults_wait_for_their_call(box):
    """A fault befalls its operation, its asset, after its skips, as often as asked, in order."""
    box.fault(code="VOD.10051", asset_id=OTHER, skip=1, times=2)
    box.fault(code="VOD.10052", operation="info")
    codes = [code_of(confirm(box, asset_id)) for asset_id in (ID, OTHER, OTHER, OTHER, OTHER)]
    assert codes == ["", "", "VOD.10051", "VOD.10051", "VOD.10126"]
    assert code_of(ask(box, "GET", "/asset/info")) == "VOD.10052"
    box.fault(code="VOD.10052", operation="info", asset_id=OTHER)
    assert shown_state(box, ID) == "CREATED"
    params = {"asset_id": [ID, OTHER]}
    assert code_of(ask(box, "GET", "/asset/info", params=params)) == "VOD.10052"


def test_fault_of_every_call_and_clearing(box):
    """With operation None any call is hit, even one that is none; cleared faults are gone."""
    box.fault(code="VOD.10051", operation=None, times=9, effect=True)
    assert code_of(ask(box, "GET", "/nowhere")) == "VOD.10051"
    assert code_of(ask(box, "GET", "/asset/list")) == "VOD.10051"
    box.clear_faults()
    assert confirm(box).status_code == 200


def test_delay_alone_gives_the_true_answer_late(box):
    """Nothing happens before the delay is over, and then what should happen does."""
    box.fault(delay=0.2, headers={"X-Slow": "yes"})
    answers = []
    caller = threading.Thread(target=lambda: answers.append(confirm(box)))
    caller.start()
    time.sleep(0.05)
    assert box.states()[ID] == "CREATING"
    caller.join()
    assert answers[0].json() == {"asset_id": ID}
    assert answers[0].headers["x-slow"] == "yes"
    assert box.states()[ID] == "CREATED"


@pytest.mark.parametrize(
    "wrong", [{"operation": "delete"}, {"times": 0}, {"skip": -1}, {"delay": -1.0}]
)
def test_faults_that_plan_nothing_are_refused(box, wrong):
    """A fault that can never come is a mistake."""
    with pytest.raises(InputError):
        box.fault(code="VOD.10051", **wrong)
