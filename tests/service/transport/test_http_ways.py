"""The way to the service: redirects, cookies, pools, TLS, proxies, logs."""

from __future__ import annotations

import asyncio
import logging
import ssl

import pytest
import trustme
from raw_server import OK, Server, against, answers, fetch, refused_port, silence

from vodnb.rules.answers import FaultKind, Reply
from vodnb.service.transport.http import Http, proxy_for


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status):
    """The second host gets no request, and so no token."""

    async def run():
        async with Server(answers(OK)).running() as second:
            head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: http://127.0.0.1:{second.port}/\r\n"
            first = Server(answers(head.encode() + b"Content-Length: 0\r\n\r\n"))
            async with first.running():
                got = await fetch(f"http://127.0.0.1:{first.port}/")
            return got, second.connections

    got, connections = asyncio.run(run())
    assert got.status == status
    assert connections == 0


def test_no_cookie_is_kept():
    """What one answer sets, the next request does not send; the connection is used again."""

    async def run():
        setting = OK.replace(b"\r\nX-R", b"\r\nSet-Cookie: a=b; Path=/\r\nX-R")
        async with Server(answers(setting)).running() as server:
            http = Http()
            for _ in range(3):
                await fetch(f"http://127.0.0.1:{server.port}/", http=http)
            await http.aclose()
            return server

    server = asyncio.run(run())
    assert len(server.requests) == 3
    assert server.connections == 1
    assert not any(b"ookie" in request for request in server.requests)


def test_netrc_is_not_read(monkeypatch, tmp_path):
    """A machine's password file adds no header."""
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login me password CANARY\n")
    monkeypatch.setenv("NETRC", str(file))
    _, server = against(answers(OK))
    assert b"uthorization" not in server.requests[0]


@pytest.fixture
def through_proxy(monkeypatch):
    """Return what names a server as the proxy, and the URL that is then asked of it."""

    def name(server):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
        return "http://vod.example.invalid/"

    return name


def test_requests_one_after_the_other_share_a_connection(through_proxy):
    """Through a proxy too: whoever asks next takes the connection that is idle."""

    async def run():
        async with Server(answers(OK)).running() as server:
            http = Http()
            url = through_proxy(server)
            for _ in range(20):
                await fetch(url, http=http)
            await http.aclose()
            return len(server.requests), server.connections

    assert asyncio.run(run()) == (20, 1)


def test_eight_requests_share_a_pool(through_proxy):
    """Through a proxy the ninth at the same time opens another, and nobody waits. All are closed.

    A pool whose requests have ended, or were given up, serves the next ones.
    """

    async def run():
        async with Server(silence).running() as server:
            http, pools = Http(), []
            url = through_proxy(server)
            busy = []
            for at_once in (8, 9, 16, 17):
                more = range(at_once - len(busy))
                busy += [asyncio.ensure_future(fetch(url, http=http)) for _ in more]
                await server.have(at_once)
                pools.append(len(http._proxied))
            for task in busy:
                task.cancel()
            ends = await asyncio.gather(*busy, return_exceptions=True)
            server.act = answers(OK)
            got = await asyncio.gather(*[fetch(url, http=http) for _ in range(17)])
            clients = list(http._proxied)
            await http.aclose()
            return pools, ends, got, [client.is_closed for client in clients]

    pools, ends, got, closed = asyncio.run(run())
    assert pools == [1, 2, 2, 3]
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    assert [reply.status for reply in got] == [200] * 17
    assert closed == [True] * 3


@pytest.fixture(scope="module")
def authority():
    """A certificate authority that nobody knows."""
    return trustme.CA()


def over_tls(authority, *, name: str = "127.0.0.1", ca_bundle: str = ""):
    """Send one request over TLS to a server with a certificate for `name`."""

    async def run():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        async with Server(answers(OK)).running(tls=context) as server:
            http = Http(ca_bundle=ca_bundle)
            got = await fetch(f"https://127.0.0.1:{server.port}/", http=http)
            await http.aclose()
            return got, server

    return asyncio.run(run())


def test_an_unknown_authority_is_refused(authority):
    """TLS, and no byte of the request left."""
    got, server = over_tls(authority)
    assert got.kind is FaultKind.TLS
    assert "certificate" in got.detail.lower()
    assert server.requests == []


