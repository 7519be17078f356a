"""What forms and the debug room say: in both languages, each word once, and none that is dead."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import vodnb
from vodnb.debug import doctor_words
from vodnb.debug import words as debug_words
from vodnb.forms.inspect_words import INSPECT_WORDS
from vodnb.forms.report_words import REPORT_WORDS
from vodnb.forms.run_words import RUN_WORDS
from vodnb.forms.words import WORDS

ROOT = Path(vodnb.__file__).parent
HAN = re.compile(r"[\u4e00-\u9fff]")
NAMES = re.compile(r"(\{\S+\}|Token|AK|SK|AK/SK|TLS|ms|API|Explorer|Python|ipykernel|\W)*")
"""What is the same in every language."""

SAID = {
    "forms": WORDS,
    "debug": {**debug_words._WORDS, **debug_words.NOTES},
    "doctor": doctor_words._WORDS,
}
WHERE = {
    "forms": [*ROOT.glob("forms/*.py")],
    "debug": [*ROOT.glob("debug/*.py"), *ROOT.glob("*.py"), ROOT / "forms" / "inspect_form.py"],
    "doctor": [*ROOT.glob("debug/*.py")],
}


@pytest.mark.parametrize("room", SAID)
def test_words_are_said_in_both_languages(room: str) -> None:
    """Both texts name the same values; English has no Chinese, and Chinese has but names."""
    for key, (english, chinese) in SAID[room].items():
        named = [
            {part[1] for part in Formatter().parse(text) if part[1]} for text in (english, chinese)
        ]
        assert named[0] == named[1], key
        assert not HAN.search(english), key
        assert HAN.search(chinese) or NAMES.fullmatch(chinese), key


def test_no_part_of_the_forms_says_over_another() -> None:
    """A key that two of them have would be said as the last of them has it."""
    for part in (RUN_WORDS, INSPECT_WORDS, REPORT_WORDS):
        assert [key for key in part if WORDS[key] is not part[key]] == []
    own = [key for key in WORDS if key not in {**RUN_WORDS, **INSPECT_WORDS, **REPORT_WORDS}]
    parts = len(RUN_WORDS) + len(INSPECT_WORDS) + len(REPORT_WORDS)
    assert len(WORDS) == len(own) + parts


@pytest.mark.parametrize("room", SAID)
def test_no_word_is_dead(room: str) -> None:
    """Each key stands in the code, or is put together there."""
    texts, patterns = set(), []
    for path in WHERE[room]:
        if path.name.endswith("words.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            if isinstance(node, ast.JoinedStr) and (pattern := _pattern(node)):
                patterns.append(pattern)
    dead = [
        key
        for key in SAID[room]
        if key not in texts and not any(pattern.fullmatch(key) for pattern in patterns)
    ]
    assert dead == []


def _pattern(text: ast.JoinedStr) -> re.Pattern[str] | None:
    """Return what a text comes to that joins words of ours and values by blanks."""
    parts = [
        re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in text.values
    ]
    is_ours = any(re.search(r"[a-z]+\\ |\\ [a-z]+", part) for part in parts)
    return re.compile("".join(parts)) if is_ours else None
