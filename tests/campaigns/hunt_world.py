"""A world for the stories of the hunt: answers are odd, and somebody else confirms meanwhile."""

from __future__ import annotations

import asyncio
import json
import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pretend_service import refusal
from simulated_world import World

from vodnb.rules.answers import Reply

if TYPE_CHECKING:
    import random

    from vodnb.rules.answers import Fault

FRESH = 5.0
"""Seconds between the arrival of a look and the first byte of the destruction that it allows."""

_ODD_CONFIRMS = (
    lambda asset: {"asset_id": [asset]},
    lambda asset: {"asset_id": {"id": asset}},
    lambda asset: {"asset_id": asset, "error_code": 10051},
    lambda asset: {"asset_id": asset, "error_code": "SYSTEM_BUSY"},
    lambda _: {"asset_id": "another"},
    lambda _: [],
)


class HuntWorld(World):
    """A world in which others act too, and answers are odd.

    Args:
        chance: Decides everything.
        without: Ingredients that are left out.

    Attributes:
        broken: The promises that were broken before its eyes.
        is_cruel: Whether a destruction may destroy what somebody else has confirmed.
    """

    def __init__(self, chance: random.Random, without: list[str]) -> None:
        super().__init__(chance)
        self.without = set(without)
        self._outsiders = chance.choice([0.0, 0.0, 0.1, 0.4])
        self._odd = chance.choice([0.0, 0.02, 0.1])
        self._throttles = chance.choice([0.0, 0.02, 0.1])
        self.is_cruel = chance.random() < 0.7
        self.broken: list[str] = []
        self.crashed = asyncio.Event()
        self._hanging: dict[str, list[float]] = defaultdict(list)
        self._confirmed_at: dict[str, float] = {}
        self.starts = dict(self.states)
        for name, value in (("lag", "_lag"), ("trouble", "_trouble"), ("outsiders", "_outsiders")):
            if name in self.without:
                setattr(self, value, 0.0)
        self._odd *= "odd answers" not in self.without
        self._throttles *= "throttling" not in self.without
        if "outage" in self.without:
            self._away = (math.inf, math.inf)
        if "many assets" in self.without:
            self.assets = self.assets[:3]

    def calm_down(self) -> None:
        """Let nothing go wrong any more."""
        self._outsiders = self._odd = self._throttles = self._trouble = 0.0
        self._away = (math.inf, math.inf)

    def set_clock(self) -> None:
        """Set the clock of the day now and then."""
        if "jumps" not in self.without:
            super().set_clock()

    @property
    def _destroys(self) -> bool:
        return self.goal != "CREATED"

    # -- looking --------------------------------------------------------------------------------

    def _look(self, asked: list[str]) -> tuple[Reply | Fault, float]:
        if asked and self._chance.random() < self._odd and not self._is_away():
            return self._odd_look(asked)
        if self._chance.random() < self._throttles:
            return self._throttled(), 0.01
        got, seconds = super()._look(asked)
        if isinstance(got, Reply) and got.body.startswith(b'{"asset_info_array"'):
            found = json.loads(got.body)["asset_info_array"]
            self._tell({each["asset_id"]: each["status"] for each in found}, seconds)
        return got, seconds

    def _tell(self, told: dict[str, str], seconds: float) -> None:
        """Note what is told, and when it arrives; somebody else may act on it too."""
        arrives = self._loop.time() + seconds
        for asset, state in told.items():
            if state != "CREATING":
                continue
            self._hanging[asset].append(arrives)
            if self._chance.random() < self._outsiders:
                moment = self._chance.choice([0.0, self._chance.uniform(0, 20)])
                self._loop.call_later(moment, self._confirm_elsewhere, asset)

    def _odd_look(self, asked: list[str]) -> tuple[Reply, float]:
        now = self._loop.time()
        entries: list[dict[str, Any]] = [
            {"asset_id": asset, "status": self._shown.get(asset, "NO_ASSET")} for asset in asked
        ]
        true = {each["asset_id"]: each["status"] for each in entries}
        first = entries[0]["asset_id"]
        match self._chance.randrange(4):
            case 0:
                entries[0]["asset_id"] = [first]
            case 1:
                entries[0]["asset_id"] = {"id": first}
            case 2:
                other = "CREATED" if true[first] == "CREATING" else "CREATING"
                place = self._chance.choice([0, len(entries)])
                entries.insert(place, {"asset_id": first, "status": other})
            case _:
                entries.pop(0)
        del true[first]
        self.log(f"odd look {now:.6f} {' '.join(asked)}")
        for asset in true:
            self.calls[asset].append(("look", now))
        self._tell(true, 0.05)
        return Reply(status=200, body=json.dumps({"asset_info_array": entries}).encode()), 0.05

    def _throttled(self) -> Reply:
        seconds = self._chance.choice(["1", "5", "20", "60"])
        return refusal("APIGW.0308", 429, **{"retry-after": seconds})

    # -- confirming -----------------------------------------------------------------------------

    def _confirm(self, asset: str) -> tuple[Reply | Fault, float]:
        now = self._loop.time()
        if self._destroys:
            self._check_destruction(asset, now)
        if self._is_away():
            return super()._confirm(asset)
        if self._chance.random() < self._throttles:
            return self._without_effect(asset, self._throttled())
        if self._chance.random() < self._odd:
            self.log(f"odd post {now:.6f} {asset}")
            self.calls[asset].append(("maybe", now))
            if self._chance.random() < 0.5:
                self._take_effect(asset)
            body = self._chance.choice(_ODD_CONFIRMS)(asset)
            return Reply(status=200, body=json.dumps(body).encode()), 0.05
        return super()._confirm(asset)

    def _check_destruction(self, asset: str, now: float) -> None:
        arrived = max((at for at in self._hanging[asset] if at <= now), default=-math.inf)
        if now - arrived > FRESH:
            self.broken.append(f"{asset} is destroyed {now - arrived:.3f} s after its look")
        ago = now - self._confirmed_at.get(asset, math.inf)
        if ago > FRESH + self._lag:
            self.broken.append(f"{asset} is destroyed {ago:.3f} s after somebody confirmed it")

    def _true_answer(self, asset: str) -> Reply:
        if self._destroys and self.is_cruel and asset in self._confirmed_at:
            self._take_effect(asset)
            return Reply(status=200, body=json.dumps({"asset_id": asset}).encode())
        return super()._true_answer(asset)

    def _take_effect(self, asset: str) -> None:
        if self._destroys and self.is_cruel and self.states.get(asset) == "CREATED":
            self.states[asset] = "CREATING"
            self.log(f"cruel {self._loop.time():.6f} {asset}")
        super()._take_effect(asset)

    def _confirm_elsewhere(self, asset: str) -> None:
        if self.states.get(asset) == "CREATING" and self._outsiders:
            self.states[asset] = "CREATED"
            self._confirmed_at[asset] = self._loop.time()
            self.log(f"outsider {self._loop.time():.6f} {asset}")
            self._loop.call_later(self._lag, self._shown.__setitem__, asset, "CREATED")
