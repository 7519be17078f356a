"""Every sentence of ours that a form can show is said in Chinese too: the code is searched."""

from __future__ import annotations

import ast
import csv
import re
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from form_play import control, forms_of_their_own, press, shown
from jobs import ids

import vodnb
from vodnb.rules import errors
from vodnb.rules.codes import all_entries
from vodnb.rules.words.translations import translate
from vodnb.tables.loaded import describe
from vodnb.tables.read import load_assets

HAN = re.compile(r"[\u4e00-\u9fff]")
PACKAGE = Path(vodnb.__file__).parent

OUT_OF_REACH = {
    "journal/finding.py", "kernel/loop.py",
    "journal/salvage.py",  # vodnb.resume, salvage, nested loops
    "session/accessor.py", "session/offline.py",  # verbs
    "session/connection.py", "rules/windows.py",  # vod.sign_in, vod.sandbox, vod.find
    "reporting/pages.py",  # the notebook of a report
}  # fmt: skip
"""Modules whose errors no form can meet."""

ROOMS_OUT_OF_REACH = ("bench/", "cli", "debug/", "emulator/", "forms/")
"""The forms say their own words, as do the rooms beside them; the rest is for other faces."""

FILLED = {
    "{} is not a URL of a service.": "The endpoint 'x' is not a URL of a service.",
    "{} has more than a host and a path.": "The endpoint 'x' has more than a host and a path.",
    "{} is plain http.": "The endpoint 'x' is plain http.",
    "{} is {}.": "'a.pdf' is a PDF.",
    "The columns {} {}.": "The columns 'a' and 'b' both hold asset IDs.",
    "The current folder is {}.{}": "The current folder is '/x'. Did you mean 'y'?",
    "The zip archive {} holds {} files{}.": "The zip archive 'z' holds 2 files: 'a', 'b'.",
    "None is titled asset_id or 媒资ID, and none holds 32 hex digits in nine cells of ten. {}": (
        "None is titled asset_id or 媒资ID, and none holds 32 hex digits in nine cells of ten. "
        "The columns are 'a' (e.g. '1')."
    ),
}
"""What a sentence is that begins with one, filled in."""

NO_FORM_GIVES = {
    "{}.",  # workers, deadline, attempts
    "Only Chinese and English are spoken here.",
    "Use zh or en.",
}
"""Of options that no form has."""

LISTED = {
    row["en"].replace("{=}", "{}")
    for row in csv.DictReader(
        files("vodnb.rules.words").joinpath("messages_zh.csv").read_text("utf-8").splitlines()
    )
}

NAMES = {
    name
    for name in sorted(
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.VodnbError)
    )
    if name != "UnsettledError"
}  # no form asks for it


def sentence(node: ast.expr, constants: dict[str, str]) -> str | None:
    """Return a sentence with {} for its values; None where the code does not tell it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}"
            for part in node.values  # noqa: PD011  no table
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return "".join(sentence(one, constants) or "{}" for one in (node.left, node.right))
    return None


def raised() -> dict[str, str]:
    """Return every sentence of an error that a form can meet, and where it is."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name in OUT_OF_REACH or name.startswith(ROOMS_OUT_OF_REACH):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name) and isinstance(node.value.value, str)
        }
        for call in [one for one in ast.walk(tree) if isinstance(one, ast.Call)]:
            if isinstance(call.func, ast.Name) and call.func.id in NAMES:
                words = [k.value for k in call.keywords if k.arg in {"what", "means", "do"}]
                for part in (*call.args, *words):
                    if told := sentence(part, constants):
                        found.setdefault(told, f"{name}:{part.lineno}")
    return found


RAISED = raised()


def test_the_errors_are_found() -> None:
    """The search is worth something: it finds what everybody knows is there."""
    assert len(RAISED) > 200
    assert "There is no file {}." in RAISED
    assert "No credential was found." in RAISED


@pytest.mark.parametrize("told", [one for one in RAISED if one not in NO_FORM_GIVES])
def test_error_of_a_form_is_said_in_chinese(told: str) -> None:
    """An error whose sentence is in no table is named here, with its place."""
    filled = FILLED.get(told) or told.replace("{}", "x7q")
    chinese = translate(filled, "zh")
    # Listed itself: a sentence with more values than words may fit it by chance.
    assert told in FILLED or told in LISTED, f"{RAISED[told]}: {told}"
    assert HAN.search(chinese.replace("媒资ID", "")), f"{RAISED[told]}: {told}"
    assert "{" not in chinese
    if "x7q" in filled:
        assert "x7q" in chinese


