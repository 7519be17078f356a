"""The hunt, small; its recipes, drawn and made smaller; its server and its interrupts."""

from __future__ import annotations

import ast
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hunt_faults import CONFIRM_FAULTS, INFO_FAULTS
from hunt_interrupts import interrupt_at
from hunt_recipe import SIMPLEST, draw, shrink, smaller
from hunt_server import HuntServer

from vodnb.kernel.loop import submit

A, B = "a" * 32, "b" * 32
CAMPAIGN = Path(__file__).parent / "hunt.py"

needs_forks = pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="rounds are forked")


def hunt(*options: str) -> str:
    """Run the campaign in a process of its own and return what it says."""
    done = subprocess.run(
        [sys.executable, CAMPAIGN, *options], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.campaign
@pytest.mark.long
@pytest.mark.timeout(600)
@needs_forks
def test_sixty_rounds_break_no_promise():
    """Kills, signals, rivals, faults, old news and more at once: the ledger has nothing to say."""
    told = hunt("--rounds", "60", "--shrink", "0")
    assert told.endswith("60 rounds: 0 broke a promise\n"), told


@pytest.mark.campaign
@pytest.mark.long
@pytest.mark.timeout(600)
def test_five_hundred_stories_break_no_promise():
    """The same on the virtual clock, where a pause of a minute takes no time."""
    told = hunt("--virtual", "--rounds", "500")
    assert told.endswith("500 rounds: 0 broke a promise\n"), told


@needs_forks
def test_a_round_can_be_played_again_from_what_was_printed():
    """A recipe is a literal; the campaign plays it and says what came of it."""
    quiet = {**draw(1), **SIMPLEST, "status": "CREATED", "mix": []}
    assert hunt("--replay", repr(quiet)) == "1 rounds: 0 broke a promise\n"


# -- recipes --------------------------------------------------------------------------------------


def test_a_seed_draws_the_same_recipe_again():
    """What a campaign finds can be played again, from its seed and from its literal."""
    for seed in range(300):
        assert draw(seed) == draw(seed) == ast.literal_eval(repr(draw(seed)))


def test_every_ingredient_is_drawn():
    """No fault and no act is in the book alone."""
    mixes = [each for seed in range(3000) for each in draw(seed)["mix"]]
    assert {each[3] for each in mixes if each[:1] == ["answer"] and each[2] == "confirm"} == {
        *CONFIRM_FAULTS,
        "second answer",
        "trailers",
    }
    assert {each[3] for each in mixes if each[:1] == ["answer"] and each[2] == "info"} >= {
        *INFO_FAULTS
    }
    acts = "kill signals early pause stop fork chdir again resume fresh states look jump"
    assert {each[0] for each in mixes} == {*acts.split(), "outsider", "answer"}


def test_what_breaks_is_made_smaller():
    """Shrinking leaves what is needed for it: here two ingredients and two processes."""
    recipe = next(
        each
        for each in map(draw, range(1000))
        if len(each["mix"]) == 6 and each["actors"] == "two" and each["assets"] == 40
    )
    needed = recipe["mix"][1], recipe["mix"][4]
    small = shrink(
        recipe,
        breaks=lambda each: all(one in each["mix"] for one in needed) and each["actors"] == "two",
    )
    assert small["mix"] == list(needed)
    simplest = {**SIMPLEST, "actors": "two", "legs": small["legs"]}
    assert {name: small[name] for name in SIMPLEST} == simplest
    assert list(smaller({**SIMPLEST, "mix": []})) == []


# -- the server of a round ------------------------------------------------------------------------


def ask(server: HuntServer, operation: str, asset_id: str = A) -> bytes:
    """Make one call on a connection of its own and return what comes."""
    if operation == "info":
        head, body = f"GET /v1.0/p/asset/info?asset_id={asset_id}&asset_id={B} HTTP/1.1", ""
    else:
        head = "POST /v1.0/p/asset/status/uploaded HTTP/1.1"
        body = json.dumps({"asset_id": asset_id, "status": "CANCELLED"})
    lines = [head, "X-Auth-Token: hunt-0-0-0", f"Content-Length: {len(body)}", "", body]
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as wire:
        wire.sendall("\r\n".join(lines).encode())
        got = b""
        with contextlib.suppress(OSError):
            wire.shutdown(socket.SHUT_WR)
            while part := wire.recv(65536):
                got += part
        return got


def served(kind: str, operation: str, *, effect: str = "none", **recipe: Any) -> SimpleNamespace:
    """Return what a call comes to that is answered badly."""
    mix = [["answer", 0, operation, kind, effect, 0, 1]]
    made = {**SIMPLEST, "seed": 1, "deadline": 0.2, "mix": mix, **recipe}
    with HuntServer({A: "CREATING", B: "CREATED"}, made) as server:
        server.begin_leg(0)
        got = ask(server, operation)
        server.wait_quiet()
        again = ask(server, operation)
        return SimpleNamespace(got=got, again=again, entry=server.entries[0], states=server.states)


@pytest.mark.parametrize("kind", CONFIRM_FAULTS)
def test_a_bad_answer_says_whether_it_had_its_effect(kind):
    """The ledger knows of each bad confirm call whether it changed the asset."""
    without = served(kind, "confirm")
    assert without.entry.fault == kind
    assert without.entry.effect is None
    if CONFIRM_FAULTS[kind].refuses:
        assert without.entry.refused
        return
    for effect in ("before", "late"):
        found = served(kind, "confirm", effect=effect)
        assert found.states[A] == "CANCELLED"
        assert found.entry.effect is not None
        assert b"VOD.10126" in found.again


@pytest.mark.parametrize("kind", INFO_FAULTS)
def test_a_bad_look_tells_nothing_that_is_to_be_believed(kind):
    """What the ledger calls told is what a careful reader may believe; afterwards all is well."""
    found = served(kind, "info")
    assert found.entry.told in ({}, {B: "CREATED"})
    assert re.search(rb'"asset_id": "a+", "status": "CREATING"', found.again)


@pytest.mark.parametrize("kind", ["second answer", "trailers"])
def test_a_healthy_answer_may_bring_something_along(kind):
    """The answer itself is true; what comes with it has a request ID of its own."""
    found = served(kind, "info")
    assert found.entry.told == {A: "CREATING", B: "CREATED"}
    assert found.got.count(b"X-Request-Id") == 2


@pytest.mark.parametrize(("cruel", "state"), [(True, "CANCELLED"), (False, "CREATED")])
def test_somebody_else_confirms_what_was_told_to_hang(cruel, state):
    """After a look an outsider confirms; a destruction then destroys, if the service is cruel."""
    made = {**SIMPLEST, "seed": 1, "cruel": cruel, "mix": [["outsider", 0, 1.0, 0.0]]}
    with HuntServer({A: "CREATING", B: "CREATED"}, made) as server:
        server.begin_leg(0)
        ask(server, "info")
        until = time.monotonic() + 5
        while server.states[A] == "CREATING" and time.monotonic() < until:
            time.sleep(0.005)
        ask(server, "confirm")
        assert [who for _, _, who in server.history[A]][1] == "outsider"
        assert server.states[A] == state


def test_an_interrupt_strikes_at_the_call_that_was_named():
    """It is a real signal, sent at the n-th call or return after a run begins to be made."""
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(True))
    try:
        interrupt_at(5)
        ast.parse("1")
        assert not heard

        async def nothing() -> None:
            pass

        submit(nothing()).result(timeout=5)
        assert heard == [True]
        assert sys.getprofile() is None
    finally:
        sys.setprofile(None)
        signal.signal(signal.SIGINT, before)
