"""Connections of our own below httpx's API: no queue, no lock, one request at a time on each.

httpx's own pool costs more with the square of its requests (httpcore pull request 1035), which is
most of what a bulk run spends. HTTP itself is read by llhttp, the parser of Node.js (httptools).
A proxy is not spoken to here.
"""

from __future__ import annotations

import asyncio
import re
import select
import socket
import ssl
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools
import httpx

from vodnb.rules.answers import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["Direct"]

_IDLE_SECONDS = 15.0
"""Shorter than servers keep an idle connection, or we send into one that is being closed."""

_MOST_HEAD = 65536
"""Bytes of a status line and headers; what is longer is no answer of VOD's."""

_NOT_IN_A_HEADER = re.compile(rb"[\x00\r\n]")

_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535

_Origin = tuple[str, str, int]
_Answer = tuple[int, list[tuple[bytes, bytes]], bytearray]


class Direct(httpx.AsyncBaseTransport):
    """Sends requests over connections that it keeps for the next ones.

    A request says by `extensions["left"]`, a callable, that its first byte is about to leave.

    Args:
        context: Returns how TLS is checked; asked when a connection needs it.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context
        self._idle: dict[_Origin, deque[_Connection]] = {}
        self._all: set[_Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its answer, body and all.

        Raises:
            httpx.TransportError: There is no answer. Nothing has left if `left` was not called.
        """
        head = _head(request)
        body = await request.aread()
        origin = _origin(request.url)
        connection = self._taken(origin) or await self._connected(request)
        try:
            request.extensions["left"]()
            status, headers, came = await connection.exchange(head + body)
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

    def _taken(self, origin: _Origin) -> _Connection | None:
        """Return the connection that was used last; None where none is fit for use."""
        waiting = self._idle.get(origin)
        while waiting:
            connection = waiting.pop()
            if connection.is_fit():
                return connection
            connection.abort()
        return None

    def _put_back(self, connection: _Connection, origin: _Origin) -> None:
        if connection.is_spent:
            connection.abort()
            return
        waiting = self._idle.setdefault(origin, deque())
        waiting.append(connection)
        # The first has waited longest.
        if not waiting[0].is_fresh():
            waiting.popleft().abort()

    async def _connected(self, request: httpx.Request) -> _Connection:
        scheme, host, port = _origin(request.url)
        context = self._context() if scheme == "https" else None
        limit: float = request.extensions["timeout"]["connect"]
        try:
            async with asyncio.timeout(limit):
                addresses = await _addresses(host, port)
            return await self._first_of(addresses, port, limit, host, context)
        except TimeoutError as late:
            raise httpx.ConnectTimeout("no connection in time") from late
        except (OSError, ValueError) as wrong:
            raise httpx.ConnectError(str(wrong)) from wrong

    async def _first_of(
        self,
        addresses: list[str],
        port: int,
        limit: float,
        host: str,
        context: ssl.SSLContext | None,
    ) -> _Connection:
        """Connect to the first address that answers; each has its share of the time.

        Not by asyncio's happy eyeballs: cancelled, they lose the socket (seen on 3.11.7).
        """
        loop = asyncio.get_running_loop()
        for left in reversed(range(len(addresses))):
            try:
                async with asyncio.timeout(limit / len(addresses)):
                    _, connection = await loop.create_connection(
                        lambda: _Connection(self._all),
                        addresses[-1 - left],
                        port,
                        ssl=context,
                        server_hostname=host if context else None,
                    )
            except ssl.SSLError:
                raise
            except OSError:
                if not left:
                    raise
            else:
                return connection
        raise OSError("the name has no address")


