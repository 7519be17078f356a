"""The judge of the hunt, fed with forged records: each broken promise must be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hunt_judge import Judge
from hunt_round import Record

if TYPE_CHECKING:
    from collections.abc import Callable

A, B = "a" * 32, "b" * 32
ROWS = [(A, "CREATED"), (B, "CREATED"), (A, "CREATED"), ("", "CREATED")]


def info(at: float, sender: str = "hunt-0-0-0", state: str = "CREATING") -> dict[str, Any]:
    """Return a look at both assets."""
    told = dict.fromkeys([A, B], state)
    return call("info", at, sender) | {"assets": [A, B], "told": told, "answered": at + 0.01}


def call(
    operation: str, at: float, sender: str = "hunt-0-0-0", *, effect: bool = False
) -> dict[str, Any]:
    """Return a call for the first asset, well answered."""
    return {
        "operation": operation,
        "assets": [A],
        "at": at,
        "sender": sender,
        "status": "CREATED" if operation == "confirm" else "",
        "effect": at if effect else None,
        "refused": False,
        "fault": "",
        "told": {},
        "answered": at + 0.01,
        "request_id": "r",
    }


def row(asset_id: str, outcome: str, code: str = "", status: str = "CREATED") -> list[str]:
    """Return a row as a process tells it."""
    return [asset_id, outcome, code, "r" if asset_id else "", status, "run", "1"]


def table(at: float, outcome: str, code: str = "", status: str = "CREATED") -> dict[str, Any]:
    """Return a told table, every asset in it with the same outcome."""
    rows = [row(asset_id, outcome, code, status) for asset_id in (A, B, A)]
    empty = row("", "invalid", "CLIENT.EMPTY", status)
    return {"what": "table", "at": at, "number": 0, "rows": [*rows, empty]}


def clean(status: str = "CREATED", *, told: str = "already_confirmed") -> Record:
    """Return a record of a round without fault: two assets, one noisy leg, one quiet leg."""
    goal = {"CREATED": "CREATED", "CANCELLED": "CANCELLED"}[status]
    recipe = {"mix": [], "actors": "one", "lag": 0.0, "deadline": 1.0, "legs": 1, "verb": "confirm"}
    posts = [call("confirm", 11.0, effect=True), call("confirm", 11.1, effect=True)]
    posts[1]["assets"] = [B]
    for post in posts:
        post["status"] = status
    rows = [(asset_id, status if asset_id else "CREATED") for asset_id, _ in ROWS]
    return Record(
        recipe=recipe,
        tables={"hunt-0-0-0": rows, "hunt-1-0-0": rows},
        calls=[info(10.9), *posts, info(12.9, "hunt-1-0-0", goal)],
        history={
            A: [(0.0, "CREATING", "start"), (11.0, goal, "hunt-0-0-0")],
            B: [(0.0, "CREATING", "start"), (11.1, goal, "hunt-0-0-0")],
        },
        stories={
            (0, 0): [{"what": "begins", "at": 10.8}, table(12.0, "confirmed", status=status)],
            (1, 0): [{"what": "begins", "at": 12.8}, table(13.0, told, status=status)],
        },
    )


def first_rows(record: Record) -> list[list[str]]:
    """Return the rows of the first table, to spoil."""
    return record.stories[0, 0][1]["rows"]


def tell_first(record: Record, outcome: str, code: str = "") -> None:
    """Let the first table tell something else of every asset."""
    record.stories[0, 0][1] = table(12.0, outcome, code)


def lose_effects(record: Record) -> None:
    """Let no call of ours have had an effect, and somebody else's have had none either."""
    for each in record.calls:
        each["effect"] = None
    record.history = {asset_id: states[:1] for asset_id, states in record.history.items()}


def test_a_clean_round_is_clean():
    """The judge finds nothing where nothing is wrong, for what confirms and what destroys."""
    assert Judge(clean()).faults() == []
    assert Judge(clean("CANCELLED")).faults() == []


def _drop_a_row(record: Record) -> None:
    del first_rows(record)[1]


def _swap_rows(record: Record) -> None:
    first_rows(record)[:2] = reversed(first_rows(record)[:2])


def _tell_twice(record: Record) -> None:
    first_rows(record)[2][1:3] = ["failed", "VOD.10062"]


