"""Both READMEs and their pages do what they say, and one language says what the other says.

The `python` blocks of a README and its pages run in one namespace, in an empty folder, on a
sandbox. A block that cannot run here stands below a line `<!-- not run: why -->`. Reports are
filled in without a kernel: the tests of the report run them in one.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from functools import partial

import pytest
from form_play import forms_of_their_own
from readmes import (
    BLOCK,
    LINK,
    OURS,
    PAGES,
    READMES,
    REPOSITORY,
    ROOT,
    blocks,
    files_linked,
    pages_of,
    read,
    read_through,
)

import vodnb
from vodnb.cli import commands
from vodnb.rules.model import Outcome
from vodnb.session import accessor

NOT_RUN = 1

MOST_CHARACTERS = 7000
THERE = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / PAGES).glob("*.md"))
PAIRS = [
    READMES,
    *((name, name.replace(".md", ".zh-CN.md")) for name in THERE if "zh-CN" not in name),
]
"""README and each page in both languages."""

HAN = re.compile(r"[\u4e00-\u9fff]")
DAYS_BEFORE = {"monday.csv": "results.csv"}
"""Files that a reader has from another day, and what they look like."""


def bare(code: str) -> str:
    """Return Python without its comments and its layout."""
    return ast.unparse(ast.parse(code))


def words(code: str) -> list[list[str]]:
    """Return the words of each line of shell, without comments and the language asked for."""
    lines = [
        shlex.split(line, comments=True) for line in code.replace(" --lang zh", "").splitlines()
    ]
    return [line for line in lines if line]


def run(code: str, namespace: dict[str, object]) -> None:
    """Run a block as a cell: what stands alone on a line is shown, as a notebook would."""
    for node in ast.parse(code).body:
        if isinstance(node, ast.Expr):
            repr(eval(compile(ast.Expression(node.value), "<README>", "eval"), namespace))
        else:
            exec(compile(ast.Module([node], []), "<README>", "exec"), namespace)


@pytest.mark.parametrize("name", READMES)
def test_python_runs_in_order(name, tmp_path, monkeypatch):
    """Every block works after those above it, and what the text promises is there."""
    monkeypatch.setattr(vodnb, "report", partial(vodnb.report, execute=False))
    monkeypatch.setattr(accessor, "_MADE", accessor._Made())
    found = blocks(read_through(name), "python")
    assert len([why for _, why in found if why]) == NOT_RUN
    namespace: dict[str, object] = {}
    with forms_of_their_own():
        for code in [code for code, why in found if not why]:
            for wanted, like in DAYS_BEFORE.items():
                if wanted in code:
                    shutil.copy(like, wanted)
            run(code, namespace)
    results = namespace["results"]
    assert len(results) == 40
    assert set(results["outcome"]) >= {Outcome.CONFIRMED, Outcome.INVALID}
    made = {"assets.csv", "results.csv", "look.json", "report.ipynb", "report.html", "tuesday.html"}
    assert made <= {path.name for path in tmp_path.iterdir()}
    assert any((tmp_path / "to_do").iterdir())


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
@pytest.mark.parametrize("kind", ["python", "sh", "text"])
def test_both_have_the_same_code(kind, pair):
    """Block by block the code is the same, up to comments and the language asked for."""
    english, chinese = ([code for code, _ in blocks(read(name), kind)] for name in pair)
    if kind == "python":
        assert [bare(code) for code in english] == [bare(code) for code in chinese]
    elif kind == "sh":
        assert [words(code) for code in english] == [words(code) for code in chinese]
    else:
        assert len(english) == len(chinese)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_leave_the_same_blocks_unrun(pair):
    """What cannot run in one cannot run in the other."""
    unrun = [[code for code, why in blocks(read(name), "python") if why] for name in pair]
    assert [bare(code) for code in unrun[0]] == [bare(code) for code in unrun[1]]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_name_the_same_things_in_the_same_sections(pair):
    """Section by section: as many points and rows, and the same names in code type and links."""
    english, chinese = (read(name).replace(".zh-CN.md", ".md").split("\n## ") for name in pair)
    assert len(english) == len(chinese)
    for one, other in zip(english, chinese, strict=True):
        assert shape(one) == shape(other), one.splitlines()[0]


def shape(section: str) -> tuple[object, ...]:
    """Return what a section holds in any language."""
    text = BLOCK.sub("", section)
    points = len(re.findall(r"^\* ", text, re.MULTILINE))
    rows = len(re.findall(r"^\|", text, re.MULTILINE))
    names = {name for name in re.findall(r"`([^`]+)`", text) if not HAN.search(name)}
    links = set(re.findall(r"\]\(([^)]+)\)", text))
    return points, rows, names, links


@pytest.mark.parametrize("name", READMES)
def test_first_screen_is_short_and_has_it_all(name):
    """At most 7,000 characters: picture, two commands, six lines, and a page for each question."""
    text = read(name)
    assert len(text) <= MOST_CHARACTERS
    above = text[: text.index(f"{PAGES}/")]
    assert "/raw/main/.github/finished_run.png" in above
    assert len(blocks(above, "sh")) == 2
    ((code, _),) = blocks(above, "python")
    assert len(code.splitlines()) == 8  # an import, a line of its own, and six
    assert sorted(pages_of(name)) == [
        page for page in THERE if ("zh-CN" in page) == ("zh-CN" in name)
    ]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_links_are_absolute_and_lead_somewhere(pair):
    """Each is good wherever the text is shown; those to the repository name a file of it."""
    for name, other in (pair, pair[::-1]):
        links = LINK.findall(read(name))
        assert [link for link in links if not link.startswith("https://")] == []
        ours = [link for link in links if link.startswith(REPOSITORY)]
        assert [link for link in ours if not OURS.fullmatch(link)] == []
        assert [file for file in files_linked(read(name)) if not (ROOT / file).is_file()] == []
        assert other in files_linked("".join(read(name).splitlines(keepends=True)[:4]))


@pytest.mark.parametrize("name", READMES)
def test_notebooks_and_permissions_are_real(name):
    """Every notebook that is named exists, and the permissions are those of the calls."""
    named = set(re.findall(r"`(notebooks/\w+\.ipynb)`", read_through(name)))
    assert named == {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    permissions = set(re.findall(r"`(vod:asset:\w+)`", read_through(name)))
    assert permissions == {"vod:asset:upload", "vod:asset:getInfo", "vod:asset:list"}


@pytest.mark.parametrize("name", READMES)
def test_every_command_is_named(name):
    """Each command of the command line can be found in the README or a page, and no other."""
    shell = "".join(code for code, _ in blocks(read_through(name), "sh"))
    quoted = re.findall(r"`([^`\n]+)`", BLOCK.sub("", read_through(name)))
    told = [*re.findall(r"^vodnb (\w+)", "\n".join(quoted), re.MULTILINE)]
    told += re.findall(r"(?:^|&& )vodnb (\w+)", shell, re.MULTILINE)
    assert set(told) == set(commands.main.commands)


def test_a_difference_is_seen():
    """Code that differs in more than a comment is not the same; a marked block is not run."""
    assert bare("a = 1  # one\n") == bare("a = 1  # 一\n")
    assert bare("a = 1\n") != bare("a = 2\n")
    assert words("a 'b c' # one\n") == words("a 'b c' --lang zh  # 一\n") != words("a b c\n")
    text = "<!-- not run: no account -->\n```python\na\n```\n\n```python\nb\n```\n"
    assert blocks(text, "python") == [("a\n", "no account"), ("b\n", "")]
    assert shape("One `a` [b](c)\n* d\n") == (1, 0, {"a"}, {"c"})


def test_a_block_that_fails_is_seen():
    """An error in a line that stands alone, or in an assignment, is raised."""
    with pytest.raises(NameError):
        run("missing\n", {})
    with pytest.raises(ZeroDivisionError):
        run("a = 1 / 0\n", {})
