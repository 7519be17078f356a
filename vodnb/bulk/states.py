"""Reads the states of assets out of an answer; what it leaves open stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.rules.lifecycle import read_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["states_in"]


def states_in(data: Mapping[str, object], asked: Iterable[str]) -> dict[str, str]:
    """Return the state of each asset that was asked for; "" where the answer does not say.

    Args:
        data: JSON object of an asset/info answer.
        asked: The asset IDs of the request; others in the answer are ignored.
    """
    states = dict.fromkeys(asked, "")
    found = data.get("asset_info_array")
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, dict) and entry.get("asset_id") in states:
            states[entry["asset_id"]] = read_state(entry.get("status"))
    return states
