"""The words of people: each of our words has them in both languages."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from vodnb.bulk.events import Phase
from vodnb.rules import wording
from vodnb.rules.model import Needs, Outcome, Verdict
from vodnb.rules.wording import needs_in_words, outcome_in_words, say, verdict_in_words

HAN = re.compile(r"[\u4e00-\u9fff]")
VALUES = {"count": 12345, "done": 1, "total": 2000, "time": "0:07", "code": "C", "reason": "r"}
VALUES |= {"parts": "some", "looks": 3, "calls": "1 – 3"}
VALUES |= dict.fromkeys(("rows", "assets", "lines", "source", "how", "verdicts", "choices"), "x")
VALUES |= dict.fromkeys(("status", "project", "endpoint", "window", "start", "end", "utc"), "text")


@pytest.mark.parametrize(
    ("words", "say_it"),
    [(Outcome, outcome_in_words), (Needs, needs_in_words), (Verdict, verdict_in_words)],
)
def test_every_word_is_said_in_both_languages(words, say_it):
    """No outcome and no need is without words, and no two of them are said alike."""
    english = [say_it(word, "en") for word in words]
    chinese = [say_it(word, "zh") for word in words]
    assert english == [word.value.replace("_", " ").replace("an id", "an ID") for word in words]
    assert all(map(HAN.search, chinese))
    assert len(set(chinese)) == len(words)


@pytest.mark.parametrize("key", sorted(wording._SENTENCES))
def test_every_sentence_can_be_filled_in(key):
    """Both languages name the same values, and nothing is left in braces."""
    english, chinese = wording._SENTENCES[key]
    named = [
        {part[1] for part in Formatter().parse(text) if part[1]} for text in (english, chinese)
    ]
    assert named[0] == named[1] <= VALUES.keys()
    values = {name: VALUES[name] for name in named[0]}
    told = {lang: say(key, lang, **values) for lang in ("en", "zh")}
    assert HAN.search(told["zh"])
    assert not HAN.search(told["en"])
    for text in told.values():
        assert "{" not in text
        assert all(str(values[name]) in text for name in named[0] & {"code", "reason", "time"})


def test_big_numbers_are_grouped():
    """12345 rows are 12,345 rows."""
    assert say("rows", "en", count=12345, parts="x") == "12,345 rows: x."
    assert say("rows", "zh", count=12345, parts="x") == "共 12,345 行：x。"


def test_a_value_is_never_taken_for_a_pattern():
    """Braces in a value, such as a server's words, stay as they are."""
    assert "{count} {0}" in say("why", "en", code="X", reason="{count} {0}")


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_of_a_run_can_be_said(phase):
    """The progress line looks its sentence up by the name of the phase."""
    assert say(str(phase), "en")
    assert HAN.search(say(str(phase), "zh"))
