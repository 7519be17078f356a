"""Sends one request and reads one answer, whatever comes back, by httpx.

It follows no redirect, keeps no cookie, reads no .netrc and never turns off the check of
certificates. It holds no credential: the client hands finished headers in, because a signature
needs URL and body, which the client builds anyway; an `httpx.Auth` here would only pass them on.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import socket
import ssl
import time
import urllib.request
import zlib
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import finalize

import httpx

from vodnb.rules.answers import MAX_BODY_BYTES, Fault, FaultKind, Reply
from vodnb.rules.attempt import Timings
from vodnb.service.redact import quiet_http_logs
from vodnb.service.settings.endpoints import is_loopback

from .direct import CONNECTED, CONNECTS, LEAVES, SECURED, SECURES, Direct
from .wire import FIRST_BYTE, IDLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMMON_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "User-Agent": "vodnb",
        "Accept": "application/json",
        # Asked for plainly, because what is packed could unpack to any size.
        "Accept-Encoding": "identity",
    }
)
"""What every request carries beside its sign-in."""

_CONNECT_SECONDS = 10.0
"""A connection takes one round trip or three; what takes longer is better tried again."""

_MOST_OUT = 8
"""httpx's own pool, which knows proxies, slows down with the square of its requests."""


class Http:
    """Connections to the service, pooled; opened when first used."""

    def __init__(self, *, ca_bundle: str = "") -> None:
        self._ca_bundle = ca_bundle
        self._loop: asyncio.AbstractEventLoop | None = None
        self._direct: Direct | None = None
        self._proxied: dict[httpx.AsyncClient, int] = {}  # with how many requests are out
        self._ways: dict[tuple[str, str], bool] = {}
        self._ssl: ssl.SSLContext | None = None
        quiet_http_logs()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes,
        deadline: float,
        leaves_by: float = math.inf,
    ) -> Reply | Fault:
        """Send one request and say what came back; nothing but a cancellation is raised.

        The deadline is in seconds for all of it, from connecting to the last byte; `leaves_by` is
        until when its first byte may leave, by the loop's clock.
        """
        trip = _Trip(leaves_by)
        try:
            # httpcore 1.0.9 loses the socket if it is cancelled amid the TLS handshake, so its
            # own limit has to come first; it counts once for TCP and once for TLS.
            limits = httpx.Timeout(None, connect=min(_CONNECT_SECONDS, deadline / 3))
            extensions = {"trace": trip.trace, "mark": trip.mark, "timeout": limits.as_dict()}
            request = _request(method, _url(url), headers, content, extensions)
            async with asyncio.timeout(deadline):
                return await self._ask(request, trip)
        except TimeoutError:
            return trip.fault(trip.late(), f"no complete answer within {deadline:g} s")
        except _EXPECTED as wrong:
            return trip.fault(_kind(wrong, left=trip.left), _words(wrong))
        except asyncio.CancelledError as stop:
            # A verbose traceback shows variables; those of the frames below hold headers.
            del content
            raise stop.with_traceback(None) from None

    async def aclose(self) -> None:
        """Close all connections."""
        self._come_home()
        if direct := self._direct:
            self._direct = None
            await direct.aclose()
        await _close(self._proxied)

    def rest(self) -> None:
        """Close what is idle, from any thread; what is under way comes to its end."""
        if self._direct:
            self._direct.rest()

    async def _ask(self, request: httpx.Request, trip: _Trip) -> Reply | Fault:
        self._come_home()
        if self._is_proxied(request.url):
            with self._lent_client() as client:
                return await _read(await client.send(request, stream=True), trip)
        if self._direct is None:
            self._direct = Direct(self._ssl_context)
        return await _read(await self._direct.handle_async_request(request), trip)

    def _come_home(self) -> None:
        """Begin anew on another loop, as after a fork: connections belong to who made them."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._direct, self._proxied = loop, None, {}
            finalize(self, _close_soon, loop, self._proxied, os.getpid()).atexit = False

    @contextlib.contextmanager
    def _lent_client(self) -> Iterator[httpx.AsyncClient]:
        """Lend a client that goes through the proxy of the environment: the first with room."""
        clients = self._proxied
        client = next((one for one, out in clients.items() if out < _MOST_OUT), None)
        if client is None:
            client = httpx.AsyncClient(
                verify=self._ssl_context(),
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                limits=httpx.Limits(
                    max_connections=_MOST_OUT,
                    max_keepalive_connections=_MOST_OUT,
                    keepalive_expiry=IDLE_SECONDS,
                ),
            )
        clients[client] = clients.get(client, 0) + 1
        try:
            yield client
        finally:
            if client in clients:  # else it was closed meanwhile
                clients[client] -= 1

    def _is_proxied(self, url: httpx.URL) -> bool:
        origin = (url.scheme, url.host)
        if origin not in self._ways:
            self._ways[origin] = bool(proxy_for(str(url)))
        return self._ways[origin]

    def _ssl_context(self) -> ssl.SSLContext:
        if self._ssl is None:
            self._ssl = httpx.create_ssl_context()
            if self._ca_bundle:
                self._ssl.load_verify_locations(cafile=self._ca_bundle)
        return self._ssl


async def _close(clients: dict[httpx.AsyncClient, int]) -> None:
    while clients:
        client, _ = clients.popitem()
        await client.aclose()


def _close_soon(
    loop: asyncio.AbstractEventLoop, clients: dict[httpx.AsyncClient, int], process: int
) -> None:
    """Close what is open when nobody is left to use it, unless the parent of a fork opened it."""
    if clients and process == os.getpid() and not loop.is_closed():
        asyncio.run_coroutine_threadsafe(_close(clients), loop)


def proxy_for(url: str) -> str:
    """Return host and port of the proxy that a request to this URL goes through; "" for none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return ""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all", "")
    # Many write a proxy without http://. Whatever stands before the @ is the proxy's password.
    netloc = urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc
    return netloc.rpartition("@")[2]


