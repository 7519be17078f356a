"""Faults of size: an endless body and a packed one that unpacks to a gibibyte cost no memory."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import fault_acts as do
import pytest
from fault_runs import server

if TYPE_CHECKING:
    from fault_server import Act, FaultServer

pytestmark = [
    pytest.mark.matrix,
    pytest.mark.clocked,
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc"),
]

ASSETS = [f"{number:032x}" for number in range(48)]
STRUCK = set(ASSETS[::3])

MOST_KIB = 32 * 1024
"""What a fault may cost beyond what the same job needs with healthy answers."""

# With status 500: five pages in a row that pretend to be well would stop the run.
FAULTS = {
    "healthy": None,
    "endless": do.doing(do.endless(500), do.Effect.BEFORE),
    "bomb": do.doing(do.packed(do.bomb(), "gzip", status=500), do.Effect.BEFORE),
}

# Not ru_maxrss: on Linux a child begins with the peak of the process that started it.
PROGRAM = """
    import json, resource, sys
    import pytest
    from fault_crowd import quicken
    from fault_runs import confirm

    # A bomb that goes off shall not take the machine with it.
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, most))
    quicken(pytest.MonkeyPatch())
    assets = [f"{number:032x}" for number in range(48)]
    workers, *endpoints = sys.argv[1:]
    for endpoint in endpoints:
        outcomes = list(confirm(endpoint, int(workers), assets=assets)["outcome"])
        with open("/proc/self/status") as status:
            peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
        print(json.dumps([int(peak), outcomes]))
"""


def striking(act: Act | None) -> FaultServer:
    """Return a server that answers for every third asset in this way."""

    def script(call):
        is_struck = call.operation == "confirm" and call.asset_ids[0] in STRUCK
        return act if is_struck else None

    return server(script, assets=ASSETS)


def run(workers: int, endpoints: list[str]) -> str:
    """Run one job after the other in a process of their own; return what it prints."""
    support = str(Path(__file__).parents[1] / "support")
    path = os.pathsep.join([support, *filter(None, [os.environ.get("PYTHONPATH")])])
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(workers), *endpoints],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("workers", [1, 8])
def test_what_comes_without_end_is_not_kept(workers: int) -> None:
    """The peak is that of a healthy run and 32 MiB at most; all is confirmed, each asset once."""
    with contextlib.ExitStack() as stack:
        boxes = [stack.enter_context(striking(act)) for act in FAULTS.values()]
        told = map(json.loads, run(workers, [box.endpoint for box in boxes]).splitlines())
        peaks = {}
        for name, box, (peak, outcomes) in zip(FAULTS, boxes, told, strict=True):
            peaks[name] = peak
            assert outcomes == ["confirmed"] * len(ASSETS)
            assert sum(post.effect is not None for post in box.posts()) == len(ASSETS)
    assert max(peaks.values()) - peaks["healthy"] <= MOST_KIB, peaks
