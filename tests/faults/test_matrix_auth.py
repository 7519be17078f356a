"""Faults of the sign-in: a token, an IAM user, an access key; at the start and on the way."""

from __future__ import annotations

import time
from email.utils import formatdate

import fault_acts as do
import pytest
from fault_crowd import quicken
from fault_runs import TOKEN, WORKERS, check_true, confirm, server
from fault_server import behave

from vodnb.rules.errors import SignInError
from vodnb.rules.pacing import parse_rate, workers_for

pytestmark = [pytest.mark.matrix, pytest.mark.clocked, pytest.mark.long]

ASSETS = [f"{number:032x}" for number in range(120)]
DIES_AT = 40
"""The confirm call from which on a sign-in is refused."""

IN_FLIGHT = 0.3
"""Seconds in which a call that had left arrives."""

PASSWORD = "CANARYpassword0123456789"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quicken(monkeypatch)


@WORKERS
def test_a_token_that_is_refused_at_the_start(workers: int) -> None:
    """No confirm call leaves."""
    with server(token="another") as box:
        with pytest.raises(SignInError):
            confirm(box.endpoint, workers)
        assert box.posts() == []
        assert len(box.ledger) <= 2


@WORKERS
def test_a_token_that_dies_on_the_way(workers: int) -> None:
    """The run stops; what was refused is not sent; no row has failed."""

    def script(call):
        if call.operation == "confirm" and call.nth == DIES_AT:
            box.token = "the next one"

    with server(script, assets=ASSETS, token=TOKEN) as box:
        table = confirm(box.endpoint, workers, assets=ASSETS)
        check_true(table, box, ASSETS)
        assert set(table["outcome"]) == {"confirmed", "not_sent"}
        assert "APIGW.0307" in set(table["error_code"])
        assert len(box.posts()) <= DIES_AT + workers


# -- an IAM user ----------------------------------------------------------------------------------


def expiring(renewal):
    """Return a server whose token dies on the way, and which answers so when asked for another."""

    def script(call):
        if call.operation == "token":
            return renewal if call.nth else do.signs_in(f"{TOKEN}1")
        if call.operation == "confirm" and call.nth == DIES_AT:
            box.token = "none is good"
        return None

    box = server(script, assets=ASSETS)
    return box


def confirm_as_user(box, workers: int, monkeypatch: pytest.MonkeyPatch):
    """Run the job as an IAM user, whose sign-in is served beside the service."""
    monkeypatch.setenv("VODNB_IAM_ENDPOINT", box.endpoint)
    user = {"iam_user": "ann", "iam_password": PASSWORD, "iam_domain": "acme"}
    return confirm(box.endpoint, workers, assets=ASSETS, **user)


def sign_ins(box) -> list:
    """Return the calls for a token."""
    return [call for call in box.ledger if call.operation == "token"]


