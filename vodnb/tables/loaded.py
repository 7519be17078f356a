"""Sums up what loading found, for people. Never displays anything itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vodnb.rules.errors import InputError
from vodnb.rules.model import Verdict
from vodnb.rules.verdicts import is_usual
from vodnb.rules.words import markup
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import say
from vodnb.tables.formats.cell_text import cell_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from vodnb.rules.model import Lang

_ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with BOM",
    "utf-16": "UTF-16 with BOM",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "utf-32": "UTF-32 with BOM",
    "gb18030": "GB18030",
}
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "TAB", "|": "bar"}
_EXAMPLES = 3
_SHOWN_LETTERS = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One row that cannot be used.

    Attributes:
        row: Data row, from 1, titles not counted.
        verdict: Why it cannot be used.
        cell: Its ID cell as read.
        note: What was seen.
    """

    row: int
    verdict: Verdict
    cell: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LoadSummary(markup.Displayable):
    """What a loaded table holds.

    Attributes:
        source: The path as given, or "text", "DataFrame", "Series", "list"; "a table" if unknown.
        how: How it was read, in words; "" if unknown.
        why: Why it was read so, and how to have it otherwise; "" where there was no choice.
        rows: How many rows there are.
        counts: Rows by verdict, every verdict named; they add up to `rows`.
        assets: How many distinct assets can be confirmed.
        unusual: How many of those are not 32 lower-case hex digits.
        troubles: Up to three example rows of each verdict that cannot be used.
        lang: The language it speaks.
    """

    source: str
    how: str
    why: str
    rows: int
    counts: Mapping[str, int]
    assets: int
    unusual: int
    troubles: tuple[Trouble, ...]
    lang: Lang = "en"

    def __repr__(self) -> str:
        lines = [self.headline]
        if self.why:
            lines.append(f"  {self.why}")
        for at, verdict, cell, note in self._shown_troubles():
            told = say("loaded.trouble", self.lang, row=at, verdict=verdict, cell=cell, note=note)
            lines.append(f"  {told}")
        return "\n".join(map(markup.printable, lines))

    @property
    def headline(self) -> str:
        """The summary in one line."""
        lang = self.lang
        unusable = sum(self.counts[verdict] for verdict in Verdict if not verdict.is_usable)
        told = [f"{count} {verdict}" for verdict, count in self._shown_counts()]
        parts = [say("loaded.to confirm", lang, assets=_counted(self.assets, "asset", lang))]
        if self.unusual:
            parts.append(say("loaded.unusual", lang, count=self.unusual))
        if unusable:
            key = "loaded.needs a look" if unusable == 1 else "loaded.need a look"
            parts.append(say(key, lang, rows=_counted(unusable, "row", lang)))
        return say(
            "loaded.headline.how" if self.how else "loaded.headline",
            lang,
            rows=_counted(self.rows, "row", lang),
            source=translate(self.source, lang),
            how=self.how,
            verdicts=say("join.comma", lang).join(told) or say("loaded.nothing", lang),
            parts=say("join.part", lang).join(parts),
        )

    def _shown_counts(self) -> list[tuple[str, str]]:
        # In English as the column has them.
        return [
            (
                say(f"verdict.{Verdict(verdict)}", "zh") if self.lang == "zh" else verdict,
                f"{count:,}",
            )
            for verdict, count in self.counts.items()
            if count
        ]

    def _shown_troubles(self) -> list[tuple[int, str, str, str]]:
        lang = self.lang
        return [
            (
                one.row,
                say(f"verdict.{one.verdict}", "zh") if lang == "zh" else one.verdict.value,
                _shortened(one.cell),
                translate(one.note, lang),
            )
            for one in self.troubles
        ]

    def _as_html(self) -> markup.Markup:
        def head(*names: str) -> list[str]:
            return [say(f"column.{name}", self.lang) for name in names]

        counts = self._shown_counts()
        parts = [
            markup.element("p", self.headline),
            markup.element("p", self.why) if self.why else "",
            markup.table(head("verdict", "rows"), counts) if counts else "",
        ]
        if rows := self._shown_troubles():
            title = say("loaded.troubles", self.lang)
            parts.append(markup.table(head("row", "verdict", "cell", "note"), rows, caption=title))
        return markup.element("div", *parts)


