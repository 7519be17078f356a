"""What a report says, counted: no words, no language, no table library. Pure: values in and out."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
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
_CELLS = ("asset_id", "state_after", "http_status", "attempts", "request_id", "sent_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that ended alike.

    Attributes:
        outcome: How they ended.
        code: Their error code; "" for none.
        status: An HTTP status that came with it; None for none.
        state: The state that tells what to do, where the code does not; "" otherwise.
        rows: How many.
        message: The service's own words in the first of them.
        shown: The first of them: row number, asset ID, state, HTTP status, attempts, request ID,
            when sent.
    """

    outcome: str
    code: str
    status: int | None
    state: str
    rows: int
    message: str = ""
    shown: Sequence[Sequence[str]] = ()

    @property
    def needs(self) -> Needs:
        """Who or what must act."""
        return self.advice("en")[2]

    def advice(self, lang: Lang) -> tuple[str, str, Needs]:
        """Return meaning, next step, and who must act."""
        settlement = Settlement(
            outcome=Outcome(self.outcome),
            code=self.code,
            http_status=self.status,
            state_after=self.state,
        )
        return advise(settlement, lang)[:3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Assets of which the same became since an earlier report.

    Attributes:
        name: One of `CHANGES`.
        assets: How many.
        shown: The first of them: asset ID, outcome then, outcome now, error code now.
    """

    name: str
    assets: int
    shown: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is known of the run beyond its table; "" for what is not.

    Attributes:
        state: `finished`, `unfinished`, `under way`, or "" where only the table is known.
        endpoint: Where the service is.
        project_id: Whose assets they are.
        began_at: When the run began.
        journal: Name of its journal, without the folder.
        source: Name of the file that the assets came from, without the folder.
        settings: Names and values of the connection's settings, secrets masked.
        made_at: When the report was made: UTC ISO text.
        versions: Names and versions of what made it.
    """

    state: str = ""
    endpoint: str = ""
    project_id: str = ""
    began_at: str = ""
    journal: str = ""
    source: str = ""
    settings: Sequence[Sequence[str]] = ()
    made_at: str = ""
    versions: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that a report says, in numbers and in cells of the table.

    Attributes:
        rows: How many rows the table has.
        assets: How many distinct assets they point at.
        outcomes: Rows by outcome, all six.
        verdicts: Rows by verdict, all seven.
        groups: The rows by how they ended, the most first within an outcome.
        invalid: The first rows that are invalid: row number, cell, verdict, note.
        states: Assets by state before and state after, the most first.
        course: How the run went.
        audit: The first requests: when sent, request ID, asset ID, outcome, HTTP status, attempts.
        requests: How many assets have a request ID.
        statuses: What was asked for.
        run_ids: The runs that the rows come from.
        run: What is known of the run beyond the table.
        changes: What became of assets since an earlier report; None where there is none.
        max_rows: The most rows of a table that are shown.
    """

    rows: int
    assets: int
    outcomes: Mapping[str, int]
    verdicts: Mapping[str, int]
    groups: Sequence[Group]
    invalid: Sequence[Sequence[str]]
    states: Sequence[tuple[str, str, int]]
    course: Course
    audit: Sequence[Sequence[str]]
    requests: int
    statuses: Sequence[str]
    run_ids: Sequence[str]
    max_rows: int
    run: RunFacts = field(default_factory=RunFacts)
    changes: Sequence[Change] | None = None

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
    """Count what a report says.

    Args:
        columns: The columns of a results table, as texts (`tables.tally.COUNTED`).
        max_rows: The most rows of a table that are shown.
        run: What is known of the run beyond its table.
        moments: What its journal knows of each sending.
        earlier: The outcome of each asset in an earlier results table.
    """
    firsts = _first_rows(columns)
    outcomes, verdicts = Counter(columns["outcome"]), Counter(columns["verdict"])
    pairs = zip(columns["state_before"], columns["state_after"], strict=True)
    states = _pick_states(list(pairs), firsts)
    return Figures(
        rows=len(columns["outcome"]),
        assets=len(firsts),
        outcomes={outcome.value: outcomes[outcome.value] for outcome in Outcome},
        verdicts={verdict.value: verdicts[verdict.value] for verdict in Verdict},
        groups=_count_groups(columns, max_rows),
        invalid=_invalid(columns, max_rows),
        states=states,
        course=count_course(columns, firsts, moments),
        audit=_audit(columns, firsts, max_rows),
        requests=sum(1 for at in firsts if columns["request_id"][at]),
        statuses=sorted(set(columns["requested_status"]) - {""}),
        run_ids=sorted(set(columns["run_id"]) - {""}),
        max_rows=max_rows,
        run=run or RunFacts(),
        changes=None if earlier is None else _count_changes(columns, earlier, max_rows),
    )


def group_key(row: Sequence[str]) -> tuple[str, str, str]:
    """Return what a row has in common with those that ended alike: outcome, code, telling state.

    Args:
        row: Its cells in the columns of `ENDING`.
    """
    outcome, code, _, before, after = row
    if outcome in _GOOD:
        return outcome, "", _BROKEN if _BROKEN in {before, after} else ""
    return outcome, code, (after or before) if code in TOLD_BY_STATE else ""


def party_of(row: Sequence[str]) -> Needs:
    """Return who or what must act on a row.

    Args:
        row: Its cells in the columns of `ENDING`.
    """
    outcome, code, state = group_key(row)
    told = Settlement(
        outcome=Outcome(outcome), code=code, http_status=whole_number(row[2]), state_after=state
    )
    return advise(told, "en")[2]


def each_change(
    columns: Mapping[str, Sequence[str]], earlier: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield for each asset of two tables what became of it.

    Args:
        columns: The columns of the later table, as texts.
        earlier: The outcome of each asset in the earlier one.

    Yields:
        Asset ID, one of `CHANGES`, outcome then, outcome now, error code now; "" for what a table
        does not tell. The assets of the later table come first, in its order.
    """
    names = ("asset_id", "outcome", "error_code")
    here = set()
    for at in _first_rows(columns):
        asset_id, now, code = (columns[name][at] for name in names)
        before = earlier.get(asset_id)
        here.add(asset_id)
        yield asset_id, _change_of(before, now), before or "", now, code
    for asset_id, before in earlier.items():
        if asset_id not in here:
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


def to_json(figures: Figures) -> dict[str, Any]:
    """Return figures as plain values."""
    return asdict(figures)


def from_json(values: Mapping[str, Any]) -> Figures:
    """Return the figures that plain values make.

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
    raw = Counter(zip(*(columns[name] for name in ENDING), strict=True))
    rows: Counter[tuple[str, str, str]] = Counter()
    statuses: dict[tuple[str, str, str], int | None] = {}
    for ending, count in raw.items():
        key = group_key(ending)
        rows[key] += count
        statuses[key] = statuses.get(key) or whole_number(ending[2])
    picked = _pick_rows(columns, rows, most)
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
            shown=list(_cells(columns, picked.get(key, []))),
        )
        for key in keys
    ]


def _pick_rows(
    columns: Mapping[str, Sequence[str]], groups: Counter[tuple[str, str, str]], most: int
) -> dict[tuple[str, str, str], list[int]]:
    """Return the positions of the first rows of each group that somebody has to look at."""
    picked: dict[tuple[str, str, str], list[int]] = {key: [] for key in groups if key[1] or key[2]}
    full = {key for key in groups if key not in picked}
    keys: dict[tuple[str, ...], tuple[str, str, str]] = {}
    for at, raw in enumerate(zip(*(columns[name] for name in ENDING), strict=True)):
        key = keys.get(raw) or keys.setdefault(raw, group_key(raw))
        if key in full:
            continue
        picked[key].append(at)
        if len(picked[key]) >= most:
            full.add(key)
    return picked


def _cells(columns: Mapping[str, Sequence[str]], rows: Sequence[int]) -> Iterator[list[str]]:
    for at in rows:
        told = {name: columns[name][at] for name in _CELLS}
        told["state_after"] = told["state_after"] or columns["state_before"][at]
        yield [str(at + 1), *told.values()]


def _invalid(columns: Mapping[str, Sequence[str]], most: int) -> list[list[str]]:
    found: list[list[str]] = []
    for at, outcome in enumerate(columns["outcome"]):
        if len(found) == most:
            break
        if outcome == Outcome.INVALID.value:
            cells = (columns[name][at] for name in ("asset_id", "verdict", "verdict_note"))
            found.append([str(at + 1), *cells])
    return found


def _pick_states(
    pairs: Sequence[tuple[str, str]], firsts: Sequence[int]
) -> list[tuple[str, str, int]]:
    counts = Counter(pairs[at] for at in firsts)
    ordered = sorted(counts.items(), key=lambda told: (-told[1], told[0]))
    return [(before, after, count) for (before, after), count in ordered]


def _audit(
    columns: Mapping[str, Sequence[str]], firsts: Sequence[int], most: int
) -> list[list[str]]:
    names = ("sent_at", "request_id", "asset_id", "outcome", "http_status", "attempts")
    found: list[list[str]] = []
    for at in firsts:
        if len(found) == most:
            break
        if columns["request_id"][at]:
            found.append([columns[name][at] for name in names])
    return found


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
