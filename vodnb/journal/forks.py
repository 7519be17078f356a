"""What must not be cut in two by a fork."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Lock


def whole_at_fork(lock: Lock) -> Lock:
    """Return a lock that nobody else holds when this process forks: a child is never without it."""
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )
    return lock


def after_fork(forget: Callable[[], object]) -> None:
    """Let a child of a fork forget what is its parent's."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
