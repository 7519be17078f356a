"""Gives every DataFrame one more attribute. Knows nothing of what it does there."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pandas as pd
from pandas.api.extensions import register_dataframe_accessor

if TYPE_CHECKING:
    from collections.abc import Callable


def attach(name: str, made: Callable[[pd.DataFrame], object]) -> None:
    """Give every DataFrame an attribute that is made from it when it is first asked for.

    One of this name that another package has put there stays: whoever installed it relies on it.
    `made` raises AttributeError for a table it does not suit.
    """
    if not hasattr(pd.DataFrame, name):
        register_dataframe_accessor(name)(cast("type[object]", made))
