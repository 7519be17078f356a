"""A gateway before a sandbox: it remembers what it was shown, and on request echoes it all.

The real gateway refuses a signature with the request that it was made over in `error_msg`; this one
adds every header and the body, so that whatever a client sent comes back.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from unittest.mock import patch
from urllib.parse import urlsplit

from leak_scan import pieces_of

from vodnb.emulator import admission, server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodnb.emulator.server import Sandbox

SECRETS = {
    "token": "MIIOv7zXk2Jw9RfT4hGyB6NcV8mLpQ3sDaEe5UuKi0Oo",
    "AK": "XQZK7W9PLM4T2BNV8RJD",
    "SK": "qJ4xWv9Zk2Tn7Rb5Lm8Yp3Gf6Hs1Dc0AeUiOoPz",
    "security token": "gQpjbi1ub3J0aC00Zx7Kq2Wv9Jm4Tn8Rb5Lp3Yf6Hs",
    "password": "Zk7#Wq2!Vx9-Jm4Tn8Rb",
}
"""What opens the sandbox, told apart from all other text; signatures come as they are made."""

_SIGNATURE = re.compile(r"Signature=([0-9a-f]{64})")
_KEPT = {"authorization", "x-auth-token", "x-security-token", "x-sdk-date", "host", "content-type",
         "x-project-id", "x-language", "x-sdk-content-sha256"}  # fmt: skip


class Gateway:
    """The gateway.

    Args:
        box: The sandbox behind it.

    Attributes:
        endpoint: Its address.
        is_echoing: Whether it refuses everything, and echoes it.
        signatures: Every signature that it was shown.
        signed: Every piece of them.
        issued: Every token that it passed on.
        echoed: How many requests it has echoed.
    """

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.is_echoing = False
        self.signatures: set[str] = set()
        self.signed: set[str] = set()
        self.issued: set[str] = set()
        self.echoed = 0
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing: what it would write is the test's own output."""

            def do_GET(self) -> None:
                """Pass a call on, or refuse it."""
                gateway.take(self)

            do_POST = do_GET  # noqa: N815  the library's name

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def take(self, asked: BaseHTTPRequestHandler) -> None:
        """Answer one request; one below /_echo/ is the test's own."""
        if asked.path.startswith("/_echo/"):
            self.is_echoing = asked.path.endswith("1")
            asked.send_response(204)
            asked.end_headers()
            return
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        for signature in _SIGNATURE.findall(asked.headers.get("Authorization", "")):
            self.signatures.add(signature)
            self.signed |= pieces_of(signature)
        status, headers, told = (
            self._echo(asked, body) if self.is_echoing else self._pass(asked, body)
        )
        asked.send_response(status)
        for name, value in headers.items():
            asked.send_header(name, value)
        asked.send_header("Content-Length", str(len(told)))
        asked.end_headers()
        asked.wfile.write(told)

    def _pass(
        self, asked: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        behind = http.client.HTTPConnection(urlsplit(self.box.endpoint).netloc, timeout=30)
        kept = {name: value for name, value in asked.headers.items() if name.lower() in _KEPT}
        behind.request(asked.command, asked.path, body=body or None, headers=kept)
        answer = behind.getresponse()
        told = answer.read()
        names = ("Content-Type", "X-Request-Id", "X-Subject-Token", "Date", "Retry-After")
        headers = {name: value for name in names if (value := answer.getheader(name))}
        behind.close()
        self.issued.update(filter(None, [headers.get("X-Subject-Token")]))
        return answer.status, headers, told

    def _echo(
        self, asked: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.echoed += 1
        shown = "|".join(f"{name.lower()}:{value}" for name, value in asked.headers.items())
        words = (
            "Incorrect IAM authentication information: verify aksk signature fail, "
            f"canonicalRequest:{asked.command}|{asked.path}||{shown}|{body.decode()}"
        )
        told = {"error_code": "APIGW.0301", "error_msg": words, "request_id": "r1"}
        said = asked.headers.get("Authorization") or asked.headers.get("X-Auth-Token") or "none"
        headers = {"Content-Type": "application/json", "WWW-Authenticate": said}
        return 401, headers, json.dumps(told).encode()


@contextlib.contextmanager
def showing_gateway() -> Iterator[Gateway]:
    """Run a sandbox that opens to `SECRETS`, and a gateway before it."""
    key = admission.Key(
        ak=SECRETS["AK"], sk=SECRETS["SK"], security_token=SECRETS["security token"]
    )
    known = admission.Credentials(
        project_id="5ec2e7aa" * 4,
        key=admission.Key(ak="HST" + "0" * 17, sk="0" * 40),
        temporary_key=key,
        iam_password=SECRETS["password"],
    )
    with (
        patch.object(admission.Credentials, "invent", classmethod(lambda _cls: known)),
        patch.object(
            admission, "_random_text", lambda *_how: SECRETS["token"].removeprefix("MIIO")
        ),
    ):
        box = server.sandbox()
        gateway = Gateway(box)
        try:
            yield gateway
        finally:
            gateway.close()
            box.stop()
