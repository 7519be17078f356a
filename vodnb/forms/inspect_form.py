"""The form that inspects: one call made and looked at, one code explained, one asset asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from vodnb.debug.picture import as_html
from vodnb.forms.controls.field_boxes import FieldBoxes
from vodnb.forms.controls.parts import (
    Choice,
    Picture,
    button,
    facts,
    hint,
    line,
    name_it,
    row,
    show_when,
    text_box,
    tick_box,
)
from vodnb.rules.errors import InputError, VodnbError
from vodnb.rules.model import Status
from vodnb.rules.operations import OPERATIONS
from vodnb.rules.words.explanation import explain
from vodnb.rules.words.markup import Markup, element
from vodnb.rules.words.translations import translate
from vodnb.service.redact import redact_patterns
from vodnb.tables.picks import read_cells, read_row

from .form import Form
from .shared import start_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodnb.bulk.survey import Survey
    from vodnb.debug.difference import Difference
    from vodnb.debug.exchange import Exchange
    from vodnb.session.vod import Vod

_SHOWN = ("asset_id", "state", "state_meaning", "asset_title", "asset_size", "created_at",
          "modified_at", "error_code")  # fmt: skip
_SCRIPTS = ("curl", "python", "sdk")
_LISTED = 100
_SCRIPT_ROWS = 12


class InspectForm(Form):
    """Makes single calls and shows all of them; explains a code; asks for the state of an asset."""

    def _parts(self) -> list[widgets.Widget]:
        self._exchange: Exchange | None = None
        self._difference: Difference | None = None
        self._operation = Choice(options=list(OPERATIONS))
        self._all, self._confirmed = tick_box(value=False), text_box()
        self._boxes = {
            name: FieldBoxes(declared, self._note_field) for name, declared in OPERATIONS.items()
        }
        self._area = widgets.VBox(layout=widgets.Layout(width="100%"))
        self._send, self._replay, self._compare = button(kind="primary"), button(), button()
        self._past, self._other = Choice(options=[("", 0)]), Choice(options=[("", 0)])
        self._as = Choice(options=list(_SCRIPTS))
        self._script = text_box(widgets.Textarea, rows=_SCRIPT_ROWS)
        self._script.layout.max_width, self._script.layout.flex = "none", "1 1 30em"
        self._script.add_class("vodnb-script")
        self._head, self._about, self._warning, self._plan = (Picture() for _ in range(4))
        self._shown, self._differs, self._copying, self._rest = (Picture() for _ in range(4))
        self._code, self._asset = text_box(), text_box()
        self._explain, self._ask = button(), button()
        self._meaning, self._state = Picture(), Picture()
        self._connect_controls()
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

    def _connect_controls(self) -> None:
        self._operation.on_choice(lambda: self._act(self._arrange))
        self._all.observe(lambda _change: self._act(self._arrange), "value")
        self._past.on_choice(lambda: self._act(self._pick))
        self._as.on_choice(lambda: self._act(self._write_script))
        self._on_click(self._send, self._begin_call)
        self._on_click(self._replay, self._begin_replay)
        self._on_click(self._compare, self._show_difference)
        self._on_click(self._explain, self._show_meaning)
        self._on_click(self._ask, self._begin_asking)

    def _speak(self) -> None:
        say, lang = self._say, self._shared.lang
        titles = [(f"{name} · {made.title(lang)}", name) for name, made in OPERATIONS.items()]
        self._operation.relabel(titles)
        self._as.relabel([(label, label.lower()) for label in ("curl", "Python", "SDK")])
        for control, key in (
            (self._operation, "operation"), (self._all, "all fields"),
            (self._confirmed, "destroy"), (self._past, "past"), (self._other, "other"),
            (self._as, "script as"), (self._script, "script"),
        ):  # fmt: skip
            name_it(control, say(f"form.inspect.{key}"))
        for control, key in (
            (self._send, "send"), (self._replay, "replay"), (self._compare, "compare"),
            (self._explain, "explain"), (self._ask, "ask"),
        ):  # fmt: skip
            name_it(control, say(f"form.inspect.{key}"), say(f"form.inspect.{key}.tip"))
        name_it(self._code, say("label.error code"))
        self._code.placeholder = say("form.inspect.code.hint")
        name_it(self._asset, say("label.asset"))
        self._asset.placeholder = say("form.inspect.asset.hint")
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
        quota = declared.quota
        told = self._say(
            "form.inspect.about",
            method=declared.method,
            path=declared.path,
            quota=self._say("operation.quota.minute", count=quota.per_minute)
            if quota
            else self._say("operation.quota.none"),
            permission=declared.permission or self._say("form.inspect.no permission"),
        )
        docs = {"href": declared.doc_url, "target": "_blank", "rel": "noopener",
                "style": "text-decoration:underline"}  # fmt: skip
        link = element("a", self._say("exchange.docs"), **docs)
        explorer = element("a", "API Explorer", **{**docs, "href": declared.explorer_url})
        self._about.show(element("div", told, " · ", link, " · ", explorer, class_="vodnb-hint"))
        self._preview()

    def _note_field(self) -> None:
        self._act(self._preview)

    def _preview(self) -> None:
        """Show the request before it goes."""
        self._refuse_secrets()
        show_when(self._confirmed, self._destroys)
        warning = (
            self._say("form.inspect.destroy.hint", status=self._destroys) if self._destroys else ""
        )
        self._warning.show(line(warning, kind="trouble") if warning else Markup())
        vod = self._shared.vod
        if vod is None:
            self._plan.show(hint(self._say("form.need connection")))
            return
        try:
            planned = vod.preview(
                self._operation.value, lang=self._shared.lang, **self._chosen.values()
            )
        except VodnbError as fault:
            what = translate(fault.what, self._shared.lang)
            self._plan.show(
                hint(self._shared.clean(self._say("form.inspect.not ready", what=what)))
            )
            return
        last = planned.last
        lines = [f"{last.method} {last.url}", *([last.request_body] if last.request_body else [])]
        style = "margin:2px 0;white-space:pre-wrap;overflow-wrap:anywhere"
        told = element("pre", "\n".join(lines), style=style)
        self._plan.show(element("div", hint(self._say("form.inspect.will leave")), told))

    def _refuse_secrets(self) -> None:
        """Empty a box that was given a secret: its text would be saved with the notebook."""
        shared = self._shared

        def is_secret(text: str) -> bool:
            known = shared.vod is not None and shared.vod.is_secret(text)
            return known or redact_patterns(text) != text or shared.clean(text) != text

        if named := self._chosen.empty(is_secret):
            raise InputError(self._say("form.looks secret", name=", ".join(named)))

    def _begin_call(self) -> None:
        vod = self._connection()
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

    def _connection(self) -> Vod:
        if self._shared.vod is None:
            raise InputError(self._say("form.need connection"))
        return self._shared.vod

    # -- the exchange ---------------------------------------------------------------------------

    def _take_exchange(self, exchange: Exchange) -> None:
        self._tell()
        self._exchange = exchange
        self._list_past()
        self._show_exchange()

    def _list_past(self) -> None:
        """Offer the exchanges of the session, the newest first."""
        table = self._shared.vod.history(lang=self._shared.lang) if self._shared.vod else None
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
        if self._shared.vod is not None and newest:
            current = self._shared.vod.exchange(newest)
            if self._exchange is None:
                # Made by code, or by a form before this one.
                self._exchange = current
            if current.attempts == self._exchange.attempts:
                self._past.value = newest

    def _ended(self, code: str, status: str) -> str:
        return code or (
            self._say("exchange.success") if status else self._say("exchange.no answer")
        )

    def _pick(self) -> None:
        if self._past.value and self._shared.vod is not None:
            self._exchange = self._shared.vod.exchange(self._past.value)
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
        vod, exchange = self._connection(), self._exchange
        if exchange is None:
            raise InputError(self._say("form.need call"))
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
        other = self._connection().exchange(self._other.value)
        self._difference = self._exchange.speak(self._shared.lang).diff(other)
        self._differs.show(self._difference.as_html())

    # -- codes and assets -----------------------------------------------------------------------

    def _show_meaning(self) -> None:
        lang = self._shared.lang
        entry = explain(self._code.value, lang=lang).entry
        told = [
            ("column.code", entry.code),
            ("column.meaning", entry.meaning(lang)),
            ("column.next", entry.next_step(lang)),
        ]
        self._meaning.show(facts((self._say(key), text) for key, text in told))

    def _begin_asking(self) -> None:
        vod, asset_id = self._shared.vod, self._asset.value.strip()
        if vod is None:
            raise InputError(self._say("form.need connection"))
        if not asset_id:
            raise InputError(self._say("form.inspect.asset.hint"))
        lang = self._shared.lang
        self._aside(lambda: vod.start_states([asset_id], rate=None, lang=lang), self._follow_asking)

    def _follow_asking(self, survey: Survey) -> None:
        self._tell("form.testing")
        self._follow(survey, lambda: None, lambda: self._show_state(survey))

    def _show_state(self, survey: Survey) -> None:
        self._tell()
        self._state.show(Markup())
        told = read_row(survey.results(), 0)
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
    return InspectForm(start_from(vod=vod, assets=None, lang=lang))
