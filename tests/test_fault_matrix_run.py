"""Faults of a whole run: the host, the name, the proxy, the sign-in, the descriptors."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import fault_acts as do
import pytest
import trustme
from fault_cells import quicken
from fault_server import FaultServer

import vodnb
from vodnb.rules.errors import SetupError, SignInError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fault_server import Call

pytestmark = pytest.mark.long

TOKEN = "CANARYtoken0123456789abcdef"
ASSETS = [f"{number:032x}" for number in range(34)]
WORKERS = pytest.mark.parametrize("workers", [1, 32])


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    quicken(monkeypatch)


def confirm(endpoint: str, workers: int, **credentials: str):
    """Run a small job and return its table."""
    given = credentials or {"token": TOKEN}
    vod = vodnb.connect(endpoint=endpoint, project_id="p" * 32, **given)
    try:
        return vod.confirm(
            ASSETS, rate=None, workers=workers, deadline=1.0, progress=False, journal=False
        )
    finally:
        vod.close()


def server(script=lambda _call: None, **options) -> FaultServer:
    """Return a server that knows the assets."""
    return FaultServer(dict.fromkeys(ASSETS, "CREATING"), script=script, **options)


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


@contextlib.contextmanager
def tls_port(name: str) -> Iterator[tuple[int, list[bytes], trustme.CA]]:
    """Listen with a certificate for a name; yield the port, what was read, and the authority."""
    authority, read = trustme.CA(), []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = listener.accept()
                with contextlib.suppress(OSError), context.wrap_socket(conn, server_side=True) as c:
                    read.append(c.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1], read, authority
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@WORKERS
def test_an_unknown_authority_is_never_waved_through(workers: int) -> None:
    """A self-made certificate: no byte of a request is read on the other side."""
    with tls_port("127.0.0.1") as (port, read, _authority):
        with pytest.raises(SetupError, match="was not reached"):
            confirm(f"https://127.0.0.1:{port}", workers)
        assert b"".join(read) == b""


@WORKERS
def test_a_certificate_for_another_host_is_refused(workers: int, tmp_path: Path) -> None:
    """Its authority being known makes no difference."""
    with tls_port("elsewhere.example") as (port, read, authority):
        bundle = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(bundle))
        with pytest.raises(SetupError, match="was not reached"):
            confirm(f"https://127.0.0.1:{port}", workers, token=TOKEN, ca_bundle=str(bundle))
        assert b"".join(read) == b""


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
def test_a_token_that_is_refused_at_the_start(workers: int) -> None:
    """No confirm call leaves."""
    with server(token="another") as box:
        with pytest.raises(SignInError):
            confirm(box.endpoint, workers)
        assert box.posts() == []
        assert len(box.ledger) <= 2


@WORKERS
def test_a_token_that_dies_on_the_way(workers: int) -> None:
    """The run stops; what was refused is not sent; no row has failed."""
    with server(token=TOKEN) as box:

        def script(call: Call):
            if call.operation == "confirm" and call.nth == 5:
                box.token = "the next one"

        box.script = script
        table = confirm(box.endpoint, workers)
        assert set(table["outcome"]) == {"confirmed", "not_sent"}
        for row in table.itertuples():
            assert (row.outcome == "confirmed") is (box.states[row.asset_id] == "CREATED")
        assert "APIGW.0307" in set(table["error_code"])
        assert TOKEN not in table.to_csv()


@WORKERS
def test_a_key_that_is_refused_is_not_tried_until_it_locks(workers: int) -> None:
    """Five refusals in a row lock a key: a bad one costs two calls at most."""
    with server(lambda _call: do.refuses(401, "APIGW.0301")) as box:
        with pytest.raises(SignInError):
            confirm(box.endpoint, workers, ak="A" * 20, sk="S" * 40)
        assert 1 <= len(box.ledger) <= 2


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
