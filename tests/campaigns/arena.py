"""What the crash campaigns share: a server process, jobs in forked children, and the verdict.

A child is forked from a warm parent, so that it starts at once; it may be killed at any moment.
The judge is the server's ledger, never the client's own story.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import vodnb
import vodnb.session.connect  # loaded before the first fork, so that a child starts at once
from vodnb.bulk.engine import intents
from vodnb.rules import lifecycle
from vodnb.rules.errors import VodnbError
from vodnb.rules.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

GOOD = {"confirmed", "already_confirmed"}

_COULD_NOT_START = 3
"""A busy machine may miss the deadline of the first check: such a child is started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How fast everything is.

    Attributes:
        latency: Seconds before the server acts on a call.
        deadline: Seconds that the client gives a call.
        margin: Seconds beyond the deadline before a state is believed.
    """

    latency: float
    deadline: float
    margin: float


FAST = Profile(latency=0.0, deadline=1.0, margin=0.6)
SLOW = Profile(latency=0.8, deadline=1.5, margin=0.6)


class Server:
    """A sandbox in a process of its own."""

    def __init__(self, *, assets: int, latency: float) -> None:
        command = [sys.executable, "-m", "vodnb", "sandbox", "--port", "0", "--json", "--no-quota"]
        command += ["--assets", str(assets), "--latency", str(latency)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.box = json.loads(self._process.stdout.readline())
        self._assets = iter(self.box["assets"])

    def take(self, count: int) -> list[str]:
        """Return that many assets that nobody has had yet."""
        return [next(self._assets) for _ in range(count)]

    def ledger(self) -> list[dict]:
        """Return every call that was served."""
        with urllib.request.urlopen(f"{self.box['endpoint']}/_sandbox/ledger", timeout=60) as page:
            return json.load(page)

    def stop(self) -> None:
        """End the process."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=30)
        self._process.stdout.close()


def confirm(
    server: Server,
    folder: Path,
    profile: Profile,
    *,
    workers: int,
    look_first: bool,
    status: Status = Status.CREATED,
) -> None:
    """Do the job of one child: settle the folder's CSV and save the table.

    Without looking first, only the journal keeps an asset from being sent twice: there, a run that
    had ended before its child was killed is not asked for anew, but its table had from its journal.
    """
    lifecycle.SETTLE_MARGIN = profile.margin
    # As in earnest, an intent may be younger than the margin only, for the settle time counts from
    # it.
    intents._FRESH = 0.8 * profile.margin
    vod = vodnb.connect(
        endpoint=server.box["endpoint"],
        region="cn-north-4",
        project_id=server.box["project_id"],
        token=server.box["token"],
    )
    options = {"rate": None, "workers": workers, "deadline": profile.deadline, "progress": False}
    if status.is_destructive:
        options["destroy"] = len(_assets(folder))
    listed = vodnb.runs(folder / ".vodnb")
    if "finished" in set(listed["state"]) and not (look_first or status.is_destructive):
        results = vodnb.resume(listed["journal"].iloc[0], vod=vod, **options)
    else:
        results = vod.confirm(
            folder / "assets.csv", status=str(status), check_first=look_first, **options
        )
    vodnb.save(results, folder / "results.csv")


def fork(work: Callable[[], None]) -> int:
    """Run work in a child; return its process ID."""
    if pid := os.fork():
        return pid
    status = 1
    try:
        work()
        status = 0
    except VodnbError:
        status = _COULD_NOT_START
    except BaseException:  # noqa: BLE001  whatever it is, the child ends here
        traceback.print_exc()
    finally:
        os._exit(status)


def has_finished(status: int) -> bool:
    """Whether a child came to its end: it was not killed, and its checks found the service.

    Raises:
        RuntimeError: It failed in another way.
    """
    if os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == _COULD_NOT_START:
        return False
    if os.WEXITSTATUS(status):
        raise RuntimeError("a child failed; its traceback is above")
    return True


@dataclass(slots=True)
class Verdict:
    """What came of a campaign."""

    runs: int = 0
    kills: int = 0
    lost: int = 0
    duplicates: int = 0
    wrong: int = 0
    stories: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, sent twice, or told wrongly."""
        return not (self.lost or self.duplicates or self.wrong)

    def __str__(self) -> str:
        counts = f"{self.runs} runs, {self.kills} kills: {self.lost} lost, "
        counts += f"{self.duplicates} duplicate POSTs, {self.wrong} wrong rows"
        return "\n".join([counts, *self.stories[:20]])


def judge(
    verdict: Verdict,
    folders: Mapping[Path, Status],
    ledger: Sequence[dict],
) -> None:
    """Hold every folder's table, by the status that was asked for, against the server's ledger."""
    story: dict[str, list[dict]] = defaultdict(list)
    for call in ledger:
        for asset_id in call["asset_ids"] or [call["asset_id"]]:
            story[asset_id].append(call)
    for folder, status in folders.items():
        told = dict(_rows(folder / "results.csv"))
        for asset_id in _assets(folder):
            _judge_asset(verdict, asset_id, told.get(asset_id), story[asset_id], status)


def _assets(folder: Path) -> list[str]:
    return Path(folder / "assets.csv").read_text("ascii").split()[1:]


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    table = vodnb.load_assets(path)
    yield from zip(table["asset_id"], table["outcome"], strict=True)


def _judge_asset(
    verdict: Verdict, asset_id: str, told: str | None, calls: list[dict], status: Status
) -> None:
    effects = sum(call["effect"] for call in calls)
    # What destroys is not sent again on doubt: a call that never left leaves the asset as it was.
    if not effects and (told is None or not status.is_destructive):
        verdict.lost += 1
        verdict.stories.append(f"lost: {asset_id}, told {told}")
    if bool(effects) != (told in GOOD):
        verdict.wrong += 1
        verdict.stories.append(f"wrong: {asset_id}, {effects} times {status}, is told {told}")
    has_looked = True
    for call in calls:
        if call["operation"] != "confirm":
            has_looked = True
        elif has_looked:
            has_looked = False
        else:
            verdict.duplicates += 1
            verdict.stories.append(f"duplicate: {asset_id} at call {call['n']}")
    if sum(call["operation"] == "confirm" for call in calls) > 1 and effects:
        first = next(number for number, call in enumerate(calls) if call["effect"])
        late = sum(call["operation"] == "confirm" for call in calls[first + 1 :])
        verdict.duplicates += late
        if late:
            verdict.stories.append(f"duplicate after effect: {asset_id}")
