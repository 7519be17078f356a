"""The form that shows results: counts, filters, one row opened, retry and save."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets as widgets

from vodnb.debug.picture import as_html
from vodnb.forms.controls.parts import (
    Choice,
    Picture,
    button,
    facts,
    hint,
    line,
    name_it,
    row,
    table,
    text_box,
)
from vodnb.rules.errors import InputError, VodnbError
from vodnb.rules.model import RESULT_COLUMNS, Outcome
from vodnb.rules.words.markup import Markup, element
from vodnb.rules.words.wording import say
from vodnb.tables.picks import count_column, find_rows, read_cells, read_row
from vodnb.tables.results import check_is_results
from vodnb.tables.summary import summary
from vodnb.tables.write import save

from .form import Form
from .report_part import ReportPart
from .run_form import RunForm
from .shared import start_from

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from vodnb.session.vod import Vod

    from .shared import Shared

_PAGE = 100
_LIST_ROWS = 9
_STILL_ROWS = 50
_COLUMNS = ("asset_id", "outcome", "error_code")
_ID_WIDE, _CODE_WIDE = 32, 16
_BLANK = "\u00a0"


class ResultsForm(Form):
    """Shows a results table, opens a row, retries and saves.

    Args:
        shared: What it shares with others.
        retry: Starts a retry, and says whether it did. Default None: by a run form of its own.
    """

    def __init__(self, shared: Shared, *, retry: Callable[[], bool] | None = None) -> None:
        self._start_retry = retry
        super().__init__(shared)

    @property
    def results(self) -> pd.DataFrame | None:
        """The results table as it stands now."""
        results = self._shared.results
        return None if results is None else results.copy()

    def _parts(self) -> list[widgets.Widget]:
        self._table: pd.DataFrame | None = None
        self._rows: list[int] = []
        self._page = 0
        self._saved: set[Path] = set()
        self._asked: Path | None = None
        self._outcome, self._code = Choice(options=[""]), Choice(options=["*"])
        self._list = text_box(widgets.Select, options=[], rows=_LIST_ROWS)
        self._list.layout.max_width, self._list.layout.flex = "none", "1 1 30em"
        self._list.add_class("vodnb-rows")
        self._back, self._forth, self._refresh = button(), button(), button()
        self._retry, self._save = button(kind="primary"), button()
        self._path = text_box(value="results.csv")
        self._headline, self._summary, self._place = Picture(), Picture(), Picture()
        self._detail, self._report = Picture(), self._adopt(ReportPart(self._shared))
        self._outcome.on_choice(lambda: self._act(self._filter))
        self._code.on_choice(lambda: self._act(self._filter))
        self._list.observe(lambda _change: self._act(self._open), "value")
        self._on_click(self._back, lambda: self._turn(-1))
        self._on_click(self._forth, lambda: self._turn(1))
        self._on_click(self._refresh, self._load)
        self._on_click(self._retry, self._begin_retry)
        self._on_click(self._save, self._write)
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
        say = self._say
        name_it(self._outcome, say("form.results.outcome"))
        name_it(self._code, say("label.error code"))
        name_it(self._list, say("form.results.row"))
        name_it(self._back, say("form.results.back"))
        name_it(self._forth, say("form.results.forth"))
        name_it(self._refresh, say("form.results.refresh"), say("form.results.refresh.tip"))
        name_it(self._path, say("form.results.save as"))
        name_it(self._save, say("form.results.save"), say("form.results.save.tip"))
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
        name_it(
            self._retry,
            self._say("form.results.retry", count=count),
            self._say("form.results.retry.tip"),
        )
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
        keys = (
            "form.results.outcome",
            "column.code",
            "column.rows",
            "column.needs",
            "form.results.meaning",
        )
        header = [self._say(key) for key in keys]
        return table(header, rows, caption=self._say("form.run.by code"), has_words=True)

    def _filter(self) -> None:
        """Offer what there is, and list the rows that the choices leave."""
        self._page = 0
        if self._table is None:
            self._rows = []
            self._outcome.relabel([(self._say("form.results.all", count=0), "")])
            self._code.relabel([(self._say("form.results.all", count=0), "*")])
        else:
            self._offer(self._table)
            code = None if self._code.value == "*" else self._code.value
            self._rows = find_rows(self._table, outcome=self._outcome.value, code=code)
        self._list_rows()

    def _offer(self, results: pd.DataFrame) -> None:
        outcomes = count_column(results, "outcome")
        offers = [(self._say("form.results.all", count=len(results)), "")]
        offers += [
            (
                self._say(
                    "form.results.counted",
                    what=self._say(f"outcome.{outcome}"),
                    count=outcomes[outcome],
                ),
                outcome.value,
            )
            for outcome in Outcome
            if outcomes[outcome]
        ]
        self._outcome.relabel(offers)
        rows = find_rows(results, outcome=self._outcome.value)
        codes = count_column(results, "error_code", rows)
        chosen = [(self._say("form.results.all", count=len(rows)), "*")]
        chosen += [
            (
                f"{code} ({count:,})" if code else self._say("form.results.no code", count=count),
                code,
            )
            for code, count in codes.most_common()
        ]
        self._code.relabel(chosen)

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
        exchange = row_exchange(self._shared, self._table, at)
        self._detail.show(element("div", facts(pairs), exchange))

    # -- retry and save -------------------------------------------------------------------------

    def _begin_retry(self) -> None:
        if self._start_retry and not self._start_retry():
            self._tell("form.results.retry.set")

    def _write(self) -> None:
        results = self._shared.results
        if results is None:
            raise InputError(self._say("form.need results"))
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
        header = [
            self._say(key)
            for key in ("column.row", "label.asset", "form.results.outcome", "column.code")
        ]
        body = [
            (at + 1, asset_id, self._say(f"outcome.{Outcome(outcome)}"), code)
            for at, (asset_id, outcome, code) in zip(shown, cells, strict=True)
        ]
        if not body:
            return element("div", self._head(), self._sum_up())
        caption = self._say("form.results.page", first=1, last=len(shown), count=len(rows))
        return element("div", self._head(), self._sum_up(), table(header, body, caption=caption))


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
    return ResultsForm(start_from(vod=vod, assets=None, lang=lang, results=results))


def row_exchange(shared: Shared, results: pd.DataFrame, row: int) -> Markup:
    """Return the exact request and answer of a row; in small print why there is none.

    Args:
        shared: What the forms share.
        results: The results table.
        row: Position of the row.
    """
    if shared.vod is None:
        return hint(say("form.results.row unconnected", shared.lang))
    try:
        return as_html(shared.vod.exchange(results.iloc[row], lang=shared.lang))
    except VodnbError as fault:
        told = " ".join(part for part in (fault.what, fault.means) if part)
        return hint(shared.clean(told))
