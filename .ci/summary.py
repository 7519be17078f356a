"""Print one summary of several runs of pytest, in its own words, from what each has printed."""

import re
import sys
from collections import Counter
from pathlib import Path

SUMMARY = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+|no tests ran) in ([0-9.]+)s", re.MULTILINE)
ORDER = ("failed", "passed", "skipped", "xfailed", "xpassed", "error", "errors")
"""What is left out of one run is played in another, and warnings are errors."""


def main() -> None:
    """Read the files that are named, and add up how their tests ended."""
    counts: Counter[str] = Counter()
    seconds = 0.0
    for path in map(Path, sys.argv[1:]):
        found = SUMMARY.findall(path.read_text("utf-8", "replace"))
        if not found:
            counts["error"] += 1
            continue
        told, took = found[-1]
        counts.update({kind: int(count) for count, kind in re.findall(r"(\d+) ([a-z]+)", told)})
        seconds += float(took)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in ORDER if counts[kind])
    sys.stdout.write(f"{told or 'no tests ran'} in {seconds:.2f}s\n")


if __name__ == "__main__":
    main()
