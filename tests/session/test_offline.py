"""The verbs without a connection: they speak the language that is set, and show what they load."""

from __future__ import annotations

import locale
import traceback

import pytest
from made_tables import ASSETS, finished

import vodnb
from vodnb.rules.codes import look_up
from vodnb.rules.errors import InputError
from vodnb.session import arguments, offline
from vodnb.tables.read import load_assets

ENTRY = look_up("VOD.10062")


@pytest.fixture
def spoken_here(monkeypatch):
    """Set the locale of the machine."""

    def speak(name: str | None) -> None:
        monkeypatch.setattr(locale, "getlocale", lambda: (name, "UTF-8" if name else None))

    return speak


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (("zh", "en", "en_US"), "zh"),
        (("en", "zh", "zh_CN"), "en"),
        ((None, "zh", "en_US"), "zh"),
        ((None, "en_GB.UTF-8", "zh_CN"), "en"),
        ((None, None, "zh_CN"), "zh"),
        ((None, "", "zh_TW"), "zh"),
        ((None, None, "de_DE"), "en"),
        ((None, None, None), "en"),
    ],
)
def test_language_is_the_first_found(order, found, spoken_here, monkeypatch):
    """As asked; else the variable; else the locale; else English."""
    asked, variable, place = order
    spoken_here(place)
    if variable is not None:
        monkeypatch.setenv("VODNB_LANG", variable)
    assert arguments.spoken(asked) == found
    meaning = {"zh": ENTRY.meaning_zh, "en": ENTRY.meaning_en}[found]
    assert meaning in repr(vodnb.explain("VOD.10062", lang=asked))
    assert vodnb.summary(finished(load_assets([]), {}, lang=found)).lang == found


def test_machine_without_a_locale_has_none(spoken_here):
    """No locale is no name, rather than None."""
    spoken_here(None)
    assert arguments.locale_name() == ""


@pytest.mark.parametrize("where", ["argument", "variable"])
def test_other_languages_are_refused(where, monkeypatch):
    """The message says which are spoken; no frame of the traceback holds the environment."""
    monkeypatch.setenv("VODNB_TOKEN", "CANARY")
    if where == "variable":
        monkeypatch.setenv("VODNB_LANG", "fr")
    with pytest.raises(InputError, match=r"is 'fr'.*Use zh or en") as caught:
        vodnb.explain("VOD.10062", lang="fr" if where == "argument" else None)
    frames = [frame for frame, _ in traceback.walk_tb(caught.tb)]
    assert not [frame for frame in frames[1:] if "CANARY" in repr(frame.f_locals)]


def test_explain_tells_statuses_apart():
    """The same code can mean two things by its HTTP status."""
    too_big, too_slow = (vodnb.explain("APIGW.0201", status, lang="en") for status in (413, 504))
    assert repr(too_big) != repr(too_slow)


def test_damaged_journal_is_listed_as_such(tmp_path):
    """A run whose journal cannot be read is shown with what is known: its file."""
    (tmp_path / "20260101T000000Z-abcdef.sqlite").write_bytes(b"no database" * 100)
    table = vodnb.runs(tmp_path)
    assert list(table["state"]) == ["damaged"]
    assert list(table["run_id"]) == ["20260101T000000Z-abcdef"]


def test_summary_speaks_the_language_of_the_run():
    """Unless another one is asked for."""
    results = finished(load_assets([ASSETS[0]]), {}, lang="zh")
    assert vodnb.summary(results).lang == "zh"
    assert vodnb.summary(results, lang="en").lang == "en"


@pytest.mark.parametrize("table", [None, [1], "results.csv"])
def test_summary_of_something_else_is_refused(table):
    """What is no table is named by its type."""
    with pytest.raises(InputError, match=f"A {type(table).__name__} is no results table"):
        vodnb.summary(table)


def test_loading_shows_the_counts(monkeypatch, tmp_path):
    """In a notebook the counts appear by themselves; the table is that of the reading options."""
    shown = []
    monkeypatch.setattr(offline, "show", shown.append)
    path = tmp_path / "a.csv"
    path.write_text(f"媒资;id\n题;{ASSETS[0]}\n题;inf\n", encoding="gb18030")
    table = vodnb.load_assets(path, id_column="id", encoding="gb18030", delimiter=";")
    assert list(table["verdict"]) == ["ok", "mangled"]
    assert table["媒资"][0] == "题"
    assert [found.counts["mangled"] for found in shown] == [1]
