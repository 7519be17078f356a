"""Draw at random from all that can go wrong at once, and let the server's ledger judge.

Run: python tests/campaigns/hunt.py --rounds 3000 --first 1
     python tests/campaigns/hunt.py --replay "{'seed': 7, ...}"
"""

from __future__ import annotations

import argparse
import ast
import functools
import gc
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from hunt_judge import Judge
from hunt_recipe import draw, shrink
from hunt_round import Round

from vodnb.service import http

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SIDE_BY_SIDE = 10
"""Rounds at a time: most of each is waiting."""

LONGEST = 240.0
"""Seconds after which a round is given up, whatever holds it."""

TRIES = 3
"""How often a smaller recipe is played before it counts as harmless: time is part of chance."""

MOST_SHRUNK = 5
"""How many recipes of a campaign are made smaller."""


class Playing:
    """A round under way, in a process group of its own.

    Args:
        recipe: What it is like.
        scratch: Where its folder goes.
    """

    def __init__(self, recipe: dict[str, Any], scratch: Path) -> None:
        self.recipe = recipe
        self._folder = Path(tempfile.mkdtemp(prefix=f"{recipe['seed']}-", dir=scratch))
        self._told = self._folder / "told.pickle"
        self._begun = time.monotonic()
        self._pid = os.fork()
        if not self._pid:
            self._play()

    def _play(self) -> None:
        try:
            os.setpgid(0, 0)
            record = Round(self.recipe, self._folder / "round").play()
            told = Judge(record).faults()
            self._told.with_suffix(".new").write_bytes(pickle.dumps((told, record)))
            self._told.with_suffix(".new").replace(self._told)
        finally:
            sys.stderr.flush()
            os._exit(0 if self._told.exists() else 1)

    def ended(self) -> tuple[list[str], Any] | None:
        """Return the broken promises and the record once it has ended; None before."""
        pid, _ = os.waitpid(self._pid, os.WNOHANG)
        is_over = time.monotonic() - self._begun > LONGEST
        if not pid and not is_over:
            return None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        if not pid:
            os.waitpid(self._pid, 0)
        if self._told.exists():
            told, record = pickle.loads(self._told.read_bytes())
        else:
            told, record = [f"overdue: the round did not end within {LONGEST} s or failed"], None
        shutil.rmtree(self._folder, ignore_errors=True)
        return told, record


def play(
    recipes: Iterable[dict[str, Any]], *, side_by_side: int = SIDE_BY_SIDE
) -> Iterator[tuple[dict[str, Any], list[str], Any]]:
    """Play rounds side by side; yield each recipe with what it broke, and its record."""
    waiting = iter(recipes)
    going: list[Playing] = []
    with tempfile.TemporaryDirectory(prefix="hunt-") as scratch:
        while True:
            while len(going) < side_by_side and (recipe := next(waiting, None)) is not None:
                going.append(Playing(recipe, Path(scratch)))
            if not going:
                return
            for playing in list(going):
                if (told := playing.ended()) is not None:
                    going.remove(playing)
                    yield playing.recipe, *told
            time.sleep(0.01)


def breaks(recipe: dict[str, Any], *, sort: str) -> bool:
    """Whether a recipe breaks a promise of that sort, played a few times."""
    played = play([recipe] * TRIES, side_by_side=TRIES)
    return any([any(line.startswith(sort) for line in told) for _, told, _ in played])


def by_sort(told: list[str]) -> list[str]:
    """Return one broken promise of each sort, and how many there are."""
    sorts: dict[str, list[str]] = {}
    for line in told:
        sorts.setdefault(line.partition(":")[0], []).append(line)
    return [f"{len(lines)} x {lines[0]}" for lines in sorts.values()]


def warm_up() -> None:
    """Load now what each round would load: it is forked from here."""
    # Reading the authorities takes longer than a whole round's calls, and plain HTTP needs none.
    http.httpx.create_ssl_context = functools.cache(http.httpx.create_ssl_context)
    http.httpx.create_ssl_context()
    gc.freeze()


def main() -> None:
    """Read the size from the command line, play, and exit 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--first", type=int, default=1, help="seed of the first round")
    parser.add_argument("--side-by-side", type=int, default=SIDE_BY_SIDE)
    parser.add_argument("--replay", help="a recipe, as it was printed")
    parser.add_argument("--no-shrink", action="store_true")
    options = parser.parse_args()
    warm_up()
    if options.replay:
        recipes: Iterable[dict[str, Any]] = [ast.literal_eval(options.replay)]
    else:
        recipes = map(draw, range(options.first, options.first + options.rounds))
    found = []
    for number, (recipe, told, _) in enumerate(play(recipes, side_by_side=options.side_by_side), 1):
        if told:
            found.append((recipe, told))
            sys.stdout.write("\n  ".join([f"seed {recipe['seed']}:", *by_sort(told)]) + "\n")
        if number % 100 == 0:
            sys.stdout.write(f"{number} rounds, {len(found)} with broken promises\n")
        sys.stdout.flush()
    if not options.no_shrink:
        for recipe, told in found[:MOST_SHRUNK]:
            sort = told[0].partition(":")[0]
            small = shrink(recipe, breaks=functools.partial(breaks, sort=sort))
            sys.stdout.write(f'seed {recipe["seed"]}, {sort}: --replay "{small}"\n')
            sys.stdout.flush()
    sys.stdout.write(f"{options.rounds} rounds: {len(found)} broke a promise\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
