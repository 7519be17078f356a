"""Hosts by name and over TLS: in front of a fault server, or failing by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, Self

from fault_server import thread_of_servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest
    import trustme
    from fault_server import FaultServer


class Names:
    """Resolves one name to this machine, as long as it is known; every other one as always.

    Args:
        patch: Puts it in the place of the system's resolver.
        name: The name.
    """

    def __init__(self, patch: pytest.MonkeyPatch, name: str) -> None:
        self.name = name
        self.is_known = True
        self.asked = 0
        self._really = socket.getaddrinfo
        patch.setattr(socket, "getaddrinfo", self._look_up)

    def come_back(self) -> None:
        """Be known again."""
        self.is_known = True

    def _look_up(self, host: Any, *args: Any, **options: Any) -> list[Any]:
        if host not in {self.name, self.name.encode()}:
            return self._really(host, *args, **options)
        self.asked += 1
        if not self.is_known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self._really("127.0.0.1", *args, **options)


class TlsFront:
    """Speaks TLS in front of a fault server: a context manager.

    Args:
        server: Gets what comes in, in the clear.
        certificate: What the front shows of itself.
    """

    def __init__(self, server: FaultServer, certificate: trustme.LeafCert) -> None:
        self.port = 0
        self._server = server
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)
        self._talks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        thread_of_servers().run(self._open())
        return self

    def __exit__(self, *_exc: object) -> None:
        thread_of_servers().run(self._close())

    async def _open(self) -> None:
        self._port = await asyncio.start_server(
            self._talk, "127.0.0.1", 0, ssl=self._context, ssl_handshake_timeout=5
        )
        self.port = self._port.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._port.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(asyncio.current_task())
        try:
            behind, into = await asyncio.open_connection("127.0.0.1", self._server.port)
            try:
                await asyncio.gather(_pump(reader, into), _pump(behind, writer))
            finally:
                into.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._talks.discard(asyncio.current_task())


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


@contextlib.contextmanager
def tls_port(
    certificate: trustme.LeafCert, *, cut: Callable[[socket.socket], None] | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """Listen with a certificate; yield the port and what was read of requests.

    Args:
        certificate: What the port shows of itself.
        cut: Spoils a handshake that has begun. Default None: it is gone through with.
    """
    read: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = listener.accept()
                if cut:
                    cut(conn)
                    continue
                with contextlib.suppress(OSError), context.wrap_socket(conn, server_side=True) as c:
                    read.append(c.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1], read
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
