"""Faults of the disk: a journal that cannot be written any further, in a real file."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from fault_runs import WORKERS, server

from vodnb.journal.journal import Journal

pytestmark = [
    pytest.mark.matrix,
    pytest.mark.clocked,
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes"),
]

ASSETS = [f"{number:032x}" for number in range(300)]

PROGRAM = """
    import signal, sys
    import vodnb
    from vodnb.rules import lifecycle

    lifecycle.SETTLE_MARGIN = 0.2
    if limit := int(sys.argv[3]):
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    vod = vodnb.connect(endpoint=sys.argv[1], project_id="p" * 32, token="t" * 30)
    assets = [f"{number:032x}" for number in range(300)]
    table = vod.confirm(
        assets, rate=None, workers=int(sys.argv[2]), deadline=2.0, progress=False
    )
    for row in table.itertuples():
        print(row.asset_id, row.outcome, row.error_code or "-", row.run_id, sep=",")
"""


def run(endpoint: str, workers: int, *, limit: int = 0) -> dict[str, tuple[str, str, str]]:
    """Run the cell in a process whose files may not grow beyond so many bytes; 0 for no limit."""
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), endpoint, str(workers), str(limit)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    rows = [line.split(",") for line in ran.stdout.splitlines()]
    assert [row[0] for row in rows] == ASSETS
    return {asset_id: tuple(rest) for asset_id, *rest in rows}


def recorded() -> set[str]:
    """Return the assets of which the journal says that they were about to leave, or more."""
    (path,) = Path(".vodnb").glob("*.sqlite")
    with closing(Journal.open(path)) as journal:
        return {entry.asset_id for entry in journal.entries()}


@WORKERS
def test_a_journal_that_can_grow_no_further_stops_the_run(workers: int) -> None:
    """Nothing leaves that is not on disk; with space the same cell goes on and sends none twice."""
    with server(assets=ASSETS) as box:
        first = run(box.endpoint, workers, limit=64 * 1024)
        sent = {post.asset_ids[0] for post in box.posts()}
        assert 0 < len(sent) < len(ASSETS)
        assert sent <= recorded()
        rest = {asset for asset, (outcome, *_) in first.items() if outcome == "not_sent"}
        assert rest == set(ASSETS) - sent
        assert {first[asset][1] for asset in rest} == {"CLIENT.JOURNAL"}
        assert {first[asset][0] for asset in sent} == {"confirmed"}
        again = run(box.endpoint, workers)
        assert {outcome for outcome, *_ in again.values()} == {"confirmed"}
        assert {run_id for *_, run_id in again.values()} == {first[ASSETS[0]][2]}
        assert len(box.posts()) == len(ASSETS)
        assert all(post.effect for post in box.posts())
