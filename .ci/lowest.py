"""Print what pip has to install for the lowest versions that vodnb promises to work with.

What a user installs is held to its lower bound; the tools of the tests are as new as there are.
"""

import re
import sys
import tomllib
from pathlib import Path

EXTRAS = ("excel", "fast")
NOT_NEEDED = {"jupyterlab", "mypy", "notebook", "playwright", "ruff", "voila", "pandas-stubs"}
"""What only the browser tests use, or checks that the newest versions have passed already."""

LOWER_BOUND = re.compile(r"([A-Za-z0-9_-]+)>=([0-9.]+)")


def main() -> None:
    """Write one requirement a line."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    promised = [*project["dependencies"], *(each for name in EXTRAS for each in extras[name])]
    lowest = dict(LOWER_BOUND.fullmatch(each).groups() for each in promised)
    tools = [each for each in extras["test"] if each.partition(">=")[0] not in NOT_NEEDED]
    lines = [f"{name}=={version}" for name, version in lowest.items()]
    lines += [each for each in tools if each.partition(">=")[0] not in lowest]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
