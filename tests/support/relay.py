"""A proxy that changes what it hands on: between a client and a sandbox, on loopback."""

from __future__ import annotations

import contextlib
import http.client
import threading
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


@dataclass(frozen=True)
class Passed:
    """A request on its way."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def with_header(self, name: str, value: str | None) -> Passed:
        """Return it with another value of a header; None takes it out."""
        kept = {key: told for key, told in self.headers.items() if key.lower() != name.lower()}
        return replace(self, headers=kept if value is None else {**kept, name: value})


Tamper = "Callable[[Passed], Passed]"


@contextlib.contextmanager
def relay_to(endpoint: str, tamper: Tamper, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Hand every request on to an endpoint, changed; yield the address of the relay.

    Args:
        endpoint: Where to.
        tamper: Changes a request.
        tls: Makes the relay speak TLS. Default None: plain HTTP.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            came = Passed(self.command, self.path, dict(self.headers), self.rfile.read(size))
            sent = tamper(came).with_header("Content-Length", None)
            there = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
            try:
                there.request(sent.method, sent.path, sent.body or None, sent.headers)
                answer = there.getresponse()
                body = answer.read()
            finally:
                there.close()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _pass  # noqa: N815  names of the standard library

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
