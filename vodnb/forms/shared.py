"""What the forms of one app hold together: connection, table, job. Knows no widget.

A form that is made later, in the same cell run again or in another one, goes on with what was
there: the job that runs is never lost with the form that started it.
"""

from __future__ import annotations

import operator
import threading
from functools import cached_property
from typing import TYPE_CHECKING

from vodnb.bulk.background import last_job
from vodnb.service.redact import Redactor, redact_patterns
from vodnb.session.arguments import spoken
from vodnb.tables.loaded import describe
from vodnb.tables.picks import put_back, retry_rows
from vodnb.tables.read import load_assets

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from vodnb.bulk.background import BulkJob
    from vodnb.rules.model import Lang
    from vodnb.service.redact import Secret
    from vodnb.session.vod import Vod
    from vodnb.tables.loaded import LoadSummary
    from vodnb.tables.read import Source

RATE = "1500/min"
"""The rate that forms begin with: the tenant's quota of confirm calls."""


class TableState:
    """A results table as it stands, and what several forms ask of it: each found once."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table

    @cached_property
    def open_rows(self) -> list[int]:
        """The positions of the rows that a retry may settle."""
        return retry_rows(self.table)


class Shared:
    """What forms share: what each of them made is there for the others."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self.vod: Vod | None = None
        self.assets: pd.DataFrame | None = None
        self.states: pd.DataFrame | None = None
        self.job: BulkJob | None = None
        self.part: TableState | None = None
        """The table of which the job runs the open rows again; None for a whole run."""
        self._given: pd.DataFrame | None = None
        self._lock = threading.Lock()
        self._built: tuple[tuple[object, ...], TableState | None] = ((), None)
        self._summed: tuple[tuple[object, ...], LoadSummary | None] = ((), None)
        self._listeners: list[Callable[[str], None]] = []
        self._redact = Redactor()

    @property
    def results(self) -> pd.DataFrame | None:
        """The results table as it stands now; None before there is one. It is not to be changed."""
        standing = self.standing
        return standing.table if standing else None

    @property
    def standing(self) -> TableState | None:
        """The results as they stand now: of a run that has ended built once, for all forms."""
        job, part = self.job, self.part
        if job is not None and not job.done():
            return TableState(self._build(job, part))
        with self._lock:
            made_of = (job, part, self._given, self.lang)
            if not _are_same(self._built[0], made_of):
                table = self._given if job is None else self._build(job, part)
                self._built = (made_of, None if table is None else TableState(table))
            return self._built[1]

    @staticmethod
    def _build(job: BulkJob, part: TableState | None) -> pd.DataFrame:
        if part is None:
            return job.results()
        if job.fault:
            return part.table
        return put_back(part.table, job.results(), part.open_rows)

    @property
    def summary(self) -> LoadSummary | None:
        """What the loaded table holds; None before there is one. Counted once a table."""
        assets, made_of = self.assets, (self.assets, self.lang)
        if not _are_same(self._summed[0], made_of):
            summary = None if assets is None else describe(assets, lang=self.lang)
            self._summed = (made_of, summary)
        return self._summed[1]

    def listen(self, listener: Callable[[str], None]) -> None:
        """Tell this of every change from now on, by its name."""
        self._listeners.append(listener)

    def set_vod(self, vod: Vod) -> None:
        """Take a connection."""
        self.vod = vod
        self._tell("vod")

    def set_assets(self, assets: pd.DataFrame) -> None:
        """Take a table; what was seen of another one is let go."""
        self.assets, self.states = assets, None
        self._tell("assets")

    def set_states(self, states: pd.DataFrame) -> None:
        """Take what looking found."""
        self.states = states
        self._tell("states")

    def set_job(self, job: BulkJob, part: TableState | None = None) -> None:
        """Take the run that was started."""
        self.job, self.part = job, part
        job.speak(self.lang)
        self._tell("job")

    def set_results(self, results: pd.DataFrame) -> None:
        """Take a results table that no run of ours is behind."""
        self._given, self.job, self.part = results, None, None
        self._tell("results")

    def end_run(self) -> None:
        """Tell that the run has ended."""
        self._tell("results")

    def speak(self, lang: Lang) -> None:
        """Speak another language."""
        self.lang = lang
        if self.job:
            self.job.speak(lang)
        self._tell("lang")

    def hide(self, *secrets: Secret) -> None:
        """Strike these out of every message from now on."""
        self._redact.add(*secrets)

    def clean(self, text: str) -> str:
        """Return a message without secrets."""
        return redact_patterns(self._redact(text))

    def _tell(self, what: str) -> None:
        for listener in list(self._listeners):
            listener(what)

    def take_over(self, earlier: Shared, *, is_new: bool) -> None:
        """Go on with what an earlier form had; with its connection alone where a table is new."""
        self.vod, self._redact = earlier.vod, earlier._redact
        if not is_new:
            for name in ("assets", "states", "job", "part", "_given"):
                setattr(self, name, getattr(earlier, name))


def _are_same(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    return len(some) == len(others) and all(map(operator.is_, some, others))


_last: list[Shared] = []


def start_from(
    *,
    lang: str | None,
    vod: Vod | None = None,
    assets: Source | None = None,
    results: pd.DataFrame | None = None,
) -> Shared:
    """Return what a new form starts from: what the last one had, and the run that is under way.

    The language is the last form's, else the connection's, else the usual one, unless asked for.
    With assets or results made by code the last form's tables are not wanted.
    """
    earlier = _last[0] if _last else None
    if earlier is None and vod is not None:
        lang = lang or next(row.value for row in vod.settings().rows if row.name == "lang")
    shared = Shared(spoken(lang) if lang or earlier is None else earlier.lang)
    running = last_job()
    if earlier:
        shared.take_over(earlier, is_new=assets is not None or results is not None)
    if running and not running.done() and running is not shared.job:
        shared.job = running
        shared.part = earlier.part if earlier and earlier.job is running else None
    if shared.job:
        shared.job.speak(shared.lang)
    _last[:] = [shared]
    if vod is not None:
        shared.set_vod(vod)
    if assets is not None:
        shared.set_assets(load_assets(assets))
    if results is not None:
        shared.set_results(results)
    return shared
