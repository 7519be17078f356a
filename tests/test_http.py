"""One request, one answer, whatever the other side does: real sockets on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gzip
import logging
import socket
import ssl
import struct
import time
import zlib

import pytest
import trustme

from vodnb.rules.answers import MAX_BODY_BYTES, Fault, FaultKind, Reply
from vodnb.service.http import Http, proxy_for

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: r1\r\n\r\n{}"


class Server:
    """A raw server: reads one request, then does as the test says."""

    def __init__(self, act) -> None:
        self.act = act
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._got = asyncio.Condition()

    async def _serve(self, reader, writer) -> None:
        self.connections += 1
        self._tasks.add(asyncio.current_task())
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._talk(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _talk(self, reader, writer) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            size = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    size = int(line.partition(b":")[2])
            async with self._got:
                self.requests.append(head + await reader.readexactly(size))
                self._got.notify_all()
            if await self.act(writer, head) == "close":
                return

    async def have(self, requests: int) -> None:
        """Wait until so many requests have come."""
        async with self._got:
            await self._got.wait_for(lambda: len(self.requests) >= requests)

    @contextlib.asynccontextmanager
    async def running(self, *, tls=None):
        """Serve while the block runs."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


def answers(raw: bytes, *, close: bool = False):
    """Return an act that sends these bytes."""

    async def act(writer, _head):
        writer.write(raw)
        await writer.drain()
        return "close" if close else ""

    return act


