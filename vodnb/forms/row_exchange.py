"""The exchange behind a row of results, as a form shows it below the row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.debug.picture import as_html
from vodnb.rules.errors import VodnbError
from vodnb.rules.words.wording import say

from .parts import hint

if TYPE_CHECKING:
    import pandas as pd

    from vodnb.rules.words.markup import Markup

    from .shared import Shared

__all__ = ["row_exchange"]


def row_exchange(shared: Shared, results: pd.DataFrame, row: int) -> Markup:
    """Return the exact request and answer of a row; in small print why there is none.

    Args:
        shared: What the forms share.
        results: The results table.
        row: Position of the row.
    """
    if shared.vod is None:
        return hint(say("form.results.row unconnected", shared.lang))
    try:
        return as_html(shared.vod.exchange(results.iloc[row], lang=shared.lang))
    except VodnbError as fault:
        told = " ".join(part for part in (fault.what, fault.means) if part)
        return hint(shared.clean(told))
