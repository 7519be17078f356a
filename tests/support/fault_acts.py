"""Ways for a server to fail, one function each: what goes over the wire instead of an answer.

An act returns whether its connection lives on. None of them touches an asset: `doing` adds that.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import zlib
from enum import StrEnum
from typing import TYPE_CHECKING

from fault_wire import reply

if TYPE_CHECKING:
    from fault_server import Act, Talk

LATE = 0.35
"""Seconds after the client's deadline at which a late effect comes about."""


class Effect(StrEnum):
    """Whether and when a request that is answered badly has its effect."""

    NONE = "none"
    BEFORE = "before"
    LATE = "late"


def doing(act: Act, effect: Effect, *, deadline: float = 0.0) -> Act:
    """Return the act with its effect on the asset."""

    async def both(talk: Talk) -> bool:
        if effect is Effect.BEFORE:
            talk.apply()
        if effect is Effect.LATE:
            talk.apply_later(deadline + LATE)
        return await act(talk)

    both.leaves_unread = getattr(act, "leaves_unread", False)
    return both


def unread(act: Act) -> Act:
    """Mark an act that never takes the request off the socket; the ledger does not have it."""
    act.leaves_unread = True
    return act


def on_kept_connections(act: Act) -> Act:
    """Mark an act that can only strike a connection that was used before."""
    act.strikes_reused = True
    return act


def slowly(act: Act, seconds: float) -> Act:
    """Return the act after a while."""

    async def both(talk: Talk) -> bool:
        await asyncio.sleep(seconds)
        return await act(talk)

    return both


# -- the connection breaks ------------------------------------------------------------------------


@unread
async def reset_unread(talk: Talk) -> bool:
    """RST before a byte was read, as on accept."""
    return talk.reset()


async def reset(talk: Talk) -> bool:
    """RST after the request was read."""
    return talk.reset()


async def finish(talk: Talk) -> bool:
    """FIN without a word."""
    del talk
    return False


async def silence(talk: Talk) -> bool:
    """No answer, ever."""
    return await talk.hold()


@unread
async def stall(talk: Talk) -> bool:
    """Never read: the client's window fills up."""
    talk.conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    await asyncio.sleep(30)
    return False


@on_kept_connections
@unread
async def stale(talk: Talk) -> bool:
    """Close a kept connection in the moment the next request comes on it."""
    talk.conn.shutdown(socket.SHUT_WR)
    return False


# -- the answer breaks ----------------------------------------------------------------------------


def says(raw: bytes, *, closes: bool = False) -> Act:
    """Return an act that sends these bytes."""

    async def act(talk: Talk) -> bool:
        await talk.send(raw.replace(b"{asset_id}", talk.asset_id.encode()))
        return not closes

    return act


def answers(status: int, body: object, **headers: str) -> Act:
    """Return an act that sends a whole answer; `{asset_id}` and `{token}` in it are filled in."""

    async def act(talk: Talk) -> bool:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        for name, value in (("asset_id", talk.asset_id), ("token", talk.token)):
            raw = raw.replace(b"{%s}" % name.encode(), value.encode())
        kind = "text/html" if raw.startswith(b"<") else "application/json"
        await talk.send(reply(status, raw, **{"Content-Type": kind, **headers}))
        return True

    return act


def refuses(status: int, code: str, **headers: str) -> Act:
    """Return an act that refuses with a code, and echoes the secret as the gateway does (F9)."""
    body = {"error_code": code, "error_msg": "no: x-auth-token:{token}, Signature={token}"}
    return answers(status, body, **headers)


def throttles(status: int, code: str, **headers: str) -> Act:
    """Return an act that provably does not process the request."""
    told = refuses(status, code, **headers)

    async def act(talk: Talk) -> bool:
        talk.call.refused = True
        return await told(talk)

    return act


def trickles(head: bytes, drop: bytes, pause: float = 0.05) -> Act:
    """Return an act that sends a head at once, then a byte at a time, for long."""

    async def act(talk: Talk) -> bool:
        await talk.send(head)
        for _ in range(400):
            await talk.send(drop)
            await asyncio.sleep(pause)
        return False

    return act


async def interim(talk: Talk) -> bool:
    """Send 100-continue, then the healthy answer."""
    await talk.send(b"HTTP/1.1 100 Continue\r\n\r\n" + talk.answer())
    return True


async def desync(talk: Talk) -> bool:
    """Send the healthy answer and a second one that nobody asked for."""
    healthy = talk.answer()
    await talk.send(healthy + reply(200, {"asset_id": talk.asset_id}))
    return True


def endless(status: int = 200) -> Act:
    """Return an act that sends a body without end."""
    head = f"HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\n\r\n["

    async def act(talk: Talk) -> bool:
        await talk.send(head.encode())
        while True:
            await talk.send(b'"aaaaaaaaaaaaa",' * 4096)

    return act


def bomb() -> bytes:
    """Return 1 MiB that unpacks to 1 GiB, built in milliseconds."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A full flush forgets what came before, so that one block can be said many times.
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + block * 1024 + b"\x03\x00" + bytes(8)


def packed(body: bytes, coding: str, *, status: int = 200) -> Act:
    """Return an act whose answer is said to be packed."""
    return says(reply(status, body, Content_Encoding=coding), closes=True)


def truly_packed(coding: str, times: int = 1) -> Act:
    """Return an act that packs a good answer as it says, though nobody asked for it."""

    async def act(talk: Talk) -> bool:
        body = json.dumps({"asset_id": talk.asset_id}).encode()
        for _ in range(times):
            body = gzip.compress(body)
        await talk.send(reply(200, body, Content_Encoding=coding))
        return True

    return act


def redirects(status: int, location: str | None) -> Act:
    """Return an act that sends elsewhere; `{port}` and `{other}` are filled in."""

    async def act(talk: Talk) -> bool:
        where = (
            {}
            if location is None
            else {"Location": location.format(port=talk.server.port, other=talk.server.other_port)}
        )
        await talk.send(reply(status, b"<a>moved</a>", **where))
        return True

    return act


async def answer_and_close(talk: Talk) -> bool:
    """Answer well, for the last time on this connection."""
    await talk.send(talk.answer().replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    return False


def vanishes(seconds: float | None) -> Act:
    """Return an act that answers well, and then the port is closed for a while, or for good."""

    async def act(talk: Talk) -> bool:
        await answer_and_close(talk)
        await talk.server.vanish(seconds)
        return False

    return act


def clogs(seconds: float) -> Act:
    """Return an act that answers well, and then nobody can connect for a while."""

    async def act(talk: Talk) -> bool:
        await answer_and_close(talk)
        await talk.server.clog(seconds)
        return False

    return act


def signs_in(token: str, *, is_good: bool = True) -> Act:
    """Return an act that gives a token, as IAM does; from then on the server takes no other.

    Source: https://support.huaweicloud.com/api-iam/iam_30_0001.html

    Args:
        token: The token.
        is_good: Whether the server takes it.
    """
    life = {
        "issued_at": "2026-11-24T00:00:00.000000Z",
        "expires_at": "2026-11-25T00:00:00.000000Z",
    }

    async def act(talk: Talk) -> bool:
        if is_good:
            talk.server.token = token
        await talk.send(reply(201, {"token": life}, X_Subject_Token=token))
        return True

    return act