def packed(body: bytes, coding: str) -> bytes:
    """Return an answer whose body is packed."""
    return (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def fetch(url: str, *, http: Http | None = None, **options):
    """Send one GET and close."""
    mine = http or Http()
    given = {"headers": {"X-Auth-Token": "CANARYtoken0123"}, "content": b"", "deadline": 5.0}
    try:
        return await mine.send("GET", url, **{**given, **options})
    finally:
        if http is None:
            await mine.aclose()


def against(act, *, path: str = "/", **options):
    """Send one request to a server that acts like that; return what came and the server."""

    async def run():
        async with Server(act).running() as server:
            return await fetch(f"http://127.0.0.1:{server.port}{path}", **options), server

    return asyncio.run(run())


def test_a_reply_is_brought_back_whole():
    """Status, headers in lower case, body, duration."""
    got, server = against(answers(OK), path="/a?b=c")
    assert isinstance(got, Reply)
    assert (got.status, got.body, got.cut) == (200, b"{}", False)
    assert got.headers["x-request-id"] == "r1"
    assert 0 <= got.elapsed_ms < 5000
    assert server.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert b"accept-encoding: identity" in server.requests[0].lower()


def test_what_is_sent_is_what_was_given():
    """Headers and body arrive as they are; no header of ours replaces one."""
    content = b'{"a":1}'
    got, server = against(answers(OK), headers={"Accept": "x/y"}, content=content)
    assert got.status == 200
    assert server.requests[0].endswith(b"\r\n\r\n" + content)
    assert b"Accept: x/y\r\n" in server.requests[0]


def refused_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_refused_connection_never_left():
    """CONNECT, and the words name the cause."""
    got = asyncio.run(fetch(f"http://127.0.0.1:{refused_port()}/"))
    assert got.kind is FaultKind.CONNECT
    assert "refused" in got.detail.lower() or str(errno.ECONNREFUSED) in got.detail


def test_a_name_that_does_not_exist(monkeypatch):
    """DNS, told apart from a refused connection."""

    def fails(*_args, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    got = asyncio.run(fetch("https://vod.nowhere.invalid/"))
    assert got.kind is FaultKind.DNS
    assert "not known" in got.detail


def test_no_descriptors_left_is_a_failed_connection(monkeypatch):
    """EMFILE at connect never left."""

    async def fails(*_args, **_options):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", fails)
    got = asyncio.run(fetch("http://127.0.0.1:9/"))
    assert got.kind is FaultKind.CONNECT
    assert "Too many open files" in got.detail


async def reset(writer, _head):
    """Send RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return "close"


async def dribble(writer, _head):
    """Send a header block one byte at a time, faster than any read times out."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.01)


async def dribble_body(writer, head):
    """Send the body one byte at a time."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n")
    await dribble(writer, head)


async def silence(_writer, _head):
    """Say nothing."""
    await asyncio.sleep(10)


@pytest.mark.parametrize("act", [dribble, dribble_body, silence])
def test_the_deadline_holds_for_the_whole_call(act):
    """A server that trickles or says nothing does not hold us longer; it may have had effect."""
    begun = time.perf_counter()
    got, _ = against(act, deadline=0.15)
    assert time.perf_counter() - begun < 1.5
    assert got.kind is FaultKind.NO_ANSWER
    assert "0.15 s" in got.detail


def test_a_deadline_while_connecting_never_left():
    """Nothing was sent when the handshake did not even end."""

    async def run():
        async with Server(silence).running() as server:
            # Plain TCP that never answers the TLS greeting.
            return await fetch(f"https://127.0.0.1:{server.port}/", deadline=0.15), server

    got, server = asyncio.run(run())
    assert got.kind is FaultKind.CONNECT
    assert server.requests == []


@pytest.mark.parametrize(
    "act",
    [
        reset,
        answers(b"", close=True),
        answers(b"HTTP/1.1 200 OK\r\nContent-", close=True),
        answers(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", close=True),
        answers(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
        answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", close=True),
        answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", close=True),
        answers(b"SSH-2.0-OpenSSH_9\r\n\r\n", close=True),
        answers(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", close=True),
    ],
    ids=[
        "reset",
        "closed",
        "half a header",
        "body cut",
        "two lengths",
        "bad chunk",
        "chunk cut",
        "not http",
        "huge header",
    ],
)
def test_no_trustworthy_answer_after_the_request_left(act):
    """Whatever breaks after sending is NO_ANSWER: it may have had its effect."""
    got, server = against(act)
    assert isinstance(got, Fault)
    assert got.kind is FaultKind.NO_ANSWER
    assert len(server.requests) == 1
    assert "CANARY" not in repr(got)


def test_an_interim_answer_is_passed_over():
    """100 Continue, then the answer."""
    got, _ = against(answers(b"HTTP/1.1 100 Continue\r\n\r\n" + OK))
    assert (got.status, got.body) == (200, b"{}")


def test_an_endless_body_is_cut():
    """At 1 MiB, and the connection is given up."""

    async def endless(writer, _head):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    got, _ = against(endless)
    assert isinstance(got, Reply)
    assert got.cut
    assert len(got.body) == MAX_BODY_BYTES


def test_a_body_of_exactly_the_limit_is_whole():
    """The limit itself is not over it."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_BODY_BYTES}\r\n\r\n".encode()
    got, _ = against(answers(head + b"x" * MAX_BODY_BYTES))
    assert (got.cut, len(got.body)) == (False, MAX_BODY_BYTES)


def test_a_bomb_does_not_go_off(monkeypatch):
    """64 MiB of zeros in 64 KiB are unpacked to the limit and no further."""
    made = []
    real = zlib.decompressobj

    def watched(*args):
        one = real(*args)

        class Watched:
            def decompress(self, data, room):
                made.append(room)
                out = one.decompress(data, room)
                assert len(out) <= MAX_BODY_BYTES + 1
                return out

            eof = property(lambda _: one.eof)

        return Watched()

    monkeypatch.setattr(zlib, "decompressobj", watched)
    bomb = gzip.compress(bytes(64 << 20))
    got, _ = against(answers(packed(bomb, "gzip")))
    assert got.cut
    assert len(got.body) == MAX_BODY_BYTES
    assert made


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(b'{"a":1}'), "gzip"),
        (gzip.compress(b'{"a":1}'), "X-GZIP"),
        (zlib.compress(b'{"a":1}'), "deflate"),
        (b'{"a":1}', "identity"),
    ],
    ids=["gzip", "X-GZIP", "deflate", "identity"],
)
def test_what_is_packed_all_the_same_is_unpacked(body, coding):
    """Some servers pack without being asked."""
    got, _ = against(answers(packed(body, coding)))
    assert (got.status, got.body) == (200, b'{"a":1}')


