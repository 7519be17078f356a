"""A server in threads that takes down which connection each request came on, as it saw it."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterator


class PlainServer(ThreadingHTTPServer):
    """Every asset is CREATING until it is confirmed.

    Attributes:
        asked: The asset IDs of each request, by the port that the connection came from.
        ended: Ports of connections that have ended.
        delay: Seconds before it answers.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: dict[int, list[tuple[str, ...]]] = {}
        self.ended: set[int] = set()
        self.confirmed: list[str] = []
        self.delay = 0.0

    def handle_error(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        """Say nothing: the test looks at what was taken down."""

    def assets(self) -> list[set[str]]:
        """Return the assets that were asked for, one set a connection."""
        return [{asset for ids in asked for asset in ids} for asked in self.asked.values()]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PlainServer

    def do_GET(self) -> None:
        """Tell states."""
        ids = parse_qs(urlsplit(self.path).query)["asset_id"]
        confirmed = set(self.server.confirmed)
        states = {one: "CREATED" if one in confirmed else "CREATING" for one in ids}
        told = [{"asset_id": one, "status": state} for one, state in states.items()]
        self._answer(ids, {"asset_info_array": told})

    def do_POST(self) -> None:
        """Confirm one."""
        asset_id = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["asset_id"]
        self.server.confirmed.append(asset_id)
        self._answer([asset_id], {"asset_id": asset_id})

    def _answer(self, ids: list[str], told: object) -> None:
        self.server.asked.setdefault(self.client_address[1], []).append(tuple(ids))
        time.sleep(self.server.delay)
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def finish(self) -> None:
        """Take the end down."""
        super().finish()
        self.server.ended.add(self.client_address[1])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def plain_server(tls: ssl.SSLContext | None = None) -> Iterator[PlainServer]:
    """Serve while the block runs."""
    with PlainServer() as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
