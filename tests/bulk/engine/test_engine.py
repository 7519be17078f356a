"""The run itself, on a virtual clock against a service inside the process."""

from __future__ import annotations

import asyncio
import math
from itertools import pairwise

import pytest
from engine_play import ids, outcome, play
from pretend_service import LOST, UNREACHABLE, PretendService, refusal

from vodnb.bulk.engine.events import Phase
from vodnb.bulk.pace.control import Control
from vodnb.rules.answers import Reply
from vodnb.rules.errors import SignInError
from vodnb.rules.model import Outcome, Status


def test_every_asset_is_confirmed_once():
    """A healthy run sends each asset exactly once and settles it as confirmed."""
    assets = ids(100)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    state, _ = play(service, assets)
    assert state.outcomes == {Outcome.CONFIRMED: 100}
    assert service.posts() == 100
    assert state.phase is Phase.FINISHED
    first = state.settlements[assets[0]]
    assert (first.attempts, first.state_before, first.sent_at[:4]) == (1, "CREATING", "2026")


def test_looking_first_takes_ten_a_call_and_saves_the_posts():
    """What is proved confirmed is settled without being sent; the preflight's look counts."""
    assets = ids(40)
    service = PretendService(dict.fromkeys(assets, "PUBLISHED"))
    state, _ = play(service, assets)
    assert state.outcomes == {Outcome.ALREADY_CONFIRMED: 40}
    assert service.posts() == 0
    assert len(service.calls) == 4


def test_without_looking_only_the_preflight_asks():
    """check_first=False sends everything; VOD.10126 is then read back."""
    assets = ids(12)
    service = PretendService(dict.fromkeys(assets, "CREATED"))
    state, _ = play(service, assets, look_first=False)
    assert service.posts() == 12
    assert state.outcomes == {Outcome.ALREADY_CONFIRMED: 12}


def test_an_unknown_asset_keeps_the_service_s_own_code():
    """NO_ASSET is sent all the same, so that the code is the service's."""
    service = PretendService({})
    state, _ = play(service, ids(1))
    assert outcome(state, ids(1)[0]) == (Outcome.FAILED, "VOD.10062")


def test_a_lost_answer_is_read_back_after_the_settle_time_and_not_resent():
    """Sent, effect applied, answer lost: one POST, read back 31 s later, confirmed."""
    asset = ids(1)[0]
    service = PretendService({asset: "CREATING"})
    service.scripts[asset] = [(LOST, True)]
    state, _ = play(service, [asset])
    assert outcome(state, asset) == (Outcome.CONFIRMED, "")
    assert service.posts() == 1
    sent, read = [time for name, _, time in service.calls][-2:]
    assert read - sent >= 30.9
    assert state.settlements[asset].state_after == "CREATED"


def test_a_call_without_effect_is_sent_once_more():
    """Sent, no effect, answer lost: still CREATING after the settle time, so one more call."""
    asset = ids(1)[0]
    service = PretendService({asset: "CREATING"})
    service.scripts[asset] = [(LOST, False)]
    state, _ = play(service, [asset])
    assert outcome(state, asset) == (Outcome.CONFIRMED, "")
    assert service.posts() == 2
    assert state.settlements[asset].attempts == 2


def test_two_calls_without_effect_are_a_failure_and_no_third():
    """After the second doubt the state alone decides: no effect, retryable, never a guess."""
    asset = ids(1)[0]
    service = PretendService({asset: "CREATING"})
    service.scripts[asset] = [(LOST, False), (LOST, False)]
    state, _ = play(service, [asset])
    assert outcome(state, asset) == (Outcome.FAILED, "CLIENT.NO_EFFECT")
    assert service.posts() == 2


def test_an_internal_fault_without_effect_keeps_its_code():
    """VOD.10051 twice with no effect: failed with the service's own code."""
    asset = ids(1)[0]
    service = PretendService({asset: "CREATING"})
    service.scripts[asset] = [(refusal("VOD.10051"), False)] * 2
    state, _ = play(service, [asset])
    assert outcome(state, asset) == (Outcome.FAILED, "VOD.10051")


def test_a_doubt_that_cannot_be_read_back_stays_a_doubt():
    """No answer, and the states cannot be read either: in doubt, one POST."""
    assets = ids(11)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.scripts[assets[10]] = [(LOST, True)]
    service.info_script = [service._info(tuple(assets[:10])), refusal("VOD.10051")]
    service.info_script += [LOST] * 3
    state, _ = play(service, assets)
    assert outcome(state, assets[10]) == (Outcome.IN_DOUBT, "CLIENT.NO_ANSWER")
    assert service.posts(assets[10]) == 1


