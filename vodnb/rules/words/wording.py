"""Says every sentence of ours in the language asked for. Pure: the table is read once, when asked.

`words.csv` beside this file has them, sorted by key: the room or form, a dot, and what is said
there; the last part may be a value of ours (an outcome, a cause), as it is spelled everywhere.
Column names and codes stay English in every language; only what is said about them is translated.
"""

from __future__ import annotations

import csv
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vodnb.rules.model import Lang


def say(key: str, lang: Lang, /, **values: object) -> str:
    """Return one of our sentences, filled in.

    Raises:
        KeyError: There is no such sentence, or a value is missing.

    Example:
        >>> say("progress.left", "en", time=clock(75))
        '1:15 left'
    """
    return _sentences()[key][lang].format(**values)


@lru_cache(maxsize=1)
def _sentences() -> Mapping[str, Mapping[str, str]]:
    return {row["key"]: row for row in read_table("words.csv")}


def read_table(name: str) -> Iterable[Mapping[str, str]]:
    """Return the rows of a table beside this file, by the names of its columns."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


def clock(seconds: float) -> str:
    """Return a time as hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def width_of(text: str) -> int:
    """Return how many columns a text takes in a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, width: int) -> str:
    """Return a text that takes this many columns, or as many as it needs."""
    return text + " " * max(width - width_of(text), 0)
