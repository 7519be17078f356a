"""Our own connections: which one a request takes, and which one no request takes any more."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import warnings

import pytest
from raw_server import OK, Server, answers, fetch, silence

from vodnb.rules.answers import FaultKind
from vodnb.service.transport import wire
from vodnb.service.transport.http import Http


def talk(act, calls, *, between=0.0, left=None):
    """Send requests one after the other; return what came, and the server.

    Where `left` is given, so many connections stand in the end.
    """

    async def run():
        async with Server(act).running() as server:
            http = Http()
            url = f"http://127.0.0.1:{server.port}/"
            got = []
            for options in calls:
                got.append(await fetch(url, http=http, **options))
                await asyncio.sleep(between)
            if left is not None:
                await asyncio.sleep(0)
                assert len(http._direct._all) == left
            await http.aclose()
            return got, server

    return asyncio.run(run())


def test_a_connection_is_used_again():
    """One request after the other needs one connection, whoever asks."""
    got, server = talk(answers(OK), [{}] * 5)
    assert [reply.status for reply in got] == [200] * 5
    assert server.connections == 1


def test_requests_at_once_have_a_connection_each():
    """Nobody waits for another's answer; no more are opened than are needed at once."""

    async def run():
        async with Server(answers(OK)).running() as server:
            http = Http()
            url = f"http://127.0.0.1:{server.port}/"
            for _ in range(3):
                await asyncio.gather(*(fetch(url, http=http) for _ in range(12)))
            await http.aclose()
            return server

    server = asyncio.run(run())
    assert len(server.requests) == 36
    assert server.connections == 12


def test_a_connection_that_the_server_closed_is_not_used():
    """Without a word, between two requests."""
    got, server = talk(answers(OK, close=True), [{}, {}], between=0.05)
    assert [reply.status for reply in got] == [200, 200]
    assert server.connections == 2


def test_an_end_that_the_loop_has_not_seen_is_seen():
    """While the loop was busy, a server elsewhere closed: what we send then would be lost."""
    served = []

    def serve(listener):
        for _ in range(2):
            connection, _ = listener.accept()
            served.append(connection.recv(65536))
            connection.sendall(OK)
            connection.close()

    async def run(port):
        http = Http()
        url = f"http://127.0.0.1:{port}/"
        first = await fetch(url, http=http)
        time.sleep(0.1)  # noqa: ASYNC251
        second = await fetch(url, http=http)
        await http.aclose()
        return first, second

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        first, second = asyncio.run(run(listener.getsockname()[1]))
        thread.join()
    assert (first.status, second.status, len(served)) == (200, 200, 2)


