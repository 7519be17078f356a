"""The verbs on a table itself: `df.vod.confirm()`. Never chooses between accounts."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from vodnb.kernel.screen import show
from vodnb.rules.errors import SetupError
from vodnb.tables.attached import attach
from vodnb.tables.read import load_assets

from .options import EstimateOptions, ReconcileOptions, RunOptions, StatesOptions, like
from .vod import Vod

if TYPE_CHECKING:
    import pandas as pd

    from vodnb.rules.makespan import Estimate


_ID = "asset_id"


@dataclass(slots=True)
class _Made:
    """The connections that `connect` has made: the last one, and whether it can be meant alone."""

    last: Vod | None = None
    elsewhere: str = ""


_MADE, _ADDING = _Made(), threading.Lock()


def remember(vod: Vod) -> None:
    """Note a connection that was made, for tables that are asked without one."""
    with _ADDING:
        if _MADE.last is not None and not vod.goes_where(_MADE.last):
            _MADE.elsewhere = repr(_MADE.last)
        _MADE.last = vod


class TableVerbs:
    """The verbs of a connection, on a table with a column `asset_id`.

    The connection is the one that `vodnb.connect()` has made, and is shown. Where connections to
    several places or by several credentials were made in this process, none is taken by itself:
    `df.vod(vod)` names one, and holds for this call alone.

    Args:
        table: Any DataFrame with a column `asset_id`.

    Raises:
        AttributeError: It has none, so `hasattr(df, "vod")` is False.

    Example:
        >>> results = df.vod.confirm()
    """

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table
        self._vod: Vod | None = None
        self._check()

    def __call__(self, vod: Vod) -> TableVerbs:
        """Name the connection to use.

        Example:
            >>> results = df.vod(vod).confirm()
        """
        named = TableVerbs(self._table)
        named._vod = vod
        return named

    @like(Vod.confirm)
    def confirm(self, **options: Unpack[RunOptions]) -> pd.DataFrame:
        """Confirm the upload of every asset of the table; the options of `vod.confirm`.

        Raises:
            SetupError: There is no connection, or it is not clear which one is meant.

        Example:
            >>> results = df.vod.confirm(dry_run=True)
        """
        return self._shown().confirm(self._assets(), **options)

    @like(Vod.states)
    def states(self, **options: Unpack[StatesOptions]) -> pd.DataFrame:
        """Ask for the state of each asset; nothing is changed. The options of `vod.states`.

        Raises:
            SetupError: There is no connection, or it is not clear which one is meant.

        Example:
            >>> states = df.vod.states()
        """
        return self._shown().states(self._assets(), **options)

    @like(Vod.reconcile)
    def reconcile(
        self, *, progress: bool = True, **options: Unpack[ReconcileOptions]
    ) -> pd.DataFrame:
        """Confirm only what hangs in CREATING; the options of `vod.reconcile`.

        Raises:
            SetupError: There is no connection, or it is not clear which one is meant.

        Example:
            >>> results = df.vod.reconcile()
        """
        return self._shown().reconcile(self._assets(), progress=progress, **options)

    @like(Vod.estimate)
    def estimate(self, **options: Unpack[EstimateOptions]) -> Estimate:
        """Say how many calls a run makes and how long it takes; the options of `vod.estimate`.

        Raises:
            SetupError: There is no connection, or it is not clear which one is meant.

        Example:
            >>> df.vod.estimate()
        """
        return self._shown().estimate(self._assets(), **options)

    def __repr__(self) -> str:
        used = self._vod or (None if undecided() else _MADE.last)
        return (
            f"<vod of {len(self._table):,} rows, by {used!r}>" if used else f"<vod: {undecided()}>"
        )

    def _shown(self) -> Vod:
        """Return the connection to use, once it is shown which one it is."""
        used = self._vod or _decided()
        show(used)
        return used

    def _assets(self) -> pd.DataFrame:
        """Return the table, its IDs taken from `asset_id` and from no other column."""
        self._check()  # pandas keeps this object while the table changes
        is_loaded = {"verdict", "verdict_note"} <= set(self._table.columns)
        return self._table if is_loaded else load_assets(self._table, id_column=_ID)

    def _check(self) -> None:
        if _ID not in self._table.columns:
            raise AttributeError(
                f"This table has no column {_ID}, so there is nothing that .vod could work on. "
                "vodnb.load_assets(table) finds the IDs and adds it; or rename your column."
            )


def undecided() -> str:
    """Say why no connection can be taken by itself; "" where one can."""
    if _MADE.last is None:
        return "there is no connection yet"
    if _MADE.elsewhere:
        return f"connections to several places were made, {_MADE.elsewhere} and {_MADE.last!r}"
    return ""


def _decided() -> Vod:
    if _MADE.last is None:
        raise SetupError(
            "There is no connection that .vod could use.",
            "A table does not know whose assets it lists; nothing was sent.",
            "Make one, and run this again: vod = vodnb.connect(), or vodnb.connect(sandbox=True).",
        )
    if _MADE.elsewhere:
        raise SetupError(
            f"Connections to several places or by several credentials were made here, among them "
            f"{_MADE.elsewhere} and {_MADE.last!r}.",
            "Taking one of them could change assets of the wrong account; nothing was sent.",
            "Name the one you mean: df.vod(vod).confirm().",
        )
    return _MADE.last


attach("vod", TableVerbs)
