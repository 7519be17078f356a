"""A real kernel, driven as a notebook server drives it: cells queued, watched, interrupted."""

from __future__ import annotations

import inspect
import time
from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import start_new_kernel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 30.0


@dataclass(kw_only=True)
class Cell:
    """What came of one cell.

    Attributes:
        messages: Its outputs, as (type, content), in order.
        status: "ok", "error" or "aborted"; "" while it runs.
        is_idle: Whether its last output has come.
        ended: When it was done, by the monotonic clock.
    """

    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    status: str = ""
    is_idle: bool = False
    ended: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come of it."""
        return bool(self.status) and self.is_idle

    @property
    def text(self) -> str:
        """What it printed."""
        return "".join(content["text"] for kind, content in self.messages if kind == "stream")

    @property
    def error(self) -> str:
        """The name of what it raised; "" for nothing."""
        return "".join(content["ename"] for kind, content in self.messages if kind == "error")


class LiveKernel:
    """One kernel and its client.

    Args:
        folder: Where it works.
    """

    def __init__(self, folder: Path) -> None:
        self.manager, self._client = start_new_kernel(kernel_name="python3", cwd=str(folder))
        self._cells: dict[str, Cell] = {}

    def queue(self, source: str) -> Cell:
        """Send one cell, whether or not another is running."""
        cell = Cell()
        self._cells[self._client.execute(inspect.cleandoc(source))] = cell
        return cell

    def run(self, *sources: str) -> list[Cell]:
        """Send cells at once, as "Run all" does, and wait for all of them."""
        cells = [self.queue(source) for source in sources]
        self.watch(lambda: all(cell.is_done for cell in cells))
        return cells

    def interrupt(self) -> None:
        """Press Stop."""
        self.manager.interrupt_kernel()

    def watch(self, holds: Callable[[], object]) -> None:
        """Take messages in until something holds."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, list(self._cells.values())
            self._take(self._client.get_iopub_msg)
            self._take(self._client.get_shell_msg)

    def close(self) -> None:
        """End the kernel and its channels."""
        self._client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.context.destroy()

    def _take(self, get: Callable[..., dict[str, Any]]) -> None:
        try:
            message = get(timeout=0.02)
        except Empty:
            return
        cell = self._cells.get(message["parent_header"].get("msg_id", ""))
        if cell is None:
            return
        kind, content = message["msg_type"], message["content"]
        if kind == "execute_reply":
            cell.status, cell.ended = content["status"], time.monotonic()
        elif kind == "status":
            cell.is_idle = content["execution_state"] == "idle"
        elif kind in {"stream", "error", "display_data", "update_display_data", "execute_result"}:
            cell.messages.append((kind, content))