class _Trip:
    """How far one request came, and since when."""

    def __init__(self, leaves_by: float) -> None:
        self._leaves_by = leaves_by
        self.begun = self._entered = time.perf_counter()
        self.left = False
        self._marks: dict[str, float] = {}

    async def trace(self, event: str, info: Mapping[str, object]) -> None:
        # A tunnel through a proxy is asked for with a request of its own: CONNECT.
        if event == LEAVES:
            asked = getattr(info.get("request"), "method", b"")
            if asked != b"CONNECT":
                self.mark(event)
        elif event in _MARKED:
            self.mark(event)

    def mark(self, event: str) -> None:
        """Take note of the moment of an event; names are those of httpcore.

        Raises:
            httpx.ConnectTimeout: The request is about to leave too late, and must not.
        """
        if event == LEAVES and asyncio.get_running_loop().time() > self._leaves_by:
            raise httpx.ConnectTimeout("its turn came when its look at the state was too old")
        now = time.perf_counter()
        self._marks[event] = now
        if event == LEAVES:
            self.left, self.begun = True, now

    @property
    def timings(self) -> Timings:
        """How long the parts took, up to now."""
        marks = self._marks
        first = marks.get(FIRST_BYTE)
        return Timings(
            connect_ms=_span(marks, CONNECTS, CONNECTED),
            tls_ms=_span(marks, SECURES, SECURED),
            first_byte_ms=None if first is None else _ms(first - self._entered),
            total_ms=_ms(time.perf_counter() - self._entered),
        )

    @property
    def elapsed_ms(self) -> int:
        return round((time.perf_counter() - self.begun) * 1000)

    def late(self) -> FaultKind:
        """Return what a passed deadline means: did the request leave, or provably not?"""
        return FaultKind.NO_ANSWER if self.left else FaultKind.CONNECT

    def fault(self, kind: FaultKind, detail: str) -> Fault:
        return Fault(kind=kind, detail=detail, elapsed_ms=self.elapsed_ms, timings=self.timings)


_MARKED = frozenset({CONNECTS, CONNECTED, SECURES, SECURED, FIRST_BYTE})
"""The moments that a timing is made of."""


def _span(marks: Mapping[str, float], begins: str, ends: str) -> float | None:
    begun, ended = marks.get(begins), marks.get(ends)
    return None if begun is None or ended is None else _ms(ended - begun)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


_url = lru_cache(maxsize=64)(httpx.URL)
"""Nearly every request of a run has the same one, and reading it costs as much as sending."""


