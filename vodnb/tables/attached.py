"""Gives every DataFrame one more attribute. Knows nothing of what it does there."""

from __future__ import annotations

import pandas as pd
from pandas.api.extensions import register_dataframe_accessor

__all__ = ["attach"]


def attach(name: str, made: type[object]) -> None:
    """Give every DataFrame an attribute that is made from it when it is first asked for.

    Args:
        name: Of the attribute. One that another package has put there stays: whoever installed it
            relies on it.
        made: Its class, called with the table; raises AttributeError for one it does not suit.
    """
    if not hasattr(pd.DataFrame, name):
        register_dataframe_accessor(name)(made)
