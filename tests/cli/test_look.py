"""`vodnb call` and `vodnb doctor`: what they print, and how they end."""

from __future__ import annotations

import signal

import pytest
from click.testing import CliRunner
from connections import point_to

import vodnb
from vodnb.cli import commands
from vodnb.emulator.faults import Behaviour

ASSET, UNKNOWN = "f4" * 16, "0" * 32


@pytest.fixture
def run():
    """Run a command in this process."""
    handler = signal.getsignal(signal.SIGTERM)
    yield lambda *words: CliRunner().invoke(commands.main, [str(word) for word in words])
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def box(monkeypatch):
    """A sandbox that the environment points to, as to the real service."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None)) as running:
        running.add(ASSET)
        point_to(running, monkeypatch)
        yield running


def test_call_shows_all_and_ends_with_0(run, box, tmp_path):
    """A success ends with 0; the exchange can be saved and loaded."""
    path = tmp_path / "x.json"
    fields = ["-f", f"asset_id={ASSET}", "-f", "status=CREATED"]
    result = run("call", "confirm", *fields, "--save", path, "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert "确认媒资上传 · 成功" in result.output
    assert vodnb.load_exchange(path).json() == {"asset_id": ASSET}
    assert box.token not in result.output


def test_call_that_is_refused_ends_with_1(run, box):
    """The code is explained; lists are given by repeating the field."""
    result = run("call", "confirm", "-f", f"asset_id={UNKNOWN}", "-f", "status=CREATED")
    assert result.exit_code == 1
    assert "VOD.10062" in result.output
    result = run("call", "info", "-f", f"asset_id={ASSET}", "-f", f"asset_id={UNKNOWN}")
    assert result.exit_code == 0
    assert box.ledger()[-1].asset_ids == (UNKNOWN, ASSET)


@pytest.mark.parametrize("form", ["curl", "python", "sdk"])
def test_script_and_preview_send_nothing(run, box, form):
    """A script is printed, a dry run shows the request; both without a call."""
    words = ["call", "confirm", "-f", "asset_id='; id #", "-f", "status=CANCELLED"]
    result = run(*words, "--as", form)
    assert result.exit_code == 0
    assert {"curl": "curl -sS", "python": "httpx.request", "sdk": "VodClient"}[
        form
    ] in result.output
    assert "Not sent" in run(*words, "--dry-run", "--lang", "en").output
    assert box.ledger() == []


def test_call_without_a_name_lists_the_calls(run, box):
    """Each with its fields and its page."""
    result = run("call", "--lang", "en")
    assert result.exit_code == 0
    assert "confirm (ConfirmAssetUpload)" in result.output
    assert "CREATED | FAILED | CANCELLED" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["delete"], "no call that vodnb knows"),
        (["confirm", "-f", "asset_id"], "has no '='"),
        (["confirm", "-f", "asset_id=a", "-f", "asset_id=b"], "given twice"),
        (["confirm", "-f", f"asset_id={ASSET}", "-f", "status=CANCELLED"], "destroy=1"),
        (["token", "-f", 'auth={"password": "x"}'], "holds a password"),
        (["token", "-f", "auth=x"], "is no JSON"),
        (["token"], "no IAM user"),
    ],
)
def test_wrong_words_end_with_2(run, box, words, told):
    """What is wrong is said without a traceback, and nothing is sent."""
    result = run("call", *words)
    assert result.exit_code == 2
    assert told in result.output
    assert "Traceback" not in result.output
    assert box.ledger() == []


def test_destroying_needs_the_count(run, box):
    """Typed, it goes."""
    words = ["call", "confirm", "-f", f"asset_id={ASSET}", "-f", "status=CANCELLED"]
    assert run(*words, "--destroy", 1).exit_code == 0
    assert box.states()[ASSET] == "CANCELLED"


def test_call_on_the_sandbox_of_the_process(run):
    """No account is needed to try."""
    assert run("call", "info", "--sandbox", "-f", f"asset_id={ASSET}").exit_code == 0


def test_doctor_ends_as_it_found(run, box, monkeypatch):
    """0 or 1 where things work, 2 where they do not; every line is printed."""
    result = run("doctor", "--lang", "en")
    assert result.exit_code in {0, 1}, result.output
    assert result.output.count("\n") >= 11
    monkeypatch.setenv("VODNB_TOKEN", "MIIwrong" * 8)
    result = run("doctor", "--lang", "zh")
    assert result.exit_code == 2
    assert "网关无法解析该Token" in result.output
    monkeypatch.delenv("VODNB_TOKEN")
    assert run("doctor").exit_code == 2
