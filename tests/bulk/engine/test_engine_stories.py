"""Random stories of a run: whatever happens, no false claim and no unseen resend."""

from __future__ import annotations

from itertools import pairwise

from engine_play import ids, play
from hypothesis import given
from hypothesis import strategies as st
from pretend_service import LOST, UNREACHABLE, PretendService, refusal

from vodnb.rules.answers import Reply
from vodnb.rules.model import Outcome

ANSWERS = st.sampled_from(
    [
        (LOST, True),
        (LOST, False),
        (UNREACHABLE, False),
        (refusal("VOD.10051"), False),
        (refusal("VOD.10051"), True),
        (refusal("VOD.10053", 400), False),
        (refusal("APIGW.0308", 429), False),
        (refusal("VOD.10127"), False),
        (refusal("VOD.99999"), True),
        (refusal("APIGW.0201", 504), True),
        (Reply(status=200, body=b"<html>sign in</html>"), False),
        (Reply(status=200, body=b'{"asset_id": "other"}'), True),
        (Reply(status=302), False),
    ]
)


@given(
    states=st.lists(
        st.sampled_from(["CREATING", "CREATED", "CANCELLED", "NO_ASSET"]), min_size=1, max_size=25
    ),
    scripts=st.dictionaries(st.integers(0, 24), st.lists(ANSWERS, max_size=4), max_size=8),
    stop_after=st.none() | st.floats(0, 40),
    look_first=st.booleans(),
    workers=st.integers(1, 9),
)
def test_no_story_makes_a_false_claim(states, scripts, stop_after, look_first, workers):
    """Whatever happens, successes are true, failures hide none, and no doubt is resent unseen."""
    assets = ids(len(states))
    service = PretendService({a: s for a, s in zip(assets, states, strict=True) if s != "NO_ASSET"})
    for place, script in scripts.items():
        if place < len(assets):
            service.scripts[assets[place]] = list(script)
    state, engine = play(
        service, assets, look_first=look_first, stop_after=stop_after, workers=workers
    )
    for asset in assets:
        found = state.settlements.get(asset)
        really = service.states.get(asset, "NO_ASSET")
        if found is None:
            assert engine.stopped or look_first
            assert service.posts(asset) == 0
            continue
        assert (found.code == "") is found.outcome.is_good
        if found.outcome.is_good:
            assert really == "CREATED"
        if found.outcome in {Outcome.FAILED, Outcome.NOT_SENT}:
            assert really == states[assets.index(asset)]
        _check_looked_between(service, asset, scripts.get(assets.index(asset), []))


def _check_looked_between(service, asset, script):
    """A call that may have had its effect is never followed by another without a look."""
    free = {id(UNREACHABLE)} | {
        id(got) for got, _ in script if isinstance(got, Reply) and b"0308" in got.body
    }
    free |= {id(got) for got, _ in script if isinstance(got, Reply) and b"10127" in got.body}
    story = [name for name, asked, _ in service.calls if asset in asked]
    sent = 0
    for before, after in pairwise(story):
        if before == "confirm":
            sent += 1
        if (before, after) == ("confirm", "confirm"):
            assert id(script[sent - 1][0]) in free
