"""What a round of the hunt is like: drawn from a seed, written as a literal, and made smaller.

A recipe is a dict of plain values. `mix` holds its ingredients: `[kind, leg, ...]`, each of which
can be left out; everything else has a simplest value. The last leg of a round is always quiet.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hunt_faults import AROUND_FAULTS, BEFORE, CONFIRM_FAULTS, INFO_FAULTS, LATE, NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Recipe = dict[str, Any]

SIMPLEST: Recipe = {
    "actors": "one",
    "share": "same",
    "apart": 0.0,
    "place": "same",
    "verb": "confirm",
    "legs": 1,
    "hanging": 1.0,
    "lag": 0.0,
    "latency": 0.0,
    "takes second": False,
    "workers": 1,
    "look": True,
    "verify": True,
    "paced": False,
    "cruel": True,
    "assets": 4,
}
"""What shrinking tries for each setting, in this order."""

DEADLINE = 1.0
"""Seconds that the client gives a call."""

LONG_PAUSE = 6.6
"""Seconds after which a look is certainly old news."""


def draw(seed: int) -> Recipe:
    """Return the recipe of a seed."""
    chance = random.Random(f"hunt {seed}")
    status = chance.choice(["CREATED"] * 4 + ["CANCELLED"] * 3 + ["FAILED", "mixed"])
    legs = chance.choice([1, 1, 2, 2, 3])
    actors = chance.choice(["one"] * 5 + ["two"] * 3 + ["together"])
    place = chance.choice(["same", "same", "apart", "none", "here"])
    verbs = ["confirm"] * 3 + ["start", "aconfirm", "cli"]
    if status == "CREATED":
        verbs += ["reconcile"]
    verb = chance.choice(verbs)
    recipe: Recipe = {
        "seed": seed,
        "status": status,
        "assets": chance.choice([4, 12, 25, 40]),
        "hanging": chance.choice([1.0, 0.9, 0.6]),
        "legs": legs,
        "actors": actors,
        "share": chance.choice(["same", "overlap"]),
        "apart": chance.choice([0.0, 0.0, chance.uniform(0.0, 0.4)]),
        "place": place,
        "verb": verb,
        "workers": chance.choice([1, 4, 8, 32]),
        # Without looking first only the same journal keeps an asset from being sent again.
        "look": place != "same" or chance.random() < 0.8,
        "verify": chance.random() < 0.8,
        "paced": chance.random() < 0.2,
        "lag": chance.choice([0.0, 0.0, 0.2, 0.35]),
        "latency": chance.choice([0.0, 0.0, 0.01, 0.05]),
        "takes second": chance.random() < 0.4,
        "cruel": chance.random() < 0.7,
        "deadline": DEADLINE,
        "mix": [],
    }
    for _ in range(chance.choice([0, 1, 2, 2, 3, 4, 6])):
        leg = chance.randrange(legs)
        acts = [*_ACTS, "early", "early"] if verb != "cli" else ["kill", "jump"] + ["signals"] * 6
        sort = chance.choice(["answer"] * 6 + ["outsider"] * 2 + acts)
        make = {"answer": _answer, "outsider": _outsider}.get(sort)
        made = make(chance, leg) if make else _act(chance, leg, sort, recipe)
        recipe["mix"] += [] if made is None else [made]
    return _with_patience(recipe, chance)


def _with_patience(recipe: Recipe, chance: random.Random) -> Recipe:
    """Now and then hold a destructive run for so long that what it has looked at grows old."""
    if recipe["status"] != "CREATED" and recipe["verb"] != "cli" and chance.random() < 0.3:
        leg = chance.randrange(recipe["legs"])
        recipe["mix"].append(["outsider", leg, 0.7, 0.3])
        if chance.random() < 0.5:
            recipe["mix"].append(["pause", leg, 0, chance.uniform(0.0, 0.1), LONG_PAUSE])
        else:
            how = ["answer", leg, "confirm", "throttled for 6 s", NONE, chance.randrange(3), 1]
            recipe["mix"].append(how)
    return recipe


# -- ingredients ----------------------------------------------------------------------------------


def _answer(chance: random.Random, leg: int) -> list[Any]:
    operation = chance.choice(["confirm", "confirm", "info"])
    kinds = list(CONFIRM_FAULTS if operation == "confirm" else INFO_FAULTS) + list(AROUND_FAULTS)
    kind = chance.choice(kinds)
    effect = chance.choice([NONE, BEFORE, LATE])
    first = chance.choice([0, 0, 1, 2, chance.randrange(12)])
    # Throttling is waited out for two minutes, and a leg has less.
    count = chance.choice([1, 2] if kind.startswith("throttl") else [1, 1, 1, 3, 12])
    return ["answer", leg, operation, kind, effect, first, count]


def _outsider(chance: random.Random, leg: int) -> list[Any]:
    return ["outsider", leg, chance.choice([0.2, 1.0]), chance.choice([0.0, 0.05, 0.5])]


_ACTS: dict[str, Callable[[random.Random], list[Any]]] = {
    "kill": lambda chance: [chance.uniform(0.0, 0.8)],
    "signals": lambda chance: [
        chance.choice(["SIGINT", "SIGINT", "SIGTERM"]),
        chance.uniform(0.0, 0.6),
        chance.choice([1, 2, 3]),
        chance.choice([0.0, 0.02, 0.2]),
    ],
    "early": lambda chance: [chance.randrange(450)],
    "pause": lambda chance: [chance.uniform(0.0, 0.3), chance.choice([0.3, 1.0])],
    "stop": lambda chance: [chance.uniform(0.0, 0.4)],
    "fork": lambda _: [],
    "chdir": lambda chance: [chance.choice([0.0, 0.05, 0.2])],
    "again": lambda _: [],
    "resume": lambda _: [],
    "fresh": lambda _: [],
    "states": lambda _: [],
    "look": lambda chance: [chance.randrange(800)],
    "jump": lambda chance: [
        chance.uniform(0.0, 0.8),
        chance.choice([-3600.0, -3.0, 3.0, 3600.0]),
    ],
}
"""What befalls a process, or what its user does: `[kind, leg, actor, ...]`."""

_ENDS = {"kill", "signals", "early"}
"""What must not meet a fork: it would hit the parent alone."""


def _act(chance: random.Random, leg: int, kind: str, recipe: Recipe) -> list[Any] | None:
    actor = chance.randrange(2) if recipe["actors"] == "two" else 0
    present = {each[0] for each in recipe["mix"] if each[1:3] == [leg, actor]}
    clashes = _ENDS if kind == "fork" else {"fork"} if kind in _ENDS else set()
    if kind in present or clashes & present:
        return None
    if kind in {"signals", "early"} and recipe["actors"] == "together":
        return None
    if kind == "resume" and (leg == 0 or recipe["place"] == "none"):
        return None
    return [kind, leg, actor, *_ACTS[kind](chance)]


# -- smaller --------------------------------------------------------------------------------------


def smaller(recipe: Recipe) -> Iterator[Recipe]:
    """Return recipes that differ by one ingredient less, or by one simpler setting, or by all."""
    mix = recipe["mix"]
    simpler = {name: value for name, value in SIMPLEST.items() if recipe[name] != value}
    if "legs" in simpler:
        simpler["legs"] = _last_leg(mix) + 1
        if simpler["legs"] == recipe["legs"]:
            del simpler["legs"]
    if len(simpler) > 1:
        yield {**recipe, **simpler}
    for place in range(len(mix)):
        yield {**recipe, "mix": mix[:place] + mix[place + 1 :]}
    for name, value in simpler.items():
        yield {**recipe, name: value}


def _last_leg(mix: list[list[Any]]) -> int:
    return max((each[1] for each in mix), default=0)


def shrink(recipe: Recipe, *, breaks: Callable[[Recipe], bool]) -> Recipe:
    """Return the smallest recipe that still breaks a promise, taking one thing away at a time.

    Args:
        recipe: One that breaks a promise.
        breaks: Plays a recipe and tells whether it does.
    """
    tried: list[Recipe] = []
    found: Recipe | None = recipe
    while found:
        recipe, found = found, None
        for candidate in smaller(recipe):
            if candidate not in tried:
                tried.append(candidate)
                if breaks(candidate):
                    found = candidate
                    break
    return recipe
