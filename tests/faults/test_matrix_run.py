"""Faults of a whole run: the host, the name, the proxy, the sign-in, the descriptors."""

from __future__ import annotations

import datetime as dt
import socket
import struct
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import fault_acts as do
import pytest
import trustme
from fault_crowd import quicken
from fault_host import Names, TlsFront, tls_port
from fault_runs import ASSETS, TOKEN, WORKERS, check_true, confirm, server

import vodnb
from vodnb.rules.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

    from fault_wire import Call

pytestmark = [pytest.mark.matrix, pytest.mark.clocked, pytest.mark.long]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quicken(monkeypatch)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority of our own."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """The file that names it, for ca_bundle."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@WORKERS
def test_nobody_listens(workers: int) -> None:
    """A refused connection at the start is told, with the host; nothing was sent."""
    with server() as gone:
        endpoint = gone.endpoint
    with pytest.raises(SetupError, match="was not reached") as told:
        confirm(endpoint, workers)
    assert endpoint.rpartition("/")[2] in str(told.value)


@WORKERS
def test_every_connection_is_reset(workers: int) -> None:
    """Resets on accept: the run does not start, and nothing was sent."""
    with server() as box:
        box.resets_on_accept = lambda _nth: True
        with pytest.raises(vodnb.VodnbError):
            confirm(box.endpoint, workers)
        assert box.ledger == []


@WORKERS
def test_the_port_goes_away_for_good(workers: int) -> None:
    """What was not reached is not sent, with the reason; nothing is lost."""

    def script(call: Call):
        return do.vanishes(None) if call.operation == "confirm" and call.nth == 3 else None

    with server(script) as box:
        table = confirm(box.endpoint, workers)
        assert list(table["asset_id"]) == ASSETS
        confirmed = set(table.loc[table["outcome"] == "confirmed", "asset_id"])
        assert all(box.states[asset_id] == "CREATED" for asset_id in confirmed)
        assert set(table["outcome"]) <= {"confirmed", "in_doubt", "not_sent", "failed"}
        left = table.loc[table["outcome"].isin(["not_sent", "failed"]), "asset_id"]
        assert all(box.states[asset_id] == "CREATING" for asset_id in left)
        assert (workers > 1) or len(left) >= 25


@WORKERS
def test_a_name_that_does_not_exist(workers: int) -> None:
    """DNS failure at the start: refused, and the name is told."""
    with pytest.raises(SetupError, match=r"vod\.invalid"):
        confirm("https://vod.invalid", workers)


@WORKERS
def test_tls_to_a_plain_port(workers: int) -> None:
    """No request leaves."""
    with server() as plain, pytest.raises(SetupError, match="was not reached"):
        confirm(plain.endpoint.replace("http:", "https:"), workers)
    assert plain.ledger == []


@WORKERS
def test_an_unknown_authority_is_never_waved_through(workers: int, authority: trustme.CA) -> None:
    """A self-made certificate: no byte of a request is read on the other side."""
    with tls_port(authority.issue_cert("127.0.0.1")) as (port, read):
        with pytest.raises(SetupError, match="was not reached"):
            confirm(f"https://127.0.0.1:{port}", workers)
        assert b"".join(read) == b""


def expired(authority: trustme.CA) -> trustme.LeafCert:
    """Return a certificate that was good until an hour ago."""
    now = dt.datetime.now(dt.UTC)
    day, hour = dt.timedelta(days=1), dt.timedelta(hours=1)
    return authority.issue_cert("127.0.0.1", not_before=now - day, not_after=now - hour)


@WORKERS
@pytest.mark.parametrize(
    ("fault", "words"),
    [("another host", "certificate verify failed"), ("expired", "certificate has expired")],
)
def test_a_certificate_that_is_not_good_is_refused(
    workers: int, fault: str, words: str, authority: trustme.CA, bundle: str
) -> None:
    """For another host, or expired: its authority being known makes no difference."""
    is_old = fault == "expired"
    shown = expired(authority) if is_old else authority.issue_cert("elsewhere.example")
    with tls_port(shown) as (port, read):
        with pytest.raises(SetupError, match="was not reached") as told:
            confirm(f"https://127.0.0.1:{port}", workers, ca_bundle=bundle)
        assert words in str(told.value)
        assert b"".join(read) == b""


def cut_by_reset(conn: socket.socket) -> None:
    """RST after the client has said hello."""
    conn.recv(1)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def cut_by_end(conn: socket.socket) -> None:
    """FIN amid the server's hello."""
    conn.recv(4096)
    conn.send(b"\x16\x03\x03\x00\x7a\x02")
    conn.close()


_kept: list[socket.socket] = []


def cut_by_silence(conn: socket.socket) -> None:
    """Nothing more after half of the server's hello."""
    conn.recv(4096)
    conn.send(b"\x16\x03\x03\x00\x7a\x02")
    _kept.append(conn)