def _stranger_in_a_resumed_run(record: Record) -> None:
    record.recipe["mix"] = [["resume", 0, 0]]
    first_rows(record)[1][0] = "c" * 32


def _confirmed_in_vain(record: Record) -> None:
    lose_effects(record)
    tell_first(record, "confirmed")


def _failed_but_effective(record: Record) -> None:
    tell_first(record, "failed", "VOD.10126")


def _failed_but_there(record: Record) -> None:
    record.stories[1, 0][1] = table(13.0, "failed", "CLIENT.STATE")


def _not_sent_but_effective(record: Record) -> None:
    tell_first(record, "not_sent", "CLIENT.STOPPED")


def _doubt_without_reason(record: Record) -> None:
    tell_first(record, "in_doubt", "CLIENT.NO_ANSWER")


def _good_with_code(record: Record) -> None:
    first_rows(record)[1][2] = "VOD.10062"


def _bad_without_code(record: Record) -> None:
    lose_effects(record)
    tell_first(record, "failed")


def _fault_of_ours(record: Record) -> None:
    lose_effects(record)
    tell_first(record, "not_sent", "CLIENT.FAULT")


def _request_id_of_another(record: Record) -> None:
    first_rows(record)[1][3] = "r, 5"


def _valid_told_invalid(record: Record) -> None:
    first_rows(record)[1][1:3] = ["invalid", "CLIENT.EMPTY"]


def _sent_again(record: Record) -> None:
    record.calls.insert(3, call("confirm", 11.8))


def _sent_again_by_another(record: Record) -> None:
    record.calls.insert(3, call("confirm", 11.8, "hunt-0-1-0"))


def _looked_too_early(record: Record) -> None:
    record.calls[3:3] = [info(11.9), call("confirm", 11.95)]


def _effective_twice(record: Record) -> None:
    record.calls[3:3] = [info(12.5), call("confirm", 12.6, "hunt-1-0-0", effect=True)]


def _raised(record: Record) -> None:
    record.stories[0, 0][1] = error("RuntimeError", "Exception")


def _lost_look(record: Record) -> None:
    record.stories[0, 0].insert(1, {"what": "lost look", "at": 10.9})
    record.calls[0]["sender"] = "hunt-0-0-look"


def _crashed(record: Record) -> None:
    record.crashed = ["leg 0, process 0: Traceback ..."]


def _overdue(record: Record) -> None:
    record.overdue = ["leg 0, process 0"]


def _command_without_table(record: Record) -> None:
    record.stories[0, 0][1] = {"what": "no table", "at": 12.0, "status": "1"}


def _runs_on_after_interrupt(record: Record) -> None:
    record.stories[0, 0].insert(1, {"what": "interrupted", "at": 10.0, "has_job": True})


def _runs_without_a_job(record: Record) -> None:
    record.stories[0, 0].insert(1, {"what": "interrupted", "at": 10.9, "has_job": False})


def _runs_on_after_table(record: Record) -> None:
    record.stories[0, 0][1]["at"] = 10.2


def _refused_late(record: Record) -> None:
    record.stories[0, 0][1] = error("JournalError", "VodnbError", "Exception")


def _both_refused(record: Record) -> None:
    refused = error("JournalError", "VodnbError", "Exception")
    record.calls = [info(12.9, "hunt-1-0-0", "CREATED")]
    record.stories[0, 0][1] = record.stories[0, 1][1] = refused


def _quiet_leg_refused(record: Record) -> None:
    record.stories[1, 0][1] = error("JournalError", "VodnbError", "Exception")


def _left_open(record: Record) -> None:
    record.recipe["mix"] = [["kill", 0, 0, 0.1]]
    record.stories[1, 0][1] = table(13.0, "in_doubt", "CLIENT.NO_ANSWER")


def error(*kinds: str) -> dict[str, Any]:
    """Return a told error, by the names of its classes."""
    return {"what": "error", "at": 12.0, "number": 0, "kinds": kinds, "text": "told"}


