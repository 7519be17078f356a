"""A VOD on raw sockets that fails as it is told, once per request, and keeps a ledger.

It does what mock libraries cannot: resets, half headers, stale connections, a full backlog. It
never shares code with the client.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from fault_wire import Call, read_request, reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    Act = Callable[["Talk"], Awaitable[bool]]
    Script = Callable[["Call"], Act | None]

GOALS = {"CREATED": "CREATED", "FAILED": "UPLOAD_FAILED", "CANCELLED": "CANCELLED"}
BIGGEST_REQUEST = 1 << 18
MOST_CLOGS = 10
"""So often the backlog of a server is filled."""


class LoopThread:
    """The loop that all fault servers of the process share."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="fault-servers", daemon=True).start()

    def run(self, work: Coroutine[object, object, None]) -> None:
        """Run a coroutine there and wait for it."""
        asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=10)


_threads: list[LoopThread] = []


def thread_of_servers() -> LoopThread:
    """Return the one thread of all fault servers, begun when it is first asked for."""
    if not _threads:
        _threads.append(LoopThread())
    return _threads[0]


class Talk:
    """One request under way, for an act to answer: acts return whether the connection lives on."""

    def __init__(self, server: FaultServer, conn: socket.socket, call: Call) -> None:
        self.server = server
        self.conn = conn
        self.call = call

    @property
    def asset_id(self) -> str:
        """The first asset of the request."""
        return self.call.asset_ids[0] if self.call.asset_ids else ""

    @property
    def token(self) -> str:
        """The secret that the request came with; a rude server echoes it."""
        return self.call.headers.get("x-auth-token", "")

    async def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        await self.server.loop.sock_sendall(self.conn, raw)

    def apply(self) -> None:
        """Let the request have its effect, if the asset's state allows one."""
        self.server.apply(self.call)

    def apply_later(self, seconds: float) -> None:
        """Let the request have its effect after a while."""
        self.server.later(seconds, self.apply)

    def answer(self) -> bytes:
        """Let the request have its effect and return the healthy answer."""
        return self.server.healthy(self.call)

    def reset(self) -> bool:
        """Close with RST."""
        self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.conn.close()
        return False

    async def hold(self) -> bool:
        """Stay silent until the other side goes away."""
        with suppress(OSError):
            while await self.server.loop.sock_recv(self.conn, 4096):
                pass
        return False


async def behave(talk: Talk) -> bool:
    """Answer as a healthy service does."""
    await talk.send(talk.answer())
    return True


PORTS = range(12_000, 30_000)
"""Below those that systems give to whoever asks for any port."""
_first = random.randrange(len(PORTS))  # not that of another process
_unused_ports = itertools.chain(PORTS[_first:], PORTS[:_first])


