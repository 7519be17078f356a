"""The one event loop of this process, in a daemon thread of its own; the notebook's is left alone.

Nothing is patched at import. A loop of our own needs no nesting, so it works in every kernel.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import threading
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, TypeVar

from vodnb.rules.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

_T = TypeVar("_T")


class _LoopThread:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        is_up = threading.Event()
        self.loop.call_soon(is_up.set)
        self.thread = threading.Thread(target=self._serve, name="vodnb-loop", daemon=True)
        self.thread.start()
        is_up.wait()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


_guard = threading.Lock()
if hasattr(os, "register_at_fork"):  # not on Windows
    # Nobody else holds it when this process forks: a child is never without it.
    os.register_at_fork(
        before=_guard.acquire, after_in_parent=_guard.release, after_in_child=_guard.release
    )
_threads: list[_LoopThread] = []


def submit(work: Coroutine[Any, Any, _T]) -> Future[_T]:
    """Run a coroutine on vodnb's loop and return its future, from any thread.

    Raises:
        SetupError: This Python has no threads (Pyodide, JupyterLite).
    """
    if sys.platform == "emscripten":
        work.close()
        raise SetupError(
            "This Python runs in a browser and has no threads.",
            "vodnb works on a loop in a thread of its own.",
            "Use a kernel that runs on a server or on your computer.",
        )
    with _guard:
        # After a fork the thread is gone and the child needs one of its own. The loop is kept: it
        # polls by what the parent's polls by, and closing it here would make the parent deaf.
        if not _threads or not _threads[-1].thread.is_alive():
            _threads.append(_LoopThread())
        return asyncio.run_coroutine_threadsafe(work, _threads[-1].loop)


def allow_nested_loops() -> None:
    """Let cells of your own call `asyncio.run(...)` inside the notebook's running loop.

    vodnb itself never needs this. It applies nest_asyncio2 where that is installed, else
    nest_asyncio, to the loop that is running now. Call it from a cell that nothing is queued
    behind.

    Raises:
        SetupError: The installed pair would silently drop queued cells (nest_asyncio 1.x, or
            nest_asyncio2 before 1.7.4, on ipykernel 7), or the loop is uvloop's, which cannot
            be patched.

    Example:
        >>> vodnb.allow_nested_loops()
    """
    name = "nest_asyncio2" if version_of("nest_asyncio2") else "nest_asyncio"
    _refuse_pairs_that_lose_work(name)
    try:
        _check_running_loop()
        importlib.import_module(name).apply()
    except (TypeError, ValueError) as cause:
        raise SetupError(
            f"{name} cannot patch this event loop: {cause}.",
            "uvloop's loops cannot be nested.",
            "Start the kernel without uvloop, or write `await ...` instead of `asyncio.run(...)`.",
        ) from None


def _check_running_loop() -> None:
    """Raise TypeError before anything is patched: `apply` looks at the loop last."""
    with suppress(RuntimeError):
        loop = asyncio.get_running_loop()
        if not isinstance(loop, asyncio.BaseEventLoop):
            raise TypeError(f"Can't patch loop of type {type(loop)}")


def _refuse_pairs_that_lose_work(name: str) -> None:
    kernel, patch = version_of("ipykernel"), version_of(name)
    if loses_cells(ipykernel=kernel, patch=patch, is_fork=name == "nest_asyncio2"):
        raise SetupError(
            f"{name} {patch} on ipykernel {kernel} drops the cells queued "
            "behind a nested asyncio.run(...) without a word.",
            "So it is not applied.",
            'Run: pip install "nest-asyncio2>=1.7.4" and restart the kernel, '
            "or write `await ...` instead of `asyncio.run(...)`.",
        )


def version_of(package: str) -> str:
    """Return the version of a package; "" where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


_SAFE_FORK = (1, 7, 4)
"""The version of nest_asyncio2 from which on ipykernel 7 keeps its queue."""


def loses_cells(*, ipykernel: str, patch: str, is_fork: bool) -> bool:
    """Whether applying a patch drops the cells that are queued behind it.

    Versions are empty where there is none; nest_asyncio2 is the fork that goes on.
    """
    is_safe = is_fork and _numbers(patch) >= _SAFE_FORK
    return _numbers(ipykernel) >= (7,) and not is_safe


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
