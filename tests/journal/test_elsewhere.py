"""Two processes whose journals lie in different folders: the server's ledger judges them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from arena import Server
from jobs import outcomes, wait_until
from other_process import Other

import vodnb
from vodnb.journal import registry
from vodnb.rules.errors import JournalError

pytestmark = [pytest.mark.timeout(180), pytest.mark.waits]

ROUNDS = 15


@pytest.fixture(scope="module")
def server():
    """Return a sandbox in a process of its own that takes its time for every call."""
    running = Server(assets=2000, latency=0.05)
    yield running
    running.stop()


@pytest.fixture
def box(server):
    """Return how to connect."""
    told = {name: server.box[name] for name in ("endpoint", "project_id", "token")}
    return {**told, "region": "cn-north-4"}


@pytest.fixture
def vod(box, monkeypatch):
    """Return a connection of this process, whose doubts are settled soon."""
    monkeypatch.setattr("vodnb.rules.lifecycle.SETTLE_MARGIN", 0.2)
    connection = vodnb.connect(**box)
    yield connection
    connection.close()


@pytest.fixture
def other(box):
    """Return another process."""
    process = Other(box)
    yield process
    process.kill()


def confirm(vod, assets, **options):
    """Run the cell here."""
    return vod.confirm(assets, **{"rate": None, "deadline": 0.5, "progress": False, **options})


def stories(server, assets):
    """Return what was served for each asset: "confirm" where it had its effect, "again", "look"."""
    told = {asset: [] for asset in assets}
    for call in server.ledger():
        for asset in call["asset_ids"] or [call["asset_id"]]:
            if asset in told:
                kind = "confirm" if call["effect"] else "again"
                told[asset].append(kind if call["operation"] == "confirm" else "look")
    return told


def check_none_twice(server, assets):
    """Check that each had its effect once, and was never sent again without a look between."""
    for asset, story in stories(server, assets).items():
        assert story.count("confirm") == 1, (asset, story)
        after = story[story.index("confirm") + 1 :]
        assert "again" not in after, (asset, story)
        assert all("look" in pair for pair in pairwise(story)), (asset, story)


@pytest.mark.parametrize("journal", [True, False])
def test_of_two_that_start_in_the_same_instant_one_runs_and_the_other_is_told(
    server, box, tmp_path, journal
):
    """In two folders, without looking first: never both, never neither; a paused one holds too."""
    sides = [Other(box), Other(box)]
    ran = Counter()
    try:
        for number in range(ROUNDS):
            assets = server.take(4)
            # Sides take turns to be told first, and some rounds are in one and the same folder.
            order = sides if number % 2 else sides[::-1]
            for side in order:
                folder = tmp_path / ("same" if number % 3 == 0 else str(side.pid))
                side.begin(folder, assets, pause=True, check_first=False, journal=journal)
            told = {side: side.hear() for side in sides}
            (winner,) = [side for side in sides if told[side] == "in"]
            (loser,) = [side for side in sides if told[side] != "in"]
            assert told[loser].startswith("refused"), told
            assert (
                f"4 of these assets are being worked on by process {winner.pid} on" in told[loser]
            )
            winner.go_on()
            assert winner.hear() == '{"confirmed": 4}'
            assert set(map(tuple, stories(server, assets).values())) <= {
                ("look", "confirm", "look"),
                ("confirm", "look"),
            }
            ran[winner] += 1
    finally:
        for side in sides:
            side.kill()
    assert sum(ran.values()) == ROUNDS


@pytest.mark.parametrize("options", [{}, {"check_first": False}])
@pytest.mark.parametrize("journal", [True, False])
def test_what_was_killed_elsewhere_is_asked_about_first(server, vod, other, journal, options):
    """Kill -9 there, the same table here: nothing that was sent is sent again without a look."""
    assets = server.take(60)
    other.begin(Path("there").resolve(), assets, pause=False, workers=4, journal=journal)
    assert other.hear() == "in"
    wait_until(lambda: "confirm" in stories(server, assets)[assets[12]], seconds=30)
    other.kill()
    assert not all("confirm" in story for story in stories(server, assets).values())
    table = confirm(vod, assets, **options)
    assert set(outcomes(table)) <= {"confirmed", "already_confirmed"}
    check_none_twice(server, assets)
    assert not entries()


def entries():
    """Return what the registry keeps."""
    return [path.name for path in registry.folder_of_entries().glob("*.json")]


def test_a_part_of_the_table_leaves_the_rest_to_whoever_comes_next(server, vod, other, tmp_path):
    """What was killed with a hundred assets stays in the registry until the last is settled."""
    assets = server.take(60)
    other.begin(tmp_path / "there", assets, pause=False, workers=4, journal=False)
    assert other.hear() == "in"
    wait_until(lambda: "confirm" in stories(server, assets)[assets[5]], seconds=30)
    other.kill()
    confirm(vod, assets[:30], check_first=False)
    assert len(entries()) == 1
    confirm(vod, assets[30:], check_first=False, journal=False)
    check_none_twice(server, assets)
    assert not entries()


def test_a_canary_is_no_more_than_that_among_what_was_killed(server, vod, other, tmp_path):
    """Without a journal all may have been sent: five are tried, and the same call goes on."""
    assets = server.take(40)
    other.begin(tmp_path / "there", assets, pause=False, workers=2, journal=False)
    assert other.hear() == "in"
    wait_until(lambda: "confirm" in stories(server, assets)[assets[2]], seconds=30)
    other.kill()
    sent = sum("confirm" in story for story in stories(server, assets).values())
    table = confirm(vod, assets, canary=5)
    now = sum("confirm" in story for story in stories(server, assets).values())
    assert now - sent <= 7  # two were on their way when it was killed
    assert outcomes(table)["not_sent"] == 40 - now
    assert "CLIENT.CANARY" in set(table["error_code"])
    assert set(outcomes(confirm(vod, assets))) <= {"confirmed", "already_confirmed"}
    check_none_twice(server, assets)


def test_what_one_cancels_no_other_confirms_or_claims(server, vod, other, tmp_path):
    """Killed while it cancelled: a run that confirms asks first, and what is gone is gone."""
    assets = server.take(40)
    other.begin(tmp_path / "there", assets, pause=False, workers=4, status="CANCELLED", destroy=40)
    assert other.hear() == "in"
    wait_until(lambda: "confirm" in stories(server, assets)[assets[8]], seconds=30)
    with pytest.raises(JournalError, match=f"process {other.pid} on"):
        confirm(vod, assets)
    other.kill()
    cancelled = {asset for asset, story in stories(server, assets).items() if "confirm" in story}
    table = vod.reconcile(assets, rate=None, deadline=0.5, progress=False)
    told = dict(zip(table["asset_id"], table["outcome"], strict=True))
    assert {told[asset] for asset in cancelled} == {"failed"}
    assert set(table.set_index("asset_id").loc[list(cancelled), "error_code"]) == {"CLIENT.STATE"}
    check_none_twice(server, assets)


@pytest.mark.parametrize("journal", [True, False])
def test_cancelled_twice_is_cancelled_once(server, vod, other, tmp_path, journal):
    """Killed there, run again here: what was cancelled is not sent again, nor told as failed."""
    assets = server.take(40)
    options = {"status": "CANCELLED", "destroy": 40, "journal": journal}
    other.begin(tmp_path / "there", assets, pause=False, workers=4, **options)
    assert other.hear() == "in"
    wait_until(lambda: "confirm" in stories(server, assets)[assets[8]], seconds=30)
    other.kill()
    for _ in range(3):
        table = confirm(vod, assets, **options)
    states = zip(table["state_before"], table["state_after"], strict=True)
    assert all("CANCELLED" in told for told in states)
    check_none_twice(server, assets)


def test_a_job_of_this_kernel_is_told_how_to_be_stopped(server, vod, tmp_path, monkeypatch):
    """Paused, in another folder: it holds its assets; stopped, it lets go of them."""
    assets = server.take(3)
    job = vod.start(assets, rate=None, deadline=0.5, journal=False)
    job.pause()
    wait_until(lambda: registry._open)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="3 of these assets are being worked on in this kernel"):
        confirm(vod, assets)
    assert not Path(".vodnb").exists()
    vodnb.last_job().stop()
    job.stop()
    job.wait(progress=False)
    assert outcomes(confirm(vod, assets)) == {"confirmed": 3}
    check_none_twice(server, assets)


def test_a_dry_run_enters_nothing(server, vod):
    """It sends nothing, so it need not know who does."""
    assets = server.take(3)
    job = vod.start(assets, rate=None, deadline=0.5)
    job.pause()
    wait_until(lambda: registry._open)
    assert outcomes(confirm(vod, assets, dry_run=True)) == {"not_sent": 3}
    job.resume()
    assert outcomes(job.wait(progress=False)) == {"confirmed": 3}


@pytest.fixture
def no_registry(monkeypatch):
    """Return nothing: the home folder is read-only from here on."""

    def none():
        raise PermissionError("'~/.vodnb' is read-only")

    monkeypatch.setattr(registry, "folder_of_entries", none)


@pytest.mark.usefixtures("no_registry")
def test_without_a_registry_a_run_says_so_and_goes_on(server, vod):
    """One sentence under its progress, in either language."""
    assets = server.take(3)
    job = vod.start(assets, rate=None, deadline=0.5)
    assert outcomes(job.wait(progress=False)) == {"confirmed": 3}
    assert "registry of runs under way" in repr(job)
    job.speak("zh")
    assert "运行登记" in repr(job)


@pytest.mark.usefixtures("no_registry")
@pytest.mark.parametrize("status", ["CANCELLED", "FAILED"])
def test_without_a_registry_nothing_is_destroyed(server, vod, status):
    """It raises before anything is sent, and leaves no journal."""
    assets = server.take(3)
    with pytest.raises(JournalError, match="is read-only"):
        confirm(vod, assets, status=status, destroy=3)
    assert set(map(tuple, stories(server, assets).values())) == {()}
    assert not list(Path.cwd().rglob("*.sqlite"))


def test_a_registry_that_fills_up_is_none(server, vod, monkeypatch):
    """The disk is full when the run is about to send: it goes on with a word, or does not begin."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registry.Registration, "begin", full)
    assets = server.take(3)
    with pytest.raises(JournalError, match="No space left"):
        confirm(vod, assets, status="CANCELLED", destroy=3)
    job = vod.start(assets, rate=None, deadline=0.5)
    assert outcomes(job.wait(progress=False)) == {"confirmed": 3}
    assert job._state.warnings == ["CLIENT.NO_REGISTRY"]
    assert not entries()
