"""The form that loads: a path, an upload or pasted text; and what each row is worth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from vodnb.rules.errors import InputError
from vodnb.rules.model import Verdict
from vodnb.rules.words.markup import Markup, element
from vodnb.rules.words.translations import translate
from vodnb.tables.picks import read_titles
from vodnb.tables.read import load_assets

from .controls.parts import (
    SHOWN_LETTERS,
    Picture,
    heed,
    hint,
    line,
    row,
    show_when,
    table,
    text_box,
)
from .form import Form
from .shared import start_from

if TYPE_CHECKING:
    import pandas as pd

    from vodnb.tables.read import Source

_ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16", "cp1252")
_SUFFIXES = {".csv", ".tsv", ".txt"}
_MOST_OFFERS = 40
_SAMPLE = 300
_SAMPLE_NAME = "sandbox_assets.csv"


def complete(begun: str) -> list[str]:
    """Return the files and folders that a path so begun may go on to, tables and folders only."""
    folder = Path(begun).expanduser() if begun.endswith("/") else Path(begun).expanduser().parent
    shown = begun[: begun.rfind("/") + 1]
    try:
        entries = sorted(folder.iterdir())
    except (OSError, ValueError):
        return []
    names = [
        f"{shown}{entry.name}{'/' if entry.is_dir() else ''}"
        for entry in entries
        if not entry.name.startswith(".") and (entry.suffix.lower() in _SUFFIXES or entry.is_dir())
    ]
    return [name for name in names if name.startswith(begun)][:_MOST_OFFERS]


def keep_upload(name: str, content: bytes) -> Path:
    """Write an upload into the current folder, where its journal will be, and return its path.

    A file that is there already is never replaced; one with the same content is used. The name is
    the browser's word: only letters, digits, dots, hyphens and blanks of its last part stay.
    """
    stem = re.sub(r"[^\w. -]+", "_", Path(name.replace("\\", "/")).stem).strip(". ")[:80]
    suffix = Path(name).suffix.lower()
    suffix = suffix if suffix in _SUFFIXES else ".csv"
    for number in range(1, 1000):
        path = Path(f"{stem or 'upload'}{'' if number == 1 else f'-{number}'}{suffix}")
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
                return path
            continue
        except OSError as cause:
            raise InputError(
                f"The upload cannot be kept as '{path}': {cause.strerror}.",
                "An upload is kept in the current folder, beside its journal.",
                "Start the notebook in a folder that you may write to, or give a path to the file.",
            ) from cause
        return path
    raise InputError(f"There are too many files named {stem!r} here.", do="Rename the upload.")


class LoadForm(Form):
    """Loads a table of assets."""

    def _parts(self) -> list[widgets.Widget]:
        self._source: Source | None = None
        path = text_box(widgets.Combobox, ensure_option=False, options=complete(""))
        wanted, paste = "form.load.path.hint", "form.load.paste.hint"
        self._path = self._named(
            "form.load.path", path, self._offer, tip=wanted, placeholder=wanted
        )
        self._load = self._button("form.load.load", self._load_path, kind="primary")
        self._sample = self._button("form.load.sample", self._load_sample, count=_SAMPLE)
        upload = widgets.FileUpload(
            accept=",".join(sorted(_SUFFIXES)),
            multiple=False,
            layout=widgets.Layout(width="auto", flex="0 0 auto"),
        )
        self._upload = self._named(
            "form.load.upload", upload, self._take_upload, tip="form.load.upload.tip"
        )
        self._show_paste = self._tick("form.load.paste", tip=paste)
        heed(self._show_paste, self._arrange)
        box = text_box(widgets.Textarea, rows=4, continuous_update=False)
        self._paste = self._named("form.load.paste", box, tip=paste, placeholder=paste)
        self._take = self._button("form.load.take", self._load_paste)
        self._column = self._choice("form.load.column", [("", "")], self._again)
        self._encoding = self._choice("form.load.encoding", ["", *_ENCODINGS], self._again)
        self._upload_hint, self._summary = Picture(), Picture()
        self._pasting = row(self._paste, self._take)
        return [
            row(self._path, self._load, self._sample),
            row(self._upload, self._upload_hint),
            row(self._show_paste),
            self._pasting,
            row(self._column, self._encoding),
            # Before the summary, which may be long: nobody looks for an error below it.
            self._news,
            self._trouble,
            self._summary,
        ]

    def _speak(self) -> None:
        say = self._say
        self._upload_hint.show(hint(say("form.load.upload.hint")))
        self._relabel_column([title for _, title in self._column.options])
        encodings = [(name, name) for name in _ENCODINGS]
        self._encoding.relabel([(say("form.load.found"), ""), *encodings])
        self._arrange()
        self._changed("assets")

    def _relabel_column(self, titles: list[str]) -> None:
        self._column.relabel_titles(self._say("form.load.found"), titles)

    def _arrange(self) -> None:
        show_when(self._pasting, self._show_paste.value)
        show_when(self._sample, self.vod and self.vod.is_sandbox)

    def _offer(self) -> None:
        self._path.options = complete(self._path.value)

    def _load_path(self) -> None:
        self._read(self._need(self._path.value.strip() or None, "form.load.path.hint"))

    def _take_upload(self) -> None:
        """Keep what arrived as a file; its rows must not stay in the widget's state."""
        if not self._upload.value:
            return
        first = self._upload.value[0]
        name, content = str(first["name"]), bytes(first["content"])
        self._upload.value = ()
        path = keep_upload(name, content)
        self._path.value = str(path)
        self._read(str(path), kept=str(path))

    def _load_paste(self) -> None:
        text = self._need(self._paste.value.strip() or None, "form.load.paste.hint")
        self._paste.value = ""
        self._read(f"{text}\n")

    def _load_sample(self) -> None:
        vod = self._need(self.vod, "form.need connection")
        path = vod.sandbox.sample_csv(_SAMPLE_NAME, _SAMPLE)
        self._path.value = str(path)
        self._read(str(path))

    def _again(self) -> None:
        if self._source is not None:
            self._read(self._source, is_same=True)

    def _read(self, source: Source, *, is_same: bool = False, kept: str = "") -> None:
        """Load a source aside; a new one is looked at with no ID column chosen."""
        if not is_same:
            self._relabel_column([])
        self._source = source
        self._tell("form.load.kept" if kept else "form.working", **({"name": kept} if kept else {}))
        chosen: dict[str, Any] = {
            "id_column": self._column.value or None,
            "encoding": self._encoding.value or None,
        }
        self._aside(lambda: self._load_table(source, chosen), lambda found: self._show(found, kept))

    def _load_table(self, source: Source, chosen: dict[str, Any]) -> pd.DataFrame:
        # First, so that the columns can be chosen among where loading asks for one.
        self._relabel_column(read_titles(source, encoding=chosen["encoding"]))
        return load_assets(source, **chosen)

    def _show(self, assets: pd.DataFrame, kept: str) -> None:
        if not kept:
            self._tell()
        self._shared.set_assets(assets)

    def _changed(self, what: str) -> None:
        if what == "assets":
            self._summary.show(self.still())
        elif what == "vod":
            self._arrange()

    def _show_busy(self) -> None:
        buttons = (self._load, self._take, self._sample, self._upload)
        # The choices too: what is chosen while a table is loading would not be of that table.
        for control in (*buttons, self._column, self._encoding):
            control.disabled = self._is_busy

    def still(self) -> Markup:
        """Return how many rows there are of each verdict, and the first of each trouble."""
        found, lang, say = self._shared.summary, self._shared.lang, self._say
        if found is None:
            return line(say("form.no assets"))
        source = translate(found.source, lang)
        told = say("form.load.rows", rows=found.rows, source=source, assets=found.assets)
        notes = [element("strong", told)]
        if found.how:
            notes.append(hint(say("form.load.read as", how=found.how)))
        if found.unusual:
            notes.append(line(say("form.load.unusual", count=found.unusual)))
        counts = [
            (say(f"verdict.{kind}"), f"{found.counts[kind]:,}", say(_fate(kind)))
            for kind in Verdict
            if found.counts[kind]
        ]
        notes.append(table((say("column.verdict"), say("column.rows"), ""), counts))
        if found.troubles:
            troubles = [
                (one.row, say(f"verdict.{one.verdict}"), one.cell[:SHOWN_LETTERS],
                 translate(one.note, lang))
                for one in found.troubles
            ]  # fmt: skip
            header = [say(f"column.{name}") for name in ("row", "verdict", "cell", "note")]
            notes.append(table(header, troubles, caption=say("form.load.troubles"), has_words=True))
        return element("div", *notes)


def _fate(verdict: Verdict) -> str:
    if verdict is Verdict.DUPLICATE:
        return "form.load.sent once"
    return "form.load.will be sent" if verdict.is_usable else "form.load.stays here"


def load_form(source: Source | None = None, *, lang: str | None = None) -> LoadForm:
    """Load assets by form: from a path, an upload of up to 10 MB, or pasted text.

    Args:
        source: Whatever `load_assets` takes, to begin with. Default: nothing.
        lang: `"zh"` or `"en"`. Default: that of the last form, else VODNB_LANG, else the locale.

    Returns:
        The form; `form.assets` is the loaded table.

    Example:
        >>> form = vodnb.forms.load()
    """
    return LoadForm(start_from(assets=source, lang=lang))
