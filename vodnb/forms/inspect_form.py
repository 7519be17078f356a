"""The form that inspects: one call made and looked at, one code explained, one asset asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from vodnb.debug.picture import as_html
from vodnb.rules.errors import InputError, VodnbError
from vodnb.rules.model import Status
from vodnb.rules.operations import OPERATIONS
from vodnb.rules.words.explanation import explain
from vodnb.rules.words.markup import Markup, element
from vodnb.rules.words.translations import translate
from vodnb.service.redact import redact_patterns
from vodnb.tables.picks import read_cells, read_row

from .controls.field_boxes import FieldBoxes
from .controls.parts import Picture, facts, hint, line, row, show_when, text_box, tick_box
from .form import Form
from .shared import start_from

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from vodnb.debug.difference import Difference
    from vodnb.debug.exchange import Exchange
    from vodnb.session.vod import Vod

_SHOWN = ("asset_id", "state", "state_meaning", "asset_title", "asset_size", "created_at",
          "modified_at", "error_code")  # fmt: skip
_SCRIPTS = {"curl": "curl", "Python": "python", "SDK": "sdk"}
_LISTED = 100
_SCRIPT_ROWS = 12


class InspectForm(Form):
    """Makes single calls and shows all of them; explains a code; asks for the state of an asset."""

    def _parts(self) -> list[widgets.Widget]:
        self._exchange: Exchange | None = None
        self._difference: Difference | None = None
        self._make_controls()
        self._later = [row(self._other, self._compare), row(self._as), row(self._script)]
        return [
            self._head,
            row(self._operation, self._all),
            self._about,
            self._area,
            self._warning,
            row(self._confirmed),
            self._plan,
            row(self._send, self._replay),
            # The form is long: its news and troubles belong where the eyes are.
            self._news,
            self._trouble,
            row(self._past),
            self._shown,
            self._later[0],
            self._differs,
            *self._later[1:],
            self._copying,
            self._rest,
            row(self._code, self._explain),
            self._meaning,
            row(self._asset, self._ask),
            self._state,
        ]

    def _make_controls(self) -> None:
        self._operation = self._choice("form.inspect.operation", OPERATIONS, self._arrange)
        self._all = self._named("form.inspect.all fields", tick_box(value=False), self._arrange)
        self._confirmed = self._named("form.inspect.destroy", text_box())
        self._boxes = {
            name: FieldBoxes(declared, lambda: self._act(self._preview))
            for name, declared in OPERATIONS.items()
        }
        self._area = widgets.VBox(layout=widgets.Layout(width="100%"))
        self._send = self._button("form.inspect.send", self._begin_call, kind="primary")
        self._replay = self._button("form.inspect.replay", self._begin_replay)
        self._past = self._choice("form.inspect.past", [("", 0)], self._pick)
        self._other = self._choice("form.inspect.other", [("", 0)])
        self._compare = self._button("form.inspect.compare", self._show_difference)
        self._as = self._choice("form.inspect.script as", _SCRIPTS.items(), self._write_script)
        self._script = self._named(
            "form.inspect.script", text_box(widgets.Textarea, rows=_SCRIPT_ROWS)
        )
        self._script.layout.max_width, self._script.layout.flex = "none", "1 1 30em"
        self._script.add_class("vodnb-script")
        self._code = self._named(
            "label.error code", text_box(), placeholder="form.inspect.code.hint"
        )
        self._asset = self._named("label.asset", text_box(), placeholder="form.inspect.asset.hint")
        self._explain = self._button("form.inspect.explain", self._show_meaning)
        self._ask = self._button("form.inspect.ask", self._begin_asking)
        self._head, self._about, self._warning, self._plan = (Picture() for _ in range(4))
        self._shown, self._differs, self._copying, self._rest = (Picture() for _ in range(4))
        self._meaning, self._state = Picture(), Picture()

    def _speak(self) -> None:
        say, lang = self._say, self._shared.lang
        titles = [(f"{name} · {made.title(lang)}", name) for name, made in OPERATIONS.items()]
        self._operation.relabel(titles)
        self._as.relabel(list(_SCRIPTS.items()))
        self._head.show(element("strong", say("form.inspect.one call")))
        self._copying.show(hint(say("form.inspect.script.hint")))
        self._rest.show(element("strong", say("form.inspect.codes and assets")))
        for boxes in self._boxes.values():
            boxes.speak(lang)
        self._arrange()
        self._list_past()
        self._show_exchange()
        if self._difference and self._exchange:
            self._show_difference()
        if self._meaning.value:
            self._show_meaning()

    def _changed(self, what: str) -> None:
        if what == "vod":
            self._exchange = self._difference = None
            self._differs.show(Markup())
            self._arrange()
            self._list_past()
            self._show_exchange()

    # -- the call to be made --------------------------------------------------------------------

    @property
    def _chosen(self) -> FieldBoxes:
        return self._boxes[self._operation.value]

    @property
    def _destroys(self) -> str:
        """The status that destroys what the call is about; "" for none."""
        status = str(self._chosen.values().get("status", ""))
        is_confirm = self._operation.value == "confirm" and status in set(Status)
        return status if is_confirm and Status(status).is_destructive else ""

    def _arrange(self) -> None:
        """Show the fields of the chosen call, and what it would send."""
        declared = OPERATIONS[self._operation.value]
        self._area.children = [self._chosen.widget]
        show_when(self._all, self._chosen.has_more)
        self._chosen.show(everything=bool(self._all.value))
        pace = self._say("operation.quota.none")
        if quota := declared.quota:
            pace = self._say("operation.quota.minute", count=quota.per_minute)
        told = self._say(
            "form.inspect.about",
            method=declared.method,
            path=declared.path,
            quota=pace,
            permission=declared.permission or self._say("form.inspect.no permission"),
        )
        docs = {"href": declared.doc_url, "target": "_blank", "rel": "noopener",
                "style": "text-decoration:underline"}  # fmt: skip
        link = element("a", self._say("exchange.docs"), **docs)
        explorer = element("a", "API Explorer", **{**docs, "href": declared.explorer_url})
        self._about.show(element("div", told, " · ", link, " · ", explorer, class_="vodnb-hint"))
        self._preview()

    def _preview(self) -> None:
        """Show the request before it goes."""
        self._refuse_secrets()
        status = self._destroys
        show_when(self._confirmed, status)
        warning = self._say("form.inspect.destroy.hint", status=status)
        self._warning.show(line(warning, kind="trouble") if status else Markup())
        self._plan.show(self._describe_plan())

    def _describe_plan(self) -> Markup:
        shared = self._shared
        if shared.vod is None:
            return hint(self._say("form.need connection"))
        try:
            last = shared.vod.preview(
                self._operation.value, lang=shared.lang, **self._chosen.values()
            ).last
        except VodnbError as fault:
            what = translate(fault.what, shared.lang)
            return hint(shared.clean(self._say("form.inspect.not ready", what=what)))
        lines = [f"{last.method} {last.url}", *([last.request_body] if last.request_body else [])]
        style = "margin:2px 0;white-space:pre-wrap;overflow-wrap:anywhere"
        told = element("pre", "\n".join(lines), style=style)
        return element("div", hint(self._say("form.inspect.will leave")), told)

    def _refuse_secrets(self) -> None:
        """Empty a box that was given a secret: its text would be saved with the notebook."""
        shared = self._shared

        def is_secret(text: str) -> bool:
            known = shared.vod is not None and shared.vod.is_secret(text)
            return known or redact_patterns(text) != text or shared.clean(text) != text

        if named := self._chosen.empty(is_secret):
            raise InputError(self._say("form.looks secret", name=", ".join(named)))

    def _begin_call(self) -> None:
        vod = self._need(self.vod, "form.need connection")
        self._refuse_secrets()
        status, typed = self._destroys, self._confirmed.value.strip()
        self._confirmed.value = ""
        if status and typed != "1":
            raise InputError(self._say("form.inspect.destroy.wrong", status=status))
        name, fields, lang = self._operation.value, self._chosen.values(), self._shared.lang
        destroy = 1 if status else None
        self._start(lambda: vod.call(name, destroy=destroy, lang=lang, **fields))

    def _start(self, work: Callable[[], Exchange]) -> None:
        self._tell("form.inspect.sending")
        self._aside(work, self._take_exchange)

    # -- the exchange ---------------------------------------------------------------------------

    def _take_exchange(self, exchange: Exchange) -> None:
        self._tell()
        self._exchange = exchange
        self._list_past()
        self._show_exchange()

    def _list_past(self) -> None:
        """Offer the exchanges of the session, the newest first."""
        table = self.vod.history(lang=self._shared.lang) if self.vod else None
        count = 0 if table is None else len(table)
        rows = range(count - 1, max(count - 1 - _LISTED, -1), -1)
        names = ("n", "operation", "error_code", "http_status", "sent_at")
        cells = read_cells(table, rows, names) if table is not None and count else []
        options = [
            (f"{n} · {operation} · {self._ended(code, status)} · {at[11:19]}", int(n))
            for n, operation, code, status, at in cells
        ] or [(self._say("form.inspect.past.none"), 0)]
        newest = options[0][1]
        for choice in (self._past, self._other):
            choice.relabel(options)
        if self.vod is not None and newest:
            current = self.vod.exchange(newest)
            if self._exchange is None:
                # Made by code, or by a form before this one.
                self._exchange = current
            if current.attempts == self._exchange.attempts:
                self._past.value = newest

    def _ended(self, code: str, status: str) -> str:
        return code or self._say("exchange.success" if status else "exchange.no answer")

    def _pick(self) -> None:
        if self._past.value and self.vod is not None:
            self._exchange = self.vod.exchange(self._past.value)
            self._show_exchange()

    def _show_exchange(self) -> None:
        exchange = self._exchange
        self._replay.disabled = exchange is None
        for part in (self._past, *self._later, self._copying):
            show_when(part, exchange)
        if exchange is None:
            self._shown.show(Markup())
        else:
            self._exchange = exchange.speak(self._shared.lang)
            self._shown.show(as_html(self._exchange))
        self._write_script()

    def _write_script(self) -> None:
        exchange = self._exchange
        if exchange is None:
            self._script.value = ""
            return
        made = {"curl": exchange.curl, "python": exchange.python, "sdk": exchange.sdk}
        self._script.value = made[self._as.value]()

    def _begin_replay(self) -> None:
        vod = self._need(self.vod, "form.need connection")
        exchange = self._need(self._exchange, "form.need call")
        status = str(exchange.fields().get("status", ""))
        if exchange.operation == "confirm" and Status(status).is_destructive:
            # It asks first, like any call that destroys: with its fields before the eyes.
            self._operation.value = exchange.operation
            self._chosen.fill(exchange.fields())
            self._preview()
            raise InputError(self._say("form.inspect.destroy.wrong", status=status))
        self._start(lambda: vod.replay(exchange))

    def _show_difference(self) -> None:
        if self._exchange is None or not self._other.value:
            raise InputError(self._say("form.need call"))
        other = self._need(self.vod, "form.need connection").exchange(self._other.value)
        self._difference = self._exchange.speak(self._shared.lang).diff(other)
        self._differs.show(self._difference.as_html())

    # -- codes and assets -----------------------------------------------------------------------

    def _show_meaning(self) -> None:
        lang = self._shared.lang
        entry = explain(self._code.value, lang=lang).entry
        told = {
            "column.code": entry.code,
            "column.meaning": entry.meaning(lang),
            "column.next": entry.next_step(lang),
        }
        self._meaning.show(facts((self._say(key), text) for key, text in told.items()))

    def _begin_asking(self) -> None:
        vod, lang = self._need(self.vod, "form.need connection"), self._shared.lang
        asset_id = self._need(self._asset.value.strip() or None, "form.inspect.asset.hint")
        self._tell("form.testing")
        self._aside(
            lambda: vod.states([asset_id], rate=None, progress=False, lang=lang), self._show_state
        )

    def _show_state(self, states: pd.DataFrame) -> None:
        self._tell()
        told = read_row(states, 0)
        self._state.show(facts([(name, told[name]) for name in _SHOWN if told.get(name)]))

    def _show_busy(self) -> None:
        self._ask.disabled = self._send.disabled = self._is_busy
        self._replay.disabled = self._is_busy or self._exchange is None

    def still(self) -> Markup:
        """Return the exchange and difference on show, and what was explained and asked last."""
        pictures = (self._shown, self._differs, self._meaning, self._state)
        shown = [picture.value for picture in pictures if isinstance(picture.value, Markup)]
        return element("div", *shown)


def inspect_form(vod: Vod | None = None, *, lang: str | None = None) -> InspectForm:
    """Look at single things by form: a call, an error code, an asset.

    Pick a call, fill its fields, see the request before it goes, send it, and see all of the
    answer with what its code means; replay it, compare it with another, copy it as a script.

    Args:
        vod: The connection. Default: that of the last form.
        lang: `"zh"` or `"en"`. Default: that of the last form, else the connection's, else
            VODNB_LANG, else the locale.

    Example:
        >>> form = vodnb.forms.inspect(vod)
    """
    return InspectForm(start_from(vod=vod, lang=lang))
