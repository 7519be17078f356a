"""The form that confirms: how, how fast, how far it has come; pause, stop, and go on.

The job belongs to the process, not to the form: a form that is closed or made anew loses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from vodnb.kernel.cells import is_cell_running
from vodnb.rules.codes import look_up
from vodnb.rules.errors import InputError
from vodnb.rules.model import Outcome, Status
from vodnb.rules.words.markup import Markup, element
from vodnb.tables.mixed import split_by_status
from vodnb.tables.picks import count_column
from vodnb.tables.results import to_retry, usable_assets

from .controls.parts import Picture, heed, hint, line, name_it, row, show_when, table, text_box
from .form import Form
from .shared import RATE, start_from

if TYPE_CHECKING:
    import pandas as pd

    from vodnb.bulk.background import BulkJob
    from vodnb.session.vod import Vod
    from vodnb.tables.read import Source

    from .shared import TableState

_MOST_CODES = 20


class RunForm(Form):
    """Starts a run, shows it live, pauses and stops it."""

    def _parts(self) -> list[widgets.Widget]:
        self._status = self._choice("form.run.status", Status)
        self._scope = self._choice("form.run.scope", ["all"])
        # Long labels: one below the other where two do not fit.
        self._status.layout.flex = self._scope.layout.flex = "1 1 26em"
        tip, unpaced = "form.run.rate.tip", "form.run.rate.hint"
        rate = text_box(value=RATE)
        self._rate = self._named("form.run.rate", rate, tip=tip, placeholder=unpaced)
        canary = text_box(widgets.BoundedIntText, min=0, max=1_000_000)
        canary.layout.flex = "0 1 15em"
        self._canary = self._named("form.run.canary", canary, tip="form.run.canary.tip")
        self._dry = self._tick("form.run.dry")
        self._destroy = self._named("form.run.destroy", text_box())
        self._start = self._button("form.run.start", self.start, kind="primary")
        self._pause = self._button("form.run.pause", self._turn_pause)
        self._stop = self._button("form.stop", self._end, tip="form.run.stop.tip", kind="warning")
        self._destroy_hint, self._live, self._heard = Picture(), Picture(), Picture()
        self._codes, self._notes = Picture(), Picture()
        self._destroying = row(self._destroy, self._destroy_hint)
        fold = self._fold()
        for control in (self._status, self._more, self._column):
            heed(control, self._arrange)
        return [
            row(self._status, self._scope),
            row(self._rate, self._canary),
            row(self._dry),
            *fold,
            self._destroying,
            row(self._start, self._pause, self._stop),
            self._news,
            self._trouble,
            self._live,
            self._heard,
            self._codes,
            self._notes,
        ]

    def _fold(self) -> list[widgets.Widget]:
        """Make the options that few need: folded away until they are asked for."""
        self._more = self._tick("form.run.options", tip="form.run.options.tip")
        self._first = self._tick("form.run.first", tip="form.run.first.tip", value=True)
        self._verify = self._tick("form.run.verify", tip="form.run.verify.tip", value=True)
        self._hanging = self._tick("form.run.hanging", tip="form.run.hanging.tip")
        self._column = self._choice(
            "form.run.status column", [("", "")], tip="form.run.status column.tip"
        )
        self._column_hint = Picture()
        ticks = row(self._first, self._verify, self._hanging)
        self._folded = (ticks, row(self._column, self._column_hint))
        return [row(self._more), *self._folded]

    def _speak(self) -> None:
        say = self._say
        self._status.relabel([(say(f"form.run.status.{status}"), status) for status in Status])
        self._column_hint.show(hint(say("form.run.status column.tip")))
        self._offer_columns()
        self._arrange()
        self._changed("job")

    def _arrange(self) -> None:
        self._offer_scopes()
        for part in self._folded:
            show_when(part, self._more.value)
        column, status = self._column.value, Status(self._status.value)
        self._status.disabled = bool(column)
        show_when(self._destroying, status.is_destructive or column)
        key = "form.run.destroy.rows" if column else "form.run.destroy.hint"
        self._destroy_hint.show(hint(self._say(key, status=status)))
        self._start.button_style = "danger" if status.is_destructive else "primary"

    def _offer_columns(self) -> None:
        titles = () if self.assets is None else map(str, self.assets.columns)
        self._column.relabel_titles(self._say("form.run.status column.none"), titles)

    def _offer_scopes(self) -> None:
        """Offer the whole table, and where a run has left some rows open, these alone."""
        found = self._shared.summary
        offers = [(self._say("form.run.scope.all", count=found.assets if found else 0), "all")]
        if (ended := self._ended()) and ended.open_rows:
            offers.append((self._say("form.run.scope.retry", count=len(ended.open_rows)), "retry"))
        self._scope.relabel(offers)

    def _ended(self) -> TableState | None:
        job = self.job
        if job is not None and (not job.done() or (job.fault and self._shared.part is None)):
            return None
        return self._shared.standing

    # -- starting and steering ------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self._is_busy or (self.job is not None and not self.job.done())

    def retry(self) -> bool:
        """Set the rows that a retry may settle, and start; False where a count must be typed."""
        if self.is_running:
            return True
        ended = self._need(self._ended(), "form.need results")
        asked = count_column(ended.table, "requested_status", ended.open_rows)
        self._status.value = Status(next(iter(asked))) if len(asked) == 1 else Status.CREATED
        self._offer_scopes()
        if "retry" not in dict(self._scope.options).values():
            raise InputError(self._say("form.results.no rows"))
        self._scope.value = "retry"
        if any(Status(status).is_destructive for status in asked):
            self._destroy.value = ""
            show_when(self._destroying, is_shown=True)
            return False
        self._canary.value, self._dry.value = 0, False
        self.start()
        return True

    def start(self) -> None:
        """Start a run as the controls say; nothing while one is under way."""
        with self._lock:
            if self.is_running:
                return
            vod = self._need(self.vod, "form.need connection")
            assets, part = self._chosen_table()
            options = self._options(assets)
            self._tell("form.run.starting")
            self._aside(lambda: self._begin(vod, assets, part, options), self._take)

    def _begin(
        self, vod: Vod, assets: pd.DataFrame, part: TableState | None, options: dict[str, Any]
    ) -> BulkJob:
        job = vod.start(assets, **options)
        self._shared.set_job(job, part)
        return job

    def _take(self, job: BulkJob) -> None:
        # One that was over before anybody looked: its end, or its fault, is still to be told.
        self._follow(job, self._paint, self._finish)

    def _chosen_table(self) -> tuple[pd.DataFrame, TableState | None]:
        if self._scope.value == "retry" and (ended := self._ended()):
            return to_retry(ended.table), ended
        return self._need(self.assets, "form.need assets"), None

    def _options(self, assets: pd.DataFrame) -> dict[str, Any]:
        column = self._status_column(assets)
        options: dict[str, Any] = {
            "status": Status.CREATED if column else Status(self._status.value),
            "status_column": column,
            "rate": self._rate.value.strip() or None,
            "canary": self._canary.value or None,
            "dry_run": self._dry.value,
            "lang": self._shared.lang,
            "check_first": self._first.value,
            "verify": self._verify.value,
            "only_hanging": self._hanging.value,
        }
        status, count = self._destroyed(assets, options["status"], column)
        if status and not self._dry.value:
            typed = self._destroy.value.strip()
            # Before vod.start, whose error would tell the number that is to be typed.
            if not typed.isdecimal() or int(typed) != count:
                raise InputError(self._say("form.run.destroy.wrong", status=status))
            options["destroy"] = count
        self._destroy.value = ""
        return options

    def _status_column(self, assets: pd.DataFrame) -> str | None:
        """Return the column that says what each row asks for; rows run again ask as before."""
        if self._scope.value != "retry":
            return self._column.value or None
        return "requested_status" if len(count_column(assets, "requested_status")) > 1 else None

    @staticmethod
    def _destroyed(assets: pd.DataFrame, status: Status, column: str | None) -> tuple[str, int]:
        """Return the destructive statuses that are asked for, and of how many assets."""
        parts = {status: assets}
        if column:
            parts = {each: rows for each, (_, rows) in split_by_status(assets, column).items()}
        parts = {each: rows for each, rows in parts.items() if each.is_destructive}
        return ", ".join(parts), sum(len(usable_assets(rows)) for rows in parts.values())

    def _turn_pause(self) -> None:
        if job := self.job:
            (job.resume if job.is_paused else job.pause)()
            self._paint()

    def _end(self) -> None:
        if job := self.job:
            job.stop()

    # -- showing --------------------------------------------------------------------------------

    def _changed(self, what: str) -> None:
        if what == "assets":
            self._offer_columns()
        if what in {"assets", "results", "job"}:
            self._offer_scopes()
        if what in {"job", "results"}:
            self._watch()

    def _watch(self) -> None:
        self._tell()
        job = self.job
        if job is None:
            self._live.show(line(self._say("form.run.unstarted")))
        elif job.done() and self._followed in {None, job}:
            self._show_end()
        else:
            self._follow(job, self._paint, self._finish)
        self._show_busy()

    def _finish(self) -> None:
        self._shared.end_run()
        if (job := self.job) and job.fault:
            raise job.fault.with_traceback(None)

    def _show_end(self) -> None:
        job = self.job
        if job is None or job.fault:
            for picture in (self._live, self._codes, self._notes):
                picture.show(Markup())
            return
        self._paint()
        self._notes.show(self._describe_rest())

    def _paint(self) -> None:
        job = self.job
        if job is None:
            return
        first, *notes = job.in_words(by_form=True)
        bar = element(
            "progress", max=1, value=f"{job.share:.4g}", aria_label=self._say("form.run.progress")
        )
        told = [element("div", element("strong", note)) for note in notes]
        if not job.done() and is_cell_running():
            told.append(hint(self._say("form.run.cell runs")))
        self._live.show(element("div", bar, element("div", first), *told))
        # Heard at every tenth only: a live region that changes all the time cannot be listened to.
        tenths = f"{int(job.share * 10) * 10}"
        heard = first if job.done() else self._say("form.run.settled", percent=tenths)
        self._heard.show(line(heard, kind="unseen", role="status"))
        self._codes.show(self._describe_codes(job))
        if not job.done():
            self._notes.show(Markup())
        self._show_busy()

    def _describe_codes(self, job: BulkJob) -> Markup:
        counts = sorted((-count, code) for code, count in job.codes.items() if code)
        if not counts:
            return Markup()
        lang = self._shared.lang
        rows = [
            (code, f"{-count:,}", look_up(code).meaning(lang), look_up(code).next_step(lang))
            for count, code in counts[:_MOST_CODES]
        ]
        header = [self._say(f"column.{name}") for name in ("code", "assets", "meaning", "next")]
        return table(header, rows, caption=self._say("form.run.by code"))

    def _describe_rest(self) -> Markup:
        results = self._shared.results
        counts = count_column(results, "outcome") if results is not None else {}
        keys = {Outcome.NOT_SENT: "form.run.not sent", Outcome.IN_DOUBT: "form.run.in doubt"}
        told = [
            line(self._say(key, count=counts[outcome]), kind="trouble")
            for outcome, key in keys.items()
            if counts.get(outcome)
        ]
        return element("div", *told) if told else Markup()

    def _show_busy(self) -> None:
        job = self.job
        is_on = job is not None and not job.done()
        self._start.disabled = self._is_busy or is_on
        self._pause.disabled = self._stop.disabled = not is_on
        key = "form.run.resume" if job is not None and job.is_paused else "form.run.pause"
        name_it(self._pause, self._say(key), self._say(f"{key}.tip"))

    def still(self) -> Markup:
        """Return how the run stands, and its errors by code."""
        job = self.job
        if job is None or job.fault:
            return line(self._say("form.run.unstarted"))
        first, *notes = job.in_words(by_form=True)
        lines = [element("strong", first), *(line(note) for note in notes)]
        return element("div", *lines, self._describe_codes(job))


def run_form(
    vod: Vod | None = None, assets: Source | None = None, *, lang: str | None = None
) -> RunForm:
    """Confirm assets by form: dry run, canary, rate; live progress, pause and stop.

    Args:
        vod: The connection. Default: that of the last form.
        assets: Whatever `load_assets` takes. Default: the table of the last form.
        lang: `"zh"` or `"en"`. Default: that of the last form, else the connection's, else
            VODNB_LANG, else the locale.

    Returns:
        The form; `form.job` is the run, `form.results` its table as it stands. A run that is
        under way already is shown, whoever started it.

    Example:
        >>> form = vodnb.forms.confirm(vod, "assets.csv")
    """
    return RunForm(start_from(vod=vod, assets=assets, lang=lang))
