"""Asking for states: ten a call, again where an answer is lost, and nothing is made up."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from click.testing import CliRunner
from connections import point_to
from jobs import creating, ids, interrupts
from pretend_service import LOST, UNREACHABLE, PretendService, refusal

import vodnb
from vodnb.bulk.pace.reads import Reads
from vodnb.bulk.survey import Survey
from vodnb.cli import main
from vodnb.emulator.faults import Behaviour
from vodnb.rules.answers import Reply
from vodnb.rules.errors import SignInError
from vodnb.tables.read import load_assets
from vodnb.tables.results import usable_assets
from vodnb.tables.states import STATE_COLUMNS


@pytest.fixture(autouse=True)
def _probe_soon(monkeypatch):
    monkeypatch.setattr("vodnb.bulk.pace.circuit_breaker.PROBES", (0.01,) * 10)
    monkeypatch.setattr("vodnb.bulk.pace.reads.back_off", lambda *_, **__: 0.01)


def survey(service, source, *, workers=4, ceiling=math.inf, lang="en"):
    """Ask for the states of a table's usable assets."""
    table = load_assets(source)
    return Survey(
        usable_assets(table),
        table=table,
        reads=Reads(service, ceiling=ceiling, deadline=30.0),
        workers=workers,
        lang=lang,
    ).begin()


def states(service, source, **options):
    """Ask and return the table."""
    return survey(service, source, **options).wait(progress=False)


def infos(service):
    """Return the sizes of the asset/info calls."""
    return [len(asked) for name, asked, _ in service.calls if name == "info"]


def test_each_asset_gets_its_state_ten_a_call():
    """A hundred and five assets are eleven calls, and every state is the service's."""
    service, assets = creating(105, latency=0.0)
    service.states[assets[7]] = "PUBLISHED"
    del service.states[assets[104]]
    table = states(service, assets)
    assert sorted(infos(service)) == [5, *[10] * 10]
    assert list(table["asset_id"]) == assets
    assert table["state"].tolist() == [service.states.get(one, "NO_ASSET") for one in assets]
    assert table["needs"].iloc[[0, 7, 104]].tolist() == ["confirm", "nothing", "fix the ID"]
    assert set(table["error_code"]) == {""}
    assert {name: str(table[name].dtype) for name in ("state", "asset_size")} == {
        "state": "string", "asset_size": "Int64",
    }  # fmt: skip


def test_rows_stay_as_they_are_and_the_user_s_columns_too():
    """Duplicates get the same state, unusable rows their reason; an own column is kept beside."""
    service, assets = creating(2, latency=0.0)
    frame = pd.DataFrame(
        {"asset_id": [assets[1], "1.23E+31", assets[0], assets[1]], "state": list("wxyz")},
        index=[9, 3, 5, 5],
    )
    table = states(service, frame)
    assert table.index.tolist() == [9, 3, 5, 5]
    assert table["state"].tolist() == ["CREATING", "", "CREATING", "CREATING"]
    assert table["state_input"].tolist() == list("wxyz")
    assert table["error_code"].tolist() == ["", "CLIENT.MANGLED", "", ""]
    assert table["needs"].tolist() == ["confirm", "fix the ID", "confirm", "confirm"]
    assert sum(infos(service)) == 2


def test_a_table_of_states_is_asked_anew():
    """Its state columns are filled again, not kept twice."""
    service, assets = creating(3, latency=0.0)
    first = states(service, assets)
    service.states[assets[0]] = "CREATED"
    second = states(service, first)
    assert list(second.columns) == list(first.columns)
    assert second["state"].tolist() == ["CREATED", "CREATING", "CREATING"]


def test_a_lost_answer_is_asked_for_again():
    """Nothing changes by asking: four lost answers in a row cost nothing but time."""
    service, assets = creating(10, latency=0.0)
    service.info_script = [LOST, UNREACHABLE, refusal("VOD.10051"), LOST]
    assert set(states(service, assets)["state"]) == {"CREATING"}
    assert len(infos(service)) == 5


def test_what_stays_lost_has_the_code_of_the_loss():
    """Ten assets whose answer never comes cost their own ten rows."""
    service, assets = creating(30, latency=0.0)
    served = service._info
    service._info = lambda asked: LOST if assets[10] in asked else served(asked)
    table = states(service, assets, workers=1)
    assert table["error_code"].tolist() == [""] * 10 + ["CLIENT.NO_ANSWER"] * 10 + [""] * 10
    assert table["state"].tolist()[10:20] == [""] * 10
    assert sum(assets[10] in asked for _, asked, _ in service.calls) == 5
    assert "" not in set(table["state_meaning"])


def test_what_an_answer_leaves_out_is_left_open():
    """Missing, strange and foreign entries: no state is made up, none is given to another."""
    service, assets = creating(4, latency=0.0)
    entries = [
        {"asset_id": assets[0], "status": " UNCREATED"},
        {"asset_id": "f" * 32, "status": "CREATED"},
        {"asset_id": assets[2], "status": "HIBERNATING"},
        None,
        {"asset_id": assets[3]},
    ]
    body = json.dumps({"asset_info_array": entries}).encode()
    service.info_script = [Reply(status=200, body=body)]
    table = states(service, assets)
    assert table["state"].tolist() == ["UNCREATED", "", "HIBERNATING", ""]
    assert table["needs"].tolist() == ["fix the ID", "look", "look", "look"]
    assert len(table) == 4


