"""The edges of an exchange: never left, masked, odd bodies, files that will not do, a Stop."""

from __future__ import annotations

import inspect
import threading
import time

import pytest
from connections import connect_to
from form_play import active_nodes

import vodnb
from vodnb.emulator.faults import Behaviour
from vodnb.rules.errors import InputError
from vodnb.rules.operations import OPERATIONS
from vodnb.session import calls

ASSET, UNKNOWN = "f4" * 16, "0" * 32


@pytest.fixture(scope="module")
def box():
    """One sandbox for all."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None)) as running:
        yield running


@pytest.fixture
def vod(box):
    """A connection by token."""
    made = connect_to(box)
    yield made
    made.close()


def refused(vod):
    """Make a call that the service refuses."""
    return vod.call("confirm", asset_id=UNKNOWN, status="CREATED")


def test_call_that_never_left_is_an_exchange(vod, box):
    """Its deadline had passed before its turn came: nothing was sent, and it says so."""
    before = len(box.ledger())
    exchange = vod.call("info", asset_id=[ASSET], deadline=1e-9)
    assert exchange.code == "CLIENT.CONNECT"
    assert "turn came after the deadline" in repr(exchange)
    assert len(box.ledger()) == before


def test_what_was_masked_is_not_made_again(vod):
    """A title that looks like a secret was masked: scripts say so, a replay is refused."""
    title = "Signature=abcdefgh12345678"
    exchange = vod.call("create", title=title, video_name="1.mp4", video_type="MP4")
    assert title not in repr(exchange)
    for script in (exchange.curl(), exchange.python(), exchange.sdk()):
        assert "was masked when this call was recorded" in script
    with pytest.raises(InputError, match="masked"):
        exchange.replay()


def test_diff_shows_itself(vod, box):
    """As a table, escaped; a body that is no JSON is compared as a whole."""
    one = refused(vod)
    box.fault(operation="confirm", http_status=502, body="<h1>Bad gateway</h1>")
    difference = one.diff(refused(vod))
    html = difference._repr_mimebundle_()["text/html"]
    assert "&lt;h1&gt;Bad gateway" in html
    assert active_nodes(html) == []
    assert "+ <h1>Bad gateway</h1>" in repr(difference)
    assert "No difference." in one.diff(one)._repr_mimebundle_()["text/html"]


def test_what_cannot_be_saved_or_loaded_is_told(vod, tmp_path):
    """A folder that is not there, and a file that is far too big."""
    with pytest.raises(InputError, match="cannot be written"):
        refused(vod).save(tmp_path / "no" / "such" / "x.json")
    assert list(tmp_path.iterdir()) == []
    big = tmp_path / "big.json"
    with big.open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(InputError, match="bytes; no saved exchange comes near"):
        vodnb.load_exchange(big)


def test_catalogue_lists_itself(vod):
    """One line a call; it counts, iterates and completes."""
    assert len(vod.operations) == len(list(vod.operations)) == len(OPERATIONS)
    assert vod.operations._ipython_key_completions_() == list(OPERATIONS)
    assert repr(vod.operations).count("\n") == len(OPERATIONS) - 1
    assert repr(vod.operations.info) == inspect.getdoc(vod.operations.info)


def test_script_shows_as_it_is_pasted(vod):
    """In a notebook a script stands line by line, not as one quoted line."""
    script = refused(vod).curl()
    assert repr(script) == script
    assert "\n" in script


def test_interrupt_ends_the_wait(vod, box, monkeypatch):
    """A Stop in a notebook ends a slow call at once, and the connection goes on."""
    box.fault(operation="info", delay=5)
    submit, futures = calls.submit, []

    def interrupted(work):
        future = submit(work)
        futures.append(future)
        result = future.result

        def wait(seconds):
            if time.monotonic() - began > 0.3:
                raise KeyboardInterrupt
            return result(seconds)

        future.result = wait
        return future

    began = time.monotonic()
    monkeypatch.setattr(calls, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        vod.call("info", asset_id=[ASSET])
    assert time.monotonic() - began < 3
    assert futures[0].cancelled()
    monkeypatch.undo()
    assert vod.call("info", asset_id=[ASSET]).ok
    assert len(vod.history()) == 1


def test_calls_of_many_threads_are_all_kept(vod):
    """Cells and forms may call at the same time; each exchange has a number of its own."""
    threads = [threading.Thread(target=refused, args=(vod,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(vod.history()["n"]) == list(range(1, 9))
