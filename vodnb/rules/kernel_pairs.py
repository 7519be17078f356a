"""Which versions of kernel and nest-asyncio lose work together. Pure.

Measured: a cell that nests a loop on ipykernel 7 makes the cells queued behind it never run.
"""

from __future__ import annotations

__all__ = ["loses_cells"]

_SAFE_FORK = (1, 7, 4)
"""The version of nest_asyncio2 from which on ipykernel 7 keeps its queue."""


def loses_cells(*, ipykernel: tuple[int, ...], patch: tuple[int, ...], is_fork: bool) -> bool:
    """Whether applying a patch drops the cells that are queued behind it.

    Args:
        ipykernel: Version of ipykernel; empty where there is none.
        patch: Version of the patch; empty where there is none.
        is_fork: Whether it is nest_asyncio2, the fork that goes on.
    """
    is_safe = is_fork and patch >= _SAFE_FORK
    return ipykernel >= (7,) and not is_safe
