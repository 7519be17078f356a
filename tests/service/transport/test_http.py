"""One request, one answer, whatever the other side does: real sockets on loopback."""

from __future__ import annotations

import asyncio
import errno
import gzip
import socket
import struct
import time
import zlib

import pytest
from raw_server import OK, Server, against, answers, fetch, packed, refused_port, silence

from vodnb.rules.answers import MAX_BODY_BYTES, Fault, FaultKind, Reply
from vodnb.service.transport import direct
from vodnb.service.transport.http import Http


def test_a_reply_is_brought_back_whole():
    """Status, headers in lower case, body, duration."""
    got, server = against(answers(OK), path="/a?b=c")
    assert isinstance(got, Reply)
    assert (got.status, got.body, got.is_cut) == (200, b"{}", False)
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

    monkeypatch.setattr(direct, "_opened_one", fails)
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


@pytest.mark.parametrize("act", [dribble, dribble_body, silence])
def test_the_deadline_holds_for_the_whole_call(act):
    """A server that trickles or says nothing does not hold us longer; it may have had effect."""

    async def run():
        async with Server(answers(OK)).running() as server:
            http = Http()
            url = f"http://127.0.0.1:{server.port}/"
            # The connection stands already, so that only sending and reading are timed.
            await fetch(url, http=http)
            server.act = act
            begun = time.perf_counter()
            got = await fetch(url, http=http, deadline=0.2)
            took = time.perf_counter() - begun
            await http.aclose()
            return got, took, server

    got, took, server = asyncio.run(run())
    assert took < 1.5
    assert got.kind is FaultKind.NO_ANSWER
    assert "0.2 s" in got.detail
    assert (len(server.requests), server.connections) == (2, 1)


def test_a_deadline_while_connecting_never_left():
    """Nothing was sent when the handshake did not even end."""

    async def run():
        async with Server(silence).running() as server:
            # Plain TCP that never answers the TLS greeting.
            return await fetch(f"https://127.0.0.1:{server.port}/", deadline=0.6), server

    got, server = asyncio.run(run())
    assert got.kind is FaultKind.CONNECT
    assert "ancel" not in got.detail
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
    assert got.is_cut
    assert len(got.body) == MAX_BODY_BYTES


def test_a_body_of_exactly_the_limit_is_whole():
    """The limit itself is not over it."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_BODY_BYTES}\r\n\r\n".encode()
    got, _ = against(answers(head + b"x" * MAX_BODY_BYTES))
    assert (got.is_cut, len(got.body)) == (False, MAX_BODY_BYTES)


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
    assert got.is_cut
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
    ours = [entry.frame.f_locals for entry in frames if "/vodnb/service/" in entry.path.as_posix()]
    assert len(ours) == 1
    assert "CANARY" not in repr(ours)


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
