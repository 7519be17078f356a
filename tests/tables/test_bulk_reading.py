"""The quick ways of the loader say what the slow ways say, and the rule of encodings is right."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polluted import pollute

from vodnb.rules.model import Verdict
from vodnb.rules.verdicts import are_usual, column_is_hex, is_usual, judge
from vodnb.tables.formats import encoding, files
from vodnb.tables.formats.encoding import Text, decode
from vodnb.tables.formats.records import split_in_bulk, split_strictly
from vodnb.tables.judging import judge_cell, judge_rows, odd_rows
from vodnb.tables.read import load_assets

A = "0a1b2c3d4e5f60718293a4b5c6d7e8f1"
B = "1a1b2c3d4e5f60718293a4b5c6d7e8f2"

ids = st.text("0123456789abcdef", min_size=32, max_size=32)
cells = st.one_of(
    ids,
    st.sampled_from([A, A, B, A.upper(), f" {A}", "", "1.23E+31", "my-asset", "123", "asset_id"]),
    st.sampled_from([f"{A}\n{B}", "123456789012345" + "0" * 17, "\n", "NA", "媒资", f"{A}\n"]),
    st.text(max_size=40),
)
texts = st.lists(
    st.sampled_from(
        [A, B, ",", ",", "\n", "\n", "\r", "\r\n", '"', '""', "x", " ", "\0", "；", ";"]
    )
).map("".join)


def judged_plainly(column: list[str]) -> list[tuple[str, str, str]]:
    """Judge a column cell by cell and row by row, with no thought of speed."""
    hex_column = column_is_hex(dict.fromkeys(column))
    first_rows: dict[str, int] = {}
    rows = []
    for row, cell in enumerate(column):
        found = judge_cell(cell, hex_column=hex_column)
        verdict, note = found.verdict, found.note
        first = first_rows.setdefault(found.asset_id, row) if verdict.is_usable else row
        if first != row:
            verdict = Verdict.DUPLICATE
            note = "; ".join(filter(None, [f"same asset as data row {first + 1}", note]))
        rows.append((found.asset_id, verdict.value, note))
    return rows


@given(st.lists(cells, max_size=30), st.integers(1, 600))
@example([f"{A}\n{B}", ""], 1)
@example([A[:31], A + "0"], 1)
def test_a_column_is_judged_in_bulk_as_cell_by_cell(column, times):
    """Whatever is in it: verdicts, notes, duplicates; in one piece and over several."""
    column = column * (times if times > 590 else 1)
    rows = judge_rows(column, known={}, remarks={})
    found = list(zip(rows.asset_ids, rows.verdicts, rows.notes, strict=True))
    assert found == judged_plainly(column)
    assert odd_rows(column) == [row for row, cell in enumerate(column) if not is_usual(cell)]


@given(st.lists(cells, min_size=1, max_size=10))
def test_many_cells_are_usual_if_each_is(column):
    """A cell with a line break in it never passes for two."""
    assert are_usual(column) == all(map(is_usual, column))
    for cell in filter(is_usual, column):
        assert judge(cell, hex_column=False).verdict is Verdict.OK


def same_records(text: Text, delimiter: str, skipped: int = 0) -> bool:
    """Check that both ways agree where the quick one is taken, and say whether it was."""
    quick = split_in_bulk(text, delimiter, skipped)
    strict = split_strictly(text, delimiter, skipped)
    if quick is None:
        return False
    assert [quick.cells(at) for at in range(len(quick))] == [
        strict.cells(at) for at in range(len(strict))
    ]
    assert not len(quick) or quick.columns == strict.columns
    assert list(quick.lines) == list(strict.lines)
    assert not strict.stray
    return True


@settings(max_examples=500)
@given(texts, st.sampled_from(",;\t"), st.integers(0, 1))
@example(f'asset_id,t\n{A},"open\n{B},x\n', ",", 0)
@example(f'asset_id,t\n{A},"a\n{B},b"\n', ",", 0)
@example(f"asset_id\n{A}\0\n", ",", 0)
def test_a_text_is_split_in_bulk_as_strictly(text, delimiter, skipped):
    """Or not in bulk at all."""
    same_records(Text(whole=text), delimiter, skipped)


def test_polluted_files_are_split_in_bulk_as_strictly():
    """Both ways beside each other on files as they come; most of them take the quick one."""
    taken = []
    for seed in range(300):
        file = pollute(random.Random(seed), 12)
        if file.suffix in {".xlsx", ".jsonl"}:
            continue
        data = files._unpacked(file.data, "x").data
        text = decode(data, encoding=None, name="x")
        taken += [same_records(text, delimiter) for delimiter in ",;\t|"]
    assert len(taken) / 3 < sum(taken) < len(taken)


@given(st.text(), st.sampled_from(sorted(encoding._STREAMED)))
@example("a\r\nb", "utf-8")
@example("\r" * 8192 + "\n", "utf-8")
@example("媒" * 5000 + "\r\n", "gb18030")
def test_lines_are_the_same_decoded_piece_by_piece(text, codec):
    """A big file is never whole in memory as text, and no line of it differs."""
    data = text.encode(codec, "ignore")
    whole = Text(whole=data.decode(codec))
    assert list(Text(codec=codec, data=data).lines()) == list(whole.lines())


@pytest.mark.parametrize("kinds", [1, 5, 200])
def test_repeated_cells_share_and_stay(kinds):
    """Equal cells of a column may be one object; every cell is what it was."""
    column = [f"{at:032x}" for at in range(1500)]
    rows = [f"{asset},{at % kinds},{at}" for at, asset in enumerate(column)]
    frame = load_assets("\n".join(["asset_id,a,b", *rows]))
    assert list(frame["a"]) == [str(at % kinds) for at in range(len(column))]
    assert list(frame["b"]) == [str(at) for at in range(len(column))]
    assert list(frame["asset_id"]) == column


# --- The rule of encodings --------------------------------------------------------------

ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "mark, utf-16-le": "utf-16",
    "mark, utf-16-be": "utf-16",
    "gb18030": "gb18030",
}
HEADERS = {
    "titles": ("媒资ID", "标题"),
    "width": ("ａｓｓｅｔ＿ｉｄ", "视频名称（原）"),
    "plain": ("asset_id", "标题"),
}
NAMES = [
    "第3课：信号与系统",
    "联通杯决赛",
    "发布会·回放",
    "龘靐齉爩",
    "课程１２",
    "テスト",
    "𠮷野家",
]


@pytest.mark.campaign
@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_is_told_by_the_rule(tmp_path, name):
    """180 combinations of titles, delimiters, line ends and sizes, each in 7 of them: 1,260."""
    path = tmp_path / "t.csv"
    combinations = list(itertools.product(HEADERS.values(), ",;\t|", ["\n", "\r\n", "\r"],
                                          [1, 2, 10, 100, 400]))  # fmt: skip
    assert len(combinations) * len(ENCODINGS) == 1260
    for seed, (titles, delimiter, end, size) in enumerate(combinations):
        chance = random.Random(seed)
        rows = [(f"{chance.getrandbits(128):032x}", chance.choice(NAMES)) for _ in range(size)]
        text = end.join(delimiter.join(row) for row in [titles, *rows])
        marked = "\ufeff" if name.startswith("mark") else ""
        path.write_bytes((marked + text).encode(name.rpartition(" ")[2]))
        frame = load_assets(path)
        assert frame.attrs["vodnb"]["encoding"] == ENCODINGS[name]
        assert list(zip(frame["asset_id"], frame[titles[1]], strict=True)) == rows
        assert frame.columns[0] == titles[0]
        assert frame.attrs["vodnb"]["delimiter"] == delimiter