def _request(
    method: str,
    url: httpx.URL,
    headers: Mapping[str, str],
    content: bytes,
    extensions: dict[str, Any],
) -> httpx.Request:
    """Return a request with all its headers; httpx would make them anew to add two of them."""
    sent = {"Host": url.netloc.decode("ascii"), **COMMON_HEADERS, **headers}
    if content:
        sent["Content-Length"] = str(len(content))
    stream = httpx.ByteStream(content)
    return httpx.Request(method, url, headers=sent, stream=stream, extensions=extensions)


async def _read(response: httpx.Response, trip: _Trip) -> Reply | Fault:
    try:
        headers = _headers(response)
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding not in _PLAIN | _PACKED:
            told = f"the answer came packed as {coding!r}, which was not asked for"
            return trip.fault(FaultKind.BAD_ANSWER, told)
        try:
            unpack = zlib.decompressobj(_GZIP_OR_ZLIB) if coding in _PACKED else None
            body, is_cut = await _read_body(response, unpack)
        except zlib.error as wrong:
            return trip.fault(FaultKind.BAD_ANSWER, f"the answer cannot be unpacked: {wrong}")
        return Reply(
            status=response.status_code,
            headers=headers,
            body=body,
            is_cut=is_cut,
            elapsed_ms=trip.elapsed_ms,
            timings=trip.timings,
        )
    finally:
        with contextlib.suppress(httpx.HTTPError):
            await response.aclose()


def _headers(response: httpx.Response) -> dict[str, str]:
    """Return the headers by names in lower case; one that stands twice is joined by commas."""
    found: dict[str, str] = {}
    for name, value in response.headers.raw:
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
"""Lets zlib find out by itself which of the two headers there is."""

_PLAIN, _PACKED = {"", "identity"}, {"gzip", "x-gzip", "deflate"}


async def _read_body(
    response: httpx.Response, unpack: zlib._Decompress | None
) -> tuple[bytes, bool]:
    """Return the body and whether it was cut; neither raw nor unpacked is more ever held."""
    body = bytearray()
    raw = 0
    async for chunk in response.aiter_raw():
        raw += len(chunk)
        room = MAX_BODY_BYTES + 1 - len(body)
        body += unpack.decompress(chunk, room) if unpack else chunk[:room]
        if max(raw, len(body)) > MAX_BODY_BYTES:
            return bytes(body[:MAX_BODY_BYTES]), True
    if unpack and raw and (not unpack.eof or unpack.unused_data):
        raise zlib.error("it does not end where it should")
    return bytes(body), False


# A group is what anyio makes of an error that is no OSError.
_EXPECTED = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ExceptionGroup)

_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


def _kind(wrong: Exception, *, left: bool) -> FaultKind:
    """Return what an exception means; measured with a server that fails in every such way."""
    if isinstance(wrong, httpx.ConnectError):
        causes = tuple(_causes(wrong))
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return FaultKind.DNS
        if any(isinstance(cause, ssl.SSLError) and not _is_cut(cause) for cause in causes):
            return FaultKind.TLS
    if isinstance(wrong, _NEVER_LEFT) or not left:
        return FaultKind.CONNECT
    return FaultKind.NO_ANSWER


def _is_cut(wrong: ssl.SSLError) -> bool:
    """Whether the other side ended amid the handshake: nobody has seen a certificate yet."""
    is_end = isinstance(wrong, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    return is_end or "EOF" in (wrong.reason or "")


def _causes(wrong: BaseException | None) -> Iterator[BaseException]:
    while wrong is not None:
        yield wrong
        wrong = wrong.__cause__ or wrong.__context__


def _words(wrong: Exception) -> str:
    """Say what went wrong, down to the cause, without quoting the request."""
    if isinstance(wrong, (httpx.LocalProtocolError, ValueError)):
        # These quote the header that they cannot send.
        return f"{type(wrong).__name__}: the request cannot be sent as it is"
    # A time limit ends in a CancelledError, whose words are about tasks and nothing else.
    causes = (cause for cause in _causes(wrong) if isinstance(cause, Exception))
    told = [text for cause in causes if (text := str(cause))]
    first, last = (told[0], told[-1]) if told else (type(wrong).__name__,) * 2
    return first if first == last else f"{first} ({last})"
