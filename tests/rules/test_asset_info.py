"""What answers about assets say, in the words of both calls; nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules.asset_info import AssetInfo, read_asset_info, states_in
from vodnb.rules.operations import INFO, LIST

A = "0" * 32

# As the reference shows them: https://support.huaweicloud.com/api-vod/vod_04_0022.html, _0203.html
INFO_ENTRY = {
    "asset_id": A,
    "status": "PUBLISHED",
    "description": "published",
    "base_info": {
        "title": "发布会",
        "video_name": "a.mp4",
        "description": None,
        "category_id": -1,
        "create_time": "20180209024019",
        "last_modified": "20180209024559",
        "meta_data": {"duration": 196, "video_size": 1_048_576},
    },
    "play_info_array": [],
}
LIST_ENTRY = {
    "asset_id": A,
    "title": "launch",
    "duration": 196,
    "size": 1_048_576,
    "create_time": "20180209024019",
    "asset_status": "CREATED",
    "transcode_status": "UN_TRANSCODE",
}


def info(**changes):
    """Return what asset/info says of one asset."""
    return read_asset_info(INFO, {"asset_info_array": [INFO_ENTRY | changes]})[A]


def listed(**changes):
    """Return what asset/list says of one asset."""
    return read_asset_info(LIST, {"assets": [LIST_ENTRY | changes]})[A]


def test_info_tells_state_title_size_and_times():
    """The documented example, read whole."""
    assert info() == AssetInfo(
        asset_id=A,
        state="PUBLISHED",
        title="发布会",
        size=1_048_576,
        created_at="2018-02-09T02:40:19Z",
        modified_at="2018-02-09T02:45:59Z",
    )


def test_the_list_tells_all_but_the_change():
    """The other call has no time of the last change."""
    assert listed() == AssetInfo(
        asset_id=A,
        state="CREATED",
        title="launch",
        size=1_048_576,
        created_at="2018-02-09T02:40:19Z",
    )


@pytest.mark.parametrize(
    ("told", "state"),
    [("NO_ASSET", "NO_ASSET"), ("NOASSET", "NO_ASSET"), (" UNCREATED", "UNCREATED"),
     ("created", "CREATED"), ("HIBERNATING", "HIBERNATING"), (None, ""), (7, "")],
)  # fmt: skip
def test_states_are_read_in_every_spelling(told, state):
    """The documents spell them in several ways; what is unknown stays as it is."""
    assert info(status=told).state == state


@pytest.mark.parametrize(
    ("asset_status", "transcode_status", "state"),
    [
        ("CREATED", "TRANSCODE_FAILED", "TRANSCODE_FAILED"),
        ("CREATED", "TRANSCODING", "TRANSCODING"),
        ("CREATED", "UN_TRANSCODE", "CREATED"),
        ("CREATED", None, "CREATED"),
        ("PUBLISHED", "TRANSCODE_SUCCEED", "PUBLISHED"),
        ("CREATING", "UN_TRANSCODE", "CREATING"),
        ("FAILED", "TRANSCODE_SUCCEED", "FAILED"),
    ],
)
def test_the_list_s_two_states_are_one(asset_status, transcode_status, state):
    """What became of a confirmed asset stands in a column of its own there."""
    told = listed(asset_status=asset_status, transcode_status=transcode_status)
    assert told.state == state


@pytest.mark.parametrize(
    "time", ["", "soon", "20181301000000", None, 20180209024019, "2018", "20180209024"]
)
def test_a_time_that_is_none_is_left_open(time):
    """Nothing is made up."""
    assert info(base_info={"create_time": time}).created_at == ""
    assert listed(create_time=time).created_at == ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
names = st.sampled_from(["asset_id", "status", "base_info", "title", "size", "asset_status",
                         "meta_data", "create_time", "transcode_status"])  # fmt: skip


@pytest.mark.parametrize("operation", [INFO, LIST], ids=["info", "list"])
@given(entries=json_values | st.lists(st.dictionaries(names, json_values) | json_values))
def test_any_answer_is_read_without_a_fault(operation, entries):
    """Nulls, other types, entries that are none: left out or left open."""
    seen = read_asset_info(operation, {operation.answers_with: entries})
    for asset_id, found in seen.items():
        assert found.asset_id == asset_id
        texts = (found.state, found.title, found.created_at, found.modified_at)
        assert all(isinstance(text, str) for text in texts)
        assert found.size is None or type(found.size) is int


@given(entries=json_values | st.lists(st.dictionaries(names, json_values) | json_values))
def test_states_are_read_without_a_fault_too(entries):
    """Of what was asked for, each has the state that the whole reading has of it."""
    data = {"asset_info_array": entries}
    whole = read_asset_info(INFO, data)
    asked = [A, *whole]
    assert states_in(data, asked) == {
        one: whole[one].state if one in whole else "" for one in asked
    }


TWICE = [("CREATING", "CREATED"), ("CREATED", None), ("PUBLISHED", "NO_ASSET"), ("A", 7)]


@pytest.mark.parametrize("is_turned", [False, True], ids=["as written", "turned"])
@pytest.mark.parametrize("states", TWICE)
def test_two_entries_that_disagree_leave_the_state_open(states, is_turned):
    """Neither the first nor the last of them wins, in either call; a third settles nothing."""
    one, other = reversed(states) if is_turned else states
    for told in ([one, other], [one, other, one], [one, one, other]):
        shown = {"asset_info_array": [INFO_ENTRY | {"status": state} for state in told]}
        assert states_in(shown, [A]) == {A: ""}
        assert read_asset_info(INFO, shown)[A].state == ""
        shown = {"assets": [LIST_ENTRY | {"asset_status": state} for state in told]}
        assert read_asset_info(LIST, shown)[A].state == ""


@pytest.mark.parametrize("times", [2, 3])
def test_entries_that_agree_count_as_one(times):
    """The same said twice is said; spellings of one state are one state."""
    told = [INFO_ENTRY, INFO_ENTRY | {"status": "published"}, INFO_ENTRY][:times]
    assert states_in({"asset_info_array": told}, [A]) == {A: "PUBLISHED"}
    assert read_asset_info(INFO, {"asset_info_array": told})[A] == info()
    assert read_asset_info(LIST, {"assets": [LIST_ENTRY] * times})[A] == listed()


@given(order=st.permutations(range(4)))
def test_the_order_of_entries_says_nothing(order):
    """What all entries of an asset agree on stands, the rest is left open, in whatever order."""
    entries = [
        INFO_ENTRY,
        INFO_ENTRY | {"base_info": {"title": "another"}},
        INFO_ENTRY | {"base_info": None},
        INFO_ENTRY | {"asset_id": "f" * 32},
    ]
    shown = {"asset_info_array": [entries[place] for place in order]}
    assert read_asset_info(INFO, shown)[A] == AssetInfo(asset_id=A, state="PUBLISHED")