SPOILED: list[tuple[Callable[[Record], None], str]] = [
    (_drop_a_row, "rows: hunt-0-0-0 was given 4 rows and tells other ones"),
    (_swap_rows, "rows: hunt-0-0-0 was given 4 rows and tells other ones"),
    (_tell_twice, f"rows: hunt-0-0-0 tells {A} twice"),
    (_stranger_in_a_resumed_run, "rows: hunt-0-0-0 tells of strangers"),
    (_confirmed_in_vain, "confirmed: its state is CREATING"),
    (_failed_but_effective, "failed VOD.10126: its call was effective"),
    (_failed_but_there, "failed CLIENT.STATE: it was CREATED before"),
    (_not_sent_but_effective, "not_sent CLIENT.STOPPED: its call was effective"),
    (_doubt_without_reason, "in_doubt CLIENT.NO_ANSWER: nothing went wrong with it"),
    (_good_with_code, "code and outcome disagree"),
    (_bad_without_code, "code and outcome disagree"),
    (_fault_of_ours, "a fault of vodnb stopped the run"),
    (_request_id_of_another, "no call for it has the ID r, 5"),
    (_valid_told_invalid, "its ID is valid"),
    (_sent_again, "without a look, 0.80 s later by hunt-0-0-0"),
    (_sent_again_by_another, "without a look, 0.80 s later by hunt-0-1-0"),
    (_looked_too_early, "without a look, 0.95 s later by hunt-0-0-0"),
    (_effective_twice, "was brought to CREATED 2 times"),
    (_raised, "error: leg 0, process 0 raised told"),
    (_lost_look, "lost look: hunt-0-0-look was interrupted after 1 calls"),
    (_crashed, "error: leg 0, process 0: Traceback"),
    (_overdue, "overdue: leg 0, process 0"),
    (_command_without_table, "no table: leg 0, process 0 exits 1 after sending"),
    (_runs_on_after_interrupt, "runaway: hunt-0-0-0 sends 2 after its interrupt"),
    (_runs_without_a_job, "runaway: hunt-0-0-0 was interrupted, sends 2 and has no job"),
    (_runs_on_after_table, "runaway: hunt-0-0-0 sends 2 after its table"),
    (_refused_late, "rivals: hunt-0-0-0 was refused after 3 calls"),
    (_both_refused, "rivals: both were refused in leg 0"),
    (_quiet_leg_refused, "unsettled: the quiet leg 1 of 0 has no table"),
    (_left_open, f"unsettled: {A} is in_doubt"),
]


@pytest.mark.parametrize(("spoil", "told"), SPOILED, ids=[spoil.__name__ for spoil, _ in SPOILED])
def test_each_broken_promise_of_a_round_is_told(spoil, told):
    """A judge that finds nothing in a spoiled record would prove nothing by finding nothing."""
    record = clean()
    record.stories[0, 1] = [{"what": "begins", "at": 10.8}, table(12.0, "already_confirmed")]
    record.tables["hunt-0-1-0"] = ROWS
    assert Judge(record).faults() == []
    spoil(record)
    found = Judge(record).faults()
    assert any(told in fault for fault in found), found


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda record: record.calls[0].update(answered=5.0),
            "CANCELLED sent 6.0 s after its look",
        ),
        (lambda record: record.calls[0].update(told={}), "CANCELLED sent inf s after its look"),
        (lambda record: record.calls[0].update(told={A: "CREATED"}), "sent inf s after its look"),
        (
            lambda record: record.history[A].insert(1, (2.0, "CREATED", "outsider")),
            "CANCELLED sent 9.0 s after CREATED",
        ),
        (lambda record: record.calls[1].update(effect=None), "it was none of our calls"),
    ],
)
def test_a_destruction_on_old_news_is_told(spoil, told):
    """Whoever destroys has looked within five seconds, and was told that the asset hangs."""
    record = clean("CANCELLED")
    spoil(record)
    found = Judge(record).faults()
    assert any(told in fault for fault in found), found


def test_what_a_table_has_told_may_be_sent_again():
    """A finished table is the user's to ask for again; throttling is no sending at all."""
    record = clean()
    record.calls.append(call("confirm", 12.85, "hunt-1-0-0"))
    assert Judge(record).faults() == []
    record = clean()
    refused = call("confirm", 10.95) | {"refused": True, "fault": "throttled"}
    record.calls.insert(1, refused)
    assert Judge(record).faults() == []
