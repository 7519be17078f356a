"""The one sandbox of this process, which all its sessions share."""

from __future__ import annotations

import threading

from .server import Sandbox, sandbox


class _SharedSandbox:
    """The one sandbox of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sandbox: Sandbox | None = None


_SHARED = _SharedSandbox()


def shared_sandbox() -> Sandbox:
    """Return the one sandbox of this process; started by the first call, it ends with it."""
    with _SHARED.lock:
        if _SHARED.sandbox is None or not _SHARED.sandbox.is_running:
            _SHARED.sandbox = sandbox()
        return _SHARED.sandbox
