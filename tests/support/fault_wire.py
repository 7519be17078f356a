"""Requests as a fault server reads them off the wire, and answers as it writes them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True, kw_only=True)
class Call:
    """One request as it was received: a line of the ledger.

    Attributes:
        operation: `confirm`, `info`, `token`, or the path of anything else.
        asset_ids: The assets it names.
        at: When it was received, in seconds of the monotonic clock.
        nth: How many calls of this operation came before it.
        again: How many calls of this operation for these assets came before it.
        reused: Whether its connection had served another request before.
        headers: Its headers, names in lower case.
        status: What a confirm call asks for.
        effect: When it had its effect, on the monotonic clock; None if it had none.
        refused: Whether it was answered with a definite "not processed".
    """

    operation: str
    asset_ids: tuple[str, ...]
    at: float
    nth: int = 0
    again: int = 0
    reused: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    status: str = ""
    effect: float | None = None
    refused: bool = False


def reply(status: int, body: bytes | object = b"", **headers: str) -> bytes:
    """Return an answer in full; anything but bytes is sent as JSON."""
    kind = "text/html" if isinstance(body, bytes) else "application/json"
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"Content-Type": kind, "Content-Length": str(len(raw))}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status} Told\r\n{lines}\r\n".encode() + raw


def read_request(raw: bytes) -> tuple[Call, int] | None:
    """Return the request at the head of what came, and its size; None if it is not whole."""
    head, found, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    size = int(headers.get("content-length", "0"))
    if not found or len(rest) < size:
        return None
    target = urlsplit(first.split(" ")[1])
    call = Call(operation=target.path, asset_ids=(), at=time.monotonic(), headers=headers)
    if target.path.endswith("/auth/tokens"):
        call.operation = "token"
    elif target.path.endswith("/asset/info"):
        call.operation = "info"
        call.asset_ids = tuple(parse_qs(target.query).get("asset_id", []))
    elif target.path.endswith("/asset/status/uploaded"):
        body = json.loads(rest[:size])
        call.operation, call.status = "confirm", body["status"]
        call.asset_ids = (body["asset_id"],)
    return call, len(head) + 4 + size
