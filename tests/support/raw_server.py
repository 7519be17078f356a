"""A raw server on loopback that does as a test says, and one request sent to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from vodnb.service.transport.http import Http

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


def refused_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def silence(_writer, _head):
    """Say nothing."""
    await asyncio.sleep(10)
