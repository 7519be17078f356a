"""Connections of our own below httpx's API: no queue, no lock, one request at a time on each.

httpx's own pool costs more with the square of its requests (httpcore pull request 1035), which is
most of what a bulk run spends. A proxy is not spoken to here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from collections import deque
from typing import TYPE_CHECKING
from weakref import WeakSet, finalize

import httpx

from .wire import HttpConnection, Mark

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable


CONNECTS, CONNECTED = "connection.connect_tcp.started", "connection.connect_tcp.complete"
SECURES, SECURED = "connection.start_tls.started", "connection.start_tls.complete"
LEAVES = "http11.send_request_headers.started"
"""Moments of a request, by the names that httpcore gives them."""

_NOT_IN_A_HEADER = re.compile(rb"[\x00\r\n]")

_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535

_Origin = tuple[str, str, int]


class Direct(httpx.AsyncBaseTransport):
    """Sends requests over connections that it keeps for the next ones.

    It calls `extensions["mark"]` of a request with the name of each moment as it comes.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context  # asked when a connection needs it
        self._idle: dict[_Origin, deque[HttpConnection]] = {}
        self._all: set[HttpConnection] = set()
        self._loop = asyncio.get_running_loop()
        _made.add(self)
        finalize(self, _end_all, self._loop, self._all).atexit = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its answer, body and all.

        Raises:
            httpx.TransportError: There is no answer. Nothing has left before `LEAVES`.
        """
        head = _head(request)
        body = await request.aread()
        origin = _origin(request.url)
        connection = self._taken(origin) or await self._connected(request)
        mark: Mark = request.extensions["mark"]
        try:
            mark(LEAVES)
        except httpx.ConnectTimeout:
            # Nothing has left, and the next request need not wait for a connection again.
            self._put_back(connection, origin)
            raise
        try:
            status, headers, came = await connection.exchange(head + body, mark)
        except BaseException:
            connection.abort()
            raise
        stream = _Body(came, read=lambda: self._put_back(connection, origin), left=connection.abort)
        return httpx.Response(status, headers=headers, stream=stream)

    async def aclose(self) -> None:
        """Close all connections; what is under way ends without an answer."""
        for connection in list(self._all):
            connection.abort()
        self._idle.clear()
        # A transport closes in a later turn of its loop.
        await asyncio.sleep(0)

    def rest(self) -> None:
        """Close what is idle, from any thread; what is under way comes to its end."""
        if self._all:
            _soon(self._loop, self._end_idle)

    def _end_idle(self) -> None:
        for waiting in self._idle.values():
            while waiting:
                waiting.pop().abort()

    def leave(self) -> None:
        """Leave all connections to the parent of a fork."""
        for connection in self._all:
            connection.leave()
        self._all.clear()
        self._idle.clear()

    def _taken(self, origin: _Origin) -> HttpConnection | None:
        """Return the connection that was used last; None where none is fit for use."""
        waiting = self._idle.get(origin)
        while waiting:
            connection = waiting.pop()
            if connection.is_fit():
                return connection
            connection.abort()
        return None

    def _put_back(self, connection: HttpConnection, origin: _Origin) -> None:
        if connection.is_spent:
            connection.abort()
            return
        waiting = self._idle.setdefault(origin, deque())
        waiting.append(connection)
        # The first has waited longest.
        if not waiting[0].is_fresh():
            waiting.popleft().abort()

    async def _connected(self, request: httpx.Request) -> HttpConnection:
        _, host, port = _origin(request.url)
        limit: float = request.extensions["timeout"]["connect"]
        mark: Mark = request.extensions["mark"]
        try:
            async with asyncio.timeout(limit):
                addresses = await _addresses(host, port)
            mark(CONNECTS)
            sock = await _opened(addresses, limit)
            mark(CONNECTED)
            async with asyncio.timeout(limit):
                return await self._over(sock, request)
        except TimeoutError as late:
            raise httpx.ConnectTimeout("no connection in time") from late
        except (OSError, ValueError) as wrong:
            raise httpx.ConnectError(str(wrong)) from wrong

    async def _over(self, sock: socket.socket, request: httpx.Request) -> HttpConnection:
        """Return the connection over a socket, encrypted where the URL asks for it."""
        scheme, host, _ = _origin(request.url)
        is_tls = scheme == "https"
        mark: Mark = request.extensions["mark"]
        try:
            context = self._context() if is_tls else None
            if is_tls:
                mark(SECURES)
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: HttpConnection(sock, self._all),
                sock=sock,
                ssl=context,
                server_hostname=host if is_tls else None,
            )
        except BaseException:
            sock.close()
            raise
        if is_tls:
            mark(SECURED)
        return connection


def _soon(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    """Let a loop do something, from any thread; one that is closed has nothing open."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(act)


def _end_all(loop: asyncio.AbstractEventLoop, connections: set[HttpConnection]) -> None:
    """Close what is open when nobody is left to use it; garbage is collected in any thread."""

    def abort() -> None:
        for connection in list(connections):
            connection.abort()

    if connections:
        _soon(loop, abort)


_made: WeakSet[Direct] = WeakSet()


def _leave_all() -> None:
    for direct in list(_made):
        direct.leave()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_leave_all)


_Address = tuple[int, tuple[object, ...]]


async def _addresses(host: str, port: int) -> list[_Address]:
    """Return one address of each family that the name has, the preferred one first.

    Raises:
        OSError: There is none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    first_of: dict[int, _Address] = {}
    for family, _, _, _, address in found:
        first_of.setdefault(family, (family, address))
    if not first_of:
        raise OSError("the name has no address")
    return list(first_of.values())


async def _opened(addresses: list[_Address], limit: float) -> socket.socket:
    """Connect to the first address that takes us; each has its share of the time.

    Not by asyncio's happy eyeballs: when they are cancelled, they lose the socket (seen on 3.11.7).
    """
    *others, last = addresses
    for address in others:
        with contextlib.suppress(OSError):
            async with asyncio.timeout(limit / len(addresses)):
                return await _opened_one(*address)
    async with asyncio.timeout(limit / len(addresses)):
        return await _opened_one(*last)


async def _opened_one(family: int, address: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


class _Body(httpx.AsyncByteStream):
    """A body that has come whole, handed on without a copy."""

    def __init__(
        self, body: bytearray, *, read: Callable[[], None], left: Callable[[], None]
    ) -> None:
        self._body = body
        self._read: Callable[[], None] | None = read  # called when it was read to its end
        self._left = left  # called else: whoever answers like that may do anything next

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body, self._body = self._body, bytearray()
        yield memoryview(body)  # type: ignore[misc]  # whoever reads it only takes slices
        if self._read:
            self._read()
        self._read = None

    async def aclose(self) -> None:
        if self._read:
            self._left()
        self._read = None


def _origin(url: httpx.URL) -> _Origin:
    port = _PORTS.get(url.scheme) if url.port is None else url.port
    if url.scheme not in _PORTS or not url.host or not port or port > _LAST_PORT:
        raise httpx.UnsupportedProtocol("the URL has no host or no such port, or is not http")
    return url.scheme, url.host, port


def _head(request: httpx.Request) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    for name, value in request.headers.raw:
        if _NOT_IN_A_HEADER.search(value) or _NOT_IN_A_HEADER.search(name):
            raise httpx.LocalProtocolError("a header cannot be sent")
        lines.append(b"%s: %s" % (name, value))
    return b"\r\n".join((*lines, b"", b""))
