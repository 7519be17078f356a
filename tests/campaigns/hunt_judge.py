"""Holds a round of the hunt against what was promised. Pure: a record in, broken promises out."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hunt_round import Record

GOALS = {
    "CREATED": {"CREATED", "PUBLISHED"},
    "CANCELLED": {"CANCELLED"},
    "FAILED": {"UPLOAD_FAILED"},
}
"""The states that each status asks for, of those that a round knows."""

FRESH = 5.0
"""Seconds that may lie between a look and the destruction that it allows."""

SLACK = 0.8
"""Seconds that a busy machine may take between two clocks of ours."""

AFTER = 0.7
"""Seconds in which what is out comes home, once a run has ended or was interrupted."""

STALL = 0.25
"""Seconds of a standstill that may cost a healthy call its deadline."""

_RESTLESS = {"kill", "signals", "early", "stop"}
_RAISED = {"VodnbError", "KeyboardInterrupt", "CancelledError"}


_NAMES = re.compile(r"\b(hunt-[0-9]-[0-9]-\w+|[0-9a-f]{32}|[0-9][0-9.]*|inf)")


def sort_of(fault: str) -> str:
    """Return what a broken promise is about, without names and numbers."""
    return _NAMES.sub("N", fault.partition("\n")[0])


class Row(NamedTuple):
    """A row of a table as a process told it."""

    asset_id: str
    outcome: str
    code: str
    request_id: str
    status: str
    run_id: str
    attempts: str


class Table(NamedTuple):
    """A table, whose it is, when its process began, and when it was told."""

    token: str
    begun: float
    at: float
    leg: int
    rows: list[Row]


class Judge:
    """Knows a record by asset, by token and by time.

    Args:
        record: The round.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._recipe = record.recipe
        self._calls: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for call in sorted(record.calls, key=lambda call: call["at"]):
            for asset_id in call["assets"]:
                self._calls[asset_id].append(call)
        self._tables = list(self._told_tables())
        kinds = {each[0] for each in self._recipe["mix"]}
        self._is_restless = bool(kinds & _RESTLESS) or self._recipe["actors"] != "one"

    def faults(self) -> list[str]:
        """Return every promise that was broken, one line each."""
        return [
            *self._row_faults(),
            *self._false_rows(),
            *self._repeats(),
            *self._destructions(),
            *self._errors(),
            *self._runaways(),
            *self._rivals(),
            *self._unsettled(),
        ]

    # -- reading the record ---------------------------------------------------------------------

    def _lines(self, what: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
        for (leg, actor), story in self._record.stories.items():
            for line in story:
                if line["what"] == what:
                    yield leg, actor, line

    def _told_tables(self) -> Iterator[Table]:
        for leg, actor, line in self._lines("table"):
            yield Table(
                token=f"hunt-{leg}-{actor}-{line['number']}",
                begun=self._record.stories[leg, actor][0]["at"],
                at=line["at"],
                leg=leg,
                rows=[Row(*cells) for cells in line["rows"]],
            )

    def _posts(self, token: str) -> list[dict[str, Any]]:
        calls = self._record.calls
        return [one for one in calls if one["operation"] == "confirm" and one["sender"] == token]

    def _act(self, kind: str, leg: int, actor: int) -> bool:
        return any(each[:3] == [kind, leg, actor] for each in self._recipe["mix"])

    def _state(self, asset_id: str, at: float) -> str:
        states = [
            state for since, state, _ in self._record.history.get(asset_id, []) if since <= at
        ]
        return states[-1] if states else "NO_ASSET"

    def _effects(self, asset_id: str, *, until: float = math.inf) -> list[dict[str, Any]]:
        return [
            call
            for call in self._calls[asset_id]
            if call["effect"] is not None and call["effect"] <= until
        ]

    # -- a row for each row, and a true one -----------------------------------------------------

    def _row_faults(self) -> Iterator[str]:
        for table in self._tables:
            wanted = [asset_id for asset_id, _ in self._record.tables[table.token]]
            told = [row.asset_id for row in table.rows]
            leg, actor = map(int, table.token.split("-")[1:3])
            if self._act("resume", leg, actor):
                # Of the journal alone: its assets, in its order.
                strangers = set(told) - set(wanted)
                if strangers:
                    yield f"rows: {table.token} tells of strangers: {sorted(strangers)}"
            elif told != wanted:
                yield f"rows: {table.token} was given {len(wanted)} rows and tells other ones"
            outcomes: dict[str, set[str]] = defaultdict(set)
            for row in table.rows:
                outcomes[row.asset_id].add(row.outcome)
            for asset_id, several in outcomes.items():
                if len(several) > 1:
                    yield f"rows: {table.token} tells {asset_id} twice: {sorted(several)}"

    def _false_rows(self) -> Iterator[str]:
        for table in self._tables:
            for row in table.rows:
                if row.asset_id and (why := self._why_false(table, row)):
                    told = f"{row.asset_id} {row.outcome} {row.code}".strip()
                    yield f"truth: {table.token} tells {told}: {why}"

    def _why_false(self, table: Table, row: Row) -> str:
        """Return why a row is not true; "" where it is."""
        state, goal = self._state(row.asset_id, table.at), GOALS[row.status]
        ours = self._effects(row.asset_id, until=table.at)
        mine = [call for call in ours if call["sender"] == table.token]
        was_there = self._state(row.asset_id, table.begun - self._recipe["lag"]) in goal
        # A run that is gone on with tells of its own sending, whatever another has done since.
        sent = [call["at"] for call in self._calls[row.asset_id] if call["operation"] == "confirm"]
        earlier = row.code != "CLIENT.STATE" and bool(sent) and max(sent) < table.begun
        is_good = row.outcome in {"confirmed", "already_confirmed"}
        ids = {call["request_id"] for call in self._calls[row.asset_id]}
        checks = (
            (is_good == bool(row.code), "code and outcome disagree"),
            (row.code == "CLIENT.FAULT", "a fault of vodnb stopped the run"),
            (row.request_id not in {"", *ids}, f"no call for it has the ID {row.request_id}"),
            (is_good and state not in goal, f"its state is {state}"),
            (
                row.outcome == "confirmed" and row.status != "CREATED" and not ours,
                "it was none of our calls",
            ),
            (row.outcome == "failed" and bool(mine), "its call was effective"),
            (row.outcome == "failed" and was_there and not earlier, f"it was {state} before"),
            (row.outcome == "not_sent" and bool(mine), "its call was effective"),
            (
                row.outcome == "in_doubt" and not self._is_explained(row),
                "nothing went wrong with it",
            ),
            (row.outcome == "invalid", "its ID is valid"),
        )
        return next((why for is_false, why in checks if is_false), "")

    def _is_explained(self, row: Row) -> bool:
        """Whether something went wrong that leaves an asset in doubt."""
        by = {who for _, _, who in self._record.history.get(row.asset_id, [])}
        has_fault = any(call["fault"] for call in self._calls[row.asset_id])
        # Sent on a state that lagged behind an earlier run's doing, and read back before it showed.
        has_lagged = self._recipe["lag"] > 0 and row.code == "VOD.10126"
        is_busy = self._is_restless or self._record.stall > STALL
        return has_fault or "outsider" in by or has_lagged or is_busy

    # -- nothing twice, nothing on old news -----------------------------------------------------

    def _repeats(self) -> Iterator[str]:
        for asset_id, calls in self._calls.items():
            last: dict[str, Any] | None = None
            looked = -math.inf
            for call in calls:
                if call["operation"] == "info":
                    looked = call["at"] if asset_id in call["told"] else looked
                elif call["operation"] == "confirm":
                    if last and looked < last["at"] + self._recipe["deadline"]:
                        told = "" if not self._is_told(asset_id, last, call["at"]) else None
                        if told is not None:
                            gap = call["at"] - last["at"]
                            yield (
                                f"repeat: {asset_id} was sent by {last['sender']} and, without a "
                                f"look, {gap:.2f} s later by {call['sender']}"
                            )
                    # A definite no can have no effect any more.
                    is_over = call["refused"] or (not call["fault"] and call["effect"] is None)
                    last = None if is_over else call
            for status, count in self._effects_by_status(asset_id).items():
                if count > 1:
                    yield f"repeat: {asset_id} was brought to {status} {count} times"

    def _is_told(self, asset_id: str, post: dict[str, Any], until: float) -> bool:
        """Whether the sender's table had told the end of a sending before the next one."""
        return any(
            row.asset_id == asset_id and row.outcome not in {"in_doubt", "not_sent"}
            for table in self._tables
            if table.token == post["sender"] and post["at"] < table.at < until
            for row in table.rows
        )

    def _effects_by_status(self, asset_id: str) -> Counter[str]:
        return Counter(call["status"] for call in self._effects(asset_id))

    def _destructions(self) -> Iterator[str]:
        for asset_id, calls in self._calls.items():
            looks: dict[str, float] = {}
            for call in calls:
                if call["told"].get(asset_id) == "CREATING":
                    looks[call["sender"]] = call["answered"] or call["at"]
                if call["operation"] != "confirm" or call["status"] == "CREATED":
                    continue
                age = call["at"] - looks.get(call["sender"], -math.inf)
                if age > FRESH + SLACK:
                    yield f"old news: {asset_id} {call['status']} sent {age:.1f} s after its look"
                since, state, by = self._last_change(asset_id, call["at"])
                if by == "outsider" and call["at"] - since > FRESH + SLACK:
                    ago = call["at"] - since
                    yield f"old news: {asset_id} {call['status']} sent {ago:.1f} s after {state}"

    def _last_change(self, asset_id: str, at: float) -> tuple[float, str, str]:
        changes = [change for change in self._record.history.get(asset_id, []) if change[0] < at]
        return changes[-1] if changes else (0.0, "NO_ASSET", "")

    # -- errors, interrupts, rivals -------------------------------------------------------------

    def _errors(self) -> Iterator[str]:
        for leg, actor, line in self._lines("error"):
            if not _RAISED & set(line["kinds"]):
                last = line["text"].strip().splitlines()[-1]
                yield f"error: leg {leg}, process {actor} raised {last}\n{line['text']}"
        for leg, actor, line in self._lines("no table"):
            if self._posts(f"hunt-{leg}-{actor}-0"):
                yield f"no table: leg {leg}, process {actor} exits {line['status']} after sending"
        for leg, actor, _ in self._lines("lost look"):
            token = f"hunt-{leg}-{actor}-look"
            if calls := sum(call["sender"] == token for call in self._record.calls):
                yield f"lost look: {token} was interrupted after {calls} calls and has no table"
        for said in self._record.crashed:
            yield f"error: {said}"
        for which in self._record.overdue:
            yield f"overdue: {which}"

    def _runaways(self) -> Iterator[str]:
        for leg, actor, line in self._lines("interrupted"):
            token = f"hunt-{leg}-{actor}-0"
            sent = [post["at"] for post in self._posts(token)]
            if sent and not line["has_job"]:
                yield f"runaway: {token} was interrupted, sends {len(sent)} and has no job"
            late = sum(at > line["at"] + AFTER for at in sent)
            if late and self._recipe["verb"] != "start":
                yield f"runaway: {token} sends {late} after its interrupt"
        for table in self._tables:
            leg, actor = map(int, table.token.split("-")[1:3])
            late = sum(post["at"] > table.at + AFTER for post in self._posts(table.token))
            if late and not self._act("again", leg, actor):
                yield f"runaway: {table.token} sends {late} after its table"

    def _rivals(self) -> Iterator[str]:
        refused: dict[int, list[str]] = defaultdict(list)
        for leg, actor, line in self._lines("error"):
            token = f"hunt-{leg}-{actor}-{line['number']}"
            if "JournalError" not in line["kinds"]:
                continue
            refused[leg].append(token)
            calls = [call for call in self._record.calls if call["sender"] == token]
            has_more = self._act("again", leg, actor) or self._act("states", leg, actor)
            if calls and not has_more and not self._act("fork", leg, actor):
                yield f"rivals: {token} was refused after {len(calls)} calls"
        for leg, tokens in refused.items():
            if len(tokens) > 1 and not any(table.leg == leg for table in self._tables):
                yield f"rivals: both were refused in leg {leg}"

    # -- the end --------------------------------------------------------------------------------

    def _unsettled(self) -> Iterator[str]:
        """What a quiet run of the same cell in the end has left open."""
        quiet = [key for key in self._record.stories if key[0] >= self._recipe["legs"]]
        tables = [table for table in self._tables if table.leg >= self._recipe["legs"]]
        for leg, actor in quiet:
            if not any(table.token == f"hunt-{leg}-{actor}-0" for table in tables):
                errors = [
                    line["text"] for a, b, line in self._lines("error") if (a, b) == (leg, actor)
                ]
                yield f"unsettled: the quiet leg {leg} of {actor} has no table: {errors}"
        for table in tables:
            for row in table.rows:
                if row.asset_id and not self._is_settled(table, row):
                    state = self._state(row.asset_id, table.at)
                    yield f"unsettled: {row.asset_id} is {row.outcome} {row.code} and {state}"

    def _is_settled(self, table: Table, row: Row) -> bool:
        by = {who for _, _, who in self._record.history.get(row.asset_id, [])}
        is_used_up = row.outcome == "failed" and int(row.attempts) > 1
        # A destruction is not repeated on doubt, and may have been somebody else's.
        if row.status != "CREATED" or "outsider" in by or is_used_up:
            return row.outcome != "not_sent"
        is_open = row.outcome in {"not_sent", "in_doubt"}
        return not is_open and self._state(row.asset_id, table.at) != "CREATING"
