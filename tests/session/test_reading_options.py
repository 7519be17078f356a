"""`id_column=` and `id_form=` of the verbs that load: what they take is what is sent."""

from __future__ import annotations

import pytest

import vodnb
from vodnb.rules.errors import InputError

IDS = [f"{at:02x}1b2c3d4e5f60718293a4b5c6d7e8f1" for at in range(31)]
OTHER = "clip-7"
CALM = {"progress": False, "rate": None, "lang": "en"}


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Return a CSV with two columns of IDs, one of another form among them, in a folder."""
    monkeypatch.chdir(tmp_path)
    lines = [f"{one},{one[::-1]}" for one in [*IDS, OTHER]]
    path = tmp_path / "assets.csv"
    path.write_text("\n".join(["key,old", *lines, ""]), "utf-8")
    return path


@pytest.fixture
def vod():
    """Return a connection to a sandbox that has every asset of the table."""
    box = vodnb.sandbox()
    box.add([*IDS, OTHER])
    made = vodnb.connect(endpoint=box.endpoint, region=box.region, project_id=box.project_id,
                         token=box.token, lang="en")  # fmt: skip
    yield made
    made.close()
    box.stop()


def test_a_run_takes_the_column_and_every_form_where_it_is_told(table, vod):
    """Without, the other form is not sent, with a note; with it, it is confirmed like the rest."""
    plain = vod.confirm(table, id_column="key", journal=False, **CALM)
    assert list(plain["outcome"]) == ["confirmed"] * 31 + ["invalid"]
    assert plain["error_code"][31] == "CLIENT.NOT_AN_ID"
    results = vod.confirm(table, id_column="key", id_form="any", journal=False, **CALM)
    assert list(results["outcome"]) == ["already_confirmed"] * 31 + ["confirmed"]
    again = vodnb.load_assets(vodnb.save(results, "results.csv"))
    assert list(again["verdict"]) == ["ok"] * 32
    states = vod.states(results, **CALM)
    assert states["state"].notna().all()


@pytest.mark.parametrize("verb", ["states", "estimate", "reconcile", "start", "start_states"])
def test_every_verb_that_loads_takes_them(table, vod, verb):
    """The file would else be asked about; a form that there is none of is refused by each."""
    calm = {"rate": "1500/min"} if verb == "estimate" else {"rate": None}
    told = getattr(vod, verb)(table, id_column="key", id_form="any", **calm)
    if verb.startswith("start"):
        told.wait()
        told = told.results()
    assert "32" in repr(told) or len(told) == 32
    with pytest.raises(InputError, match="id_form='hex'"):
        getattr(vod, verb)(table, id_column="key", id_form="hex", **calm)
    with pytest.raises(InputError, match=r"'key' .* and 'old' .* both hold"):
        getattr(vod, verb)(table, **calm)


def test_a_table_that_was_let_through_stays_so(table, vod):
    """What `load_assets` was told holds for what is done with its table, or with part of it."""
    assets = vodnb.load_assets(table, id_column="key", id_form="any")
    assert list(vod.confirm(assets, journal=False, **CALM)["outcome"]) == ["confirmed"] * 32
    assert list(vodnb.load_assets(assets.iloc[20:])["verdict"]) == ["ok"] * 12


def test_a_run_of_a_named_column_is_resumed(table, vod):
    """By its assets alone where the file asks for a column; by the file where that is named."""
    results = vod.confirm(table, id_column="key", id_form="any", canary=3, **CALM)
    assert set(results["outcome"]) == {"confirmed", "not_sent"}
    resumed = vodnb.resume(vod=vod, **CALM)
    assert list(resumed["asset_id"]) == [*IDS, OTHER]
    assert set(resumed["outcome"]) == {"confirmed"}
    named = vodnb.resume(resumed["run_id"][0], vod=vod, id_column="key", id_form="any", **CALM)
    assert list(named["old"]) == [one[::-1] for one in [*IDS, OTHER]]
