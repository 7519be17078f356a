"""Which file a name means: a leading `~` is the home folder, in whatever is read or written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

__all__ = ["path_of"]


def path_of(name: str | os.PathLike[str]) -> Path:
    """Return the path that a name means.

    Args:
        name: A path as the user wrote it; or pasted text, which is none.
    """
    path = Path(name)
    try:
        return path.expanduser()
    except (RuntimeError, ValueError):  # `~x` is no user's folder
        return path
