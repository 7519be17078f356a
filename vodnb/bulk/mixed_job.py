"""Several runs one after another, one for each status that a table asks for; one table in the end.

A run asks for one status: its journal, its resuming and its read-back stay so.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vodnb.bulk.pace.control import Control, Stop
from vodnb.rules.errors import VodnbError
from vodnb.rules.model import Lang, Outcome, Settlement
from vodnb.rules.words.wording import say
from vodnb.tables.mixed import join_parts
from vodnb.tables.results import build_results

from .background import BackgroundTask, BulkJob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from vodnb.bulk.engine.plan import Plan
    from vodnb.service.client import Client

    from .job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPart:
    """The rows of one status."""

    plan: Plan
    table: pd.DataFrame
    places: NDArray[np.intp]
    """Where they stand in the whole table."""


class MixedJob(BulkJob):
    """The runs of one table, under way or done: its parts are run in their order."""

    def __init__(
        self,
        parts: Sequence[StatusPart],
        *,
        table: pd.DataFrame,
        prepare: Callable[[Plan, pd.DataFrame, Control], Job],
        service: Client,
        lang: Lang,
    ) -> None:
        self._parts = parts
        self._table = table
        self._prepare = prepare
        self._jobs: list[Job] = []
        super().__init__(Control(), service=service, lang=lang)

    @property
    def run_id(self) -> str:
        """Name of the first run."""
        return self._jobs[0].run_id if self._jobs else self._parts[0].plan.run_id

    @property
    def counts(self) -> Counter[Outcome]:
        """How many assets are settled so far, by outcome."""
        return sum((job.counts for job in self._jobs.copy()), Counter())

    @property
    def codes(self) -> Counter[str]:
        """How many assets are settled so far, by error code; "" stands for none."""
        return sum((job.codes for job in self._jobs.copy()), Counter())

    @property
    def share(self) -> float:
        """How much is settled, from 0 to 1."""
        total = sum(len(part.plan.assets) for part in self._parts)
        done = sum(
            job.share * len(part.plan.assets)
            for job, part in zip(self._jobs.copy(), self._parts, strict=False)
        )
        return done / max(total, 1)

    def _begun(self) -> list[Job]:
        """Return the runs that have begun; they speak as the whole does."""
        jobs = self._jobs.copy()
        for job in jobs:
            job.speak(self._lang)
        return jobs

    async def _run(self) -> None:
        trials = math.inf
        for part in self._parts:
            if self._control.is_stopped:
                break
            is_limited = part.plan.canary is not None and self._jobs
            plan = replace(part.plan, canary=int(trials)) if is_limited else part.plan
            job = self._prepare(plan, part.table, self._control)
            job.is_part = True
            # Not by its own `begin`: what `last_job` returns stays the whole.
            self._jobs.append(BackgroundTask.begin(job))
            try:
                await asyncio.wrap_future(job.future)
            except VodnbError as fault:
                if job is self._jobs[0]:
                    raise
                # The table of what went before is worth more than the error.
                job.end_with(Stop(code="CLIENT.STOPPED", reason=str(fault)))
                break
            trials = job.trials_left

    def _build(self) -> pd.DataFrame:
        jobs = self._begun()
        results = [job.as_it_stands() for job in jobs]
        results += [self._untouched(part) for part in self._parts[len(jobs) :]]
        return join_parts(
            self._table,
            {
                part.plan.status: (part.places, told)
                for part, told in zip(self._parts, results, strict=True)
            },
        )

    def _untouched(self, part: StatusPart) -> pd.DataFrame:
        return build_results(
            part.table,
            settlements={},
            untouched=Settlement(outcome=Outcome.NOT_SENT, code="CLIENT.STOPPED"),
            status=part.plan.status,
            run_id="",
            lang=self._lang,
        )

    def in_words(self, *, by_form: bool = False) -> list[str]:
        """Return how it stands, in words: the lines of its parts, that of the one under way first.

        Args:
            by_form: Whether a form shows it: what only a cell's user can do is left out then.

        Example:
            >>> job.in_words()
        """
        jobs = self._begun()
        # A terminal shows the first line only: while they run, that of the run under way.
        told = [
            f"{part.plan.status}: {line}"
            for job, part in sorted(
                zip(jobs, self._parts, strict=False),
                key=lambda pair: pair[0].done() and not self.done(),
            )
            for line in job.in_words(by_form=by_form)
        ]
        left = sum(len(part.plan.assets) for part in self._parts[len(jobs) :])
        if self.done() and left and not by_form:
            told.append(say("progress.not_sent", self._lang, count=left))
        return told or [say("progress.checking", self._lang)]

    def _note_end(self) -> None:
        if self._jobs:
            self._jobs[-1].end_with(self._stopped)