def test_a_refused_sign_in_costs_one_call_and_no_post():
    """A bad credential is found by the preflight."""
    service = PretendService({})
    service.info_script = [refusal("APIGW.0301", 401)]
    with pytest.raises(SignInError, match=r"APIGW\.0301"):
        play(service, ids(20))
    assert len(service.calls) == 1


def test_an_unreachable_host_costs_two_calls_and_no_post():
    """No network: one retry, then it is said."""
    service = PretendService({})
    service.info_script = [UNREACHABLE] * 5
    with pytest.raises(SignInError, match=r"CLIENT\.CONNECT"):
        play(service, ids(20))
    assert len(service.calls) == 2


def test_no_permission_to_read_is_no_stop():
    """Without vod:asset:getInfo the run goes on without looking, and says so."""
    assets = ids(30)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.info_script = [refusal("VOD.10074")]
    service.scripts[assets[3]] = [(LOST, True)]
    state, _ = play(service, assets)
    assert state.warnings == ["CLIENT.NO_READ"]
    assert state.outcomes == {Outcome.CONFIRMED: 29, Outcome.IN_DOUBT: 1}
    assert len(service.calls) == 31


def test_a_sign_in_that_dies_midway_stops_the_run():
    """Every asset is settled or untouched; the one that was refused had no effect."""
    assets = ids(100)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.scripts[assets[50]] = [(refusal("APIGW.0307", 401), False)]
    state, engine = play(service, assets)
    assert engine.stopped is not None
    assert engine.stopped.code == "APIGW.0307"
    assert outcome(state, assets[50]) == (Outcome.NOT_SENT, "APIGW.0307")
    assert state.outcomes[Outcome.IN_DOUBT] == 0
    assert service.posts() < 70
    assert state.phase is Phase.STOPPED


@pytest.mark.parametrize("code", [("APIGW.0308", 429), ("VOD.10127", 403)])
def test_throttling_is_waited_out_and_costs_no_attempt(code):
    """Known by code under either status, throttled calls come again and count as one attempt."""
    assets = ids(30)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.scripts[assets[7]] = [(refusal(*code), False)] * 4
    state, _ = play(service, assets)
    assert state.outcomes == {Outcome.CONFIRMED: 30}
    assert state.settlements[assets[7]].attempts == 1


def test_throttling_without_end_stops_within_its_patience():
    """After two minutes of nothing but throttling the rest is not sent."""
    assets = ids(20)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    for asset in assets:
        service.scripts[asset] = [(refusal("APIGW.0308", 429), False)] * 1000
    state, engine = play(service, assets)
    assert engine.stopped is not None
    assert engine.stopped.code == "APIGW.0308"
    assert state.settled == 0
    assert all(found.outcome is Outcome.NOT_SENT for found in state.settlements.values())
    assert service.calls[-1][2] < 125


def test_an_endless_retry_after_stops_at_once():
    """Nobody is left waiting a day without a word."""
    assets = ids(9)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    for asset in assets:
        throttled = refusal("APIGW.0308", 429, **{"retry-after": "86400"})
        service.scripts[asset] = [(throttled, False)] * 5
    _, engine = play(service, assets)
    assert engine.stopped is not None
    assert service.calls[-1][2] < 1


def test_calls_that_never_left_are_tried_again():
    """A refused connection is no answer and no doubt: the next attempt is free."""
    assets = ids(5)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.scripts[assets[2]] = [(UNREACHABLE, False)] * 2
    state, _ = play(service, assets)
    assert state.outcomes == {Outcome.CONFIRMED: 5}
    assert state.settlements[assets[2]].attempts == 3


def test_a_host_that_comes_back_is_found_within_ten_seconds():
    """A minute without a connection: the run holds still, probes, and goes on to the end."""
    assets = ids(500)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.away = (5.0, 65.0)
    state, engine = play(service, assets, ceiling=24.5)
    assert engine.stopped is None
    assert state.outcomes == {Outcome.CONFIRMED: 500}
    resumed = min(time for name, _, time in service.calls if name == "confirm" and time > 65)
    assert resumed <= 75.1


def test_a_host_that_stays_away_stops_the_run():
    """Two minutes without a connection: the rest is left for later, not failed."""
    assets = ids(500)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.away = (5.0, math.inf)
    state, engine = play(service, assets, ceiling=24.5)
    assert engine.stopped is not None
    assert engine.stopped.code == "CLIENT.CONNECT"
    assert set(state.outcomes) == {Outcome.CONFIRMED}
    assert set(state.settlements) - set(assets[: state.settled + 40]) == set()


