"""The form that connects: sandbox or real, with what secret, and whether it works."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from vodnb.rules.codes import look_up
from vodnb.rules.errors import InputError
from vodnb.rules.words.markup import Markup, element
from vodnb.service.redact import redact_patterns
from vodnb.service.settings.endpoints import REGIONS
from vodnb.session.connect import connect
from vodnb.tables.picks import read_row

from .controls.parts import Picture, heed, hint, line, row, show_when, table, text_box
from .controls.secret_box import PlainBox, SecretBox
from .form import Form
from .shared import start_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ipywidgets as widgets
    import pandas as pd

    from vodnb.session.vod import Vod

_NOBODY = "0" * 32
"""An asset that cannot be there: asking for it proves the way and changes nothing."""

_LONGEST_PLAIN = 512

_WAYS: dict[str, tuple[str, ...]] = {
    "found": (),
    "token": ("token",),
    "key": ("ak", "sk", "security_token"),
    "user": ("iam_user", "iam_domain", "iam_password"),
}
_PLAIN = ("iam_user", "iam_domain")
_PLACES = ("project", "endpoint", "ca")


class ConnectForm(Form):
    """Connects to the sandbox or to Huawei Cloud."""

    def _parts(self) -> list[widgets.Widget]:
        self._where = self._choice("form.connect.where", ["sandbox", "real"])
        self._how = self._choice("form.connect.how", _WAYS)
        self._region = self._choice("setting.region", ["", *REGIONS])
        self._more = self._tick("form.connect.more")
        self._plain = {name: text_box(PlainBox) for name in (*_PLAIN, *_PLACES)}
        self._secrets = {
            name: text_box(SecretBox, is_key_id=name == "ak")
            for way in _WAYS.values()
            for name in way
            if name not in _PLAIN
        }
        self._fields = {**self._secrets, **self._plain}
        for name, box in self._fields.items():
            self._named(f"setting.{name}", box)
        for name, box in self._plain.items():
            heed(box, partial(self._act, partial(self._refuse_secret, name)))
        for control in (self._where, self._how, self._more):
            heed(control, self._arrange)
        self._connect = self._button("form.connect.connect", self._begin, kind="primary")
        self._test = self._button("form.connect.test", self._begin_test)
        self._hint, self._summary, self._answer = Picture(), Picture(), Picture()
        self._places = row(*(self._plain[name] for name in _PLACES))
        credential = (self._fields[name] for way in _WAYS.values() for name in way)
        return [
            row(self._where),
            row(self._how, self._region, *credential),
            row(self._more),
            self._places,
            self._hint,
            row(self._connect, self._test),
            self._answer,
            self._news,
            self._trouble,
            self._summary,
        ]

    def _speak(self) -> None:
        say = self._say
        self._where.relabel([(say(f"form.connect.where.{to}"), to) for to in ("sandbox", "real")])
        self._how.relabel([(say(f"form.connect.how.{way}"), way) for way in _WAYS])
        regions = [(name, name) for name in REGIONS]
        self._region.relabel([(say("form.connect.region.found"), ""), *regions])
        taken, empty = say("form.connect.secret.taken"), say("form.connect.secret.empty")
        for box in self._secrets.values():
            box.hint(empty=empty, taken=taken)
        optional = say("form.connect.secret.optional")
        self._secrets["security_token"].hint(empty=optional, taken=taken)
        for name in _PLACES:
            self._plain[name].placeholder = say(f"form.connect.{name}.hint")
        self._answer.show(Markup())
        self._arrange()
        self._changed("vod")

    def _arrange(self) -> None:
        """Show the boxes that the choices ask for."""
        is_real = self._where.value == "real"
        for control in (self._how, self._region, self._more):
            show_when(control, is_real)
        for way, names in _WAYS.items():
            for name in names:
                show_when(self._fields[name], is_real and way == self._how.value)
        show_when(self._places, is_real and self._more.value)
        hints = "where" if not is_real else "how" if self._how.value == "found" else "secret"
        self._hint.show(hint(self._say(f"form.connect.{hints}.hint")))

    def _refuse_secret(self, name: str) -> None:
        """Empty a plain box that was given a secret: its text would be saved with the notebook."""
        box = self._plain[name]
        text = box.value
        if redact_patterns(text) != text or len(text) > _LONGEST_PLAIN:
            box.value = ""
            raise InputError(self._say("form.looks secret", name=self._say(f"setting.{name}")))

    def _begin(self) -> None:
        for secret in (box.secret for box in self._secrets.values()):
            if secret:
                self._shared.hide(secret)
        self._answer.show(Markup())
        self._aside(self._make, self._take)

    def _make(self) -> Vod:
        lang = self._shared.lang
        if self._where.value == "sandbox":
            return connect(sandbox=True, lang=lang)
        plain: dict[str, Any] = {
            name: box.value.strip() or None for name, box in self._plain.items()
        }
        names = _WAYS[self._how.value]
        credential = {name: plain[name] for name in names if name in plain}
        # In one expression: no variable of this frame holds a secret in the clear.
        return connect(
            lang=lang,
            region=self._region.value or None,
            project_id=plain["project"],
            endpoint=plain["endpoint"],
            ca_bundle=plain["ca"],
            **credential,
            **self._revealed(names),
        )

    def _revealed(self, names: Sequence[str]) -> dict[str, Any]:
        taken = {name: self._secrets[name].secret for name in names if name in self._secrets}
        return {name: secret.reveal() for name, secret in taken.items() if secret}

    def _take(self, vod: Vod) -> None:
        for box in self._secrets.values():
            box.forget()
        self._shared.set_vod(vod)

    def _begin_test(self) -> None:
        vod = self._need(self.vod, "form.need connection")
        self._answer.show(Markup())
        self._tell("form.testing")
        self._aside(lambda: vod.states([_NOBODY], rate=None, progress=False), self._show_answer)

    def _show_answer(self, states: pd.DataFrame) -> None:
        self._tell()
        self._answer.show(self._judge(states))

    def _judge(self, states: pd.DataFrame) -> Markup:
        """Explain what the one call came to."""
        told = read_row(states, 0)
        if not (code := told["error_code"]):
            return line(self._say("form.connect.test.good"), kind="good", role="status")
        entry = look_up(code)
        lang = self._shared.lang
        words = self._say("form.connect.test.bad", code=code, meaning=entry.meaning(lang))
        next_step = element("div", entry.next_step(lang))
        return element("div", words, next_step, class_="vodnb-trouble", role="alert")

    def _changed(self, what: str) -> None:
        if what == "vod":
            self._summary.show(self.still())
            self._show_busy()

    def _show_busy(self) -> None:
        self._connect.disabled = self._is_busy
        self._test.disabled = self._is_busy or self.vod is None

    def still(self) -> Markup:
        """Return where the connection goes, as whom, and where each setting came from."""
        if self.vod is None:
            return line(self._say("form.not connected"))
        told = replace(self.vod.settings(), lang=self._shared.lang)
        return table(told.header()[:3], [cells[:3] for cells in told.cells()])


def connect_form(*, lang: str | None = None) -> ConnectForm:
    """Connect by form: to the sandbox, or with a token, AK/SK or IAM user.

    Secrets are hidden, taken at once, and saved nowhere; `form.vod` is the connection.

    Args:
        lang: `"zh"` or `"en"`. Default: that of the last form, else VODNB_LANG, else the locale.

    Returns:
        The form.

    Example:
        >>> form = vodnb.forms.connect()
    """
    return ConnectForm(start_from(lang=lang))
