"""Every sentence that a person reads stands once, in both languages, in one table, and is used."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple, get_args

import pytest
from sentences import is_text, nodes_of, pairs_in, said

import vodnb
from vodnb.bulk.engine.events import Phase
from vodnb.debug.checkup import Level
from vodnb.debug.recorded import SignedWith
from vodnb.reporting.figures import CHANGES
from vodnb.rules.codes import all_entries, family_entries
from vodnb.rules.model import Needs, Outcome, Status, Verdict
from vodnb.rules.words import explanation
from vodnb.rules.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(vodnb.__file__).parent
HOME = "rules/words/"
SOURCES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
TREES = {where: ast.parse(path.read_text("utf-8")) for where, path in SOURCES.items()}

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
"""Chinese letters, and the punctuation that goes with them."""

DATA = {
    "rules/error_codes.csv": "the table of codes: what each means and what to do",
    "rules/operations.py": "declared calls: title and limits stand beside what they are of",
    "rules/verdicts.py": "quotes that spreadsheets and editors put around an ID",
    "tables/formats/header.py": "names of columns to recognise",
    "tables/write.py": "signs that begin a formula",
    "emulator/samples.py": "sample data: titles and names of people",
}
"""Files that hold Chinese and are no sentences of ours, and why."""

ALIKE = re.compile(
    r"(\{\S+\}|Token|AK|SK|AK/SK|TLS|ms|HTTP|API|Explorer|Python|ipykernel|zh-CN|\W)*"
)
"""What is the same in every language."""

ONE_CHINESE = {
    "Token": "what a call was signed with, and a choice",
    "不是媒资ID": "a verdict, short as the column has it, and told in a report",
    "无需处理": "what a row needs, and who must act",
    "本次": "this exchange of two, and this report of two",
    "由谁处理": "a label of a code, and a heading of a report",
    "结果": "what became of a row, and of a check",
    "错误码": "a label of one code, and the title of a column",
    "{count:,} 个媒资": "no plural in Chinese",
    "{count:,} 行": "no plural in Chinese, and one word for line and row",
    "{rows}需要查看": "no plural in Chinese",
}
"""One Chinese sentence for two English ones that are more than one sentence in two cases."""

TWICE = {
    "ok": "a verdict, and how a check of the doctor came out",
    "none": "nothing is known, and an empty box",
    "AK/SK": "what was signed with, and what may be chosen",
    "Set the clock (NTP), then send again. The key itself may well be right.": "two causes",
}
"""English sentences with two keys, both made of values of ours."""

FIELDS = ("project", "endpoint", "ca")
CAUSES = (
    "ak", "app auth", "body", "clock ahead", "clock behind", "date gone", "dns", "header changed",
    "header gone", "host", "locked", "method", "no such API", "page", "password", "path",
    "permission", "project", "proxy sign-in", "query", "redirect", "refused by VOD",
    "security token missing", "security token wrong", "sign-in garbled", "sign-in gone", "sk",
    "tls", "token elsewhere", "token fresh", "token garbled", "token old", "unclear", "unreached",
    "user project",
)  # fmt: skip
NEEDED = [need for need in Needs if need is not Needs.NOTHING]
ACTING = {entry.needs for entry in (*all_entries(), *family_entries())}
TIPPED = (
    "form.connect.connect", "form.connect.test", "form.inspect.ask", "form.inspect.compare",
    "form.inspect.explain", "form.inspect.replay", "form.inspect.send", "form.load.load",
    "form.load.sample", "form.load.take", "form.look.look", "form.report.hand back",
    "form.report.write", "form.results.refresh", "form.results.retry", "form.results.save",
    "form.run.pause", "form.run.resume", "form.run.start",
)  # fmt: skip
CHECKS = ("python", "kernel", "packages", "settings", "dns", "tls", "proxy", "clock", "credential",
          "quota")  # fmt: skip
NOTES = ("preview", "settled", "capped", "no journal", "older", "unsent", "kept", "looked")

BUILT: dict[str, Iterable[str]] = {
    "cause.{}": CAUSES,
    "cause.{}.do": CAUSES,
    "column.{}": ("rows", "verdict", "row", "cell", "note",  # of what was loaded, and of a report
                  "asset", "assets", "cell as read", "change", "code", "file", "holds", "http",
                  "meaning", "name", "needs", "now", "outcome", "request", "sent", "share", "state",
                  "then", "tries", "value"),
    "compare.{}": ("both", "differs", "only_ours", "only_theirs"),
    "count.{}": ("row", "line", "asset"),
    "count.{}s": ("row", "line", "asset"),
    "doctor.{}": CHECKS,
    "doctor.level.{}": get_args(Level),
    "estimate.{}": ("looks", "confirms", "reads"),
    "form.app.part.{}": ("connect", "load", "look", "confirm", "results", "inspect"),
    "form.connect.how.{}": ("found", "token", "key", "user"),
    "form.connect.{}.hint": (*FIELDS, "where", "how", "secret"),
    "form.run.status.{}": Status,
    "needs.{}": Needs,
    "note.{}": NOTES,  # saved exchanges and journals name them
    "outcome.{}": Outcome,
    "party.{}": NEEDED,
    "progress.{}": (*Phase, "paused", "asking", "sweeping"),
    "report.{}": ("appendix", "changes", "course", "doubts", "failures", "headline", "input",
                  "states", "no workbook", "no workbook of it", "no excel", "file results",
                  "file workbook", "file attention", "file timeline", "file comparison",
                  "file earlier"),
    "report.{}.none": ("failures", "doubts"),
    "report.change.{}": CHANGES,
    "report.result.{}": ("no rows", "none good", "some good", "all good"),
    "report.run.{}": ("finished", "unfinished", "under way"),
    "report.verdict.{}": Verdict,
    "setting.{}": (*FIELDS, "token", "ak", "sk", "security_token", "iam_user", "iam_domain",
                   "iam_password"),
    "span.{}": ("d", "h", "min", "s"),
    "state.{}": explanation._NEEDS,
    "verdict.{}": Verdict,
    "way.{}": get_args(SignedWith),
    "who.{}": ACTING,
    "{}.tip": TIPPED,
}  # fmt: skip
"""Keys that are put together from values of ours, and from which; loops over literals are read."""


class Row(NamedTuple):
    """A line of the table."""

    key: str
    en: str
    zh: str


with (ROOT / HOME / "words.csv").open(encoding="utf-8", newline="") as file:
    HEADER, *LINES = csv.reader(file)
ROWS = [Row(*line) for line in LINES]
KEYS = {row.key for row in ROWS}
ROOMS = "|".join(sorted({key.partition(".")[0] for key in KEYS}))
LIKE_A_KEY = re.compile(rf"({ROOMS})\.(?!ipynb)[^()]+")


SAID = {where: said(tree, LIKE_A_KEY) for where, tree in TREES.items()}
NAMED = {key: f"{where}:{line}" for where in SAID for key, line in SAID[where][0].items()}
MADE = {text: f"{where}:{line}" for where in SAID for text, line in SAID[where][1].items()}
EXPANDED = {text.format(part) for text, parts in BUILT.items() for part in parts}


def test_the_search_is_worth_something() -> None:
    """It finds what everybody knows is there."""
    assert len(NAMED) > 350
    assert {"form.load.path.hint", "doctor.clock.off", "column.outcome", "label.do"} <= NAMED.keys()


def test_every_key_that_is_said_stands_in_the_table() -> None:
    """One that is missing is named, with its place."""
    assert {key: place for key, place in NAMED.items() if key not in KEYS} == {}


def test_every_key_that_is_made_is_accounted_for() -> None:
    """What puts keys together is in the list above, the list has no more, and the table has all."""
    assert {text: place for text, place in MADE.items() if text not in BUILT} == {}
    assert BUILT.keys() - MADE.keys() == set()
    assert EXPANDED <= KEYS


def test_what_keys_are_made_of_stands_in_the_code() -> None:
    """A part of a key that nobody gives any more does not keep a dead sentence."""
    texts = {
        node.value for tree in TREES.values() for node in nodes_of(tree) if is_text(node)
    }  # fmt: skip
    values = {str(value) for kind in (Needs, Outcome, Status, Verdict) for value in kind}
    parts = {str(part) for parts in BUILT.values() for part in parts}
    assert parts - texts - values == set()


def test_no_sentence_is_dead() -> None:
    """A sentence that nobody says is not kept."""
    assert KEYS - NAMED.keys() - EXPANDED == set()


def test_keys_stand_once_and_in_order() -> None:
    """So a new one has its place, and two branches seldom meet."""
    keys = [row.key for row in ROWS]
    assert tuple(HEADER) == Row._fields
    assert keys == sorted(set(keys))


def fields_of(text: str) -> list[tuple[str, str | None, str | None]]:
    """Return the values of a sentence, and how each is written."""
    return sorted((name, spec, how) for _, name, spec, how in Formatter().parse(text) if name)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_sentence_is_said_in_both_languages(row: Row) -> None:
    """Both name the same values in the same form, speak their own, and can be filled in."""
    fields = fields_of(row.en)
    assert fields == fields_of(row.zh)
    assert row.en
    assert not CHINESE.search(row.en)
    assert CHINESE.search(row.zh) or ALIKE.fullmatch(row.zh)
    values = {name: 12345 if spec and "," in spec else "x7q" for name, spec, _ in fields}
    for lang in ("en", "zh"):
        told = say(row.key, lang, **values)
        assert "{" not in told
        assert all(("12,345" if text == 12345 else text) in told for text in values.values())
    if not row.key.startswith("join."):
        assert [text for text in row if text != text.strip()] == []


def test_one_english_sentence_has_one_chinese_one() -> None:
    """The same is said the same way everywhere, and by one key."""
    chinese, keys = defaultdict(set), defaultdict(list)
    for row in ROWS:
        chinese[row.en].add(row.zh)
        keys[row.en].append(row.key)
    assert {text: told for text, told in chinese.items() if len(told) > 1} == {}
    assert {text for text, named in keys.items() if len(named) > 1} == TWICE.keys()


def test_one_chinese_sentence_for_two_english_ones_has_a_reason() -> None:
    """Two cases of one sentence are one; others are in the list."""
    english = defaultdict(set)
    for row in ROWS:
        english[row.zh].add(row.en.lower())
    assert {text for text, told in english.items() if len(told) > 1} == ONE_CHINESE.keys()


def test_no_sentence_stands_elsewhere() -> None:
    """Chinese stands in the words, and in the data that are listed with a reason."""
    files = [path for path in ROOT.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    found = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if CHINESE.search(path.read_text("utf-8"))
    }
    # The example notebooks are data; a wheel has them in the package.
    elsewhere = {where for where in found if not where.startswith((HOME, "notebooks/"))}
    assert elsewhere == DATA.keys()


def test_no_pair_stands_elsewhere() -> None:
    """No code chooses a text by the language, not even a comma."""
    assert [f"{where}:{line}" for where, tree in TREES.items() for line in pairs_in(tree)] == []


@pytest.mark.parametrize(
    "code",
    [
        "', ' if lang == 'zh' else '; '",
        "f'{a}' if lang != 'en' else ''",
        "x = {'en': 'a', 'zh': 'b'}",
    ],
)
def test_a_pair_is_seen(code: str) -> None:
    """The search for pairs finds each kind."""
    assert list(pairs_in(ast.parse(code))) == [1]


def test_one_function_turns_a_key_into_a_sentence() -> None:
    """Nobody else opens the table; a form only adds its language."""
    openers = {
        where
        for where, tree in TREES.items()
        for node in nodes_of(tree)
        if is_text(node) and "words.csv" in node.value
    }
    assert openers == {f"{HOME}wording.py"}
    speakers = {
        f"{where}:{node.name}": ast.unparse(node.body[-1])
        for where, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        if ast.unparse(node.returns or ast.Constant("")) == "str"
        if "key" in {arg.arg for arg in (*node.args.posonlyargs, *node.args.args)}
    }
    assert speakers == {
        f"{HOME}wording.py:say": "return _sentences()[key][lang].format(**values)",
        "forms/form.py:_say": "return say(key, self._shared.lang, **values)",
    }


def test_a_key_that_is_not_there_is_never_passed_over() -> None:
    """No sentence, and no value for one, is an error at once."""
    with pytest.raises(KeyError, match="no such"):
        say("form.no such", "en")
    with pytest.raises(KeyError, match="count"):
        say("count.rows", "zh")


def test_importing_reads_no_table() -> None:
    """The table is read when the first sentence is said."""
    code = (
        "import vodnb; from vodnb.rules.words import wording as w; print(w._sentences.cache_info())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "misses=0" in told.stdout


@pytest.mark.parametrize("words", [Outcome, Needs, Verdict])
def test_values_are_told_apart(words: type[Outcome | Needs | Verdict]) -> None:
    """No two outcomes, needs or verdicts are said alike."""
    room = words.__name__.lower()
    english = [say(f"{room}.{word}", "en") for word in words]
    assert english == [word.value.replace("_", " ").replace("an id", "an ID") for word in words]
    assert len({say(f"{room}.{word}", "zh") for word in words}) == len(words)


def test_big_numbers_are_grouped() -> None:
    """12345 rows are 12,345 rows."""
    assert say("summary.rows", "en", count=12345, parts="x") == "12,345 rows: x."
    assert say("summary.rows", "zh", count=12345, parts="x") == "共 12,345 行：x。"


def test_a_value_is_never_taken_for_a_pattern() -> None:
    """Braces in a value, such as a server's words, stay as they are."""
    assert "{count} {0}" in say("progress.why", "en", code="X", reason="{count} {0}")