def test_answers_of_a_proxy_stop_the_run():
    """Five login pages in a row: a proxy answered, and nothing more is sent into it."""
    assets = ids(100)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    page = Reply(status=200, body=b"<html>sign in</html>", headers={"content-type": "text/html"})
    for asset in assets:
        service.scripts[asset] = [(page, False)]
    _book, engine = play(service, assets)
    assert engine.stopped is not None
    assert engine.stopped.code == "CLIENT.BAD_ANSWER"
    assert "sign in" in engine.stopped.reason
    assert service.posts() <= 5 + 8


def test_an_asset_that_alone_cannot_be_sent_fails_alone():
    """Its attempts used up while others get through: failed, retryable, and the run goes on."""
    assets = ids(60)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=0.5)
    service.scripts[assets[0]] = [(UNREACHABLE, False)] * 5
    state, engine = play(service, assets, ceiling=5.0)
    assert engine.stopped is None
    assert outcome(state, assets[0]) == (Outcome.FAILED, "CLIENT.CONNECT")
    assert state.outcomes == {Outcome.CONFIRMED: 59, Outcome.FAILED: 1}


def test_a_stop_leaves_nothing_half_known():
    """Stopped by hand: what was out comes home, the rest is untouched."""
    assets = ids(500)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    state, engine = play(service, assets, ceiling=24.5, stop_after=5.0)
    assert engine.stopped is not None
    assert engine.stopped.code == "CLIENT.STOPPED"
    assert 100 < state.settled < 150
    assert service.posts() == state.outcomes[Outcome.CONFIRMED] == state.settled


def test_a_pause_holds_the_calls_back():
    """Paused, nothing leaves; resumed, it goes on to the end."""
    assets = ids(100)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    control = Control()

    async def switch() -> None:
        await asyncio.sleep(1.0)
        control.pause()
        await asyncio.sleep(60.0)
        control.resume()

    original = service.prepare
    tasks = []

    async def look(*args: object, **fields: object) -> object:
        if not tasks:
            tasks.append(asyncio.ensure_future(switch()))
        return await PretendService.call(service, *args, **fields)

    service.prepare, service.call = original, look
    state, _ = play(service, assets, ceiling=24.5, control=control)
    times = [time for name, _, time in service.calls if name == "confirm"]
    assert max(after - before for before, after in pairwise(times)) >= 59
    assert state.outcomes == {Outcome.CONFIRMED: 100}


def test_the_published_quota_is_kept_and_used():
    """1,500 assets at 1,500 a minute: 98 % of the quota, no faster and hardly slower."""
    assets = ids(1500)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=0.05)
    play(service, assets, ceiling=24.5)
    times = [time for name, _, time in service.calls if name == "confirm"]
    ideal = 1500 / 24.5
    assert ideal * 0.97 <= times[-1] - times[0] <= ideal * 1.03


def test_destruction_looks_first_whatever_is_asked():
    """A destructive status sends only what is CREATING, even with looking switched off."""
    assets = ids(3)
    states = dict(zip(assets, ["CREATING", "PUBLISHED", "NO_ASSET"], strict=True))
    service = PretendService(states)
    state, _ = play(service, assets, status=Status.CANCELLED, look_first=False)
    assert outcome(state, assets[0]) == (Outcome.CONFIRMED, "")
    assert outcome(state, assets[1]) == (Outcome.FAILED, "CLIENT.STATE")
    assert outcome(state, assets[2]) == (Outcome.FAILED, "CLIENT.STATE")
    assert service.posts() == 1


def test_destruction_is_not_repeated_after_a_lost_answer():
    """CANCELLED with a lost answer and no effect: one POST, a failure that may be retried."""
    asset = ids(1)[0]
    service = PretendService({asset: "CREATING"})
    service.scripts[asset] = [(LOST, False)]
    state, _ = play(service, [asset], status=Status.CANCELLED)
    assert outcome(state, asset) == (Outcome.FAILED, "CLIENT.NO_EFFECT")
    assert service.posts() == 1


def test_a_fault_of_our_own_hands_the_table_over(caplog):
    """An exception inside the run is logged, stops it, and costs no row."""
    assets = ids(50)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.scripts[assets[20]] = ["no pair"]
    state, engine = play(service, assets)
    assert engine.stopped is not None
    assert engine.stopped.code == "CLIENT.FAULT"
    assert state.settlements[assets[20]].outcome is Outcome.IN_DOUBT
    assert "stopped by a fault of vodnb" in caplog.text


def test_an_empty_run_makes_no_call():
    """No usable asset: nothing is asked and nothing is sent."""
    service = PretendService({})
    state, _ = play(service, [])
    assert (service.calls, state.settled, state.phase) == ([], 0, Phase.FINISHED)
