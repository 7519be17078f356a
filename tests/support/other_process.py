"""A process of its own that confirms in folders of its own, and does what it is told."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_SCRIPT = """
import json, os, sys, time
import vodnb
from vodnb.rules import lifecycle
from vodnb.journal import registry
from vodnb.rules.errors import VodnbError
lifecycle.SETTLE_MARGIN = 0.2
box = json.loads(sys.stdin.readline())
vod = vodnb.connect(**box)
for line in sys.stdin:
    call = json.loads(line)
    os.makedirs(call["folder"], exist_ok=True)
    os.chdir(call["folder"])
    job = vod.start(call["assets"], rate=None, deadline=0.5, **call["options"])
    if call["is_paused"]:
        job.pause()
    while not job.done() and not registry._open:
        time.sleep(0.001)
    if job.done() and job.fault:
        print(f"refused {job.fault}".replace(chr(10), " "), flush=True)
        continue
    print("in", flush=True)
    if call["is_paused"]:
        sys.stdin.readline()
        job.resume()
    table = job.wait(progress=False)
    print(json.dumps(table["outcome"].value_counts().to_dict()), flush=True)
"""


class Other:
    """The process.

    Args:
        box: How to connect.
    """

    def __init__(self, box: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._tell(box)

    def begin(self, folder: Path, assets: list[str], *, pause: bool, **options: Any) -> None:
        """Let it begin a run."""
        call = {"folder": str(folder), "assets": assets, "is_paused": pause, "options": options}
        self._tell(call)

    def hear(self) -> str:
        """Return its next line: that it is in, that it was refused, or how a run came out."""
        return self._process.stdout.readline().strip()

    def go_on(self) -> None:
        """Let a run go on that was paused at its beginning."""
        self._tell(None)

    def kill(self) -> None:
        """Kill it, and see that it is gone."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def _tell(self, what: object) -> None:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
