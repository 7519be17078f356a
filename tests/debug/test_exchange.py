"""One call, looked at: what an exchange holds, says, and can be made into."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import re

import pytest
from connections import connect_to
from form_play import active_nodes

import vodnb
from vodnb.debug import history
from vodnb.emulator.faults import Behaviour
from vodnb.rules.errors import InputError, SetupError
from vodnb.rules.operations import OPERATIONS

ASSET, UNKNOWN = "f4" * 16, "0" * 32
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def box():
    """One sandbox for all."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None, second_confirm="accept")) as running:
        running.add(ASSET)
        yield running


@pytest.fixture
def vod(box):
    """A connection by token."""
    made = connect_to(box)
    yield made
    made.close()


def refused(vod):
    """Make a call that the service refuses."""
    return vod.call("confirm", asset_id=UNKNOWN, status="CREATED")


# -- a call ----------------------------------------------------------------------------------------


def test_call_returns_all_of_a_success(vod, box):
    """Request line, headers, body, answer, timings, attempts and request ID are there."""
    exchange = vod.call("confirm", asset_id=ASSET, status="CREATED")
    assert exchange.ok
    assert (exchange.code, exchange.http_status) == ("", 200)
    assert exchange.json() == {"asset_id": ASSET}
    assert exchange.request_id == box.ledger()[-1].request_id
    last = exchange.last
    assert last.method == "POST"
    assert last.url == f"{box.endpoint}/v1.0/{box.project_id}/asset/status/uploaded"
    assert json.loads(last.request_body) == {"asset_id": ASSET, "status": "CREATED"}
    assert last.request_headers["X-Auth-Token"] == "***"
    assert last.request_headers["Content-Type"] == "application/json"
    assert len(exchange.attempts) == 1
    assert 0 < last.timings.first_byte_ms <= last.timings.total_ms
    assert last.timings.connect_ms > 0
    assert last.timings.tls_ms is None
    again = vod.call("info", asset_id=[ASSET])
    assert again.last.timings.connect_ms is None


def test_call_returns_a_refusal_and_explains_it(vod):
    """A refusal is an answer: code, meaning and next step in both languages."""
    exchange = refused(vod)
    assert not exchange.ok
    assert (exchange.code, exchange.http_status) == ("VOD.10062", 403)
    shown = {lang: repr(exchange.speak(lang)) for lang in ("en", "zh")}
    for lang, text in shown.items():
        assert "VOD.10062" in text
        assert exchange.request_id in text
        assert exchange.speak(lang).next_step in text
        assert exchange.doc_url in text
        assert exchange.explorer_url in text
    assert HAN.search(shown["zh"])
    assert not HAN.search(shown["en"])


def test_call_by_the_service_s_name(vod):
    """The name in the API Explorer is as good as ours."""
    assert vod.call("ShowAssetMeta", asset_id=[ASSET]).operation == "info"
    with pytest.raises(InputError, match=r"'delete' is no call .* known|no call that vodnb knows"):
        vod.call("delete", asset_id=ASSET)


def test_wrong_fields_are_named_and_nothing_is_sent(vod, box):
    """Each wrong field is told at once."""
    before = len(box.ledger())
    with pytest.raises(InputError, match=r"colour is no field of it.*status is missing"):
        vod.call("confirm", asset_id=ASSET, colour="red")
    assert len(box.ledger()) == before


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_destroying_asks_for_the_count(vod, box, status):
    """One asset is destroyed only where 1 was typed; a replay asks again."""
    (asset,) = box.add(["ab" * 16])
    for count in (None, 2, True):
        with pytest.raises(InputError, match="destroy=1"):
            vod.call("confirm", asset_id=asset, status=status, destroy=count)
    assert box.states()[asset] == "CREATING"
    exchange = vod.call("confirm", asset_id=asset, status=status, destroy=1)
    assert exchange.ok
    with pytest.raises(InputError, match="destroy=1"):
        exchange.replay()
    with pytest.raises(InputError, match="Leave it out"):
        vod.call("info", asset_id=[asset], destroy=1)


def test_lost_answer_is_an_exchange_too(vod, box):
    """Where nothing came back it says so, and what to do."""
    box.fault(drop=True, operation="info")
    exchange = vod.call("info", asset_id=[ASSET])
    assert (exchange.code, exchange.http_status) == ("CLIENT.NO_ANSWER", None)
    assert "no answer:" in repr(exchange)
    assert exchange.last.timings.total_ms > 0


