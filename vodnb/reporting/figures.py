"""What a report says, counted: no words, no language, no table library. Pure: values in and out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from vodnb.rules.model import Needs, Outcome, Settlement, Verdict
from vodnb.rules.words.explanation import TOLD_BY_STATE, advise

from .course import Course, Moments, count_course, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vodnb.rules.model import Lang

ENDING = ("outcome", "error_code", "http_status", "state_before", "state_after")
"""The columns that tell how a row ended, in the order of `group_key` and `party_of`."""

CHANGES = ("newly_settled", "newly_failed", "still_hanging", "lost", "settled_both", "new", "gone")
"""What became of an asset since an earlier report, in the order in which it is told."""

_BROKEN = "TRANSCODE_FAILED"
_GOOD = {outcome.value for outcome in Outcome if outcome.is_good}
_USABLE = {verdict.value for verdict in Verdict if verdict.is_usable}
_SHOWN = ("asset_id", "state_after", "http_status", "attempts", "request_id", "sent_at")
_AUDIT = ("sent_at", "request_id", "asset_id", "outcome", "http_status", "attempts")
_INVALID = ("asset_id", "verdict", "verdict_note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that ended alike: so many with one outcome and code, if any, and an HTTP status."""

    outcome: str
    code: str
    status: int | None
    state: str
    """The state that tells what to do, where the code does not; "" otherwise."""
    rows: int
    message: str = ""
    """The service's own words in the first of them."""
    shown: Sequence[Sequence[str]] = ()
    """The first of them: row number, asset ID, state, HTTP status, attempts, request ID, when."""

    @property
    def needs(self) -> Needs:
        """Who or what must act."""
        return self.advice("en")[2]

    def advice(self, lang: Lang) -> tuple[str, str, Needs]:
        """Return meaning, next step, and who must act."""
        return _advise(self.outcome, self.code, self.state, self.status, lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Assets of which the same, one of `CHANGES`, became since an earlier report."""

    name: str
    assets: int
    shown: Sequence[Sequence[str]] = ()
    """The first of them: asset ID, outcome then, outcome now, error code now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is known of the run beyond its table; "" for what is not. Times are UTC ISO texts."""

    state: str = ""
    """`finished`, `unfinished`, `under way`, or "" where only the table is known."""
    endpoint: str = ""
    project_id: str = ""
    began_at: str = ""
    journal: str = ""
    """Name of its journal, without the folder."""
    source: str = ""
    """Name of the file that the assets came from, without the folder."""
    settings: Sequence[Sequence[str]] = ()
    """Names and values of the connection's settings, secrets masked."""
    made_at: str = ""
    """When the report was made."""
    versions: Sequence[Sequence[str]] = ()
    """Names and versions of what made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that a report says, in numbers and in cells of the table."""

    rows: int
    assets: int
    """How many distinct assets the rows point at."""
    outcomes: Mapping[str, int]
    """Rows by outcome, all six."""
    verdicts: Mapping[str, int]
    """Rows by verdict, all seven."""
    groups: Sequence[Group]
    """The rows by how they ended, the most first within an outcome."""
    invalid: Sequence[Sequence[str]]
    """The first rows that are invalid: row number, cell, verdict, note."""
    states: Sequence[tuple[str, str, int]]
    """Assets by state before and state after, the most first."""
    course: Course
    audit: Sequence[Sequence[str]]
    """The first requests: when sent, request ID, asset ID, outcome, HTTP status, attempts."""
    requests: int
    """How many assets have a request ID."""
    statuses: Sequence[str]
    """What was asked for."""
    run_ids: Sequence[str]
    max_rows: int
    """The most rows of a table that are shown."""
    run: RunFacts = field(default_factory=RunFacts)
    changes: Sequence[Change] | None = None
    """What became of assets since an earlier report; None where there is none."""

    @property
    def settled(self) -> int:
        """How many rows are confirmed."""
        return sum(self.outcomes[name] for name in _GOOD)


def count_figures(
    columns: Mapping[str, Sequence[str]],
    *,
    max_rows: int,
    run: RunFacts | None = None,
    moments: Moments | None = None,
    earlier: Mapping[str, str] | None = None,
) -> Figures:
    """Count what a report says, of columns as texts (`tables.tally.COUNTED`).

    `moments` is what the journal knows of each sending; `earlier` are the outcomes to compare with.
    """
    firsts = _first_rows(columns)
    outcomes, verdicts = Counter(columns["outcome"]), Counter(columns["verdict"])
    invalid = (at for at, name in enumerate(columns["outcome"]) if name == Outcome.INVALID)
    sent = [at for at in firsts if columns["request_id"][at]]
    before, after = columns["state_before"], columns["state_after"]
    states = Counter((before[at], after[at]) for at in firsts)
    return Figures(
        rows=len(columns["outcome"]),
        assets=len(firsts),
        outcomes={outcome.value: outcomes[outcome.value] for outcome in Outcome},
        verdicts={verdict.value: verdicts[verdict.value] for verdict in Verdict},
        groups=_count_groups(columns, max_rows),
        invalid=[[str(at + 1), *_cells(columns, at, _INVALID)] for at in islice(invalid, max_rows)],
        states=[(*pair, states[pair]) for pair in sorted(states, key=lambda it: (-states[it], it))],
        course=count_course(columns, firsts, moments),
        audit=[_cells(columns, at, _AUDIT) for at in sent[:max_rows]],
        requests=len(sent),
        statuses=sorted(set(columns["requested_status"]) - {""}),
        run_ids=sorted(set(columns["run_id"]) - {""}),
        max_rows=max_rows,
        run=run or RunFacts(),
        changes=None if earlier is None else _count_changes(columns, earlier, max_rows),
    )


def group_key(row: Sequence[str]) -> tuple[str, str, str]:
    """Return what a row, by its cells in `ENDING`, has in common with those that ended alike.

    That is its outcome, its code, and a state where that tells more.
    """
    outcome, code, _, before, after = row
    if outcome in _GOOD:
        return outcome, "", _BROKEN if _BROKEN in {before, after} else ""
    return outcome, code, (after or before) if code in TOLD_BY_STATE else ""


def party_of(row: Sequence[str]) -> Needs:
    """Return who or what must act on a row, by its cells in `ENDING`."""
    return _advise(*group_key(row), whole_number(row[2]), "en")[2]


def _advise(
    outcome: str, code: str, state: str, status: int | None, lang: Lang
) -> tuple[str, str, Needs]:
    ended = Settlement(outcome=Outcome(outcome), code=code, http_status=status, state_after=state)
    return advise(ended, lang)[:3]


def each_change(
    columns: Mapping[str, Sequence[str]], earlier: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield what became of each asset of the later table, in its order, and of those gone since.

    Asset ID, one of `CHANGES`, outcome then, outcome now, error code now; "" for what a table does
    not tell.
    """
    gone = dict(earlier)
    for at in _first_rows(columns):
        asset_id, now, code = _cells(columns, at, ("asset_id", "outcome", "error_code"))
        before = gone.pop(asset_id, None)
        yield asset_id, _change_of(before, now), before or "", now, code
    for asset_id, before in gone.items():
        yield asset_id, "gone", before, "", ""


def _change_of(before: str | None, now: str) -> str:
    """Return what became of an asset that is in the later table; None before is in no earlier."""
    if now == Outcome.FAILED.value and before != now:
        return "newly_failed"
    if before is None:
        return "new"
    if now in _GOOD:
        return "settled_both" if before in _GOOD else "newly_settled"
    return "lost" if before in _GOOD else "still_hanging"


def from_json(values: Mapping[str, Any]) -> Figures:
    """Return the figures that `asdict` made plain values of.

    Raises:
        KeyError, TypeError: They are none of ours.
    """
    changes = values["changes"]
    inner = {
        "groups": [Group(**group) for group in values["groups"]],
        "states": [tuple(told) for told in values["states"]],
        "course": Course(**values["course"]),
        "run": RunFacts(**values["run"]),
        "changes": None if changes is None else [Change(**change) for change in changes],
    }
    return Figures(**{**values, **inner})


def _first_rows(columns: Mapping[str, Sequence[str]]) -> list[int]:
    """Return the positions of the first row of each asset."""
    seen: set[str] = set()
    found = []
    pairs = zip(columns["asset_id"], columns["verdict"], strict=True)
    for at, (asset_id, verdict) in enumerate(pairs):
        if verdict in _USABLE and asset_id not in seen:
            seen.add(asset_id)
            found.append(at)
    return found


def _count_groups(columns: Mapping[str, Sequence[str]], most: int) -> list[Group]:
    endings = list(zip(*(columns[name] for name in ENDING), strict=True))
    raw = Counter(endings)
    keys_of = {ending: group_key(ending) for ending in raw}
    rows: Counter[tuple[str, str, str]] = Counter()
    statuses: dict[tuple[str, str, str], int | None] = {}
    for ending, key in keys_of.items():
        rows[key] += raw[ending]
        statuses[key] = statuses.get(key) or whole_number(ending[2])
    # Somebody has to look at the first rows of those that have a code or a state that tells.
    picked: dict[tuple[str, str, str], list[int]] = {key: [] for key in rows if any(key[1:])}
    for at, ending in enumerate(endings):
        found = picked.get(keys_of[ending])
        if found is not None and len(found) < most:
            found.append(at)
    order = [outcome.value for outcome in Outcome]
    keys = sorted(rows, key=lambda key: (order.index(key[0]), -rows[key], key))
    return [
        Group(
            outcome=key[0],
            code=key[1],
            status=statuses[key],
            state=key[2],
            rows=rows[key],
            message=columns["error_msg"][picked[key][0]] if picked.get(key) else "",
            shown=[_shown(columns, at) for at in picked.get(key, ())],
        )
        for key in keys
    ]


def _shown(columns: Mapping[str, Sequence[str]], at: int) -> list[str]:
    asset_id, state, *more = _cells(columns, at, _SHOWN)
    return [str(at + 1), asset_id, state or columns["state_before"][at], *more]


def _cells(columns: Mapping[str, Sequence[str]], at: int, names: Sequence[str]) -> list[str]:
    return [columns[name][at] for name in names]


def _count_changes(
    columns: Mapping[str, Sequence[str]], earlier: Mapping[str, str], most: int
) -> list[Change]:
    counts: Counter[str] = Counter()
    shown: dict[str, list[list[str]]] = {name: [] for name in CHANGES}
    for asset_id, name, before, now, code in each_change(columns, earlier):
        counts[name] += 1
        if len(shown[name]) < most:
            shown[name].append([asset_id, before, now, code])
    return [Change(name=name, assets=counts[name], shown=shown[name]) for name in CHANGES]
