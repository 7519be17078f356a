"""The main job end to end: a CSV in, every asset confirmed, the table and the server agree."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest

import vodnb
from vodnb.emulator.faults import Behaviour

SHORT = 0.5
"""Seconds for a whole call here; a doubt is settled one second later."""


@pytest.fixture
def sandbox(request):
    """Start sandboxes, and stop them at the end."""
    running = []

    def start(**behaviour):
        running.append(vodnb.sandbox(behaviour=Behaviour(**{"quota": None, **behaviour})))
        return running[-1]

    yield start
    for box in running:
        box.stop()


@pytest.fixture
def connect():
    """Connect to a sandbox as to the real service, and close at the end."""
    opened = []

    def connect_to(box):
        opened.append(
            vodnb.connect(
                endpoint=box.endpoint,
                region=box.region,
                project_id=box.project_id,
                token=box.token,
                lang="en",
            )
        )
        return opened[-1]

    yield connect_to
    for vod in opened:
        vod.close()


def posts(box) -> list:
    """Return the confirm calls that the sandbox served."""
    return [call for call in box.ledger() if call.operation == "confirm"]


def assets(box, count: int = 24) -> list[str]:
    """Put that many hanging assets in."""
    return box.add(f"{number:032x}" for number in range(1, count + 1))


def assert_nothing_twice(box, *, but: frozenset[str] = frozenset()) -> None:
    """Hold the ledger against: each asset is sent at most once, and confirmed at most once."""
    sent = Counter(call.asset_id for call in posts(box))
    assert {asset_id for asset_id, times in sent.items() if times > 1} <= but
    effects = Counter(call.asset_id for call in posts(box) if call.effect)
    assert set(effects.values()) <= {1}


def check_against_truth(box, path, results) -> None:
    """Hold every row of a sample against what must come of it, and all against the ledger."""
    truth = box.truth(path)
    assert len(truth) == len(results)
    found = list(results[["verdict", "outcome", "error_code"]].itertuples(index=False, name=None))
    assert found == [(row.verdict, row.outcome, row.code) for row in truth]
    assert [
        row["asset_id"] for row in results.to_dict("records") if row["outcome"] != "invalid"
    ] == [row.asset_id for row in truth if row.asset_id]
    rows = results.drop_duplicates("asset_id")
    sent = set(rows.loc[rows["attempts"] > 0, "asset_id"])
    assert_nothing_twice(box)
    assert {call.asset_id for call in posts(box)} == sent
    assert sorted(call.asset_id for call in posts(box) if call.effect) == sorted(
        rows.loc[rows["outcome"] == "confirmed", "asset_id"]
    )
    states = box.states()
    assert all(
        states[asset_id] == "CREATED"
        for asset_id in rows[rows["outcome"] == "confirmed"]["asset_id"]
    )


def test_sample_of_200_rows_comes_out_row_by_row(sandbox, connect, tmp_path):
    """Each of the 200 rows ends as it must, and the server's ledger tells the same story."""
    box = sandbox()
    path = box.sample_csv(tmp_path / "assets.csv", n=200, seed="main job")
    table = vodnb.load_assets(path)
    results = connect(box).confirm(table, rate=None, progress=False)
    check_against_truth(box, path, results)
    assert list(results["title"]) == list(table["title"])
    by_request = {call.request_id: call for call in box.ledger()}
    for row in results[results["outcome"] == "failed"].to_dict("records"):
        call = by_request[row["request_id"]]
        assert (call.asset_id, call.error_code, call.http_status) == (
            row["asset_id"], row["error_code"], row["http_status"],
        )  # fmt: skip
    wanted = [call for call in box.ledger() if call.operation == "info"]
    # Once before sending, and once after.
    assert len(wanted) <= 2 * (len(set(table["asset_id"])) // 10 + 3)


@pytest.mark.parametrize(
    "behaviour",
    [
        {"second_confirm": "accept"},
        {"not_found_status": 400},
        {"not_found_status": 404},
        pytest.param({"state_lag": 0.2}, marks=pytest.mark.waits),
    ],
    ids=str,
)
def test_what_no_page_says_makes_no_difference(behaviour, sandbox, connect, tmp_path):
    """Whichever way the service answers where its documents differ, the rows end the same."""
    box = sandbox(**behaviour)
    path = box.sample_csv(tmp_path / "assets.csv", n=100, seed="switches")
    results = connect(box).confirm(path, rate=None, progress=False)
    truth = box.truth(path)
    expected = [(row.outcome, row.code) for row in truth]
    if behaviour.get("second_confirm") == "accept":
        found = list(results[["outcome", "error_code"]].itertuples(index=False, name=None))
        same = [pair for pair, was in zip(found, expected, strict=True) if was[1] != "VOD.10126"]
        assert same == [pair for pair in expected if pair[1] != "VOD.10126"]
    else:
        check_against_truth(box, path, results)
    unknown = results[results["error_code"] == "VOD.10062"]
    assert set(unknown["http_status"]) == {behaviour.get("not_found_status", 403)}
    assert_nothing_twice(box)


def test_second_run_settles_without_sending(sandbox, connect):
    """Running the same cell again confirms nothing twice: it looks first."""
    box = sandbox()
    vod, listed = connect(box), assets(box)
    first = vod.confirm(listed, rate=None, progress=False)
    second = vod.confirm(first, rate=None, progress=False)
    assert set(first["outcome"]) == {"confirmed"}
    assert set(second["outcome"]) == {"already_confirmed"}
    assert set(second["state_before"]) == {"CREATED"}
    assert len(posts(box)) == len(listed)
    vodnb.require_settled(second)


@pytest.mark.parametrize(
    ("answer", "second"), [("refuse", "already_confirmed"), ("accept", "confirmed")]
)
def test_without_looking_a_second_confirmation_is_understood(answer, second, sandbox, connect):
    """A refused second CREATED is looked up and found good; an accepted one is plain success."""
    box = sandbox(second_confirm=answer)
    vod, listed = connect(box), assets(box, 12)
    for outcome in ("confirmed", second):
        results = vod.confirm(listed, rate=None, progress=False, check_first=False)
        assert set(results["outcome"]) == {outcome}
        assert set(results["error_code"]) == {""}
    assert sum(call.effect for call in posts(box)) == 12


@pytest.mark.waits
def test_doubtful_answers_are_settled_by_the_state(sandbox, connect):
    """Whether a lost or wrong answer had its effect is asked for, never guessed."""
    box = sandbox()
    vod, listed = connect(box), assets(box)
    had_effect, had_none = listed[:5], listed[5:10]
    html = "<html><script>x()</script><body>Bad gateway</body></html>"
    faults = [
        {"code": "VOD.10051"},
        {"drop": True},
        {"http_status": 502, "body": html},
        {"http_status": 200, "body": html},
        {"code": "VOD.10051", "http_status": 500},
    ]
    for with_effect, without, fault in zip(had_effect, had_none, faults, strict=True):
        box.fault(**fault, asset_id=with_effect, effect=True)
        box.fault(**fault, asset_id=without)
    results = vod.confirm(listed, rate=None, progress=False, deadline=SHORT)
    rows = results.set_index("asset_id")
    assert set(rows["outcome"]) == {"confirmed"}
    assert set(rows["error_code"]) == {""}
    assert set(rows.loc[had_effect, "attempts"]) == {1}
    assert set(rows.loc[had_none, "attempts"]) == {2}
    assert set(rows.loc[had_effect, "state_after"]) == {"CREATED"}
    assert_nothing_twice(box, but=frozenset(had_none))
    assert set(box.states().values()) == {"CREATED"}


@pytest.mark.waits
def test_doubt_that_stays_is_told(sandbox, connect):
    """Where the state cannot be read, the row is in doubt with its code; another run settles it."""
    box = sandbox()
    vod, listed = connect(box), assets(box, 11)
    box.fault(drop=True, asset_id=listed[-1], effect=True)
    # The first two looks pass: before sending the first ten, and the last one.
    box.fault(code="VOD.10051", operation="info", skip=2, times=9)
    results = vod.confirm(listed, rate=None, progress=False, deadline=SHORT, verify=False)
    assert list(results["outcome"]) == ["confirmed"] * 10 + ["in_doubt"]
    assert results["error_code"].iloc[-1] == "CLIENT.NO_ANSWER"
    box.clear_faults()
    again = vod.confirm(vodnb.to_retry(results), rate=None, progress=False)
    assert list(again["outcome"]) == ["already_confirmed"]
    assert_nothing_twice(box)


@pytest.mark.waits
def test_throttled_assets_all_get_through(sandbox, connect):
    """429 of the gateway and 403 of the service are waited out alike, and cost no attempt."""
    box = sandbox()
    vod, listed = connect(box), assets(box)
    soon = {"Retry-After": "0"}
    box.fault(code="APIGW.0308", headers=soon, times=3)
    box.fault(code="VOD.10127", headers=soon, times=2)
    results = vod.confirm(listed, rate=None, progress=False)
    assert set(results["outcome"]) == {"confirmed"}
    assert set(results["attempts"]) == {1}
    throttled = [call for call in posts(box) if call.error_code]
    assert len(throttled) == 5
    assert len(posts(box)) == len(listed) + 5
    assert sum(call.effect for call in posts(box)) == len(listed)


def test_token_that_dies_in_the_middle_costs_no_row(sandbox, connect):
    """The table comes whole, the rest not sent; with a new token the same call settles it all."""
    box = sandbox()
    vod, listed = connect(box), assets(box, 60)
    box.fault(code="APIGW.0307", skip=20, times=999)
    first = vod.confirm(listed, rate=None, progress=False)
    counts = first["outcome"].value_counts()
    assert dict(counts) == {"confirmed": 20, "not_sent": 40}
    refused = first[first["outcome"] == "not_sent"]
    assert "APIGW.0307" in set(refused["error_code"])
    assert set(vodnb.to_retry(first)["asset_id"]) == set(refused["asset_id"])
    box.clear_faults()
    box.expire_tokens()
    vod.sign_in(token=box.new_token())
    second = vod.confirm(first, rate=None, progress=False)
    assert set(second["outcome"]) == {"confirmed"}
    assert set(second["run_id"]) == set(first["run_id"])
    vodnb.require_settled(second)
    let_in = Counter(call.asset_id for call in posts(box) if call.error_code != "APIGW.0307")
    assert set(let_in.values()) == {1}
    assert set(let_in) == set(listed)


def test_tokens_that_expire_under_way_are_survived(sandbox, connect):
    """When the service itself lets every token die, the run stops with a whole table."""
    box = sandbox(latency=0.01)
    vod, listed = connect(box), assets(box, 200)
    job = vod.start(listed, rate=None, workers=4)
    while len(posts(box)) < 20:
        time.sleep(0.005)
    box.expire_tokens()
    first = job.wait(progress=False)
    assert len(first) == 200
    assert set(first["outcome"]) == {"confirmed", "not_sent"}
    vod.sign_in(token=box.new_token())
    second = vod.confirm(listed, rate=None, progress=False)
    vodnb.require_settled(second)
    effects = Counter(call.asset_id for call in posts(box) if call.effect)
    assert effects == Counter(listed)


def test_awaited_and_started_jobs_do_the_same(sandbox, connect):
    """`await vod.aconfirm` and `vod.start` give the table that `confirm` gives."""
    box = sandbox()
    vod, listed = connect(box), assets(box, 12)
    awaited = asyncio.run(vod.aconfirm(listed[:6], rate=None, progress=False))
    job = vod.start(listed[6:], rate=None)
    started = job.wait(progress=False)
    assert job.done()
    assert vodnb.last_job() is job
    assert set(started["run_id"]) == {job.run_id}
    assert set(awaited["outcome"]) == set(started["outcome"]) == {"confirmed"}
    assert list(awaited.columns) == list(started.columns)
    assert_nothing_twice(box)


def test_empty_table_makes_no_call(sandbox, connect):
    """A table of titles only comes back with the result columns, and nothing was asked."""
    box = sandbox()
    results = connect(box).confirm("asset_id,title\n", rate=None, progress=False)
    assert len(results) == 0
    assert "outcome" in results
    assert box.ledger() == []