def test_token_call_takes_the_user_of_the_connection(box, monkeypatch):
    """A token is asked for with the user's own password; neither of the two shows."""
    monkeypatch.setenv("VODNB_IAM_ENDPOINT", box.iam_endpoint)
    who = {"iam_user": box.iam_user, "iam_domain": box.iam_domain}
    user = vodnb.connect(
        endpoint=box.endpoint, region=box.region, iam_password=box.iam_password, **who
    )
    exchange = user.call("token")
    user.close()
    assert exchange.http_status == 201
    assert exchange.last.headers["x-subject-token"] == "***"
    assert '"password":"***"' in exchange.last.request_body
    assert exchange.last.body_digest == ""
    assert box.iam_password not in repr(exchange)


def test_token_call_needs_a_user(vod):
    """With a token there is no password to send."""
    with pytest.raises(SetupError, match="no IAM user"):
        vod.call("token")


def test_renewed_token_shows_as_two_attempts(box, monkeypatch):
    """The refused sending and the one after the renewal are both there."""
    monkeypatch.setenv("VODNB_IAM_ENDPOINT", box.iam_endpoint)
    who = {"iam_user": box.iam_user, "iam_domain": box.iam_domain}
    user = vodnb.connect(
        endpoint=box.endpoint, region=box.region, iam_password=box.iam_password, **who
    )
    assert len(user.call("info", asset_id=[ASSET]).attempts) == 1
    box.fault(operation="info", code="APIGW.0307", http_status=401)
    exchange = user.call("info", asset_id=[ASSET])
    user.close()
    assert exchange.ok
    assert [attempt.code for attempt in exchange.attempts] == ["APIGW.0307", ""]
    assert "Attempts: 2" in repr(exchange)


def test_preview_sends_nothing(vod, box):
    """The request shows as it would leave, and its snippets can be had."""
    before = len(box.ledger())
    planned = vod.preview("confirm", asset_id=ASSET, status="CANCELLED")
    assert len(box.ledger()) == before
    assert not planned.is_sent
    assert not planned.ok
    assert "Not sent" in repr(planned)
    assert "CANCELLED" in planned.curl()
    assert len(vod.history()) == 0


# -- shown -----------------------------------------------------------------------------------------


def test_html_is_escaped_and_links_only_to_our_pages(vod, box):
    """What a server sends is text, never markup or a link."""
    bad = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    body = {"error_code": "VOD.10062", "error_msg": f"https://evil.example/{bad}"}
    box.fault(operation="info", http_status=403, body=body, headers={"x-evil": "javascript:1"})
    html = vod.call("info", asset_id=[bad])._repr_mimebundle_()["text/html"]
    assert active_nodes(html) == []
    assert "&lt;img src=x" in html
    assert set(re.findall(r'href="([^"]+)"', html)) == {
        OPERATIONS["info"].doc_url,
        OPERATIONS["info"].explorer_url,
    }


def test_terminal_is_not_steered(vod, box):
    """Control characters of an answer are spelled out."""
    box.fault(operation="info", http_status=403, body="\x1b[2J\x9b\u202eboo")
    shown = repr(vod.call("info", asset_id=[ASSET]))
    assert not set("\x1b\x9b\u202e") & set(shown)
    assert "\\u001b[2J" in shown


def test_long_answer_is_cut_where_it_shows(vod, box):
    """A long body is kept to a limit, and shown to a shorter one; both are said."""
    box.fault(operation="info", http_status=403, body="x" * 100_000)
    exchange = vod.call("info", asset_id=[ASSET])
    assert len(exchange.body) == 65_536
    assert exchange.last.is_cut
    assert "more characters" in repr(exchange)
    assert "longer than what is kept" in repr(exchange)
    assert len(repr(exchange)) < 10_000


# -- history, diff, replay, save -------------------------------------------------------------------


def test_history_lists_the_session(vod):
    """One row each, the newest last; a row or its number leads back to the exchange."""
    first, second = vod.call("info", asset_id=[ASSET]), refused(vod)
    table = vod.history()
    assert list(table["n"]) == [1, 2]
    assert list(table["error_code"]) == ["", "VOD.10062"]
    assert list(table["http_status"]) == [200, 403]
    assert vod.exchange() == second
    assert vod.exchange(1) == first
    assert vod.exchange(table.iloc[0]) == first
    assert vod.exchange(table["n"].iloc[0]) == first
    with pytest.raises(InputError, match="no exchange 9"):
        vod.exchange(9)