def test_one_refused_id_does_not_cost_the_others():
    """A definite no to ten is asked apart, and only the strange one bears the code."""
    service, assets = creating(10, latency=0.0)
    illegal = refusal("VOD.10053", 400)
    served = service._info
    service._info = lambda asked: illegal if assets[3] in asked else served(asked)
    table = states(service, assets)
    assert table["error_code"].tolist() == ["", "", "", "VOD.10053", *[""] * 6]
    assert table["state"].tolist().count("CREATING") == 9


def test_without_the_permission_the_list_is_asked():
    """What the list does not know stays open: it has no word for a cancelled asset."""
    service, assets = creating(25, latency=0.0)
    service.states[assets[4]] = "CANCELLED"
    service._info = lambda _asked: refusal("APIGW.0302")
    table = states(service, assets)
    assert infos(service) == [10]
    assert table["state"].tolist() == ["CREATING"] * 4 + [""] + ["CREATING"] * 20
    assert set(table["asset_title"]) == {"t", ""}


def test_without_any_permission_it_is_refused():
    """One call of each kind, then the error."""
    service, assets = creating(25, latency=0.0)
    service._info = service._list = lambda _asked: refusal("APIGW.0302")
    with pytest.raises(SignInError, match=r"APIGW\.0302"):
        states(service, assets)
    assert len(service.calls) == 2


def test_a_refused_credential_costs_one_call():
    """Five refusals lock a key: the first call goes alone."""
    service, assets = creating(200, latency=0.0)
    service.info_script = [refusal("APIGW.0301", 401)] * 20
    with pytest.raises(SignInError):
        states(service, assets, workers=32)
    assert len(service.calls) == 1


def test_a_token_that_dies_midway_leaves_the_rest_open():
    """What was told stands; the rest bears the code, and the table has every row."""
    service, assets = creating(100, latency=0.0)
    served, asked_for = service._info, []

    def dying(asked):
        asked_for.append(asked)
        return served(asked) if len(asked_for) <= 4 else refusal("APIGW.0307", 401)

    service._info = dying
    table = states(service, assets, workers=1)
    assert table["state"].tolist() == ["CREATING"] * 40 + [""] * 60
    assert table["error_code"].tolist() == [""] * 40 + ["APIGW.0307"] * 60


def test_an_interrupt_returns_the_table():
    """What was not asked for yet says so."""
    service, assets = creating(400, latency=0.02)
    asking = survey(service, assets, workers=1)
    with interrupts(lambda: len(service.calls) > 5):
        table = asking.wait(progress=False)
    told = table["state"] == "CREATING"
    assert 50 <= told.sum() < 400
    assert set(table.loc[~told, "error_code"]) == {"CLIENT.STOPPED"}


@pytest.mark.parametrize(
    ("lang", "start"),
    [
        ("en", "Finished · 30/30 assets · 29 CREATING · 1 PUBLISHED"),
        ("zh", "已完成 · 媒资 30/30 · 29 CREATING · 1 PUBLISHED"),
    ],
)
def test_it_says_what_was_found(lang, start):
    """The counts by state, the most common first."""
    service, assets = creating(30, latency=0.0)
    service.states[assets[0]] = "PUBLISHED"
    asking = survey(service, assets, lang=lang)
    table = asking.wait(progress=False)
    assert repr(asking).startswith(start)
    assert asking.share == 1.0
    assert ("已确认" in table["state_meaning"].iloc[0]) is (lang == "zh")


def test_its_pace_is_that_of_its_own_quota():
    """Ten calls a second: nine may leave at once from a fresh limiter, and six more take 0.6 s."""
    service, assets = creating(141, latency=0.0)
    service.project_id = "b" * 32  # whose quota no other test has used
    asking = survey(service, assets, ceiling=10.0)
    asking.wait(progress=False)
    times = [moment for _, _, moment in service.calls]
    assert len(times) == 15
    assert times[-1] - times[0] == pytest.approx(0.6, abs=0.25)


def test_nothing_to_ask_for_is_no_call():
    """An empty table comes back with its columns."""
    service = PretendService({})
    table = states(service, pd.DataFrame({"asset_id": []}, dtype=str))
    assert service.calls == []
    assert set(STATE_COLUMNS) <= set(table.columns)
    assert ids(0) == []


def test_the_verb_and_the_command_ask_the_sandbox(tmp_path, monkeypatch):
    """`vod.states` and `vodnb states`: the sandbox's own states, saved beside the file."""
    monkeypatch.chdir(tmp_path)
    with vodnb.sandbox(behaviour=Behaviour(quota=None), assets=25) as box:
        known = box.states()
        point_to(box, monkeypatch)
        vod = vodnb.connect()
        table = vod.states([*known, "f" * 32], progress=False)
        vod.close()
        assert table["state"].tolist() == [*known.values(), "NO_ASSET"]
        assert all(table["asset_title"].iloc[:25])
        assert not [call for call in box.ledger() if call.operation == "confirm"]
        pd.DataFrame({"asset_id": [*known, "1.23E+31"]}).to_csv("assets.csv", index=False)
        done = CliRunner().invoke(main, ["states", "assets.csv", "--lang", "en"])
        assert done.exit_code == 1, done.output
        saved = vodnb.load_assets("assets.states.csv")
        assert saved["state"].tolist() == [*known.values(), ""]
        assert saved["error_code"].iloc[-1] == "CLIENT.MANGLED"