@WORKERS
def test_an_expired_token_is_renewed_once(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many calls were refused: one new sign-in, and every asset is confirmed."""
    with expiring(do.slowly(do.signs_in(f"{TOKEN}2"), 0.1)) as box:
        table = confirm_as_user(box, workers, monkeypatch)
        check_true(table, box, ASSETS)
        assert set(table["outcome"]) == {"confirmed"}
        assert len(sign_ins(box)) == 2
        refused = [post for post in box.posts() if post.refused]
        assert 1 <= len(refused) <= workers
        assert len(box.posts()) == len(ASSETS) + len(refused)


@WORKERS
@pytest.mark.parametrize(
    ("renewal", "most"),
    [
        # A refused password is never sent twice: that would lock the user.
        (do.answers(401, {"error": {"code": 401, "message": "wrong password"}}), 1),
        (do.answers(503, b"<html>Down</html>"), 5),
        (do.reset, 5),
    ],
    ids=["refused", "down", "reset"],
)
def test_a_renewal_that_fails_stops_the_run(
    workers: int, renewal, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No confirm call leaves after it; the rest is not sent, and the reason is told."""
    with expiring(renewal) as box:
        table = confirm_as_user(box, workers, monkeypatch)
        check_true(table, box, ASSETS)
        assert set(table["outcome"]) == {"confirmed", "not_sent"}
        assert 2 <= len(sign_ins(box)) <= 1 + most
        ended = sign_ins(box)[1].at + IN_FLIGHT
        assert [post for post in box.posts() if post.at > ended] == []
        assert len(box.posts()) <= DIES_AT + workers
        told = table.loc[table["error_code"] == "APIGW.0307", "error_msg"]
        assert told.str.contains("A new token was not to be had").all()
        assert len(told) == sum(post.refused for post in box.posts())


@WORKERS
def test_a_token_that_is_dead_from_the_start(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """IAM gives tokens that the service refuses: two are tried, and nothing is sent."""

    def script(call):
        return do.signs_in(TOKEN, is_good=False) if call.operation == "token" else None

    with server(script, assets=ASSETS, token="another") as box:
        with pytest.raises(SignInError):
            confirm_as_user(box, workers, monkeypatch)
        assert box.posts() == []
        assert [call.operation for call in box.ledger] == ["token", "info", "token", "info"]


@WORKERS
def test_a_password_that_is_refused_at_the_start(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sign-in, nothing else, and the password is not shown."""
    with server(lambda _call: do.answers(401, {"error": {"message": "wrong"}})) as box:
        with pytest.raises(SignInError, match="refused to sign in 'ann'") as told:
            confirm_as_user(box, workers, monkeypatch)
        assert [call.operation for call in box.ledger] == ["token"]
        assert PASSWORD not in f"{told.value} {told.value!r}"


# -- an access key --------------------------------------------------------------------------------

KEY = {"ak": "A" * 20, "sk": "S" * 40}


def refuses_signature(minutes: float = 0.0):
    """Return an act that refuses a signature, on a server whose clock is so far ahead of ours."""
    told = do.throttles(401, "APIGW.0301", Date=formatdate(time.time() + 60 * minutes))
    return do.slowly(told, 0.02)


@WORKERS
@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "The gateway refused the credentials"),
        (16, "clock is 16 minutes behind"),
        (-16, "clock is 16 minutes ahead"),
    ],
)
def test_a_signature_that_is_refused_at_the_start(workers: int, minutes: int, words: str) -> None:
    """Five refusals in a row lock a key: two at most; and a wrong clock is told in minutes."""
    with server(lambda _call: refuses_signature(minutes)) as box:
        with pytest.raises(SignInError, match=words):
            confirm(box.endpoint, workers, **KEY)
        assert 1 <= len(box.ledger) <= 2
        assert box.posts() == []


def refusing_on_the_way():
    """Return a server that takes 20 ms for each confirm, and refuses signatures on the way."""

    def script(call):
        if call.operation != "confirm":
            return None
        return refuses_signature(16) if call.nth >= DIES_AT else do.slowly(behave, 0.02)

    return server(script, assets=ASSETS)


@WORKERS
def test_a_clock_that_goes_wrong_on_the_way(workers: int) -> None:
    """What was refused is not sent, with the minutes; no call leaves once a refusal is known."""
    with refusing_on_the_way() as box:
        table = confirm(box.endpoint, workers, assets=ASSETS, **KEY)
        check_true(table, box, ASSETS)
        assert set(table["outcome"]) == {"confirmed", "not_sent"}
        refused = [post for post in box.posts() if post.refused]
        assert 1 <= len(refused) <= workers
        assert [post for post in box.posts() if post.at > refused[0].at + IN_FLIGHT] == []
        told = table.loc[table["error_code"] == "APIGW.0301", "error_msg"]
        assert told.str.contains("16 minutes behind").all()
        assert len(refused) <= len(told) <= workers


@pytest.mark.parametrize("workers", [1, 4, None])
def test_a_key_is_not_refused_until_it_locks(workers: int | None) -> None:
    """On the way as well, fewer than five refusals in a row: no more are out than the rate needs.

    Whoever asks for more workers has more calls out, which cannot be called back; so has a machine
    on which a call takes more than twice the time that it should.
    """
    with refusing_on_the_way() as box:
        table = confirm(box.endpoint, workers, assets=ASSETS, rate="3000/min", **KEY)
        slowest = table["elapsed_ms"].max() / 1000
        needed = workers_for(rate=parse_rate("3000/min"), latency=slowest)
        assert needed == 4 or slowest > 0.04
        assert 1 <= sum(post.refused for post in box.posts()) <= min(needed, workers or needed)