@pytest.mark.parametrize(
    "surplus",
    [OK, b"junk", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"],
    ids=["an answer", "junk", "half an answer"],
)
@pytest.mark.parametrize("when", ["with it", "later"])
def test_what_nobody_asked_for_is_no_answer_to_the_next(surplus, when):
    """A second answer on a connection could be taken for that of the next request."""

    async def more(writer, _head):
        writer.write(OK + surplus if when == "with it" else OK)
        await writer.drain()
        if when == "later":
            await asyncio.sleep(0.02)
            writer.write(surplus)
            await writer.drain()

    got, server = talk(more, [{}, {}], between=0.06)
    assert [(reply.status, reply.body) for reply in got] == [(200, b"{}")] * 2
    assert server.connections == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["said so", "HTTP/1.0"],
)
def test_a_server_may_ask_for_the_end(raw):
    """`Connection: close` is honoured though the connection still stands."""
    got, server = talk(answers(raw), [{}, {}])
    assert [reply.status for reply in got] == [200, 200]
    assert server.connections == 2


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_an_answer_that_cannot_be_read_ends_its_connection(coding):
    """Unknown packing, or broken: whoever answers like that may do anything next."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 2\r\n\r\n{}"
    got, server = talk(answers(raw % coding.encode()), [{}, {}], left=0)
    assert [fault.kind for fault in got] == [FaultKind.BAD_ANSWER] * 2
    assert server.connections == 2


def test_a_body_may_end_with_the_connection():
    """Without a length and without chunks, the end of the connection is the end of the body."""
    got, _ = talk(answers(b"HTTP/1.1 200 OK\r\n\r\n{}", close=True), [{}])
    assert (got[0].status, got[0].body) == (200, b"{}")


def test_an_idle_connection_grows_old(monkeypatch):
    """Servers close idle ones; what is as old as that is not used."""
    monkeypatch.setattr(wire, "IDLE_SECONDS", 0.05)
    _, server = talk(answers(OK), [{}, {}], between=0.1)
    assert server.connections == 2


def test_old_connections_do_not_pile_up(monkeypatch):
    """What a burst opened is closed again while one goes on."""
    monkeypatch.setattr(wire, "IDLE_SECONDS", 0.1)

    async def run():
        async with Server(answers(OK)).running() as server:
            http = Http()
            url = f"http://127.0.0.1:{server.port}/"
            await asyncio.gather(*(fetch(url, http=http) for _ in range(6)))
            for _ in range(20):
                await fetch(url, http=http)
                await asyncio.sleep(0.02)
            left = len(http._direct._all)
            await http.aclose()
            return left

    assert asyncio.run(run()) == 1


def test_an_answer_that_came_too_late_is_nobodys():
    """After a passed deadline the connection is gone, with the answer that it may still bring."""

    async def slow_first(writer, _head):
        slow_first.count += 1
        if slow_first.count == 1:
            await asyncio.sleep(0.15)
            writer.write(OK.replace(b"{}", b"[]"))
        else:
            writer.write(OK)
        await writer.drain()

    slow_first.count = 0
    got, server = talk(slow_first, [{"deadline": 0.1}, {}], left=1)
    assert got[0].kind is FaultKind.NO_ANSWER
    assert got[1].body == b"{}"
    assert server.connections == 2


def test_closing_ends_what_is_under_way():
    """Who waits for an answer is told that it will not come."""

    async def run():
        async with Server(silence).running() as server:
            http = Http()
            waiting = asyncio.ensure_future(fetch(f"http://127.0.0.1:{server.port}/", http=http))
            await server.have(1)
            await http.aclose()
            return await waiting

    assert asyncio.run(run()).kind is FaultKind.NO_ANSWER


def test_another_protocol_is_no_answer():
    """101 Switching Protocols was not asked for."""
    raw = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"
    got, server = talk(answers(raw), [{}, {}])
    assert [reply.status for reply in got] == [101, 101]
    assert server.connections == 2


def test_interim_answers_without_end_are_given_up():
    """Each is well-formed, and none is the answer."""

    async def endless(writer, _head):
        for _ in range(10_000):
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 50)
            await writer.drain()

    got, _ = talk(endless, [{}])
    assert got[0].kind is FaultKind.NO_ANSWER
    assert "no end" in got[0].detail


def test_a_family_that_leads_nowhere_does_not_cost_the_call(monkeypatch):
    """The name has an IPv6 address too, and nobody listens there."""
    real = socket.getaddrinfo

    def both(host, port, *args, **options):
        if host != "vod.example.invalid":
            return real(host, port, *args, **options)
        stream = (socket.SOCK_STREAM, 6, "")
        return [
            (socket.AF_INET6, *stream, ("::1", port, 0, 0)),
            (socket.AF_INET, *stream, ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)

    async def run():
        async with Server(answers(OK)).running() as server:
            return await fetch(f"http://vod.example.invalid:{server.port}/")

    assert asyncio.run(run()).status == 200


def test_a_connection_that_is_given_up_is_closed():
    """Cancelled at any moment of connecting, no socket is lost."""

    async def run():
        async with Server(silence).running() as server:
            http = Http()
            url = f"http://127.0.0.1:{server.port}/"
            for turns in range(40):
                task = asyncio.ensure_future(fetch(url, http=http))
                for _ in range(turns % 20):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await http.aclose()

    with warnings.catch_warnings(record=True) as lost:
        warnings.simplefilter("always")
        asyncio.run(run())
        gc.collect()
    assert [str(warning.message) for warning in lost] == []


@pytest.mark.parametrize("is_proxied", [False, True])
def test_what_would_leave_too_late_does_not_leave(is_proxied, monkeypatch):
    """Not one byte of it, and the connection serves the next request."""

    async def run():
        async with Server(answers(OK)).running() as server:
            url = f"http://127.0.0.1:{server.port}/"
            if is_proxied:
                monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
                url = "http://vod.example.invalid/"
            http, now = Http(), asyncio.get_running_loop().time()
            got = [
                await fetch(url, http=http, leaves_by=leaves_by)
                for leaves_by in (now + 60, now - 0.001, now + 60)
            ]
            await http.aclose()
            return got, server

    (first, late, last), server = asyncio.run(run())
    assert (first.status, last.status) == (200, 200)
    assert late.kind is FaultKind.CONNECT
    assert "too old" in late.detail
    assert len(server.requests) == 2
    assert server.connections == (2 if is_proxied else 1)


def piecemeal(raw: bytes, size: int):
    """Return an act that sends these bytes, so many at a time."""

    async def act(writer, _head):
        for start in range(0, len(raw), size):
            writer.write(raw[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)

    return act


FIRST = b"HTTP/1.1 200 OK\r\nX-Request-Id: first\r\n"
PLAIN = FIRST + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = FIRST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
LEFT = b"X-Request-Id: second\r\nRetry-After: 12\r\n"
SECONDS = {
    "an answer": b"HTTP/1.1 429 No\r\n" + LEFT + b"Content-Length: 4\r\n\r\nmore",
    "half an answer": b"HTTP/1.1 429 No\r\n" + LEFT + b"Content-Length: 4",
    "an interim answer": b"HTTP/1.1 103 Early Hints\r\n" + LEFT + b"\r\n",
    "an answer on the way": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 No\r\n" + LEFT + b"\r\n",
    "junk": b"X-Request-Id: junk\r\n",
}


@pytest.mark.parametrize("size", [1, 7, 1 << 20], ids=["by bytes", "by sevens", "whole"])
@pytest.mark.parametrize("second", SECONDS)
@pytest.mark.parametrize("first", [PLAIN, CHUNKED + b"\r\n"], ids=["plain", "chunked"])
def test_a_second_answer_touches_nothing_of_the_first(first, second, size):
    """Not its status, headers or body; the connection is spent."""
    raw = first + SECONDS[second]
    got, server = talk(piecemeal(raw, size), [{}, {}], between=0.06, left=0)
    for reply in got:
        assert (reply.status, reply.body) == (200, b"{}")
        assert reply.headers["x-request-id"] == "first"
        assert "retry-after" not in reply.headers
    assert server.connections == 2


@pytest.mark.parametrize("size", [1, 7, 1 << 20], ids=["by bytes", "by sevens", "whole"])
def test_trailers_are_no_headers(size):
    """What follows a chunked body is left aside; the connection may go on."""
    raw = CHUNKED + LEFT + b"Connection: close\r\nContent-Type: x\r\n\r\n"
    got, _ = talk(piecemeal(raw, size), [{}, {}])
    for reply in got:
        assert (reply.status, reply.body) == (200, b"{}")
        assert dict(reply.headers) == {"x-request-id": "first", "transfer-encoding": "chunked"}


def test_the_first_answer_has_the_time_that_it_took():
    """The moment of the first byte is that of the first answer, not of one that followed."""

    async def late(writer, _head):
        writer.write(FIRST + b"Content-Length: 2\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(b"{}" + PLAIN)
        await writer.drain()

    (reply,), _ = talk(late, [{}])
    assert reply.timings.first_byte_ms < 100 <= reply.timings.total_ms
