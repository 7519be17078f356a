"""The table of runs: what each journal on this machine says, one row a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vodnb.rules.model import Outcome

from ._cells import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["build_runs"]

_TEXTS = ("run_id", "state", "status", "began_at", "endpoint", "project_id", "source", "journal")
_COUNTS = ("assets", *(outcome.value for outcome in Outcome if outcome is not Outcome.INVALID))


def build_runs(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Return one row a run, in the order given.

    Args:
        rows: What is known of each run, by column; a text that is missing is "", a count 0.
    """
    columns = {
        **{name: pd.array([str(row.get(name, "")) for row in rows], dtype=TEXT) for name in _TEXTS},
        **{name: pd.array([row.get(name, 0) for row in rows], dtype="int64") for name in _COUNTS},
    }
    order = ("run_id", "state", "status", *_COUNTS, *_TEXTS[3:])
    return pd.DataFrame({name: columns[name] for name in order})