def test_an_authority_that_was_named_is_trusted(authority, tmp_path):
    """With its certificate in ca_bundle the answer comes."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    got, _ = over_tls(authority, ca_bundle=str(file))
    assert isinstance(got, Reply)


def test_a_certificate_for_another_host_is_refused(authority, tmp_path):
    """Trust in an authority is not trust in any host."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    got, server = over_tls(authority, name="vod.example", ca_bundle=str(file))
    assert got.kind is FaultKind.TLS
    assert server.requests == []


def test_tls_to_a_plain_port():
    """A server that does not speak TLS is a TLS fault."""

    async def run():
        async def plain(reader, writer):
            await reader.read(100)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        got = await fetch(f"https://127.0.0.1:{port}/")
        server.close()
        return got

    assert asyncio.run(run()).kind is FaultKind.TLS


def test_a_ca_bundle_that_went_away_is_told(tmp_path):
    """The file may vanish between settings and first use; nothing is raised."""
    got = asyncio.run(fetch("https://127.0.0.1:9/", http=Http(ca_bundle=str(tmp_path / "no.pem"))))
    assert got.kind is FaultKind.CONNECT


def test_a_proxy_that_refuses(monkeypatch):
    """Its 407 never reached the service; its own password is not in the words."""

    async def run():
        refusal = answers(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", close=True)
        async with Server(refusal).running() as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://me:CANARYword@127.0.0.1:{proxy.port}")
            got = await fetch("https://vod.example.invalid/", headers={"X-Auth-Token": "CANARY"})
            return got, proxy, proxy_for("https://vod.example.invalid/")

    got, proxy, named = asyncio.run(run())
    assert got.kind is FaultKind.CONNECT
    assert "407" in got.detail
    assert "CANARY" not in got.detail
    assert named == f"127.0.0.1:{proxy.port}"
    assert proxy.requests[0].startswith(b"CONNECT vod.example.invalid:443")
    assert b"CANARY" not in proxy.requests[0].replace(b"Proxy-Authorization", b"")


def test_a_proxy_that_hangs_up_never_had_the_request(monkeypatch):
    """A tunnel that breaks before it stands is CONNECT, not NO_ANSWER."""

    async def run():
        async with Server(answers(b"", close=True)).running() as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            return await fetch("https://vod.example.invalid/")

    assert asyncio.run(run()).kind is FaultKind.CONNECT


def test_a_proxy_has_no_part_in_calls_to_this_machine(monkeypatch):
    """The sandbox is called straight, whatever the environment says."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{refused_port()}")
    got, _ = against(answers(OK))
    assert got.status == 200
    assert proxy_for("http://localhost:1/") == ""


@pytest.mark.parametrize("before", ["", "me:CANARYword@"])
def test_a_proxy_may_be_named_without_its_scheme(monkeypatch, before):
    """`proxy.example:3128`, as curl takes it: the request goes there, and nowhere else."""

    async def run():
        async with Server(answers(OK)).running() as proxy:
            monkeypatch.setenv("http_proxy", f"{before}127.0.0.1:{proxy.port}")
            got = await fetch("http://vod.example.invalid/")
            return got, proxy, proxy_for("http://vod.example.invalid/")

    got, proxy, named = asyncio.run(run())
    assert (got.status, len(proxy.requests)) == (200, 1)
    assert named == f"127.0.0.1:{proxy.port}"


def test_no_proxy_is_honoured(monkeypatch):
    """A host that is exempt has no proxy to name."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "vod.example.invalid")
    assert proxy_for("https://vod.example.invalid/") == ""
    assert proxy_for("https://other.example.invalid/") == "proxy.example:3128"
    monkeypatch.delenv("https_proxy")
    assert proxy_for("https://other.example.invalid/") == ""


def test_the_log_shows_no_token(caplog, through_proxy):
    """At DEBUG, with httpcore telling everything, request and answer headers stay out."""
    caplog.set_level(logging.DEBUG)
    head = b"HTTP/1.1 201 OK\r\nX-Subject-Token: CANARYnewtoken\r\nContent-Length: 0\r\n\r\n"

    async def run():
        async with Server(answers(head)).running() as server:
            straight = await fetch(f"http://127.0.0.1:{server.port}/")
            return straight, await fetch(through_proxy(server))

    for got in asyncio.run(run()):
        assert got.headers["x-subject-token"] == "CANARYnewtoken"
    assert "receive_response_headers" in caplog.text
    assert "CANARY" not in caplog.text