def test_every_value_is_kept() -> None:
    """Both languages of a sentence have the same values, each once or more."""
    text = files("vodnb.rules.words").joinpath("messages_zh.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        count = row["en"].count("{}") + row["en"].count("{=}")
        assert {f"{{{at}}}" for at in range(count)} == set(re.findall(r"\{\d\}", row["zh"])), row
        assert HAN.search(row["zh"]) or row["en"][0].islower() or len(row["en"]) < 20, row


TROUBLES = [
    *("", "1.23E+31", "inf", "0" * 31 + "1.0", "12345", "1234567890123456" + "0" * 16, "n/a"),
    *("#REF!", "a b", "ä", "a/b", 'x"y', "z" * 200, "A" * 32, f' "{"b" * 32}" ', "some-id"),
    *(f'="{"c" * 32}"', "\u200b" + "d" * 32, "１" * 32, "d" * 32, "asset_id"),
]


def test_notes_of_all_verdicts_are_said_in_chinese() -> None:
    """Of rows that are damaged, cleaned, doubled, ragged or unusual, in the summary too."""
    Path("a.csv").write_text("asset_id,x\n" + f"{'e' * 32},1\n" * 9 + "a,b,c,d\n'f,\"g\n", "utf-8")
    listed = load_assets(pd.DataFrame({"asset_id": [*TROUBLES, *[f"{n:032x}" for n in range(99)]]}))
    notes = [*listed["verdict_note"], *load_assets("a.csv")["verdict_note"]]
    told = [note for note in notes if note]
    assert len(set(told)) > 15
    assert [note for note in told if not HAN.search(translate(note, "zh"))] == []
    for table in (listed, load_assets("a.csv")):
        found = describe(table, lang="zh")
        assert HAN.search(found.headline)
        for line in repr(found).splitlines():
            assert HAN.search(line), line
        assert "rows" not in found._repr_mimebundle_()["text/html"]


def test_how_a_table_was_read_is_said_in_chinese() -> None:
    """Whatever told encoding, delimiter and ID column: no English reason stands in the summary."""
    sources = (
        f"{'a' * 32}\n{'b' * 32}\n",
        f'{{"asset_id": "{"a" * 32}"}}\n',
        f"媒资ID;x\n{'a' * 32};1\n",
    )
    for text in sources:
        Path("a.csv").write_text(text, "utf-8")
        table = load_assets("a.csv")
        told = [describe(table, lang="zh").why]
        vodnb.save(table, "again.csv")
        told.append(describe(load_assets("again.csv"), lang="zh").why)
        for reasons in told:
            assert "id_column" in reasons
            assert not re.search(r"[a-z]+ [a-z]+", reasons), reasons


def test_half_a_translation_is_none() -> None:
    """A sentence of ours around one that is not stays English as a whole."""
    ours = ". It cannot be repaired: export the source again with this column as text."
    assert translate(f"Nobody ever wrote this{ours}", "zh") == f"Nobody ever wrote this{ours}"


def test_what_is_no_sentence_of_ours_stays_as_it_is() -> None:
    """A server's words, and hostile ones, come out as they went in, and quickly."""
    for text in ("the service said: no", "", "{0} {} {=}", "x answered " * 3000, "; " * 5000):
        assert translate(text, "zh") == text
        assert translate(text, "en") == text


@pytest.mark.parametrize("entry", all_entries(), ids=lambda entry: entry.code)
def test_what_a_code_means_follows_the_form(entry) -> None:
    """A connection made in one language and a form that speaks the other agree on the form's."""
    assert HAN.search(translate(entry.meaning("en"), "zh"))
    assert not HAN.search(translate(entry.meaning("zh"), "en"))


def test_form_in_chinese_complains_in_chinese() -> None:
    """Loading, connecting, starting and saving: what, means and do; and switched, all of it."""
    with forms_of_their_own():
        app = vodnb.app(sandbox=True, assets=ids(3), lang="zh")
        control(app, "文件").value = "no_such.csv"
        press(app, "载入")
        assert "没有文件 &#x27;no_such.csv&#x27;。" in shown(app)
        assert "请检查文件名" in shown(app)
        app._shared.speak("en")
        assert "There is no file &#x27;no_such.csv&#x27;." in shown(app)
        assert "没有文件" not in shown(app)
        app._shared.speak("zh")
        control(app, "速率").value = "quickly"
        press(app, "开始")
        assert "不是有效的速率" in shown(app)
        control(app, "连接到").value = "real"
        press(app, "连接")
        assert "未找到凭证。" in shown(app)
        assert "请在表单中选择登录方式并填写" in shown(app)
