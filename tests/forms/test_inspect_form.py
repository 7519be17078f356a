"""The form that inspects, without a kernel: what it builds, shows, asks, and never keeps."""

from __future__ import annotations

import re

import ipywidgets as widgets
import pytest
from form_play import (
    active_nodes,
    control,
    press,
    settle,
    shown,
    state_of,
    walk,
)
from leak_scan import leaks

import vodnb
from vodnb.rules.operations import OPERATIONS

pytestmark = pytest.mark.usefixtures("own_forms")

HAN = re.compile(r"[\u4e00-\u9fff]")
ASSET, OTHER, UNKNOWN = "f4" * 16, "ab" * 16, "0e1d" * 8


@pytest.fixture
def vod():
    """A connection to the sandbox, with two hanging assets."""
    made = vodnb.connect(sandbox=True, lang="en")
    made.sandbox.add([ASSET, OTHER])
    return made


@pytest.fixture
def form(vod):
    """The form on that connection."""
    return vodnb.forms.inspect(vod, lang="en")


def is_shown(widget) -> bool:
    """Whether a control is shown."""
    return widget.layout.display != "none"


def posts(vod) -> int:
    """Return how many confirm calls the sandbox has served."""
    return sum(call.operation == "confirm" for call in vod.sandbox.ledger())


def fill(form, **fields: str) -> None:
    """Fill in fields of the chosen call."""
    for name, text in fields.items():
        form._chosen._boxes[name].value = text


@pytest.mark.parametrize("name", OPERATIONS)
def test_fields_are_built_from_the_declaration(form, name):
    """Each declared field but a secret object has one named control; choices are offered."""
    control(form, "Operation").value = name
    control(form, "All fields").value = True
    declared = OPERATIONS[name]
    boxes = form._chosen._boxes
    assert list(boxes) == [field.name for field in declared.fields if field.kind != "object"]
    for field in declared.fields:
        if field.name in boxes:
            assert boxes[field.name].description == field.name
            assert is_shown(boxes[field.name])
            assert {told for _, told in getattr(boxes[field.name], "options", ())} - {""} == set(
                field.choices
            )
    assert list(form._area.children) == [form._chosen.widget]
    assert declared.doc_url in form._about.value
    assert declared.explorer_url in form._about.value


def test_optional_fields_wait_until_asked_for(form):
    """The list call opens with the asset IDs alone."""
    control(form, "Operation").value = "list"
    boxes = form._chosen._boxes
    assert [name for name, box in boxes.items() if is_shown(box)] == ["asset_id"]
    control(form, "All fields").value = True
    assert all(map(is_shown, boxes.values()))


def test_request_is_seen_before_it_goes(form, vod):
    """The preview follows the fields, and nothing is sent for it."""
    before = len(vod.sandbox.ledger())
    assert "asset_id is missing" in form._plan.value
    fill(form, asset_id="'; id # <b>")
    assert "&#x27;; id # &lt;b&gt;" in form._plan.value
    control(form, "Operation").value = "info"
    fill(form, asset_id=f"{ASSET}\n\n {OTHER} ")
    assert f"asset_id={OTHER}&amp;asset_id={ASSET}" in form._plan.value
    assert len(vod.sandbox.ledger()) == before


def test_send_shows_the_exchange_and_lists_it(form, vod):
    """Answer, meaning and script are there; the history offers it, the newest first."""
    fill(form, asset_id=UNKNOWN)
    press(form, "Send")
    assert "VOD.10062" in form._shown.value
    assert "Compare the ID with its source" in form._shown.value
    assert "curl -sS -X POST" in control(form, "Script").value
    fill(form, asset_id=ASSET)
    press(form, "Send")
    labels = [label for label, _ in control(form, "Exchange").options]
    assert [label.split(" · ")[:3] for label in labels] == [
        ["2", "confirm", "success"], ["1", "confirm", "VOD.10062"],
    ]  # fmt: skip
    assert control(form, "Exchange").value == 2
    control(form, "Copy as").value = "sdk"
    assert "VodClient" in control(form, "Script").value
    control(form, "Exchange").value = 1
    assert UNKNOWN in form._shown.value
    assert UNKNOWN in control(form, "Script").value
    assert len(vod.history()) == 2


def test_two_are_compared_and_one_replayed(form, vod):
    """What differs is shown; a replay is one more exchange, and shows."""
    fill(form, asset_id=UNKNOWN)
    press(form, "Send")
    fill(form, asset_id=ASSET)
    press(form, "Send")
    control(form, "Compare with").value = 1
    press(form, "Compare")
    assert "body.asset_id" in form._differs.value
    press(form, "Replay")
    assert "VOD.10126" in form._shown.value
    assert list(vod.history()["error_code"]) == ["VOD.10062", "", "VOD.10126"]


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_destroying_asks_first_and_each_time(form, vod, status):
    """Only a typed 1 sends it; it is used up by that, and a replay asks again."""
    before = posts(vod)
    fill(form, asset_id=OTHER, status=status)
    assert is_shown(control(form, "Type 1"))
    assert f"{status} destroys" in form._warning.value
    for typed in ("", "2", "yes"):
        control(form, "Type 1").value = typed
        press(form, "Send")
        assert "1 was not typed" in form._trouble.value
        assert control(form, "Type 1").value == ""
    assert posts(vod) == before
    control(form, "Type 1").value = "1"
    press(form, "Send")
    assert posts(vod) == before + 1
    assert control(form, "Type 1").value == ""
    press(form, "Send")
    press(form, "Replay")
    assert "1 was not typed" in form._trouble.value
    assert posts(vod) == before + 1
    fill(form, status="CREATED")
    assert not is_shown(control(form, "Type 1"))


