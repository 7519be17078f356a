"""Load polluted and spoilt files and look for a wrong ID, mutated ones for an uncaught error.

Run: PYTHONPATH=tests/support python tests/campaigns/pollute.py --ids 100000 --mutations 1000000
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from polluted import faults, mutate, pollute
from spoilt_files import Spoiler, score

from vodnb.rules.errors import InputError
from vodnb.tables.read import load_assets

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = 20
SLOW = 2.0
"""Seconds that no load of a small file may take."""

SHOWN = 10
MUTANTS = 100
"""Mutations of each file."""


@dataclass
class Verdict:
    """What a campaign saw."""

    ids: int = 0
    files: int = 0
    refused: int = 0
    mutations: int = 0
    spoilt: int = 0
    exact: int = 0
    slowest: tuple[float, str] = (0.0, "none")
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    uncaught: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was wrong, nothing uncaught and nothing slow."""
        return not self.wrong and not self.uncaught and self.slowest[0] <= SLOW

    def __str__(self) -> str:
        lines = [
            f"{self.ids} IDs, {len(self.kinds)} kinds of pollution: {len(self.wrong)} wrong",
            f"{self.files} files, {self.refused} refused with a question",
            f"{self.exact} of {self.spoilt} spoilt files exact",
            f"{self.mutations} mutations: {len(self.uncaught)} uncaught",
            "{:.2f} s of CPU for the slowest load, mutation {}".format(*self.slowest),
            *self.wrong[:SHOWN],
            *self.uncaught[:SHOWN],
        ]
        return "\n".join(lines)


def load_polluted(ids: int, *, seed: int, folder: Path, verdict: Verdict) -> None:
    """Load files with that many IDs in all, and compare each row with the truth."""
    while verdict.ids < ids:
        number = seed + verdict.files
        file = pollute(random.Random(number), ROWS)
        verdict.files += 1
        verdict.ids += len(file.rows)
        path = folder / f"polluted{file.suffix}"
        path.write_bytes(file.data)
        try:
            frame = load_assets(path)
        except InputError as refusal:
            verdict.refused += 1
            if "No column with asset IDs" not in str(refusal):
                verdict.wrong.append(f"seed {number}: refused: {refusal}")
            continue
        verdict.kinds.update(file.kinds)
        verdict.wrong += [f"seed {number}: {fault}" for fault in faults(file, frame)]


def load_spoilt(spoiler: Spoiler, *, is_named: bool, folder: Path, verdict: Verdict) -> None:
    """Load a table spoilt in every way, and see that no ID is another than its own."""
    path = folder / "spoilt.csv"
    for file in spoiler.files():
        verdict.spoilt += 1
        verdict.ids += len(file.truth)
        verdict.kinds[file.kind] += 1
        path.write_bytes(file.data)
        try:
            frame = load_assets(path, id_column=file.title if is_named else None)
        except InputError:
            continue
        others, is_exact = score(file, frame)
        verdict.exact += is_exact
        verdict.wrong += [f"{file.name}: {other!r} is no ID of its" for other in others]


def load_mutated(mutations: int, *, seed: int, folder: Path, verdict: Verdict) -> None:
    """Load files with accidents in their bytes: a table or an InputError must come of each."""
    for number in range(mutations):
        chance = random.Random(f"{seed}:{number}")
        if number % MUTANTS == 0:
            file = pollute(chance, chance.choice([1, 3, 12]))
        data = mutate(file.data, chance)
        path = folder / f"mutated{file.suffix}"
        path.write_bytes(data)
        # Of CPU: how long the machine had other things to do says nothing of the loader.
        began = time.process_time()
        try:
            frame = load_assets(path)
            if sum(frame.attrs["vodnb"]["counts"].values()) != len(frame):
                verdict.uncaught.append(f"mutation {seed}:{number}: the counts do not add up")
        except InputError:
            pass
        except Exception as error:  # noqa: BLE001  # which is what is looked for
            verdict.uncaught.append(f"mutation {seed}:{number}: {error!r}"[:300])
        verdict.slowest = max(verdict.slowest, (time.process_time() - began, f"{seed}:{number}"))
        verdict.mutations += 1


def campaign(ids: int, mutations: int, *, places: Sequence[int] = (), seed: int = 0) -> Verdict:
    """Play all.

    Args:
        ids: How many IDs in files polluted here and there.
        mutations: How many files with accidents in their bytes.
        places: Positions of the ID column in tables that are spoilt in every way.
        seed: What all is made from.
    """
    verdict = Verdict()
    with tempfile.TemporaryDirectory() as folder:
        for place in places:
            for is_named, is_hex in ((True, True), (False, True), (True, False)):
                spoiler = Spoiler(id_at=place, remarks=bool(place % 2), is_hex=is_hex, seed=seed)
                load_spoilt(spoiler, is_named=is_named, folder=Path(folder), verdict=verdict)
        ids += verdict.ids
        load_polluted(ids, seed=seed, folder=Path(folder), verdict=verdict)
        load_mutated(mutations, seed=seed, folder=Path(folder), verdict=verdict)
    return verdict


def main() -> None:
    """Read the sizes from the command line, play, and exit 1 where anything is not clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ids", type=int, default=20_000)
    parser.add_argument("--mutations", type=int, default=20_000)
    parser.add_argument("--places", type=int, nargs="*", default=[0, 3, 8])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    verdict = campaign(options.ids, options.mutations, places=options.places, seed=options.seed)
    sys.stdout.write(f"{verdict}\n")
    sys.exit(not verdict.is_clean)


if __name__ == "__main__":
    main()
