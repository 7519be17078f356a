"""A connection that was dropped without `close` lets go of what it has open."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from plain_server import plain_server

import vodnb
from vodnb.bulk.background import _jobs
from vodnb.kernel.loop import submit
from vodnb.service.transport import wire
from vodnb.service.transport.http import Http
from vodnb.session import accessor

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no list of open files")

IDS = [f"{0xD209 << 32 | number:032x}" for number in range(40)]


@pytest.fixture
def server(monkeypatch):
    """A server; what `connect` remembers is put back."""
    monkeypatch.setattr(accessor, "_MADE", accessor._Made())
    with plain_server() as running:
        yield running


def connect(server):
    """Connect to it."""
    url = f"http://127.0.0.1:{server.server_port}"
    return vodnb.connect(endpoint=url, project_id="p", token="t" * 20)


def sockets():
    """Return how many sockets this process has open."""
    found = 0
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found += str(file.readlink()).startswith("socket:")
    return found


def wait_until(is_so, seconds=5.0):
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("verb", ["states", "confirm"])
def test_a_dropped_connection_keeps_no_socket(server, verb, recwarn):
    """Neither here nor at the server, though the last run is remembered; nobody is warned."""
    connect(server).close()  # the loop has sockets of its own
    before = sockets()
    vod = connect(server)
    getattr(vod, verb)(IDS, progress=False)
    ports = set(server.asked)
    assert ports
    assert sockets() > before
    del vod
    connect(server)  # the connection that was made last is kept, for `df.vod`
    gc.collect()
    wait_until(lambda: ports <= server.ended)
    wait_until(lambda: sockets() == before)
    assert list(recwarn) == []


def test_a_dropped_connection_ends_no_run(server):
    """The run goes on to its end, and its sockets go with it."""
    server.delay = 0.02
    job = connect(server).start(IDS, rate=None, workers=3)
    connect(server)
    wait_until(lambda: server.confirmed)
    gc.collect()
    assert set(job.wait(progress=False)["outcome"]) == {"confirmed"}
    assert sorted(server.confirmed) == IDS
    del job
    _jobs.clear()  # the last one is remembered
    # The loop's own thread lets go of the run last, and of a circle only collecting does.
    wait_until(lambda: gc.collect() >= 0 and set(server.asked) <= server.ended)


def test_what_was_signed_in_anew_is_let_go_too(server):
    """The sockets of each credential end, those of the first at once."""
    vod = connect(server)
    vod.states(IDS, progress=False)
    first = set(server.asked)
    vod.sign_in(token="another" * 3)
    wait_until(lambda: first <= server.ended)
    vod.states(IDS, progress=False)
    del vod
    connect(server)
    gc.collect()
    wait_until(lambda: set(server.asked) <= server.ended)


def test_what_nobody_uses_any_more_is_closed(server, monkeypatch):
    """A socket that is too old for the next call is closed, not kept; the next call has another."""
    monkeypatch.setattr(wire, "IDLE_SECONDS", 0.1)
    vod = connect(server)
    for _ in "12":
        vod.states(IDS, progress=False)
        wait_until(lambda: set(server.asked) <= server.ended)
    vod.close()


def test_a_slow_answer_is_no_idleness(server, monkeypatch):
    """What waits for its answer is in use, however long."""
    monkeypatch.setattr(wire, "IDLE_SECONDS", 0.05)
    server.delay = 0.3
    vod = connect(server)
    assert set(vod.states(IDS[:1], progress=False)["state"]) == {"CREATING"}
    assert sum(map(len, server.asked.values())) == 1
    vod.close()


def test_through_a_proxy_too(server, monkeypatch):
    """Its connections are httpx's, which ends none by itself."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    http = Http()

    url = "http://vod.example.invalid/?asset_id=a"
    sent = submit(http.send("GET", url, headers={}, content=b"", deadline=5))
    assert sent.result(10).status == 200
    ports = set(server.asked)
    del http, sent
    gc.collect()
    wait_until(lambda: ports <= server.ended)


def test_a_script_that_closes_nothing_ends_in_peace(server):
    """With every warning an error, and a connection left over in each way."""
    script = f"""
        import gc, vodnb
        def connect():
            url = "http://127.0.0.1:{server.server_port}"
            return vodnb.connect(endpoint=url, project_id="p", token="t" * 20)
        connect().states(["{IDS[0]}"], progress=False)
        vod = connect()
        vod.states(["{IDS[0]}"], progress=False)
        del vod
        gc.collect()
        vod = connect()
        vod.states(["{IDS[0]}"], progress=False)
    """
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", textwrap.dedent(script)]
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (made.returncode, made.stderr) == (0, "")
