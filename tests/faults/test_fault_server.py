"""The fault server itself: it behaves, it fails as told, and its ledger is true."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
import zlib

import fault_acts as do
import httpx
import pytest
from fault_server import PORTS, FaultServer

pytestmark = [pytest.mark.matrix, pytest.mark.clocked, pytest.mark.long]

ASSET = "a" * 32
PATH = "/v1.0/p/asset/status/uploaded"


def post(server: FaultServer, *, token: str = "") -> tuple[int, bytes]:
    """Confirm the asset with the standard library's client; return status and body."""
    conn = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    with contextlib.closing(conn):
        body = json.dumps({"asset_id": ASSET, "status": "CREATED"})
        conn.request("POST", PATH, body, {"X-Auth-Token": token})
        response = conn.getresponse()
        return response.status, response.read()


def state(server: FaultServer) -> str:
    """Ask for the asset's state."""
    conn = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    with contextlib.closing(conn):
        conn.request("GET", f"/v1.0/p/asset/info?asset_id={ASSET}")
        return json.loads(conn.getresponse().read())["asset_info_array"][0]["status"]


def test_it_behaves_where_nothing_else_is_asked() -> None:
    """The first confirm is served, the second refused, and the ledger has both."""
    with FaultServer({ASSET: "CREATING"}) as server:
        assert state(server) == "CREATING"
        assert post(server) == (200, b'{"asset_id": "%s"}' % ASSET.encode())
        assert state(server) == "CREATED"
        status, body = post(server)
        assert (status, json.loads(body)["error_code"]) == (403, "VOD.10126")
        assert [call.operation for call in server.ledger] == ["info", "confirm", "info", "confirm"]
        first, second = server.posts(ASSET)
        assert first.effect
        assert second.effect is None
        assert (second.nth, second.again) == (1, 1)


def test_who_is_unknown_is_refused() -> None:
    """A wrong token and an unknown asset have no effect."""
    with FaultServer({ASSET: "CREATING"}, token="right") as server:
        assert post(server, token="wrong")[0] == 401
        assert server.posts()[0].refused
        assert server.states == {ASSET: "CREATING"}
    with FaultServer({}) as server:
        assert json.loads(post(server)[1])["error_code"] == "VOD.10062"


@pytest.mark.parametrize("effect", do.Effect)
def test_an_effect_comes_when_it_was_told_to(effect: do.Effect) -> None:
    """Before the fault, after the client's deadline, or not at all."""
    act = do.doing(do.finish, effect, deadline=0.0)
    with FaultServer({ASSET: "CREATING"}, script=lambda _call: act) as server:
        with pytest.raises(http.client.RemoteDisconnected):
            post(server)
        at_once = server.states[ASSET]
        server.wait_quiet()
        in_the_end = server.states[ASSET]
    assert (at_once, in_the_end) == {
        do.Effect.NONE: ("CREATING", "CREATING"),
        do.Effect.BEFORE: ("CREATED", "CREATED"),
        do.Effect.LATE: ("CREATING", "CREATED"),
    }[effect]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (do.reset, ConnectionResetError),
        (do.reset_unread, ConnectionResetError),
        (do.says(b"SSH-2.0\r\n\r\n", closes=True), http.client.BadStatusLine),
        (do.says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", closes=True),
         http.client.IncompleteRead),
    ],
)  # fmt: skip
def test_it_breaks_as_told(act: object, error: type[Exception]) -> None:
    """The other side sees a reset as a reset, and a torn answer as torn."""
    with (
        FaultServer({ASSET: "CREATING"}, script=lambda _call: act) as server,
        pytest.raises(error),
    ):
        post(server)


def test_what_is_never_read_is_not_in_the_ledger() -> None:
    """A reset on accept, or before reading, leaves no trace of a request."""
    with FaultServer({ASSET: "CREATING"}, script=lambda _call: do.reset_unread) as server:
        with pytest.raises(ConnectionResetError):
            post(server)
        assert server.ledger == []
    with FaultServer({ASSET: "CREATING"}) as server:
        server.resets_on_accept = lambda nth: nth == 0
        with pytest.raises(OSError, match=r"reset|closed|pipe"):
            post(server)
        assert server.ledger == []
        assert post(server)[0] == 200


def test_a_port_goes_away_and_comes_back() -> None:
    """Refused while it is away, the same port afterwards."""
    with FaultServer({ASSET: "CREATING"}, script=lambda _call: do.vanishes(0.2)) as server:
        assert post(server)[0] == 200
        time.sleep(0.05)
        with pytest.raises(ConnectionRefusedError):
            state(server)
        server.wait_quiet()
        time.sleep(0.05)
        assert post(server)[0] == 403


def test_a_full_backlog_lets_nobody_in() -> None:
    """Who connects meanwhile waits in vain."""
    with FaultServer({ASSET: "CREATING"}, script=lambda _call: do.clogs(0.6)) as server:
        assert post(server)[0] == 200
        time.sleep(0.1)
        with contextlib.closing(socket.socket()) as late:
            late.settimeout(0.15)
            with pytest.raises(TimeoutError):
                late.connect(("127.0.0.1", server.port))
        server.wait_quiet()


def test_a_state_may_lag() -> None:
    """Until the lag is over asset/info tells the old state."""
    with FaultServer({ASSET: "CREATING"}, lag=0.15) as server:
        post(server)
        assert state(server) == "CREATING"
        time.sleep(0.2)
        assert state(server) == "CREATED"


def test_the_bomb_is_small_and_unpacks_to_a_gibibyte() -> None:
    """About 1 MiB that goes on and on."""
    bomb = do.bomb()
    assert len(bomb) < 1.2 * (1 << 20)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    assert len(unpacker.decompress(bomb, 1 << 24)) == 1 << 24
    assert len(bomb) - len(unpacker.unconsumed_tail) < len(bomb) // 50


def test_a_server_has_a_port_that_others_are_not_given() -> None:
    """Who still looks for the server of another test does not come to it."""
    with FaultServer({}) as gone:
        pass
    with FaultServer({}) as one, FaultServer({}) as other:
        assert {one.port, other.port} <= set(PORTS)
        assert len({gone.port, one.port, other.port}) == 3
        with httpx.Client(trust_env=False) as client:
            client.post(f"{one.endpoint}/elsewhere")
        assert (one.connections, other.connections) == (1, 0)
