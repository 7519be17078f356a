"""IDs and files for the tests of the loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.tables.read import load_assets

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

A = "0a1b2c3d4e5f60718293a4b5c6d7e8f1"
B = "1a1b2c3d4e5f60718293a4b5c6d7e8f2"
C = "2a1b2c3d4e5f60718293a4b5c6d7e8f3"


def load(path: Path, data: str | bytes, **options: str) -> pd.DataFrame:
    """Write a file and load it."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return load_assets(path, **options)


def verdicts(frame: pd.DataFrame) -> list[str]:
    """Return the verdicts of a table as a list."""
    return list(frame["verdict"])