async def _addresses(host: str, port: int) -> list[str]:
    """Return one address of each family that the name has, the preferred one first."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    first_of: dict[int, str] = {}
    for family, _, _, _, address in found:
        first_of.setdefault(family, str(address[0]))
    return list(first_of.values())


class _Connection(asyncio.Protocol):
    """One connection: sends a request, and reads the one answer to it.

    Args:
        siblings: All connections that are open, this one among them while it is.

    Attributes:
        is_spent: Whether nothing may be sent on it any more.
    """

    def __init__(self, siblings: set[_Connection]) -> None:
        self.is_spent = False
        self._siblings = siblings
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[_Answer] | None = None
        self._idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._poll = select.poll()

    def is_fresh(self) -> bool:
        """Whether it has been idle for so short that the other side will have kept it."""
        return self._loop.time() - self._idle_since < _IDLE_SECONDS

    def is_fit(self) -> bool:
        """Whether a request may be sent: nothing has come while it was idle, not even its end."""
        return not self.is_spent and self.is_fresh() and not self._poll.poll(0)

    async def exchange(self, data: bytes) -> _Answer:
        """Send a request, and return status, headers and body of its answer.

        Raises:
            httpx.TransportError: It is not to be had.
        """
        if not self._transport or self._transport.is_closing():
            raise httpx.ReadError("the connection was closed")
        self._begin()
        self._answer = self._loop.create_future()
        self._transport.write(data)
        try:
            return await self._answer
        finally:
            self._answer = None
            self._idle_since = self._loop.time()

    def abort(self) -> None:
        """Close it at once."""
        self.is_spent = True
        if self._transport:
            self._transport.abort()

    # -- called by the loop ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._siblings.add(self)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of its end: an answer that is under way will not come any more."""
        self.is_spent = True
        self._transport = None
        self._siblings.discard(self)
        self._fail(httpx.ReadError(str(exc) if exc else "the connection was closed"))

    def eof_received(self) -> None:
        """Take the end of the connection for that of a body without a length; others were cut."""
        self.is_spent = True
        if self._ends_with_connection:
            self._complete()
        self._fail(httpx.RemoteProtocolError("the connection was closed amid the answer"))

    def data_received(self, data: bytes) -> None:
        """Read on; what nobody has asked for spends the connection."""
        if not self._is_awaited():
            self.abort()
            return
        self._seen += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(httpx.RemoteProtocolError("the answer asks for another protocol"))
        except httptools.HttpParserError as wrong:
            self._fail(httpx.RemoteProtocolError(f"the answer is not HTTP: {wrong}"))
        else:
            if self._status is None and self._seen > _MOST_HEAD:
                self._fail(httpx.RemoteProtocolError("the headers of the answer have no end"))

    # -- called by the parser -------------------------------------------------------------------

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._seen = 0
        self._status: int | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._ends_with_connection = False

    def on_message_begin(self) -> None:
        """Take note of an answer that follows the one asked for: they may not be told apart."""
        if not self._is_awaited():
            self.is_spent = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin the body, unless this is only on the way to the answer (1xx)."""
        status = self._parser.get_status_code()
        if status < httpx.codes.OK and status != httpx.codes.SWITCHING_PROTOCOLS:
            self._headers.clear()
            return
        self._status = status
        names = {name.lower() for name, _ in self._headers}
        self._ends_with_connection = names.isdisjoint({b"content-length", b"transfer-encoding"})

    def on_body(self, data: bytes) -> None:
        """Keep what came; an endless body is left unread, one byte over the limit."""
        self._body += data
        if len(self._body) > MAX_BODY_BYTES:
            self.is_spent = True
            self._complete()

    def on_message_complete(self) -> None:
        """Hand the answer over."""
        if self._status is not None:
            self.is_spent = self.is_spent or not self._parser.should_keep_alive()
            self._complete()

    # -- the end of an exchange -----------------------------------------------------------------

    def _is_awaited(self) -> bool:
        return self._answer is not None and not self._answer.done()

    def _complete(self) -> None:
        if self._answer and not self._answer.done() and self._status is not None:
            self._answer.set_result((self._status, self._headers, self._body))
            self._body = bytearray()

    def _fail(self, wrong: httpx.TransportError) -> None:
        self.is_spent = True
        if self._answer and not self._answer.done():
            self._answer.set_exception(wrong)


class _Body(httpx.AsyncByteStream):
    """A body that has come whole, handed on without a copy.

    Args:
        body: What came.
        read: Called when it was read to its end.
        left: Called when it was left: whoever answers like that may do anything next.
    """

    def __init__(
        self, body: bytearray, *, read: Callable[[], None], left: Callable[[], None]
    ) -> None:
        self._body = body
        self._read: Callable[[], None] | None = read
        self._left = left

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
