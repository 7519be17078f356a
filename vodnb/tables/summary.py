"""The summary of a results table: counts by outcome and code, what to do, and who must act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from vodnb.rules.codes import look_up
from vodnb.rules.model import Needs, Outcome
from vodnb.rules.words.explanation import TOLD_BY_STATE
from vodnb.rules.words.markup import Displayable, Markup, element, printable
from vodnb.rules.words.markup import table as markup_table
from vodnb.rules.words.wording import say

from .results import check_is_results

if TYPE_CHECKING:
    from vodnb.rules.model import Lang


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    """The rows of one outcome, one code and one need.

    Attributes:
        outcome: How they ended.
        code: Their error code; "" for none.
        rows: How many rows.
        needs: Who or what must act.
        meaning: What the code means.
        next_step: What to do.
    """

    outcome: Outcome
    code: str
    rows: int
    needs: Needs
    meaning: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Summary(Displayable):
    """What came of a run, to read in a terminal or in a notebook.

    Attributes:
        rows: How many rows the table has.
        lines: The rows by outcome and code.
        lang: Language of what is shown.
    """

    rows: int
    lines: tuple[SummaryLine, ...]
    lang: Lang

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome, all six of them."""
        return {
            outcome.value: sum(line.rows for line in self.lines if line.outcome is outcome)
            for outcome in Outcome
        }

    @property
    def headline(self) -> str:
        """The counts in one sentence.

        Example:
            >>> vodnb.summary(results).headline
        """
        if not self.rows:
            return say("summary.no rows", self.lang)
        parts = say("join.comma", self.lang).join(
            f"{count:,} {say(f'outcome.{outcome}', self.lang)}"
            for outcome, count in self.counts.items()
            if count
        )
        return say("summary.rows", self.lang, count=self.rows, parts=parts)

    def __repr__(self) -> str:
        told = [self.headline]
        for line in self.lines:
            if line.needs is Needs.NOTHING and not line.code:
                continue
            act = say(f"needs.{line.needs}", self.lang)
            parts = (say(f"outcome.{line.outcome}", self.lang), printable(line.code), act)
            told.append(f"  {line.rows:>6,}  {' · '.join(filter(None, parts))}")
            if line.code:
                told.append(f"          {line.meaning}")
                told.append(f"          → {line.next_step}")
        return "\n".join(told)

    def _as_html(self) -> Markup:
        header = [
            say(f"column.{name}", self.lang)
            for name in ("outcome", "code", "rows", "needs", "meaning", "next")
        ]
        rows = [
            (
                say(f"outcome.{line.outcome}", self.lang),
                line.code,
                f"{line.rows:,}",
                say(f"needs.{line.needs}", self.lang),
                line.meaning,
                line.next_step,
            )
            for line in self.lines
        ]
        return element(
            "div", element("strong", self.headline), markup_table(header, rows), lang=self.lang
        )


def summary(results: pd.DataFrame, *, lang: Lang = "en") -> Summary:
    """Return counts by outcome and by code, with next steps and who must act."""
    check_is_results(results)
    # A table read with pandas has NaN for "".
    code = results["error_code"].fillna("").astype(str)
    # Where the code does not tell who has to act, the state did when the table was made.
    needs = results["needs"].where(code.isin(["", *TOLD_BY_STATE]), "").fillna("").astype(str)
    status = pd.to_numeric(results["http_status"], errors="coerce")
    groups = status.groupby([results["outcome"].astype(str), code, needs], sort=False)
    lines = [_line(key, group, lang) for key, group in groups]
    order = {outcome: place for place, outcome in enumerate(Outcome)}
    lines.sort(key=lambda line: (order[line.outcome], -line.rows, line.code))
    return Summary(rows=len(results), lines=tuple(lines), lang=lang)


def _line(key: Any, statuses: pd.Series[Any], lang: Lang) -> SummaryLine:
    """Return the line of the rows with this outcome, code and, where the state told it, need."""
    outcome, code, told = key
    known = statuses.dropna()
    entry = look_up(code, int(known.iloc[0]) if len(known) else None) if code else None
    usual = entry.needs if entry else Needs.NOTHING
    return SummaryLine(
        outcome=Outcome(outcome),
        code=code,
        rows=len(statuses),
        needs=Needs(told) if told in set(Needs) else usual,
        meaning=entry.meaning(lang) if entry else "",
        next_step=entry.next_step(lang) if entry else "",
    )
