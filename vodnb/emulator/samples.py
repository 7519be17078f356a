"""The plan of a demo CSV with the usual troubles, and what must come of it. Writes no file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.rules.model import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEADER = ("asset_id", "title", "uploader")

_PLANNED = 200
"""The shares below are of so many rows."""

_CLEANED: tuple[Callable[[str], str], ...] = (
    lambda asset_id: f"  {asset_id} ",
    lambda asset_id: f"\u00a0{asset_id}\u00a0",
    lambda asset_id: f"{asset_id[:16]}\u200b{asset_id[16:]}",
    lambda asset_id: f'"{asset_id}"',
    lambda asset_id: f'="{asset_id}"',
    lambda asset_id: f"'{asset_id}",
    str.upper,
    lambda asset_id: asset_id.translate({ord("0") + n: ord("０") + n for n in range(10)}),
)
_MANGLED = ("1.23E+31", "inf", "12345678901234567890123456789012.0", "1" + "234567890" * 3 + "123")
_NOT_AN_ID = ("see ticket 4711", "待补", "https://example.com/videos/42")
_CONFIRMED = ("CREATED", "PUBLISHED", "TRANSCODING")

_TITLES = (
    "第3课：信号与系统",
    "Opening, part 2",
    "Kick-off Meeting (final)",
    "产品发布会，上午场",
    'The "blue" take',
    "Lecture 07 - Fourier",
    "新员工培训 01",
    "Q3 review, uncut",
)
_UPLOADERS = ("王芳", "李雷", "Smith, J.", "mia.keller", "张伟", "ops")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRow:
    """What must come of one data row when it is confirmed with looking first.

    Attributes:
        asset_id: The clean ID; "" for a row that is never sent.
        verdict: What loading says.
        outcome: How the row ends.
        code: Its error code; "" if and only if the outcome is good.
    """

    asset_id: str
    verdict: Verdict
    outcome: Outcome
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """One data row of the demo CSV."""

    cells: tuple[str, ...]
    """As they are to be read back; a ragged row has one too many or too few."""
    asset_id: str
    state: str
    """"" for an asset that the sandbox must not know, and where there is none."""
    expected: ExpectedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class _SampleKind:
    """One kind of row: its share of `_PLANNED`, and what it is."""

    share: int
    verdict: Verdict = Verdict.OK
    states: tuple[str, ...] = ("CREATING",)
    outcome: Outcome = Outcome.INVALID
    code: str = ""
    cells: tuple[str, ...] = ()


_KINDS = (
    _SampleKind(share=8, verdict=Verdict.CLEANED, outcome=Outcome.CONFIRMED),
    _SampleKind(
        share=4, verdict=Verdict.EMPTY, states=("",), code="CLIENT.EMPTY", cells=("", "  ")
    ),
    _SampleKind(
        share=4, verdict=Verdict.MANGLED, states=("",), code="CLIENT.MANGLED", cells=_MANGLED
    ),
    _SampleKind(
        share=3,
        verdict=Verdict.NOT_AN_ID,
        states=("",),
        code="CLIENT.NOT_AN_ID",
        cells=_NOT_AN_ID,
    ),
    _SampleKind(share=2, verdict=Verdict.RAGGED, code="CLIENT.RAGGED"),
    _SampleKind(share=6, states=("",), outcome=Outcome.FAILED, code="VOD.10062"),
    _SampleKind(share=8, states=_CONFIRMED, outcome=Outcome.ALREADY_CONFIRMED),
    _SampleKind(share=4, states=("CANCELLED",), outcome=Outcome.FAILED, code="VOD.10126"),
    _SampleKind(share=3, states=("UPLOAD_FAILED",), outcome=Outcome.FAILED, code="VOD.10126"),
)
_HEALTHY = _SampleKind(share=0, outcome=Outcome.CONFIRMED)
_DUPLICATES = 8


def sample_rows(n: int, *, seed: str = "vodnb") -> list[SampleRow]:
    """Return the rows of a demo CSV; the same n and seed give the same, two seeds share no ID.

    Raises:
        InputError: n is less than 1.
    """
    if n < 1:
        raise InputError(f"A sample of n={n} rows has nothing to show.", do="Give n of at least 1.")
    troubles = [(kind, place) for kind in _KINDS for place in range(_scaled(kind.share, n))]
    copies = _scaled(_DUPLICATES, n)
    healthy = [(_HEALTHY, place) for place in range(n - len(troubles) - copies)]
    rows = [
        _row(kind, place, f"{seed}:{number}")
        for number, (kind, place) in enumerate(healthy + troubles)
    ]
    rows.sort(key=lambda row: _digest(f"order:{seed}:{row.cells}"))
    _insert_duplicates(rows, [_digest(f"{seed}:copy:{copy}") for copy in range(copies)])
    return rows


def _scaled(share: int, n: int) -> int:
    return (share * n + _PLANNED // 2) // _PLANNED


def _row(kind: _SampleKind, place: int, key: str) -> SampleRow:
    digest = _digest(key)
    number = int(digest[32:40], 16)
    state = kind.states[place % len(kind.states)]
    cell = asset_id = digest[:32]
    if kind.cells:
        cell, asset_id = kind.cells[place % len(kind.cells)], ""
    elif kind.verdict is Verdict.CLEANED:
        cell = _CLEANED[place % len(_CLEANED)](asset_id)
    title = f"{_TITLES[number % len(_TITLES)]} #{number % 1000}"
    cells: tuple[str, ...] = (cell, title, _UPLOADERS[number // 7 % len(_UPLOADERS)])
    if kind.verdict is Verdict.RAGGED:
        # The ID is not in its place: where it is, the row is usable for all that.
        cells = (cell + title, cells[2]) if place % 2 else ("?", *cells)
    return SampleRow(
        cells=cells,
        asset_id=asset_id,
        state=state,
        expected=ExpectedRow(
            asset_id=asset_id if kind.verdict.is_usable else "",
            verdict=kind.verdict,
            outcome=kind.outcome,
            code=kind.code,
        ),
    )


def _insert_duplicates(rows: list[SampleRow], digests: Sequence[str]) -> None:
    """Copy usable rows to somewhere below; a digest says which and where to."""
    usable = [place for place, row in enumerate(rows) if row.expected.verdict is Verdict.OK]
    inserted: list[int] = []
    for digest in digests:
        number = int(digest[:12], 16)
        place = usable[number % len(usable)]
        for above in inserted:  # each has moved down what was at its place and below
            place += above <= place
        first = rows[place]
        below = place + 1 + number % (len(rows) - place)
        expected = replace(first.expected, verdict=Verdict.DUPLICATE)
        rows.insert(below, replace(first, expected=expected))
        inserted.append(below)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
