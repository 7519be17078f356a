"""`df.vod`: the verbs on a table, by a connection that is never guessed."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

import vodnb
from vodnb.emulator.faults import Behaviour
from vodnb.rules.errors import SetupError
from vodnb.session import accessor

IDS = [f"{0xACC << 32 | number:032x}" for number in range(6)]
REGION, PROJECT, OTHER = "cn-north-4", "ab" * 16, "cd" * 16


@pytest.fixture(autouse=True)
def _no_connection_yet(monkeypatch):
    """Each test makes its own connections."""
    monkeypatch.setattr(accessor, "_MADE", accessor._Made())


@pytest.fixture(scope="module")
def box():
    """A sandbox with assets that hang."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None)) as running:
        running.add(IDS)
        yield running


def joined(box):
    """Connect to a sandbox as to the service."""
    names = ("endpoint", "region", "project_id", "token")
    return vodnb.connect(**{name: getattr(box, name) for name in names})


def table(*more: str) -> pd.DataFrame:
    """Make a table of a user's own."""
    return pd.DataFrame({"title": "课", **dict.fromkeys(more, "x"), "asset_id": IDS})


def test_verbs_work_on_a_table_of_ones_own(box):
    """Look, estimate, confirm and reconcile, with the options of the connection's verbs."""
    vod = joined(box)
    assert str(table().vod.estimate(lang="en")) == str(vod.estimate(table(), lang="en"))
    dry = table().vod.confirm(dry_run=True, progress=False)
    assert list(dry["error_code"].unique()) == ["CLIENT.DRY_RUN"]
    assert list(table().vod.states(progress=False)["state"].unique()) == ["CREATING"]
    sent = table().vod.confirm(rate=None, journal=False, progress=False)
    assert list(sent["outcome"].unique()) == ["confirmed"]
    again = table().vod.reconcile(rate=None, journal=False, progress=False)
    assert list(again["outcome"].unique()) == ["already_confirmed"]


def test_asset_id_is_the_column_whatever_else_there_is(box):
    """Another column titled like one of IDs is not asked about, nor are IDs in it taken."""
    joined(box)
    frame = table().assign(媒资ID=IDS[::-1])
    states = frame.vod.states(progress=False)
    assert list(states["asset_id"]) == IDS
    assert list(states["media_id" if "media_id" in states else "媒资ID"]) == IDS[::-1]


def test_loaded_and_result_tables_have_it_too(box):
    """What load_assets and the verbs return can be asked on."""
    joined(box)
    assets = vodnb.load_assets(table())
    assert len(assets.vod.states(progress=False).vod.states(progress=False)) == len(IDS)


def test_a_table_without_the_column_has_no_verbs():
    """`hasattr` is False, and the error says what to do."""
    frame = pd.DataFrame({"id": IDS})
    assert not hasattr(frame, "vod")
    with pytest.raises(AttributeError, match=r"no column asset_id.*load_assets"):
        _ = frame.vod


def test_a_column_that_has_gone_is_noticed(box):
    """Pandas keeps the accessor; the table may have changed since."""
    joined(box)
    frame = table()
    verbs = frame.vod
    del frame["asset_id"]
    with pytest.raises(AttributeError, match="no column asset_id"):
        verbs.states()


def test_without_a_connection_it_says_so():
    """Nothing is connected to by itself, whatever the environment holds."""
    assert repr(table().vod) == "<vod: there is no connection yet>"
    for verb in ("confirm", "states", "reconcile", "estimate"):
        with pytest.raises(SetupError, match=r"vod = vodnb\.connect\(\)"):
            getattr(table().vod, verb)()


def test_connecting_to_the_same_place_anew_changes_nothing():
    """A cell that connects may be run again."""
    vodnb.connect(region=REGION, token="first-token-of-one")
    last = vodnb.connect(region=REGION, token="first-token-of-one")
    assert repr(last) in repr(table().vod)


def test_a_new_credential_for_the_same_project_is_the_same_place():
    """Where both name the project, whose assets are meant is clear."""
    vodnb.connect(region=REGION, project_id=PROJECT, token="first-token-of-one")
    last = vodnb.connect(region=REGION, project_id=PROJECT, token="another-token-of-one")
    assert repr(last) in repr(table().vod)


@pytest.mark.parametrize(
    "other",
    [
        {"region": "cn-east-2", "project_id": PROJECT, "token": "first-token-of-one"},
        {"region": REGION, "project_id": OTHER, "token": "first-token-of-one"},
        {"region": REGION, "token": "first-token-of-one"},
        {"region": REGION, "token": "another-token-of-one"},
    ],
    ids=["region", "project", "project to be looked up", "account"],
)
@pytest.mark.parametrize("once_more", ["", "first", "other"])
def test_between_two_places_it_does_not_choose(other, once_more):
    """The last connection may not be the one that is meant, not even one that is made again."""
    first = {"region": REGION, "project_id": PROJECT, "token": "first-token-of-one"}
    made = vodnb.connect(**first)
    vodnb.connect(**other)
    if once_more:
        vodnb.connect(**(first if once_more == "first" else other))
    for verb in ("confirm", "states", "reconcile", "estimate"):
        with pytest.raises(SetupError, match=r"df\.vod\(vod\)\.confirm\(\)") as told:
            getattr(table().vod, verb)()
        assert repr(made) in str(told.value)
        assert "token-of-one" not in str(told.value)
    assert "several places" in repr(table().vod)


def test_two_unknown_projects_by_two_credentials_are_two_places():
    """The region's project is another one for another account."""
    vodnb.connect(region=REGION, token="first-token-of-one")
    vodnb.connect(region=REGION, token="another-token-of-one")
    with pytest.raises(SetupError, match="several credentials"):
        table().vod.estimate()


def test_a_connection_can_be_named_for_one_call(box):
    """`df.vod(vod)` uses it, and the next call is as undecided as before."""
    here = joined(box)
    vodnb.connect(region=REGION, token="first-token-of-one")
    verbs = table().vod
    assert repr(here) in repr(verbs(here))
    assert len(verbs(here).states(progress=False)) == len(IDS)
    with pytest.raises(SetupError, match="Name the one you mean"):
        verbs.states()


def test_the_connection_is_shown_before_it_is_used(box, monkeypatch):
    """In a notebook stands which endpoint and project a call goes to, once for each call."""
    shown = []
    monkeypatch.setattr(accessor, "show", shown.append)
    vod = joined(box)
    table().vod.estimate()
    assert shown == [vod]


def test_it_is_there_as_soon_as_tables_are_used_and_import_stays_light():
    """`import vodnb` loads no pandas; loading a table or connecting gives every table its verbs."""
    code = (
        "import sys, vodnb; assert 'pandas' not in sys.modules; vodnb.load_assets; "
        "import pandas as pd; print(hasattr(pd.DataFrame({'asset_id': []}), 'vod'))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"