class FaultServer:
    """A service on a port of its own: a context manager.

    Args:
        states: State of each asset; an asset without one is unknown.
        script: Says for each request how to fail; None for: behave.
        token: Refuse any other. Default "": take all.
        lag: Seconds after which a change of state shows in asset/info.
    """

    def __init__(
        self,
        states: dict[str, str],
        *,
        script: Script = lambda _call: None,
        token: str = "",
        lag: float = 0.0,
    ) -> None:
        self.states = dict(states)
        self.script = script
        self.token = token
        self.lag = lag
        self.ledger: list[Call] = []
        self.connections = 0
        self.resets_on_accept: Callable[[int], bool] = lambda _nth: False
        self.loop = thread_of_servers().loop
        self.port = 0
        self.other_port = 0
        self._before: dict[str, tuple[str, float]] = {}
        self._pending = 0
        self._clogs = 0
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._conns: dict[asyncio.Task[None], socket.socket] = {}

    @property
    def endpoint(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        thread_of_servers().run(self._open())
        return self

    def __exit__(self, *_exc: object) -> None:
        thread_of_servers().run(self._close())

    def posts(self, asset_id: str | None = None) -> list[Call]:
        """Return the confirm calls, of one asset or of all."""
        return [
            call
            for call in self.ledger
            if call.operation == "confirm" and asset_id in {None, *call.asset_ids}
        ]

    def wait_quiet(self, seconds: float = 5.0) -> None:
        """Wait until every late effect has come about."""
        until = time.monotonic() + seconds
        while self._pending and time.monotonic() < until:
            time.sleep(0.01)

    # -- the service ----------------------------------------------------------------------------

    def apply(self, call: Call) -> None:
        """Let a confirm call have its effect."""
        for asset_id in call.asset_ids:
            if call.operation == "confirm" and self.states.get(asset_id) == "CREATING":
                self._before[asset_id] = (self.states[asset_id], time.monotonic())
                self.states[asset_id] = GOALS[call.status]
                call.effect = time.monotonic()

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something after a while."""
        self._pending += 1

        def due() -> None:
            self._pending -= 1
            do()

        self.loop.call_later(seconds, due)

    def shown(self, asset_id: str) -> str:
        """Return the state as asset/info tells it: with the lag."""
        before, changed = self._before.get(asset_id, ("", 0.0))
        if before and time.monotonic() - changed < self.lag:
            return before
        return self.states.get(asset_id, "NO_ASSET")

    def healthy(self, call: Call) -> bytes:
        """Serve a call as the service would; return its answer."""
        if self.token and call.headers.get("x-auth-token") != self.token:
            call.refused = True
            return self.refusal("APIGW.0307", 401)
        if call.operation == "info":
            found = [{"asset_id": one, "status": self.shown(one)} for one in call.asset_ids]
            return reply(200, {"asset_info_array": found, "total": len(found)})
        asset_id = call.asset_ids[0] if call.asset_ids else ""
        if call.operation != "confirm":
            return self.refusal("APIGW.0101", 404)
        if asset_id not in self.states:
            return self.refusal("VOD.10062", 403)
        if self.states[asset_id] != "CREATING":
            return self.refusal("VOD.10126", 403)
        self.apply(call)
        return reply(200, {"asset_id": asset_id})

    def refusal(self, code: str, status: int, words: str = "", **headers: str) -> bytes:
        """Return an error answer of the service."""
        body = {"error_code": code, "error_msg": words or f"told {code}"}
        return reply(status, body, X_Request_Id="r" * 32, **headers)

    # -- the sockets ----------------------------------------------------------------------------

    async def _open(self) -> None:
        self._listener = self._listen()
        self.port = self._listener.getsockname()[1]
        self._accepting = self.loop.create_task(self._accept(self._listener))

    def _listen(self) -> socket.socket:
        """Listen at its port again, or at one that none had before: some still look for theirs."""
        while True:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.settimeout(0)
            try:
                listener.bind(("127.0.0.1", self.port or next(_unused_ports)))
                listener.listen(128)
            except OSError:
                listener.close()
                if self.port:
                    raise
            else:
                return listener

    async def _close(self) -> None:
        self._stop_accepting()
        if self._listener:
            self._listener.close()
        self._listener = None
        others = {t: conn for t, conn in self._conns.items() if t is not asyncio.current_task()}
        for task in others:
            task.cancel()
        try:
            await asyncio.gather(*others, return_exceptions=True)
        finally:
            for conn in others.values():  # a task that never began closes nothing
                conn.close()

    def _stop_accepting(self) -> None:
        """Take the port off the loop, at once: whoever asked may be cancelled at any await."""
        if self._accepting and self._listener:
            self.loop.remove_reader(self._listener)
            self._accepting.cancel()
        self._accepting = None

    async def vanish(self, seconds: float | None) -> None:
        """Close the port and every other connection; come back after a while, or never."""
        was_here = self._listener is not None
        await self._close()
        if seconds is not None and was_here:
            self._come_back(seconds, self._open)

    async def clog(self, seconds: float) -> None:
        """Fill the backlog: who connects now waits in vain, until it is over.

        Not for ever: after every call of a job it would cost each asset a connect timeout.
        """
        if not self._accepting or not self._listener or self._clogs == MOST_CLOGS:
            return
        self._clogs += 1
        self._stop_accepting()
        self._listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(("127.0.0.1", self.port))

        async def unclog() -> None:
            for filler in fillers:
                filler.close()
            if self._listener and not self._accepting:
                self._listener.listen(128)
                self._accepting = self.loop.create_task(self._accept(self._listener))

        self._come_back(seconds, unclog)

    def _come_back(
        self, seconds: float, how: Callable[[], Coroutine[object, object, None]]
    ) -> None:
        def due() -> None:
            self._again = self.loop.create_task(how())

        self.later(seconds, due)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            # Not sock_accept: cancelled at the wrong moment, it loses an accepted connection.
            await self._readable(listener)
            try:
                conn, _ = listener.accept()
            except BlockingIOError:
                continue
            conn.settimeout(0)
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            nth, self.connections = self.connections, self.connections + 1
            if self.resets_on_accept(nth):
                Talk(self, conn, Call(operation="", asset_ids=(), at=0.0)).reset()
                continue
            task = self.loop.create_task(self._serve(conn))
            self._conns[task] = conn
            task.add_done_callback(self._conns.pop)

    async def _serve(self, conn: socket.socket) -> None:
        try:
            with suppress(OSError, asyncio.CancelledError):
                lives, served = True, 0
                while lives and (peeked := await self._peek(conn)):
                    lives = await self._answer(conn, *peeked, reused=served > 0)
                    served += 1
        finally:
            conn.close()

    async def _answer(self, conn: socket.socket, call: Call, size: int, *, reused: bool) -> bool:
        call.reused = reused
        same = [past for past in self.ledger if past.operation == call.operation]
        call.nth = len(same)
        call.again = sum(past.asset_ids == call.asset_ids for past in same)
        act = self.script(call) or behave
        if not getattr(act, "leaves_unread", False):
            conn.recv(size)
            self.ledger.append(call)
        return await act(Talk(self, conn, call))

    async def _peek(self, conn: socket.socket) -> tuple[Call, int] | None:
        """Wait for a whole request without taking it off the socket; None when it is over."""
        while True:
            await self._readable(conn)
            raw = conn.recv(BIGGEST_REQUEST, socket.MSG_PEEK)
            if not raw:
                return None
            if found := read_request(raw):
                return found
            await asyncio.sleep(0.001)

    async def _readable(self, conn: socket.socket) -> None:
        ready = self.loop.create_future()
        # By its number: what is not registered yet is spelled out, and a socket's repr is slow.
        self.loop.add_reader(conn.fileno(), lambda: ready.done() or ready.set_result(None))
        try:
            await ready
        finally:
            if conn.fileno() >= 0:
                self.loop.remove_reader(conn)