def test_an_empty_body_is_empty_however_it_is_packed():
    """Nothing needs no unpacking."""
    got, _ = against(answers(packed(b"", "gzip")))
    assert (got.status, got.body) == (200, b"")


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"this is no gzip", "gzip"),
        (gzip.compress(b"x" * 500)[:-9], "gzip"),
        (gzip.compress(b"x") + b"more", "gzip"),
        (gzip.compress(gzip.compress(b"x")), "gzip, gzip"),
        (b"x", "br"),
        (b"x", "zstd"),
    ],
    ids=["no gzip", "cut", "something after it", "nested", "br", "zstd"],
)
def test_what_cannot_be_unpacked_is_a_bad_answer(body, coding):
    """Broken, cut, nested or unknown: it came, but it is not to be trusted."""
    got, _ = against(answers(packed(body, coding)))
    assert got.kind is FaultKind.BAD_ANSWER


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


def test_lanes_have_connections_of_their_own():
    """Eight workers share a pool; the ninth opens another. All are closed at the end."""

    async def run():
        async with Server(answers(OK)).running() as server:
            http = Http()
            url = f"http://127.0.0.1:{server.port}/"
            for lane in (0, 7, 8, 15, 16):
                await fetch(url, http=http, lane=lane)
            clients = list(http._clients.values())
            await http.aclose()
            return server.connections, [client.is_closed for client in clients]

    assert asyncio.run(run()) == (3, [True] * 3)


def test_at_most_eight_connections_in_a_pool():
    """A ninth request waits for a connection, and if it waits in vain it never left."""

    async def run():
        async with Server(silence).running() as server:
            http = Http()
            url = f"http://127.0.0.1:{server.port}/"
            busy = [asyncio.ensure_future(fetch(url, http=http)) for _ in range(8)]
            await server.have(8)
            got = await fetch(url, http=http, deadline=0.1)
            for task in busy:
                task.cancel()
            ends = await asyncio.gather(*busy, return_exceptions=True)
            await http.aclose()
            return got, server.connections, ends

    got, connections, ends = asyncio.run(run())
    assert got.kind is FaultKind.CONNECT
    assert connections == 8
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)


def test_a_cancellation_passes_and_shows_nothing():
    """It is raised, from a frame whose variables hold no header and no body."""

    async def run():
        async with Server(silence).running() as server:
            http = Http()
            task = asyncio.ensure_future(
                http.send(
                    "POST",
                    f"http://127.0.0.1:{server.port}/",
                    headers={},
                    content=b"CANARYpassword",
                    deadline=5,
                )
            )
            await server.have(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            await http.aclose()
            return caught.traceback

    frames = asyncio.run(run())
    ours = [entry.frame.f_locals for entry in frames if entry.path.parent.name == "service"]
    assert len(ours) == 1
    assert "CANARY" not in repr(ours)


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


@pytest.mark.parametrize(
    "headers", [{"X-Auth-Token": "CANARY\r\nX: y"}, {"X-Auth-Token": "CANARYé中"}]
)
def test_a_header_that_cannot_be_sent_is_not_quoted(headers):
    """It never leaves, and the words do not show it."""
    got, server = against(answers(OK), headers=headers)
    assert got.kind is FaultKind.CONNECT
    assert "CANARY" not in got.detail
    assert server.requests == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999999/"])
def test_a_url_that_cannot_be_called_is_told(url):
    """It never leaves, and nothing is raised."""
    assert asyncio.run(fetch(url)).kind is FaultKind.CONNECT


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


def test_no_proxy_is_honoured(monkeypatch):
    """A host that is exempt has no proxy to name."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "vod.example.invalid")
    assert proxy_for("https://vod.example.invalid/") == ""
    assert proxy_for("https://other.example.invalid/") == "proxy.example:3128"
    monkeypatch.delenv("https_proxy")
    assert proxy_for("https://other.example.invalid/") == ""


def test_the_log_shows_no_token(caplog):
    """At DEBUG, with httpcore telling everything, request and answer headers stay out."""
    caplog.set_level(logging.DEBUG)
    head = b"HTTP/1.1 201 OK\r\nX-Subject-Token: CANARYnewtoken\r\nContent-Length: 0\r\n\r\n"
    got, _ = against(answers(head))
    assert got.headers["x-subject-token"] == "CANARYnewtoken"
    assert "receive_response_headers" in caplog.text
    assert "CANARY" not in caplog.text