@pytest.mark.parametrize("secret", ["MIICANARYtoken-5v1k9Qz7Xw3abc", "x Signature=CANARYsig123456"])
def test_secret_in_a_field_is_taken_out(form, secret):
    """What looks like a secret is emptied at once, said, and in no widget's state."""
    control(form, "Operation").value = "create"
    fill(form, title=secret)
    assert "held what looks like a secret" in form._trouble.value
    assert form._chosen._boxes["title"].value == ""
    assert leaks(state_of(form) + form.still(), {"it": secret}) == []


def test_own_secrets_are_taken_out_too(form, vod):
    """The connection's own token, even a part of it, is known for what it is."""
    fill(form, asset_id=vod.sandbox.token[:40])
    assert form._chosen._boxes["asset_id"].value == ""
    assert not vod.is_secret("第1课")


def test_answers_that_hold_secrets_leave_none_in_the_form(form, vod):
    """Token, in whatever place a server puts it, is in no widget's state and no still picture."""
    token = vod.sandbox.token
    vod.sandbox.fault(operation="confirm", http_status=403, headers={"x-echo": token}, body={
        "error_code": "VOD.10053", "error_msg": f"illegal {token}"})  # fmt: skip
    fill(form, asset_id=ASSET)
    press(form, "Send")
    assert "***" in form._shown.value
    told = state_of(form) + form.still() + str(form._still_bundle())
    assert leaks(told, {"token": token}) == []


def test_hostile_answer_and_fields_run_nowhere(form, vod):
    """What a server sends, and what was typed, is text in every part of the form."""
    bad = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    vod.sandbox.fault(operation="confirm", http_status=403, body={"error_code": bad,
                      "error_msg": bad}, headers={"x-bad": bad})  # fmt: skip
    fill(form, asset_id=bad)
    press(form, "Send")
    press(form, "Compare")
    html = shown(form) + form.still() + form._still_bundle()["text/html"]
    assert "&lt;img src=x" in html
    assert active_nodes(html) == []


def test_form_speaks_chinese_and_switches(vod):
    """Every control has a Chinese name; a switch back leaves values and exchange as they are."""
    form = vodnb.forms.inspect(vod, lang="zh")
    assert "无法发送" in form._plan.value
    fill(form, asset_id=UNKNOWN)
    press(form, "发送")
    assert "在当前项目和区域中找不到该媒资" in form._shown.value
    named = [one for one in walk(form.widget) if isinstance(one, widgets.Button | widgets.Dropdown)]
    fields = {field.name for made in OPERATIONS.values() for field in made.fields}
    for one in named:
        assert one.description in fields or HAN.search(one.description)
    form._shared.speak("en")
    assert "VOD does not know this asset" in form._shown.value
    assert form._chosen._boxes["asset_id"].value == UNKNOWN
    assert control(form, "Send").tooltip


def test_opened_row_shows_its_exchange(vod):
    """In the results, a failed row opens with its exact request and answer."""
    results = vod.confirm([ASSET, UNKNOWN], progress=False, rate=None)
    form = vodnb.forms.results(results, vod, lang="en")
    form._list.value = 1
    assert "Kept by the journal of run" in form._detail.value
    assert "error_msg" in form._detail.value
    form._list.value = 0
    assert "keeps the exchanges of failures only" in form._detail.value
    assert active_nodes(form._detail.value) == []


def test_opened_row_without_a_connection_says_how(vod):
    """Results alone have no connection; the form says what to do."""
    results = vod.confirm([ASSET], progress=False, rate=None)
    form = vodnb.forms.results(results, lang="zh")
    form._list.value = 0
    assert "请先连接" in form._detail.value


def test_form_without_a_connection_says_so():
    """It shows the fields, and what comes first."""
    form = vodnb.forms.inspect(lang="en")
    for name in ("Send", "Replay", "Compare"):
        if not control(form, name).disabled:
            press(form, name)
    settle(form)
    assert "Connect first" in shown(form)


def test_form_opens_on_the_last_call_that_code_made(vod) -> None:
    """What was called before the form was made can be looked at, compared and copied."""
    vod.call("confirm", asset_id=UNKNOWN, status="CREATED")
    vod.call("info", asset_id=[ASSET])
    form = vodnb.forms.inspect(vod, lang="en")
    assert is_shown(control(form, "Exchange"))
    assert "asset_info_array" in form._shown.value
    control(form, "Exchange").value = 1
    assert "VOD.10062" in form._shown.value


def test_errors_of_past_exchanges_are_said_in_chinese(vod) -> None:
    """One whose fields were masked cannot be replayed, and one that has made way is gone."""
    vod.call("confirm", asset_id="MIICANARYtoken5v1k9Qz7Xw3abcdefghijk", status="CREATED")
    vod.call("confirm", asset_id=UNKNOWN, status="CREATED")
    form = vodnb.forms.inspect(vod, lang="zh")
    control(form, "往来记录").value = 1
    press(form, "重放")
    assert "疑似密钥的内容已被遮盖" in form._trouble.value
    assert not re.search(r">[A-Za-z ]{30,}", form._trouble.value)
    del vod._calls.history._kept[2]
    control(form, "往来记录").value = 2
    assert "没有第 2 条往来记录" in form._trouble.value
    assert "保留的是第 1 至 2 条" in form._trouble.value
    assert not re.search(r">[A-Za-z ]{30,}", form._trouble.value)
