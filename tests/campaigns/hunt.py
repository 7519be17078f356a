"""Draw at random from all that can go wrong at once, and let the server's ledger judge.

Run: python tests/campaigns/hunt.py --rounds 3000 --first 1
     python tests/campaigns/hunt.py --virtual --rounds 10000
     python tests/campaigns/hunt.py --replay "{'seed': 7, ...}"
"""

from __future__ import annotations

import argparse
import ast
import functools
import gc
import logging
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import hunt_virtual
from hunt_judge import STALL, Judge, sort_of
from hunt_recipe import draw, shrink
from hunt_round import Round
from hunt_virtual import tell

from vodnb.service.transport import http

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SIDE_BY_SIDE = 10
"""Rounds at a time: most of each is waiting."""

LONGEST = 240.0
"""Seconds after which a round is given up, whatever holds it."""

TRIES = 3
"""How often a smaller recipe is played before it counts as harmless: time is part of chance."""

STATE = 100
"""After so many rounds it is said where to go on."""


class Playing:
    """A round under way, in a process group of its own.

    Args:
        recipe: What it is like.
        scratch: Where its folder goes.
        times: How often it was played before, in vain.
    """

    def __init__(self, recipe: dict[str, Any], scratch: Path, times: int = 0) -> None:
        self.recipe = recipe
        self.times = times
        self._folder = Path(tempfile.mkdtemp(prefix=f"{recipe['seed']}-", dir=scratch))
        self._told = self._folder / "told.pickle"
        self._begun = time.monotonic()
        self._pid = os.fork()
        if not self._pid:
            self._play()
        with suppress(OSError):  # whichever of the two is first
            os.setpgid(self._pid, self._pid)

    def _play(self) -> None:
        try:
            with suppress(OSError):
                os.setpgid(0, 0)
            record = Round(self.recipe, self._folder / "round").play()
            told = Judge(record).faults()
            self._told.with_suffix(".new").write_bytes(pickle.dumps((told, record)))
            self._told.with_suffix(".new").replace(self._told)
        except BaseException:  # noqa: BLE001  whatever it is, the process ends here
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(0 if self._told.exists() else 1)

    def ended(self) -> tuple[list[str], Any] | None:
        """Return the broken promises and the record once it has ended; None before."""
        # Not waited for yet: until then its number, and its group's, are nobody else's.
        gone = os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if not gone and time.monotonic() - self._begun < LONGEST:
            return None
        self.end()
        if self._told.exists():
            told, record = pickle.loads(self._told.read_bytes())
        else:
            told, record = [f"overdue: the round failed, or did not end within {LONGEST} s"], None
        shutil.rmtree(self._folder, ignore_errors=True)
        return told, record

    def end(self) -> None:
        """End it and all its processes."""
        with suppress(ProcessLookupError, ChildProcessError):
            os.killpg(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


def play(
    recipes: Iterable[dict[str, Any]], *, side_by_side: int = SIDE_BY_SIDE
) -> Iterator[tuple[dict[str, Any], list[str], Any]]:
    """Play rounds side by side; yield each recipe with what it broke, and its record.

    What breaks a promise while the machine stands still proves nothing, and is played again.
    """
    waiting = iter(recipes)
    going: list[Playing] = []
    with tempfile.TemporaryDirectory(prefix="hunt-", ignore_cleanup_errors=True) as scratch:
        try:
            while True:
                while len(going) < side_by_side and (recipe := next(waiting, None)) is not None:
                    going.append(Playing(recipe, Path(scratch)))
                if not going:
                    return
                for playing in list(going):
                    if (ended := playing.ended()) is None:
                        continue
                    going.remove(playing)
                    told, record = ended
                    if told and record and record.stall > STALL and playing.times < TRIES:
                        seed = playing.recipe["seed"]
                        say(f"seed {seed}, again after a standstill:", *by_sort(told))
                        going.append(Playing(playing.recipe, Path(scratch), playing.times + 1))
                    else:
                        yield playing.recipe, told, record
                time.sleep(0.01)
        finally:
            for playing in going:
                playing.end()


def breaks(recipe: dict[str, Any], *, sort: str) -> bool:
    """Whether a recipe breaks a promise of that sort, played a few times."""
    played = list(play([recipe] * TRIES, side_by_side=TRIES))
    return any(sort_of(line) == sort for _, told, _ in played for line in told)


def by_sort(told: Iterable[str]) -> list[str]:
    """Return one broken promise of each sort, and how many there are."""
    sorts: dict[str, list[str]] = {}
    for line in told:
        sorts.setdefault(sort_of(line), []).append(line)
    return [f"{len(lines)} x {lines[0]}" for lines in sorts.values()]


def warm_up() -> None:
    """Load now what each round would load: it is forked from here."""
    # Reading the authorities takes longer than a whole round's calls, and plain HTTP needs none.
    http.httpx.create_ssl_context = functools.cache(http.httpx.create_ssl_context)
    http.httpx.create_ssl_context()
    gc.freeze()


def say(*lines: str) -> None:
    """Print at once: a campaign is long, and may be cut off."""
    sys.stdout.write("\n  ".join(lines) + "\n")
    sys.stdout.flush()


def campaign(recipes: Sequence[dict[str, Any]], *, side_by_side: int, shrinks: int) -> int:
    """Play real rounds and make what breaks a promise smaller; return how many do."""
    warm_up()
    found: list[tuple[dict[str, Any], str]] = []
    left = {recipe["seed"] for recipe in recipes}
    with closing(play(recipes, side_by_side=side_by_side)) as played:
        for recipe, told, _ in played:
            left.discard(recipe["seed"])
            if told:
                found.append((recipe, sort_of(told[0])))
                say(f"seed {recipe['seed']}:", *by_sort(told))
            if left and len(left) % STATE == 0:
                say(f"{len(found)} broke a promise so far; to go on: --first {min(left)}")
    for recipe, sort in found[:shrinks]:
        small = shrink(recipe, breaks=functools.partial(breaks, sort=sort))
        say(f'seed {recipe["seed"]}, {sort}: --replay "{small}"')
    return len(found)


def stories(tales: Sequence[dict[str, Any]]) -> int:
    """Play stories on the virtual clock; return how many break a promise."""
    # What vodnb logs of its own faults, the stories tell as well.
    logging.disable(logging.CRITICAL)
    found = 0
    for number, tale in enumerate(tales, 1):
        if told := tell(tale["seed"], tale["without"]).faults():
            found += 1
            sort = hunt_virtual.sort_of(told[0])
            small = {**tale, "without": hunt_virtual.shrink(tale["seed"], sort)}
            say(f'seed {tale["seed"]}: --replay "{small}"', *told[:3])
        if number % (10 * STATE) == 0:
            say(f"{found} broke a promise so far; to go on: --first {tale['seed'] + 1}")
    return found


def main() -> None:
    """Read the size from the command line, play, and exit 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--virtual", action="store_true", help="stories on the virtual clock")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--first", type=int, default=1, help="seed of the first round")
    parser.add_argument("--side-by-side", type=int, default=SIDE_BY_SIDE)
    parser.add_argument("--shrink", type=int, default=5, help="how many finds are made smaller")
    parser.add_argument("--replay", help="a recipe, as it was printed")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.rounds)
    recipes = [ast.literal_eval(options.replay)] if options.replay else []
    if options.virtual or (recipes and "without" in recipes[0]):
        recipes = recipes or [{"seed": seed, "without": []} for seed in seeds]
        found = stories(recipes)
    else:
        recipes = recipes or [draw(seed) for seed in seeds]
        shrinks = 0 if options.replay else options.shrink
        found = campaign(recipes, side_by_side=options.side_by_side, shrinks=shrinks)
    say(f"{len(recipes)} rounds: {found} broke a promise")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