def test_history_keeps_the_last_ones(vod, monkeypatch):
    """An old exchange makes way, and asking for it says so."""
    monkeypatch.setattr(history, "MOST_KEPT", 2)
    for _ in range(3):
        refused(vod)
    assert list(vod.history()["n"]) == [2, 3]
    with pytest.raises(InputError, match="Kept are 2 to 3"):
        vod.exchange(1)


def test_diff_tells_what_differs_and_nothing_else(vod):
    """Two equal calls differ in nothing; two others in what was sent and what came of it."""
    one, other = refused(vod), refused(vod)
    assert len(one.diff(other)) == 0
    assert "No difference." in repr(one.diff(other))
    rows = {part: (left, right) for part, left, right in
            one.diff(vod.call("confirm", asset_id=ASSET, status="CREATED")).rows}  # fmt: skip
    assert rows["body.asset_id"] == (f'"{UNKNOWN}"', f'"{ASSET}"')
    assert rows["HTTP status"] == ("403", "200")
    assert rows["code"] == ("VOD.10062", "")
    assert not {part for part in rows if "date" in part or "request" in part}
    with pytest.raises(InputError, match="not with str"):
        one.diff("x")


def test_replay_makes_the_same_call(vod, box):
    """By the exchange itself, and on another connection."""
    exchange = vod.call("list", asset_id=[ASSET, UNKNOWN], media_type=["MP4"], page=0)
    assert len(exchange.diff(exchange.replay())) == 0
    assert len(exchange.diff(vod.replay(exchange))) == 0
    asked = [call for call in box.ledger() if call.operation == "list"][-3:]
    assert len({call.asset_ids for call in asked}) == 1


def test_save_and_load(vod, tmp_path):
    """A saved exchange comes back equal, speaks, and refuses to be replayed by itself."""
    exchange = refused(vod)
    path = exchange.save(tmp_path / "refused.json")
    loaded = vodnb.load_exchange(path)
    assert loaded == exchange
    assert repr(loaded) == repr(exchange)
    assert loaded.curl() == exchange.curl()
    with pytest.raises(InputError, match="no connection"):
        loaded.replay()
    assert len(vod.replay(loaded).diff(exchange)) == 0
    with pytest.raises(InputError, match="exists already"):
        exchange.save(path)
    assert exchange.save(path, overwrite=True) == path
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind":"vodnb exchange"}', "\x00", "[" * 9999])
def test_what_is_no_saved_exchange_is_refused(tmp_path, text):
    """Any other file is refused with what to give."""
    path = tmp_path / "x.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match="no saved exchange"):
        vodnb.load_exchange(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("operation", "delete"), ("format", 2), ("lang", "xx"), ("attempts", []),
        ("notes", [["nonsense", {}]]), ("place", {}),
    ],
)  # fmt: skip
def test_saved_exchange_that_was_changed_is_refused(vod, tmp_path, name, value):
    """A file is checked part by part: what it says is shown and sent."""
    path = refused(vod).save(tmp_path / "x.json")
    told = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**told, name: value}), "utf-8")
    with pytest.raises(InputError):
        vodnb.load_exchange(path)


def test_missing_file_is_refused(tmp_path):
    """The path is named."""
    with pytest.raises(InputError, match=r"nowhere\.json"):
        vodnb.load_exchange(tmp_path / "nowhere.json")


def test_copies_are_the_same(vod):
    """An exchange is a value: copied, or pickled without its connection."""
    exchange = refused(vod)
    assert copy.copy(exchange) is exchange
    assert copy.deepcopy(exchange) is exchange
    assert pickle.loads(pickle.dumps(exchange)) == exchange


# -- what can be called ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_says_what_it_takes(vod, name):
    """Tab lists it; `?` shows fields, limits, quota and source; it can be called."""
    assert name in dir(vod.operations)
    card = getattr(vod.operations, name)
    declared = OPERATIONS[name]
    told = inspect.getdoc(card)
    for field in declared.fields:
        assert field.name in told
        assert field.name in inspect.signature(card).parameters
    assert declared.doc_url in told
    assert declared.api in told
    if declared.quota:
        assert f"{declared.quota.per_minute:,}" in told
    assert active_nodes(card._repr_mimebundle_()["text/html"]) == []


def test_operation_is_called_by_its_card(vod):
    """`vod.operations.info(...)` is `vod.call("info", ...)`."""
    assert vod.operations.info(asset_id=[ASSET]).ok
    assert vod.operations["ShowAssetMeta"].declared.name == "info"
    with pytest.raises(AttributeError, match="no call 'delete'"):
        _ = vod.operations.delete
