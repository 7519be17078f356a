"""What reports say can be said in both languages, with the same values, and every word is used."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import vodnb
from vodnb.forms.report_words import REPORT_WORDS
from vodnb.reporting.words import PARTIES, VERDICTS, WORDS
from vodnb.rules.model import Needs, Verdict

HAN = re.compile(r"[\u4e00-\u9fff]")
ALIKE = {"http", "handed back", "party"}
ALL = {**WORDS, **REPORT_WORDS}
ROOT = Path(vodnb.__file__).parent


@pytest.mark.parametrize("key", sorted(ALL))
def test_every_sentence_is_said_in_both_languages(key):
    """Both name the same values with the same form, and each is in its own language."""
    told = [
        {(part[1], part[2]) for part in Formatter().parse(text) if part[1]} for text in ALL[key]
    ]
    assert told[0] == told[1]
    if key not in ALIKE:
        assert HAN.search(ALL[key][1])
        assert not HAN.search(ALL[key][0])


def test_every_word_is_used():
    """A sentence that nobody says any more is not kept."""
    files = [*(ROOT / "reporting").glob("*.py"), ROOT / "forms" / "report_part.py"]
    used = {
        node.value
        for path in files
        if path.name != "words.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    used |= {f"fact {part}" for part in used}
    assert sorted(ALL.keys() - used) == []


def test_each_verdict_and_party_has_words():
    """No verdict and no party without them."""
    assert VERDICTS.keys() == {verdict.value for verdict in Verdict}
    assert PARTIES.keys() == {needs.value for needs in Needs} - {"nothing"}
