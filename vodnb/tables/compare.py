"""Compares two tables of assets: which are only in one of them, and whose states differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vodnb.rules.lifecycle import read_state
from vodnb.rules.words.markup import Displayable, Markup, element
from vodnb.rules.words.wording import say
from vodnb.tables.formats.cell_text import TEXT, cell_texts

from .results import usable_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.rules.model import Lang

_COLUMNS = ("asset_id", "found", "state_ours", "state_theirs")
_STATES = ("state", "state_after", "state_before")
"""Where a table may have the state of an asset, the latest first."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison(Displayable):
    """What two tables have and have not in common; shows the counts first.

    Attributes:
        table: One row an asset: `asset_id`, `found` (`both`, `differs`, `only_ours`,
            `only_theirs`), `state_ours`, `state_theirs`. Ours come first, in their order. It can be
            given to `confirm` and the like.
        left_out: Rows of both tables that hold no usable ID.
        lang: Language of what is shown.
    """

    table: pd.DataFrame
    left_out: int
    lang: Lang

    @property
    def counts(self) -> dict[str, int]:
        """Assets by `found`, all four of them."""
        found = Counter(self.table["found"])
        return {name: found[name] for name in ("both", "differs", "only_ours", "only_theirs")}

    def _lines(self) -> list[str]:
        lines = [say(f"compare.{name}", self.lang, count=n) for name, n in self.counts.items()]
        if self.left_out:
            lines.append(say("compare.left out", self.lang, count=self.left_out))
        return lines

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _as_html(self) -> Markup:
        return element("div", *[element("div", line) for line in self._lines()], lang=self.lang)


def compare(ours: pd.DataFrame, theirs: pd.DataFrame, *, lang: Lang = "en") -> Comparison:
    """Compare two loaded tables by their assets and, where both have one, by their state."""
    left, right = _states_of(ours), _states_of(theirs)
    assets = [*left, *(asset_id for asset_id in right if asset_id not in left)]
    rows = [
        (asset_id, _found(asset_id, left, right), left.get(asset_id, ""), right.get(asset_id, ""))
        for asset_id in assets
    ]
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(TEXT)
    left_out = sum(int((~usable_rows(found)).sum()) for found in (ours, theirs))
    return Comparison(table=table, left_out=left_out, lang=lang)


def _found(asset_id: str, left: Mapping[str, str], right: Mapping[str, str]) -> str:
    if asset_id not in right:
        return "only_ours"
    if asset_id not in left:
        return "only_theirs"
    known = {state for state in (left[asset_id], right[asset_id]) if state}
    return "differs" if len(known) > 1 else "both"


def _states_of(table: pd.DataFrame) -> dict[str, str]:
    """Return the state of each usable asset; "" where the table does not say."""
    usable = table.loc[usable_rows(table)]
    states = dict.fromkeys(usable["asset_id"], "")
    for name in reversed([name for name in _STATES if name in usable.columns]):
        told = zip(usable["asset_id"], cell_texts(usable[name]), strict=True)
        # An asset may stand in several rows, and a later column knows better.
        states.update((asset_id, state) for asset_id, text in told if (state := read_state(text)))
    return states
