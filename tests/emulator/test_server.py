"""The handle on a sandbox: assets taken in, the demo CSV, the state file, start and stop."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import stat
import threading
import time
from pathlib import Path

import httpx
import pandas as pd
import pytest
from sandbox_calls import ID, OTHER, as_new, code_of, confirm, shown_state

from vodnb.emulator import server
from vodnb.emulator.faults import Behaviour
from vodnb.emulator.memory import write_atomically
from vodnb.emulator.server import Sandbox, sandbox, serve, shared_sandbox
from vodnb.rules.errors import InputError, SetupError


@pytest.fixture(scope="module")
def shared_box():
    """One sandbox for the tests of this file."""
    with sandbox() as running:
        yield running


@pytest.fixture
def box(shared_box):
    """That sandbox, with the documented behaviour, no faults, and two hanging assets."""
    return as_new(shared_box)


def test_add_takes_ids_in_any_form(box, tmp_path):
    """One ID, many, or a CSV: cleaned as loading cleans them, each once, junk left out."""
    assert box.add(f" {ID} ", state="PUBLISHED") == [ID]
    assert box.states()[ID] == "PUBLISHED"
    assert box.add([ID, OTHER.upper(), ID, "", "1.23E+31"]) == [ID, OTHER]
    table = tmp_path / "own.csv"
    table.write_text(f"title;asset_id\n课;{ID}\nb;{OTHER}\nc\n", encoding="gb18030")
    assert box.add(table) == [ID, OTHER]
    table.write_text(f"{ID}\n\n{OTHER}\n", encoding="utf-8-sig")
    assert box.add(str(table)) == [ID, OTHER]
    table.write_text(f"Media\n{ID}\n")
    assert box.add(table) == [ID]
    for first in (ID.upper(), f'="{ID}"', f" {ID}"):
        table.write_text(f"{first}\n{OTHER}\n")
        assert box.add(table) == [ID, OTHER]
    table.write_text("")
    assert box.add(table) == []


def test_add_finds_a_file_without_a_dot_in_its_name(box, tmp_path, monkeypatch):
    """A text that is the name of a file means the file."""
    monkeypatch.chdir(tmp_path)
    Path("assets").write_text(f"{OTHER}\n")
    assert box.add("assets") == [OTHER]


def test_add_refuses_what_it_cannot_read(box, tmp_path):
    """A missing file, a table without the column, bytes that are no text, a state that is none."""
    with pytest.raises(InputError, match="cannot be read"):
        box.add(tmp_path / "missing.csv")
    table = tmp_path / "own.csv"
    table.write_text("title,id\na,b\n")
    with pytest.raises(InputError, match="no column asset_id; its columns are title, id"):
        box.add(table)
    table.write_bytes(b"\xff\xff\xff")
    with pytest.raises(InputError, match="neither UTF-8 nor GB18030"):
        box.add(table)
    table.write_text('asset_id\n"' + "x" * 200_000)
    with pytest.raises(InputError, match=r"cannot be read as CSV: field larger.*left open"):
        box.add(table)
    with pytest.raises(InputError, match=r"A DataFrame was given.*add\(table\['asset_id'\]\)"):
        box.add(pd.DataFrame({"asset_id": [ID]}))
    assert box.add(pd.Series([ID])) == [ID]
    for state in ("NO_ASSET", "created", ""):
        with pytest.raises(InputError, match="no state that an asset can be in"):
            box.add(ID, state=state)


def test_sample_csv_comes_true(box, tmp_path):
    """Confirmed after a look, every row of the sample ends as its truth says."""
    path = box.sample_csv(tmp_path / "demo.csv", n=60, seed="x")
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfasset_id,title,uploader\r\n")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))[1:]
    truth = box.truth(path)
    assert len(truth) == len(rows) == 60
    box.behaviour = Behaviour(quota=None)
    done: dict[str, tuple[str, str]] = {}
    for row, expected in zip(rows, truth, strict=True):
        if not expected.asset_id:
            assert expected.outcome == "invalid"
            continue
        if expected.verdict == "ok":
            assert row[0] == expected.asset_id
        if expected.asset_id not in done:
            if shown_state(box, expected.asset_id) in ("CREATED", "PUBLISHED", "TRANSCODING"):
                done[expected.asset_id] = ("already_confirmed", "")
            else:
                code = code_of(confirm(box, expected.asset_id))
                done[expected.asset_id] = ("failed" if code else "confirmed", code)
        assert done[expected.asset_id] == (expected.outcome, expected.code)


def test_sample_csv_replaces_only_its_own(box, tmp_path):
    """Each sample has IDs of its own; a file that is not ours stays as it is."""
    path = tmp_path / "demo.csv"
    first = box.truth(box.sample_csv(path, n=5))
    assert {row.asset_id for row in box.truth(box.sample_csv(path, n=5))}.isdisjoint(
        row.asset_id for row in first
    )
    own = tmp_path / "own.csv"
    own.write_text("precious")
    for place in (own, tmp_path, tmp_path / "no" / "folder.csv"):
        with pytest.raises(InputError):
            box.sample_csv(place)
    assert own.read_text() == "precious"
    with pytest.raises(InputError, match="did not write"):
        box.truth(own)


def test_port_in_use_is_a_setup_error(box):
    """A port that is taken, or that is none, is named."""
    port = int(box.endpoint.rpartition(":")[2])
    with pytest.raises(SetupError, match=f"cannot listen on 127.0.0.1:{port}"):
        sandbox(port=port)
    with pytest.raises(SetupError, match="cannot listen"):
        sandbox(port=99999)


def test_state_file_outlives_the_server(tmp_path):
    """A second sandbox on the same file has the same credentials, tokens and assets."""
    path = tmp_path / "state.json"
    with sandbox(assets=3, state_file=path) as first:
        asset_id = next(iter(first.states()))
        confirm(first, asset_id)
        before = first.as_json()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]
    with sandbox(assets=3, state_file=str(path)) as second:
        ports = ("endpoint", "iam_endpoint")
        same = {name: value for name, value in second.as_json().items() if name not in ports}
        assert same == {name: value for name, value in before.items() if name not in ports}
        assert second.states()[asset_id] == "CREATED"
        assert code_of(confirm(second, asset_id)) == "VOD.10126"
        second.expire_tokens()
    with sandbox(state_file=path) as third:
        assert third.token != before["token"], "a token that has died is of no use"
        assert confirm(third, asset_id).status_code == 403


def test_state_file_is_written_while_it_runs(tmp_path, monkeypatch):
    """A change is in the file soon, so that even a killed server loses little."""
    monkeypatch.setattr("vodnb.emulator.host._CHORE_SECONDS", 0.05)
    path = tmp_path / "state.json"
    with sandbox(assets=1, state_file=path) as box:
        confirm(box, next(iter(box.states())))
        deadline = time.monotonic() + 5
        while '"CREATED"' not in path.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert '"CREATED"' in path.read_text()
        time.sleep(0.15)
        written = path.stat().st_mtime_ns
        time.sleep(0.15)
        assert path.stat().st_mtime_ns == written, "without a change nothing is written"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"vodnb sandbox 1": {"credentials": {}}}'])
def test_foreign_state_file_is_refused_and_kept(tmp_path, content):
    """A file that is no state file is never overwritten."""
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(SetupError, match="cannot be used"):
        sandbox(state_file=path)
    assert path.read_text() == content


def test_state_file_with_an_impossible_asset_is_refused(tmp_path):
    """An asset that never had a state makes the whole file suspect."""
    path = tmp_path / "state.json"
    with sandbox(assets=1, state_file=path):
        pass
    data = json.loads(path.read_text())
    data["vodnb sandbox 1"]["assets"][0][-1] = []
    path.write_text(json.dumps(data))
    with pytest.raises(SetupError, match="cannot be used"):
        sandbox(state_file=path)


def test_failed_write_leaves_nothing_behind(tmp_path):
    """Where a file cannot be put in place, what was there stays, and no half file beside it."""
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(OSError, match="target"):
        write_atomically(target, b"x")
    assert list(tmp_path.iterdir()) == [target]


def test_state_file_that_cannot_be_written(tmp_path, caplog):
    """A bad folder shows at the start; one that goes bad later is a warning, not an end."""
    with pytest.raises(SetupError, match="cannot be written"):
        sandbox(state_file=tmp_path / "no" / "state.json")
    folder = tmp_path / "folder"
    folder.mkdir()
    with sandbox(state_file=folder / "state.json") as box:
        (folder / "state.json").unlink()
        folder.rmdir()
        box.add(ID)
    assert "cannot write" in caplog.text


def test_stop_ends_everything_and_may_be_repeated():
    """Waiting calls are cut off, half-sent ones too, the thread is gone, the port is free."""
    box = sandbox()
    host, port = "127.0.0.1", int(box.endpoint.rpartition(":")[2])
    box.fault(operation=None, delay=60.0)
    outcome = []

    def call() -> None:
        try:
            confirm(box)
        except httpx.TransportError as error:
            outcome.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    with socket.create_connection((host, port)) as half:
        half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
        time.sleep(0.1)
        started = time.monotonic()
        box.stop()
        assert time.monotonic() - started < 5
    caller.join()
    box.stop()
    assert len(outcome) == 1
    assert not box.is_running
    assert all(thread.name != "vodnb-sandbox" or thread.ident for thread in threading.enumerate())
    with socket.socket() as probe:
        assert probe.connect_ex((host, port)) != 0


def test_answers_are_not_held_back(box):
    """Nagle's algorithm is off: with it each answer on a kept connection comes 40 ms late."""
    confirm(box)
    connections = list(box._host._server.server_state.connections)
    held = [
        connection.transport.get_extra_info("socket").getsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY
        )
        == 0
        for connection in connections
    ]
    assert held
    assert not any(held)


def test_shared_sandbox_is_one_per_process():
    """Threads that ask at once get the same one; after a stop there is a new one."""
    found: list[Sandbox] = []
    threads = [threading.Thread(target=lambda: found.append(shared_sandbox())) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(one) for one in found}) == 1
        found[0].stop()
        again = shared_sandbox()
        assert again is not found[0]
        assert again.is_running
    finally:
        shared_sandbox().stop()
        server._SHARED.clear()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_with_a_signal(number):
    """It blocks until the signal, stops the sandbox, and gives the handlers back."""
    box = sandbox()
    before = signal.getsignal(number)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), number))
    timer.start()
    serve(box)
    timer.join()
    assert not box.is_running
    assert signal.getsignal(number) is before


def test_as_json_has_what_a_script_needs(box):
    """Exactly the promised names, ready for JSON."""
    shown = json.loads(json.dumps(box.as_json()))
    assert list(shown) == [
        "endpoint",
        "iam_endpoint",
        "project_id",
        "token",
        "ak",
        "sk",
        "assets",
    ]
    assert ID in shown["assets"]
    with sandbox(assets=4) as four:
        assert len(four.as_json()["assets"]) == 4
