"""Runs an ASGI app on loopback, in a thread and an event loop of its own. Knows nothing of VOD."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

from uvicorn import Config, Server

from vodnb.rules.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

_ADDRESS = "127.0.0.1"
_BACKLOG = 512
_TICK_SECONDS = 0.05
_CHORE_SECONDS = 1.0
_GRACE_SECONDS = 0.2
_STOP_SECONDS = 10.0


class Host:
    """One running server; about every second it does its chore, in a thread of its own.

    Raises:
        SetupError: The port cannot be had.
    """

    def __init__(
        self, app: ASGIApp, *, port: int, closing: asyncio.Event, chore: Callable[[], None]
    ) -> None:
        self._closing = closing
        self._chore = chore
        listener = _listen(port)
        self.endpoint = f"http://{_ADDRESS}:{listener.getsockname()[1]}"
        config = Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            headers=[("server", "api-gateway")],
            timeout_keep_alive=60,
        )
        self._server = Server(config)
        # A daemon: it must never keep an interpreter or a kernel from ending.
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name="vodnb-sandbox", daemon=True
        )
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.002)

    @property
    def is_running(self) -> bool:
        """Whether it still answers."""
        return self._thread.is_alive() and not self._server.should_exit

    def stop(self) -> None:
        """Close every connection and end the thread. Safe to repeat."""
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)

    def hang_up(self, client: tuple[str, int] | None = None) -> None:
        """Close the connection of one client without an answer; by default those of all."""
        for connection in list(self._server.server_state.connections):
            if client is None or getattr(connection, "client", None) == client:
                connection.transport.abort()

    def _run(self, listener: socket.socket) -> None:
        # Not `asyncio.run`: nest-asyncio may have replaced it for the whole process.
        with asyncio.Runner() as runner, listener:
            runner.run(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        watch = asyncio.create_task(self._watch())
        await self._server.serve(sockets=[listener])
        watch.cancel()

    async def _watch(self) -> None:
        """Do the chore; at the end wake who waits, then cut off whoever is still talking."""
        last = time.monotonic()
        while not self._server.should_exit:
            await asyncio.sleep(_TICK_SECONDS)
            if time.monotonic() - last >= _CHORE_SECONDS:
                await asyncio.to_thread(self._chore)
                last = time.monotonic()
        self._closing.set()
        await asyncio.sleep(_GRACE_SECONDS)
        self.hang_up()


def _listen(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer is 40 ms
    # late, and `socket.create_server` does not name it.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_ADDRESS, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as fault:
        listener.close()
        raise SetupError(
            f"The sandbox cannot listen on {_ADDRESS}:{port} ({fault}).",
            "Most likely another program, or another sandbox, is using that port.",
            "Stop it, or give port=0 to take any free one.",
        ) from fault
    return listener
