"""Kill a job at random moments, run it again until it ends, and let the server judge.

Run: python tests/campaigns/kill.py --runs 1000 --profile fast
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from arena import FAST, SLOW, Profile, Server, Verdict, confirm, fork, has_finished, judge

from vodnb.rules.model import Status

ASSETS = 40
SIDE_BY_SIDE = 6


class Run:
    """One table, killed a few times and then left to end."""

    def __init__(self, server: Server, folder: Path, profile: Profile, *, seed: int) -> None:
        self.folder = folder
        self.kills = 0
        self._chance = random.Random(seed)
        self._server = server
        self._profile = profile
        self._workers = self._chance.choice([1, 4, 8])
        self._left = self._chance.randint(1, 2)
        self._look_first = seed % 2 == 0
        self.status = list(Status)[seed % len(Status)]
        folder.mkdir()
        lines = ["asset_id", *server.take(ASSETS)]
        Path(folder / "assets.csv").write_text("\n".join(lines) + "\n", encoding="ascii")
        self._start()

    def step(self) -> bool:
        """Kill or reap the child where it is time; return whether the run has ended."""
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if pid:
            if has_finished(status):
                return True
            self._start()
        elif self._left and time.monotonic() >= self._kill_at:
            os.kill(self._pid, signal.SIGKILL)
            self._left -= 1
            self.kills += 1
            self._kill_at = float("inf")
        return False

    def _start(self) -> None:
        self._pid = fork(self._work)
        longest = 0.5 if self._profile is FAST else 3.0
        self._kill_at = time.monotonic() + self._chance.uniform(0.02, longest)

    def _work(self) -> None:
        confirm(
            self._server,
            self.folder,
            self._profile,
            workers=self._workers,
            look_first=self._look_first,
            status=self.status,
        )


def campaign(runs: int, profile: Profile, *, seed: int) -> Verdict:
    """Play that many runs, several side by side."""
    verdict = Verdict(runs=runs)
    server = Server(assets=ASSETS * runs, latency=profile.latency)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            seeds = iter(range(seed, seed + runs))
            going: list[Run] = []
            ended: list[Run] = []
            while len(ended) < runs:
                while len(going) < SIDE_BY_SIDE and (number := next(seeds, None)) is not None:
                    folder = Path(scratch, str(number))
                    going.append(Run(server, folder, profile, seed=number))
                for run in [run for run in going if run.step()]:
                    going.remove(run)
                    ended.append(run)
                time.sleep(0.005)
            verdict.kills = sum(run.kills for run in ended)
            judge(verdict, {run.folder: run.status for run in ended}, server.ledger())
    finally:
        server.stop()
    return verdict


def main() -> None:
    """Read the size from the command line, play, and exit 1 where anything is not clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--profile", choices=["fast", "slow"], default="fast")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    profile = FAST if options.profile == "fast" else SLOW
    verdict = campaign(options.runs, profile, seed=options.seed)
    sys.stdout.write(f"{verdict}\n")
    sys.exit(not verdict.is_clean)


if __name__ == "__main__":
    main()