@WORKERS
@pytest.mark.parametrize(
    "cut",
    [cut_by_reset, cut_by_end, cut_by_silence],
)
def test_a_handshake_that_breaks_off(workers: int, cut, authority: trustme.CA, bundle: str) -> None:
    """No request leaves, the host is named and no certificate is blamed, and it ends soon."""
    begun = time.monotonic()
    with tls_port(authority.issue_cert("127.0.0.1"), cut=cut) as (port, read):
        with pytest.raises(SetupError, match=f"127.0.0.1:{port} was not reached") as told:
            confirm(f"https://127.0.0.1:{port}", workers, ca_bundle=bundle)
        assert read == []
        assert "certificate" not in str(told.value), "nobody saw a certificate"
    assert time.monotonic() - begun < 10
    while _kept:
        _kept.pop().close()


@WORKERS
@pytest.mark.parametrize(
    "refusal",
    [
        do.answers(407, b"<html>Sign in to the proxy</html>", Proxy_Authenticate="Basic"),
        do.answers(502, b"<html>Bad Gateway</html>"),
    ],
    ids=["407", "502"],
)
def test_a_proxy_that_refuses(workers: int, refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run does not start, the proxy is named, and it never sees the token."""
    with server(lambda _call: refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.endpoint)
        with pytest.raises(SetupError, match=f"proxy 127.0.0.1:{proxy.port}"):
            confirm("https://vod.cn-north-4.myhuaweicloud.com", workers)
        assert proxy.ledger
        assert TOKEN not in str(proxy.ledger)


@WORKERS
@pytest.mark.parametrize("host", ["vod.test", "127.0.0.1"])
def test_a_host_that_is_exempt_from_the_proxy(
    workers: int,
    host: str,
    authority: trustme.CA,
    bundle: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NO_PROXY names the host: the proxy gets no request, and the run is as ever."""
    Names(monkeypatch, "vod.test")
    refusal = do.answers(502, b"<html>Bad Gateway</html>")
    with (
        server(lambda _call: refusal) as proxy,
        server() as box,
        TlsFront(box, authority.issue_cert(host)) as front,
    ):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.endpoint)
        monkeypatch.setenv("NO_PROXY", host)
        table = confirm(f"https://{host}:{front.port}", workers, ca_bundle=bundle)
        check_true(table, box)
        assert set(table["outcome"]) == {"confirmed"}
        assert proxy.connections == 0
        if host == "vod.test":
            monkeypatch.setenv("NO_PROXY", "another.test")
            with pytest.raises(SetupError, match=f"proxy 127.0.0.1:{proxy.port}"):
                confirm(f"https://{host}:{front.port}", workers, ca_bundle=bundle)
            assert proxy.connections > 0


def losing_its_name(names: Names, *, back_after: float | None = None):
    """Return a server that closes each connection, and whose name is lost at the sixth confirm."""

    def script(call: Call):
        if call.operation == "confirm" and call.nth == 5:
            names.is_known = False
            if back_after is not None:
                box.later(back_after, names.come_back)
        return do.answer_and_close if call.operation == "confirm" else None

    box = server(script)
    return box


@WORKERS
def test_a_name_that_is_lost_on_the_way(
    workers: int, authority: trustme.CA, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS fails for good in the middle: nothing is lost, and the rest may be sent later."""
    names = Names(monkeypatch, "vod.test")
    with (
        losing_its_name(names) as box,
        TlsFront(box, authority.issue_cert("vod.test")) as front,
    ):
        table = confirm(f"https://vod.test:{front.port}", workers, ca_bundle=bundle)
        check_true(table, box)
    rest = table[table["outcome"] != "confirmed"]
    assert rest["retryable"].all()
    # One may use up its attempts before it is clear that none gets through.
    assert list(rest["outcome"]).count("not_sent") >= len(rest) - 1
    assert "CLIENT.DNS" in set(rest["error_code"])
    # Who was sent before the name was lost came home; nobody went after it.
    assert 6 <= len(box.posts()) <= 6 + workers


@WORKERS
def test_a_name_that_comes_back(
    workers: int, authority: trustme.CA, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS fails for a moment in the middle: the run waits, and goes on to the end."""
    names = Names(monkeypatch, "vod.test")
    with (
        losing_its_name(names, back_after=0.4) as box,
        TlsFront(box, authority.issue_cert("vod.test")) as front,
    ):
        table = confirm(f"https://vod.test:{front.port}", workers, ca_bundle=bundle)
        box.wait_quiet()
        check_true(table, box)
    assert set(table["outcome"]) == {"confirmed"}


def test_few_descriptors() -> None:
    """With 64 descriptors and 32 workers nothing is lost."""
    program = """
        import os, resource, sys
        import vodnb
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        vod = vodnb.connect(endpoint=sys.argv[1], project_id="p" * 32, token="t" * 30)
        spare = [os.open("/dev/null", os.O_RDONLY) for _ in range(30)]
        assets = [f"{number:032x}" for number in range(34)]
        table = vod.confirm(assets, rate=None, workers=32, progress=False, journal=False)
        print(list(table["asset_id"]) == assets, *sorted(set(table["outcome"])))
    """
    with server() as box:
        ran = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), box.endpoint],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.split()[0] == "True"
        assert all(len(box.posts(asset_id)) <= 1 for asset_id in ASSETS)
        done = sum(state == "CREATED" for state in box.states.values())
        assert "confirmed" in ran.stdout, ran.stdout
        assert done >= 1
