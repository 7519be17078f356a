"""Two tables of assets, compared: nothing is lost, nothing counts twice."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vodnb
from vodnb.rules.errors import InputError

IDS = [f"{number:032x}" for number in range(8)]


def test_counts_come_first_and_the_rows_below():
    """Only here, only there, the same, another state."""
    ours = pd.DataFrame({"asset_id": IDS[:4], "state": ["CREATING", "CREATED", "", "CREATED"]})
    theirs = pd.DataFrame(
        {"媒资ID": [IDS[5], *IDS[1:4]], "state": ["CREATED", " created", "CREATING", "PUBLISHED"]}
    )
    found = vodnb.compare(ours, theirs, lang="en")
    assert found.counts == {"both": 2, "differs": 1, "only_ours": 1, "only_theirs": 1}
    assert found.table.to_dict("list") == {
        "asset_id": [*IDS[:4], IDS[5]],
        "found": ["only_ours", "both", "both", "differs", "only_theirs"],
        "state_ours": ["CREATING", "CREATED", "", "CREATED", ""],
        "state_theirs": ["", "CREATED", "CREATING", "PUBLISHED", "CREATED"],
    }
    assert repr(found).splitlines() == [
        "2 in both, with no known difference",
        "1 in both, in different states",
        "1 only in ours",
        "1 only in theirs",
    ]


def test_rows_without_an_asset_are_counted():
    """Empty and mangled cells are no assets, and are not passed over in silence."""
    found = vodnb.compare([*IDS[:2], "1.23E+31"], [IDS[1], ""], lang="zh")
    assert found.left_out == 2
    assert repr(found).splitlines()[-1] == "未参与比较的行（没有可用的ID）：2"
    assert "<div" in found._repr_mimebundle_()["text/html"]


def test_a_results_table_speaks_of_its_latest_state():
    """Read back if it was, else as looked up before."""
    ours = pd.DataFrame(
        {
            "asset_id": IDS[:2],
            "state_before": ["CREATING", "CREATING"],
            "state_after": ["CREATED", ""],
        }
    )
    found = vodnb.compare(ours, ours)
    assert found.table["state_ours"].tolist() == ["CREATED", "CREATING"]
    assert found.counts["both"] == 2


def test_what_is_no_table_is_refused():
    """As everywhere."""
    with pytest.raises(InputError):
        vodnb.compare("no-such.csv", IDS)


@given(st.lists(st.sampled_from(IDS)), st.lists(st.sampled_from(IDS)))
def test_each_asset_is_there_once(ours, theirs):
    """Whatever is doubled or missing: the counts add up to the union."""
    found = vodnb.compare(
        pd.DataFrame({"asset_id": ours}, dtype=str), pd.DataFrame({"asset_id": theirs}, dtype=str)
    )
    assert sorted(found.table["asset_id"]) == sorted({*ours, *theirs})
    assert found.counts["only_ours"] == len(set(ours) - set(theirs))
    assert found.counts["only_theirs"] == len(set(theirs) - set(ours))
    assert sum(found.counts.values()) == len(found.table)


def test_a_row_whose_cells_may_have_shifted_tells_no_state():
    """It is left out and counted, though its asset stands in a sound row as well."""
    ours = vodnb.load_assets(f"asset_id,state\n{IDS[0]},CREATED\n{IDS[0]},PUBLISHED,x\n")
    assert list(ours["verdict"]) == ["ok", "ragged"]
    found = vodnb.compare(ours, [IDS[0]])
    assert list(found.table["state_ours"]) == ["CREATED"]
    assert found.left_out == 1