def describe(frame: pd.DataFrame, *, lang: Lang = "en") -> LoadSummary:
    """Sum up a table that `load_assets` has loaded, or any part of one."""
    if not {"asset_id", "verdict", "verdict_note"} <= set(frame.columns):
        raise InputError(
            "This table has no verdicts.",
            "It was not loaded by load_assets.",
            "Load it first: load_assets(table).",
        )
    asset_ids = cell_texts(frame["asset_id"])
    verdicts = [Verdict(verdict) for verdict in cell_texts(frame["verdict"])]
    counts = Counter(verdicts)
    usable = {
        asset_id for asset_id, verdict in zip(asset_ids, verdicts, strict=True) if verdict.is_usable
    }
    story = frame.attrs.get("vodnb", {})
    return LoadSummary(
        source=str(story.get("source", "a table")),
        how=_how(story, lang),
        why=_why(story, lang),
        lang=lang,
        rows=len(frame),
        counts={verdict.value: counts[verdict] for verdict in Verdict},
        assets=len(usable),
        unusual=sum(not is_usual(asset_id) for asset_id in usable),
        troubles=_troubles(asset_ids, verdicts, cell_texts(frame["verdict_note"])),
    )


def _troubles(cells: list[str], verdicts: list[Verdict], notes: list[str]) -> tuple[Trouble, ...]:
    found: dict[Verdict, list[Trouble]] = {
        verdict: [] for verdict in Verdict if not verdict.is_usable
    }
    for row, verdict in enumerate(verdicts):
        if verdict in found and len(found[verdict]) < _EXAMPLES:
            trouble = Trouble(row=row + 1, verdict=verdict, cell=cells[row], note=notes[row])
            found[verdict].append(trouble)
    return tuple(trouble for troubles in found.values() for trouble in troubles)


def _how(story: Mapping[str, object], lang: Lang) -> str:
    encoding, delimiter = str(story.get("encoding", "")), str(story.get("delimiter", ""))
    parts = [
        str(story.get("inside", "")),
        f"sheet {story['sheet']!r}" if "sheet" in story else "",
        _ENCODINGS.get(encoding, encoding),
        _DELIMITERS.get(delimiter, repr(delimiter) if delimiter else ""),
        f"ID column {story['id_column']!r}" if "id_column" in story else "",
    ]
    told = [translate(part, lang) for part in parts if part]
    return say("join.comma", lang).join(told)


def _why(story: Mapping[str, object], lang: Lang) -> str:
    """Return why it was read so, and how to have it otherwise; "" where nothing was chosen."""
    above = story.get("above")
    reasons = {
        "encoding": story.get("encoding_why"),
        "delimiter": story.get("delimiter_why"),
        "sheet": "the only one with something in it" if "sheet" in story else "",
    }
    told = {name: str(reason) for name, reason in reasons.items() if reason}
    if not told:
        return ""
    told["id_column"] = str(story.get("why"))
    choices = [f"{name} ({translate(reason, lang)})" for name, reason in told.items()]
    parts = [say("loaded.above", lang, lines=_counted(above, "line", lang))] if above else []
    parts.append(say("loaded.chosen", lang, choices=say("join.comma", lang).join(choices)))
    return say("join.part", lang).join(parts)


def _counted(number: Any, noun: str, lang: Lang) -> str:
    return say(f"count.{noun}" if number == 1 else f"count.{noun}s", lang, count=number)


def _shortened(cell: str) -> str:
    return repr(cell if len(cell) <= _SHOWN_LETTERS else cell[:_SHOWN_LETTERS] + "…")
