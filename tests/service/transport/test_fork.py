"""A connection that was used before a fork: each process goes on, on connections of its own."""

from __future__ import annotations

import multiprocessing
import os
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from itertools import count

import pytest
import trustme
from forked import forked, in_child
from journals import intent, new_journal
from plain_server import plain_server

import vodnb
from vodnb.journal.entries import as_row
from vodnb.rules.errors import JournalError

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.kernel,
]

_numbers = count(0xF02C << 32)


def fresh(amount=1):
    """Return IDs that no other test has."""
    return [f"{next(_numbers):032x}" for _ in range(amount)]


def wait_until(is_so, seconds=10.0):
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture(params=["http", "https"])
def server(request, tmp_path):
    """A server of its own, in clear and encrypted."""
    context = None
    if request.param == "https":
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with plain_server(context) as running:
        running.url = f"{request.param}://127.0.0.1:{running.server_port}"
        running.ca = str(tmp_path / "ca.pem") if context else None
        yield running


@pytest.fixture
def vod(server):
    """A connection to it that was used."""
    connection = vodnb.connect(
        endpoint=server.url, project_id="p", token="t" * 20, ca_bundle=server.ca
    )
    connection.states(fresh(), progress=False)
    yield connection
    connection.close()


def test_child_and_parent_have_connections_of_their_own(vod, server):
    """The child looks and confirms; no byte of one is on a connection of the other."""
    (parents,) = server.asked
    ours, theirs = fresh(2), fresh(3)

    def work():
        states = list(vod.states(theirs, progress=False)["state"])
        return states, list(vod.confirm(theirs, progress=False, rate=None)["outcome"])

    assert in_child(work) == [["CREATING"] * 3, ["confirmed"] * 3]
    assert set(vod.states(ours, progress=False)["state"]) == {"CREATING"}
    assert set(ours) <= {asset for ids in server.asked[parents] for asset in ids}
    for seen in server.assets():
        assert not (seen & set(theirs) and seen - set(theirs))
    assert sorted(server.confirmed) == theirs


def test_a_child_that_closes_leaves_the_parent_s_standing(vod, server):
    """Closing, collecting and ending the child end no connection of the parent's."""

    def work():
        vod.close()
        vod.states(fresh(), progress=False)
        vod.close()

    parents = set(server.asked)
    in_child(work)
    time.sleep(0.05)
    vod.states(fresh(), progress=False)
    assert not parents & server.ended
    assert [len(server.asked[port]) for port in parents] == [2]


def test_the_parent_s_end_is_seen_though_a_child_lives(vod, server):
    """The child keeps no copy of its sockets: when the parent closes, the server hears it."""
    parents = set(server.asked)
    with forked(lambda: None) as heard:
        heard()
        vod.close()
        wait_until(lambda: parents <= server.ended)


def test_a_fork_amid_a_run_harms_neither(vod, server):
    """The parent's run goes on to its end, and the child runs one of its own."""
    server.delay = 0.02
    ours, theirs = fresh(60), fresh(12)
    job = vod.start(ours, rate=None, workers=4)
    for turn in range(4):
        wait_until(lambda turn=turn: len(server.confirmed) > 5 * turn)
        part = theirs[turn * 3 : turn * 3 + 3]
        told = in_child(lambda part=part: list(vod.confirm(part, progress=False)["outcome"]))
        assert told == ["confirmed"] * 3
    assert set(job.wait(progress=False)["outcome"]) == {"confirmed"}
    assert sorted(server.confirmed) == ours + theirs
    for seen in server.assets():
        assert not (seen & set(theirs) and seen - set(theirs))


def test_what_waits_for_its_turn_in_the_parent_holds_no_child_up(server):
    """Calls by an access key leave one by one at first: whose turn it was is not in the child."""
    vod = vodnb.connect(
        endpoint=server.url, project_id="p", ak="A" * 20, sk="s" * 40, ca_bundle=server.ca
    )
    server.delay = 1.0
    ours = vod.start_states(fresh())
    wait_until(lambda: server.asked)
    told = in_child(lambda: list(vod.states(fresh(), progress=False)["state"]))
    assert told == ["CREATING"]
    assert list(ours.wait(progress=False)["state"]) == ["CREATING"]
    vod.close()


def test_a_child_of_a_child_works_too(vod, server):
    """However deep; a process of multiprocessing as well."""
    asked = fresh(3)

    def states(asset_id):
        return list(vod.states([asset_id], progress=False)["state"])

    def work():
        return states(asked[0]) + in_child(lambda: states(asked[1]))

    assert in_child(work) == ["CREATING"] * 2
    process = multiprocessing.get_context("fork").Process(target=states, args=asked[2:])
    process.start()
    process.join(20)
    assert process.exitcode == 0
    assert sorted(one for seen in server.assets() for one in seen if one in asked) == asked


def test_no_child_takes_a_transaction_with_it(tmp_path):
    """One that closes a journal amid its parent's transaction would roll it back."""
    journal = new_journal(tmp_path / "run.sqlite")
    is_amid = threading.Event()

    def slow():
        is_amid.set()
        time.sleep(0.3)
        yield intent("b")

    def write():
        with journal._commit():
            journal._append([as_row(intent("a"))])
            journal._append(list(map(as_row, slow())))

    def work():
        was_amid = journal._base.in_transaction
        journal.close()
        return was_amid

    writer = threading.Thread(target=write)
    writer.start()
    assert is_amid.wait(10)
    assert in_child(work) is False
    writer.join()
    assert [entry.asset_id for entry in journal.entries()] == ["a", "b"]
    journal.close()


def test_a_run_that_the_parent_has_left_may_be_gone_on_with(vod, server):
    """A child knows the parent's runs by their journals: it is refused, until they are left."""
    server.delay = 0.05
    ours = fresh(40)
    job = vod.start(ours, rate=None, workers=2)
    wait_until(lambda: len(server.confirmed) > 2)
    go_on, end = os.pipe()

    def work():
        told = []
        for _ in "12":
            try:
                told += set(vod.confirm(ours, progress=False)["outcome"])
            except JournalError as refusal:
                told.append("refused" if "worked on" in str(refusal) else str(refusal))
            os.read(go_on, 1)
        return told

    with forked(work) as heard:
        job.stop()
        job.wait(progress=False)
        os.write(end, b"go")
        assert heard() == ["refused", "confirmed"]
    os.close(go_on)
    os.close(end)
    assert sorted(server.confirmed) == ours


SCRIPT = """
import multiprocessing, sys, warnings
from concurrent.futures import ProcessPoolExecutor
import vodnb

warnings.simplefilter("error", ResourceWarning)
vod = vodnb.connect(sandbox=True)
vod.sandbox.add([f"{number:032x}" for number in range(40)])

def confirm(number):
    ids = [f"{number * 4 + more:032x}" for more in range(4)]
    return list(vod.confirm(ids, progress=False, rate=None)["outcome"])

if __name__ == "__main__":
    told = [confirm(0)]
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        told += pool.map(confirm, range(1, 4))
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        told += pool.map(confirm, range(4, 7))
    told.append(confirm(7))
    assert told == [["confirmed"] * 4] * 8, told
    posts = [call.asset_id for call in vod.sandbox.ledger() if call.operation == "confirm"]
    assert sorted(posts) == [f"{number:032x}" for number in range(32)], posts
"""


def test_pools_of_processes_work(tmp_path):
    """As people write it: a connection on top of a script, and a pool that maps a verb."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT), "utf-8")
    made = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", script],
        capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    assert (made.returncode, made.stderr) == (0, "")
