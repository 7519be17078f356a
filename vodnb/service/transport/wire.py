"""One connection below httpx's API: a request goes out, the one answer to it comes in.

HTTP itself is read by llhttp, the parser of Node.js (httptools).
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import httptools
import httpx

from vodnb.rules.answers import MAX_BODY_BYTES

if TYPE_CHECKING:
    import socket

FIRST_BYTE = "http11.receive_response_headers.complete"
"""The moment when an answer begins, by the name that httpcore gives it."""

IDLE_SECONDS = 15.0
"""Shorter than servers keep an idle connection, or we send into one that is being closed."""

_MOST_HEAD = 65536
"""Bytes of a status line and headers; what is longer is no answer of VOD's."""

Mark = Callable[[str], None]
"""Is told the name of each moment as it comes."""

Incoming = tuple[int, list[tuple[bytes, bytes]], bytearray]
"""Status, headers and body of an answer."""


def _is_readable(sock: socket.socket) -> bool:
    """Whether something has come that the loop has not read yet, be it the end."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


class HttpConnection(asyncio.Protocol):
    """One connection: sends a request, and reads the one answer to it."""

    def __init__(self, sock: socket.socket, siblings: set[HttpConnection]) -> None:
        self.is_spent = False  # if so, nothing may be sent on it any more
        self._sock = sock
        self._siblings = siblings  # all that are open, this one among them while it is
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Incoming] | None = None
        self._loop = asyncio.get_running_loop()
        self._idle_since = self._loop.time()

    def is_fresh(self) -> bool:
        """Whether it has been idle for so short that the other side will have kept it."""
        return self._loop.time() - self._idle_since < IDLE_SECONDS

    def is_fit(self) -> bool:
        """Whether a request may be sent: nothing has come while it was idle, not even its end."""
        if self.is_spent or not self._transport or not self.is_fresh():
            return False
        return not _is_readable(self._transport.get_extra_info("socket"))

    async def exchange(self, data: bytes, mark: Mark) -> Incoming:
        """Send a request, and return status, headers and body of its answer.

        Raises:
            httpx.TransportError: It is not to be had.
        """
        if not self._transport or self._transport.is_closing():
            raise httpx.ReadError("the connection was closed")
        self._begin(mark)
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

    def leave(self) -> None:
        """Leave it to the parent of a fork: its copy here is closed, and nothing is sent.

        Not by the transport: it would unhook the parent's, since both poll by one and the same.
        """
        self.is_spent = True
        self._sock.close()

    # -- called by the loop ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._siblings.add(self)
        self._end_if_old()

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

    def _begin(self, mark: Mark) -> None:
        self._mark = mark
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
        """Keep a header; of trailers, and of an answer that follows, none is the answer's."""
        if self._status is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin the body, unless this is only on the way to the answer (1xx), or follows it."""
        if self._status is not None:
            return
        status = self._parser.get_status_code()
        if status < httpx.codes.OK and status != httpx.codes.SWITCHING_PROTOCOLS:
            self._headers.clear()
            return
        self._status = status
        self._mark(FIRST_BYTE)
        names = {name.lower() for name, _ in self._headers}
        self._ends_with_connection = names.isdisjoint({b"content-length", b"transfer-encoding"})

    def on_body(self, data: bytes) -> None:
        """Keep what came; an endless body is left unread, one byte over the limit."""
        if not self._is_awaited():
            return
        self._body += data
        if len(self._body) > MAX_BODY_BYTES:
            self.is_spent = True
            self._complete()

    def on_message_complete(self) -> None:
        """Hand the answer over."""
        if self._status is not None:
            self.is_spent = self.is_spent or not self._parser.should_keep_alive()
            self._complete()

    def _end_if_old(self) -> None:
        """Close it when nobody would use it any more, and look again where somebody may."""
        if self._answer is None and not self.is_fresh():
            self.abort()
        elif self._transport:
            self._loop.call_later(IDLE_SECONDS, self._end_if_old)

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
