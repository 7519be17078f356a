"""Looking, sending only what hangs, and reading back, in virtual time."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from engine_play import ids, play
from hypothesis import given, settings
from hypothesis import strategies as st
from pretend_service import LOST, PretendService, refusal

from vodnb.bulk.engine.events import Phase
from vodnb.bulk.pace.control import Control
from vodnb.rules.answers import Reply
from vodnb.rules.errors import SignInError
from vodnb.rules.lifecycle import Stage, stage_of
from vodnb.rules.model import Outcome, Status
from vodnb.rules.pacing import parse_rate

QUOTA = parse_rate("1500/min")
NO_READ = refusal("VOD.10074")
YES = b'{"asset_id": "%s"}'
STATES = ("CREATED", "PUBLISHED", "TRANSCODING", "CANCELLED", "UPLOAD_FAILED", "NO_ASSET")


def yes(asset: str) -> Reply:
    """Return the answer that says that an asset is confirmed."""
    return Reply(status=200, body=YES % asset.encode())


def creating(assets: list[str]) -> Reply:
    """Return the answer that says that assets hang."""
    found = [{"asset_id": asset, "status": "CREATING"} for asset in assets]
    return Reply(status=200, body=json.dumps({"asset_info_array": found}).encode())


def library(count: int) -> tuple[PretendService, list[str]]:
    """Return a service of which every fifth asset hangs, and all asset IDs."""
    assets = ids(count)
    others = (*STATES, "CREATED", "CREATED", "PUBLISHED")
    states = {
        asset: "CREATING" if place % 5 == 0 else others[place % len(others)]
        for place, asset in enumerate(assets)
    }
    states = {asset: state for asset, state in states.items() if state != "NO_ASSET"}
    return PretendService(states, latency=0.08), assets


def reads(service: PretendService) -> int:
    """Count the calls that ask for states."""
    return sum(name == "info" for name, _, _ in service.calls)


@pytest.mark.long
def test_a_reconciliation_of_a_library_costs_a_third_of_confirming_it():
    """50,000 assets, a fifth hanging: 10,000 + 6,600 calls, 45 % of the time, no row off."""
    service, assets = library(50_000)
    service.quota = 1500
    hanging = {asset for asset, state in service.states.items() if state == "CREATING"}
    run_state, engine = play(service, assets, ceiling=QUOTA, only_hanging=True, verify=True)
    assert (engine.stopped, service.throttled) == (None, 0)
    assert service.posts() == len(hanging) == 10_000
    assert reads(service) <= 6600
    assert service.calls[-1][2] <= 0.45 * len(assets) / QUOTA
    for asset in assets:
        told, state = run_state.settlements[asset], service.states.get(asset, "NO_ASSET")
        assert (told.state_after or told.state_before) == state
        is_good = stage_of(state) is Stage.CONFIRMED
        assert told.outcome.is_good is is_good
        assert (told.outcome is Outcome.CONFIRMED) is (asset in hanging)
        assert told.code == ("" if is_good else "CLIENT.STATE")
    assert (run_state.spared, run_state.looks) == (40_000, 5000)


@pytest.mark.parametrize("status", [Status.CREATED, Status.CANCELLED])
def test_states_that_lag_make_no_row_wrong(status):
    """With answers five seconds behind every asset is still told as it is, and none is doubted."""
    service, assets = library(100)
    service.lag = 5.0
    was_hanging = {asset for asset, state in service.states.items() if state == "CREATING"}
    run_state, _ = play(service, assets, status=status, only_hanging=True, verify=True)
    confirmed = {one for one in assets if run_state.settlements[one].outcome is Outcome.CONFIRMED}
    assert confirmed == was_hanging
    goal = "CREATED" if status is Status.CREATED else "CANCELLED"
    assert {run_state.settlements[one].state_after for one in confirmed} == {goal}
    assert run_state.outcomes[Outcome.IN_DOUBT] == 0


def test_a_yes_that_the_state_contradicts_is_in_doubt_and_not_sent_again():
    """The service said yes and nothing came of it: the row says so, after the time of any lag."""
    assets = ids(12)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.scripts[assets[3]] = [(yes(assets[3]), False)]
    run_state, _ = play(service, assets, verify=True)
    told = run_state.settlements[assets[3]]
    assert (told.outcome, told.code, told.state_after) == (
        Outcome.IN_DOUBT,
        "CLIENT.DISAGREES",
        "CREATING",
    )
    assert "CREATING" in told.message
    assert service.posts(assets[3]) == 1
    assert dict(run_state.outcomes) == {Outcome.CONFIRMED: 11, Outcome.IN_DOUBT: 1}
    assert dict(run_state.codes) == {"": 11, "CLIENT.DISAGREES": 1}
    asked = [at for name, some, at in service.calls if name == "info" and assets[3] in some]
    assert asked[-1] - asked[-2] >= 5.0


def test_a_no_beside_the_wanted_state_is_in_doubt():
    """Refused as unknown, and confirmed all the same: neither is believed."""
    assets = ids(3)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.scripts[assets[0]] = [(refusal("VOD.10062"), True)]
    run_state, _ = play(service, assets, verify=True)
    told = run_state.settlements[assets[0]]
    assert (told.outcome, told.code) == (Outcome.IN_DOUBT, "CLIENT.DISAGREES")
    assert "VOD.10062" in told.message


def test_a_no_that_the_state_explains_stays_and_shows_it():
    """The row of an unknown asset says NO_ASSET beside its code."""
    service = PretendService({})
    run_state, _ = play(service, ids(3), verify=True)
    told = run_state.settlements[ids(3)[0]]
    assert (told.outcome, told.code, told.state_after) == (
        Outcome.FAILED,
        "VOD.10062",
        "NO_ASSET",
    )


def test_a_lost_read_back_is_asked_again_and_an_unreadable_one_takes_nothing_away():
    """One lost answer costs a call; where all are lost the answer to the confirm call stands."""
    assets = ids(4)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.info_script = [creating(assets), LOST]
    run_state, _ = play(service, assets, look_first=False, verify=True)
    assert {told.state_after for told in run_state.settlements.values()} == {"CREATED"}

    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.info_script = [creating(assets), *[LOST] * 3]
    run_state, _ = play(service, assets, look_first=False, verify=True)
    assert {(told.outcome, told.state_after) for told in run_state.settlements.values()} == {
        (Outcome.CONFIRMED, "")
    }


def test_a_contradiction_that_cannot_be_read_again_is_in_doubt():
    """The service said yes, the state no, and then nothing: that is no confirmation."""
    assets = ids(1)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.info_script = [creating(assets), creating(assets), *[LOST] * 3]
    run_state, _ = play(service, assets, look_first=False, verify=True)
    told = run_state.settlements[assets[0]]
    assert (told.outcome, told.code) == (Outcome.IN_DOUBT, "CLIENT.DISAGREES")
    assert told.state_after == "CREATING"


def refusing(service: PretendService, strange: str) -> None:
    """Let asset/info refuse every call that names an asset."""
    served, illegal = service._info, refusal("VOD.10053", 400)
    service._info = lambda asked: illegal if strange in asked else served(asked)  # type: ignore[method-assign]
    service.scripts[strange] = [(illegal, False)]


def test_one_refused_id_does_not_cost_the_others_their_state():
    """Where ten are refused for one, each is asked apart: to be sent, and to be read back."""
    assets = ids(20)
    for options in ({"only_hanging": True}, {"look_first": False}):
        service = PretendService(dict.fromkeys(assets, "CREATING"))
        refusing(service, assets[3])
        run_state, _ = play(service, assets, verify=True, **options)
        told = run_state.settlements[assets[3]]
        assert run_state.outcomes[Outcome.CONFIRMED] == 19
        assert told.code == ("CLIENT.UNREAD" if "only_hanging" in options else "VOD.10053")
        states = [run_state.settlements[asset].state_after for asset in assets]
        assert Counter(states) == {"CREATED": 19, "": 1}


def test_one_refused_id_does_not_cost_the_others_in_doubt_their_outcome():
    """Two lost answers in one batch: the one that can be read is settled."""
    assets = ids(5)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    refusing(service, assets[3])
    service.scripts[assets[0]] = [(LOST, True)]
    service.scripts[assets[3]] = [(LOST, True)]
    run_state, _ = play(service, assets)
    assert run_state.settlements[assets[0]].outcome is Outcome.CONFIRMED
    assert run_state.settlements[assets[3]].outcome is Outcome.IN_DOUBT


def test_without_read_permission_a_run_goes_on_and_a_reconciliation_does_not_begin():
    """What may not look may confirm, but not choose what hangs, and not destroy."""
    assets = ids(3)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.info_script = [NO_READ] * 9
    run_state, _ = play(service, assets, verify=True)
    assert run_state.outcomes == {Outcome.CONFIRMED: 3}
    assert reads(service) == 1
    for options in ({"only_hanging": True}, {"status": Status.CANCELLED}):
        service = PretendService(dict.fromkeys(assets, "CREATING"))
        service.info_script = [NO_READ] * 9
        with pytest.raises(SignInError, match="VOD"):
            play(service, assets, **options)
        assert service.posts() == 0


@pytest.mark.parametrize("options", [{"only_hanging": True}, {"status": Status.FAILED}])
def test_what_cannot_be_looked_up_is_not_sent_and_no_failure(options):
    """An asset that the answer leaves out is asked for again in the next run, and never sent."""
    assets = ids(25)
    service = PretendService(dict.fromkeys(assets, "CREATING"))
    service.info_script = [creating(assets[:10]), creating(assets[10:19])]
    run_state, engine = play(service, assets, workers=1, **options)
    told = run_state.settlements[assets[19]]
    assert (told.outcome, told.code) == (Outcome.NOT_SENT, "CLIENT.UNREAD")
    assert service.posts(assets[19]) == 0
    assert run_state.settled == 24
    assert engine.stopped is None


def test_a_stop_while_reading_back_keeps_the_outcomes_and_leaves_the_rest_to_be_read():
    """What was confirmed stays so; the run is not proved, and so will be gone on with."""
    assets = ids(400)
    service = PretendService(dict.fromkeys(assets, "CREATING"), latency=0.1)
    control = Control()
    call = service.call

    async def stopping(operation, **fields):
        is_back = operation.name == "info" and service.states[fields["asset_id"][0]] == "CREATED"
        if is_back:
            control.stop()
        return await call(operation, **fields)

    service.call = stopping
    run_state, engine = play(service, assets, look_first=False, verify=True, control=control)
    assert run_state.outcomes == {Outcome.CONFIRMED: 400}
    assert run_state.phase is Phase.STOPPED
    assert not engine.is_verified
    assert 0 < sum(bool(told.state_after) for told in run_state.settlements.values()) < 400


@settings(deadline=None)
@given(
    states=st.lists(st.sampled_from([*STATES, "CREATING", "CREATING", "NEW"]), min_size=1),
    status=st.sampled_from(Status),
    workers=st.sampled_from([1, 4]),
    lag=st.sampled_from([0.0, 5.0]),
)
def test_whatever_the_states_are_only_what_hangs_is_sent_and_once(states, status, workers, lag):
    """A run that only sends what hangs sends each of it once, and tells every other state."""
    assets = ids(len(states))
    given_states = dict(zip(assets, states, strict=True))
    service = PretendService({one: s for one, s in given_states.items() if s != "NO_ASSET"})
    service.lag = lag
    run_state, _ = play(
        service, assets, status=status, only_hanging=True, verify=True, workers=workers
    )
    sent = Counter(asset for name, some, _ in service.calls if name == "confirm" for asset in some)
    assert sent == {one: 1 for one, state in given_states.items() if state == "CREATING"}
    for asset, state in given_states.items():
        told = run_state.settlements[asset]
        assert told.state_before == state
        assert (told.outcome is Outcome.CONFIRMED) is (state == "CREATING")
