"""A server that answers as fast as Python can: every confirm succeeds.

Run as `python -m vodnb.cli.bench.echo`: it prints its port and serves until its standard input
ends.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import ssl
import sys
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_requests = itertools.count(1)
_ASSET = re.compile(rb'"asset_id" *: *("[^"]*")')


class _EchoConnection(asyncio.Protocol):
    """Reads requests, one after the other or piled up, and answers each after the latency."""

    def __init__(
        self, latency: float, count: Callable[[int], None], confirmed: set[str] | None
    ) -> None:
        self._latency = latency
        self._confirmed = confirmed
        self._count = count
        self._pending = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._count(1)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._count(-1)

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while (end := self._pending.find(_END)) >= 0:
            head = bytes(self._pending[: end + len(_END)])
            told = _LENGTH.search(head)
            size = len(head) + (int(told[1]) if told else 0)
            if len(self._pending) < size:
                return
            body = bytes(self._pending[len(head) : size])
            del self._pending[:size]
            answer = _packed(_answer(head, body, self._confirmed))
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport:
            self._transport.write(answer)


def _answer(head: bytes, body: bytes, confirmed: set[str] | None) -> bytes:
    if head.startswith(b"POST"):
        asset = _ASSET.search(body)
        if asset and confirmed is not None:
            confirmed.add(asset[1].decode().strip('"'))
        return b'{"asset_id":%s}' % (asset[1] if asset else b"null")
    target = head.split(b" ", 2)[1].decode("ascii", "replace")
    asked = parse_qs(urlsplit(target).query).get("asset_id", [])
    done = confirmed or ()
    found = [{"asset_id": one, "status": "CREATED" if one in done else "CREATING"} for one in asked]
    return json.dumps({"asset_info_array": found}).encode()


def _packed(body: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: %032x\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (next(_requests), len(body), body)
    )


class _Counter:
    """How many connections stand, and the most that ever stood together."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def __call__(self, step: int) -> None:
        self.now += step
        self.most = max(self.most, self.now)


async def _serve(latency: float, certificate: Path | None, confirmed: set[str] | None) -> None:
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    counter = _Counter()
    server = await loop.create_server(
        lambda: _EchoConnection(latency, counter, confirmed),
        "127.0.0.1",
        0,
        ssl=context,
        backlog=512,
    )
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # Whoever started this asks for the most connections by a line, and ends it by closing.
        while await loop.run_in_executor(None, sys.stdin.readline):
            print(counter.most, flush=True)
            counter.most = counter.now


def main() -> None:
    """Serve with the latency and certificate of the command line."""
    from pathlib import Path

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--certificate", type=Path, help="PEM file of chain and key: serve TLS")
    parser.add_argument("--keep", action="store_true", help="tell CREATED of what was confirmed")
    options = parser.parse_args()
    asyncio.run(_serve(options.latency, options.certificate, set() if options.keep else None))


if __name__ == "__main__":
    main()
