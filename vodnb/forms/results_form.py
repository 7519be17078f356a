"""The form that shows results: counts, filters, one row opened, retry and save."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets as widgets

from vodnb.debug.picture import as_html
from vodnb.rules.errors import VodnbError
from vodnb.rules.model import RESULT_COLUMNS, Outcome
from vodnb.rules.words.markup import Markup, element
from vodnb.session.handover import hand_back, report
from vodnb.tables.picks import count_column, find_rows, read_cells, read_row
from vodnb.tables.results import check_is_results
from vodnb.tables.summary import summary
from vodnb.tables.write import save

from .controls.parts import Picture, facts, hint, line, name_it, row, table, text_box
from .form import Form
from .run_form import RunForm
from .shared import start_from

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from vodnb.reporting.making import Report
    from vodnb.reporting.parties import HandedBack
    from vodnb.session.vod import Vod

    from .shared import Shared

_PAGE = 100
_LIST_ROWS = 9
_STILL_ROWS = 50
_COLUMNS = ("asset_id", "outcome", "error_code")
_ID_WIDE, _CODE_WIDE = 32, 16
_BLANK = "\u00a0"


class ReportPart(Form):
    """Writes the results as they stand, in the language of the form."""

    def _parts(self) -> list[widgets.Widget]:
        self._name = self._named("form.report.name", text_box(value="report"))
        self._write = self._button("form.report.write", self._report)
        self._hand = self._button("form.report.hand back", self._hand_back)
        return [row(self._name, self._write, self._hand)]

    def _report(self) -> None:
        results = self._need(self._shared.results, "form.need results")
        path, lang, vod = self._path(), self._shared.lang, self.vod
        self._tell("form.report.under way")
        self._aside(lambda: report(results, path, lang=lang, vod=vod), self._note_report)

    def _note_report(self, made: Report) -> None:
        self._tell(
            "form.report.written",
            told=made.told,
            page=made.page,
            notebook=made.notebook,
            folder=made.folder,
        )

    def _hand_back(self) -> None:
        results = self._need(self._shared.results, "form.need results")
        path, lang, vod = self._path(), self._shared.lang, self.vod
        folder = path.with_name(f"{path.stem}_to_do")
        self._aside(lambda: hand_back(results, folder, lang=lang, vod=vod), self._note_files)

    def _note_files(self, back: HandedBack) -> None:
        self._tell("form.report.handed back", told=" · ".join(repr(back).splitlines()))

    def _path(self) -> Path:
        path = Path(self._name.value.strip()).expanduser()
        return path if path.name else path / "report"

    def _show_busy(self) -> None:
        self._write.disabled = self._hand.disabled = self._is_busy


class ResultsForm(Form):
    """Shows a results table, opens a row, retries and saves.

    `retry` starts a retry, and says whether it did; by a run form of its own where there is none.
    """

    def __init__(self, shared: Shared, *, retry: Callable[[], bool] | None = None) -> None:
        self._start_retry = retry
        super().__init__(shared)

    def _parts(self) -> list[widgets.Widget]:
        self._table: pd.DataFrame | None = None
        self._rows: list[int] = []
        self._page = 0
        self._saved: set[Path] = set()
        self._asked: Path | None = None
        self._outcome = self._choice("form.results.outcome", [""], self._filter)
        self._code = self._choice("label.error code", ["*"], self._filter)
        listed = text_box(widgets.Select, options=[], rows=_LIST_ROWS)
        self._list = self._named("form.results.row", listed, self._open)
        self._list.layout.max_width, self._list.layout.flex = "none", "1 1 30em"
        self._list.add_class("vodnb-rows")
        back, forth = "form.results.back", "form.results.forth"
        self._back = self._button(back, lambda: self._turn(-1), tip=back)
        self._forth = self._button(forth, lambda: self._turn(1), tip=forth)
        self._refresh = self._button("form.results.refresh", self._load)
        self._retry = self._button("form.results.retry", self._begin_retry, kind="primary", count=0)
        self._path = self._named("form.results.save as", text_box(value="results.csv"))
        self._save = self._button("form.results.save", self._write)
        self._headline, self._summary, self._place = Picture(), Picture(), Picture()
        self._detail, self._report = Picture(), self._adopt(ReportPart(self._shared))
        parts = [
            self._headline,
            row(self._retry, self._refresh, self._path, self._save),
            self._news,
            self._trouble,
            row(self._outcome, self._code),
            row(self._list),
            row(self._back, self._forth, self._place),
            self._detail,
            self._summary,
            self._report.widget,
        ]
        if self._start_retry is None:
            run = self._adopt(RunForm(self._shared))
            self._start_retry = run.retry
            parts.append(run.widget)
        return parts

    def _speak(self) -> None:
        self._load()

    # -- filter, pages, one row -----------------------------------------------------------------

    def _changed(self, what: str) -> None:
        if what in {"results", "job"}:
            self._load()

    def _load(self) -> None:
        """Take the table as it stands now."""
        job = self._shared.job
        has_none = job is not None and job.fault and self._shared.part is None
        standing = None if has_none else self._shared.standing
        self._table = standing.table if standing else None
        count = len(standing.open_rows) if standing else 0
        retry = "form.results.retry"
        name_it(self._retry, self._say(retry, count=count), self._say(f"{retry}.tip"))
        self._retry.disabled = not count
        self._headline.show(self._head())
        self._summary.show(self._sum_up())
        self._filter()

    def _head(self) -> Markup:
        if self._table is None:
            return line(self._say("form.need results"))
        return element("strong", summary(self._table, lang=self._shared.lang).headline)

    def _sum_up(self) -> Markup:
        """Return what each code means and what to do about it."""
        if self._table is None:
            return Markup()
        lang = self._shared.lang
        rows = [
            (
                self._say(f"outcome.{told.outcome}"),
                told.code,
                f"{told.rows:,}",
                self._say(f"needs.{told.needs}"),
                element("div", told.meaning, _then(told.next_step)),
            )
            for told in summary(self._table, lang=lang).lines
        ]
        keys = ("form.results.outcome", "column.code", "column.rows", "column.needs",
                "form.results.meaning")  # fmt: skip
        header = [self._say(key) for key in keys]
        return table(header, rows, caption=self._say("form.run.by code"), has_words=True)

    def _filter(self) -> None:
        """Offer what there is, and list the rows that the choices leave."""
        self._page = 0
        if self._table is None:
            self._rows = []
            nothing = self._say("form.results.all", count=0)
            self._outcome.relabel([(nothing, "")])
            self._code.relabel([(nothing, "*")])
        else:
            self._offer(self._table)
            code = None if self._code.value == "*" else self._code.value
            self._rows = find_rows(self._table, outcome=self._outcome.value, code=code)
        self._list_rows()

    def _offer(self, results: pd.DataFrame) -> None:
        say = self._say
        counts = count_column(results, "outcome")
        offers = {
            outcome.value: say(f"outcome.{outcome}") for outcome in Outcome if counts[outcome]
        }
        self._outcome.relabel([
            (say("form.results.all", count=len(results)), ""),
            *((say("form.results.counted", what=told, count=counts[to]), to)
              for to, told in offers.items()),
        ])  # fmt: skip
        rows = find_rows(results, outcome=self._outcome.value)
        self._code.relabel([
            (say("form.results.all", count=len(rows)), "*"),
            *((f"{code} ({n:,})" if code else say("form.results.no code", count=n), code)
              for code, n in count_column(results, "error_code", rows).most_common()),
        ])  # fmt: skip

    def _list_rows(self) -> None:
        begin = self._page * _PAGE
        shown = self._rows[begin : begin + _PAGE]
        cells = read_cells(self._table, shown, _COLUMNS) if self._table is not None else []
        options = [(self._label(at, told), at) for at, told in zip(shown, cells, strict=True)]
        chosen = self._list.value
        self._list.options = options
        self._list.value = chosen if chosen in shown else None
        self._back.disabled = not begin
        self._forth.disabled = begin + _PAGE >= len(self._rows)
        count = len(self._rows)
        told = self._say("form.results.page", first=begin + 1, last=begin + len(shown), count=count)
        self._place.show(line(told if count else self._say("form.results.no rows")))
        self._open()

    def _label(self, at: int, cells: tuple[str, ...]) -> str:
        asset_id, outcome, code = cells
        # The outcome last: it is wide in one language and narrow in the other.
        told = (_shortened(asset_id, _ID_WIDE), _shortened(code, _CODE_WIDE))
        ended = self._say(f"outcome.{Outcome(outcome)}")
        return "  ".join((f"{at + 1:>6}", *told, ended)).rstrip().replace(" ", _BLANK)

    def _turn(self, step: int) -> None:
        last = max(len(self._rows) - 1, 0) // _PAGE
        self._page = min(max(self._page + step, 0), last)
        self._list_rows()

    def _open(self) -> None:
        """Show everything that is known of the chosen row."""
        at = self._list.value
        if at is None or self._table is None:
            self._detail.show(Markup())
            return
        told = read_row(self._table, at)
        ours = [(name, told.pop(name)) for name in RESULT_COLUMNS if name in told]
        known = [(self._say("column.row"), str(at + 1)), *told.items(), *ours]
        pairs = [(name, text) for name, text in known if text]
        exchange = self._exchange(self._table, at)
        self._detail.show(element("div", facts(pairs), exchange))

    def _exchange(self, results: pd.DataFrame, at: int) -> Markup:
        """Return the exact request and answer of a row; in small print why there is none."""
        if self.vod is None:
            return hint(self._say("form.results.row unconnected"))
        try:
            return as_html(self.vod.exchange(results.iloc[at], lang=self._shared.lang))
        except VodnbError as fault:
            told = " ".join(part for part in (fault.what, fault.means) if part)
            return hint(self._shared.clean(told))

    # -- retry and save -------------------------------------------------------------------------

    def _begin_retry(self) -> None:
        if self._start_retry and not self._start_retry():
            self._tell("form.results.retry.set")

    def _write(self) -> None:
        results = self._need(self._shared.results, "form.need results")
        path = Path(self._path.value.strip()).expanduser()
        if path.is_file() and path not in self._saved and path != self._asked:
            self._asked = path
            self._tell("form.results.there already", name=str(path))
            return
        self._asked = None
        self._aside(lambda: save(results, path), lambda path: self._note_saved(path, len(results)))

    def _note_saved(self, path: Path, rows: int) -> None:
        self._saved.add(path)
        self._tell("form.results.saved", rows=rows, name=str(path))

    def _show_busy(self) -> None:
        self._save.disabled = self._is_busy

    def still(self) -> Markup:
        """Return the counts, and the first rows that are not settled."""
        if self._table is None:
            return line(self._say("form.need results"))
        good = [outcome for outcome in Outcome if outcome.is_good]
        settled = {at for outcome in good for at in find_rows(self._table, outcome=outcome)}
        rows = [at for at in range(len(self._table)) if at not in settled]
        shown = rows[:_STILL_ROWS]
        cells = read_cells(self._table, shown, _COLUMNS)
        keys = ("column.row", "label.asset", "form.results.outcome", "column.code")
        header = [self._say(key) for key in keys]
        body = [
            (at + 1, asset_id, self._say(f"outcome.{Outcome(outcome)}"), code)
            for at, (asset_id, outcome, code) in zip(shown, cells, strict=True)
        ]
        caption = self._say("form.results.page", first=1, last=len(shown), count=len(rows))
        listed = [table(header, body, caption=caption)] if body else []
        return element("div", self._head(), self._sum_up(), *listed)


def _then(next_step: str) -> Markup | str:
    return element("div", "→ ", next_step) if next_step else ""


def _shortened(text: str, width: int) -> str:
    return (text if len(text) <= width else f"{text[: width - 1]}…").ljust(width)


def results_form(
    results: pd.DataFrame | None = None, vod: Vod | None = None, *, lang: str | None = None
) -> ResultsForm:
    """Look through results by form: filter, open a row, retry what failed, save.

    Args:
        results: A results table. Default: that of the last run.
        vod: The connection for a retry. Default: that of the last form.
        lang: `"zh"` or `"en"`. Default: that of the last form, else the connection's, else
            VODNB_LANG, else the locale.

    Returns:
        The form; `form.results` is the table, retried rows put back into it.

    Raises:
        InputError: The table is no results table.

    Example:
        >>> form = vodnb.forms.results(results, vod)
    """
    if results is not None:
        check_is_results(results)
    return ResultsForm(start_from(vod=vod, lang=lang, results=results))
