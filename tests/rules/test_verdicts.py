"""What `vodnb.rules.verdicts` says of a cell of the ID column."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules.model import Verdict
from vodnb.rules.verdicts import clean, column_is_hex, is_hex, is_usual, judge

ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

ids = st.text("0123456789abcdef", min_size=32, max_size=32)
wrappers = st.lists(
    st.sampled_from(
        [
            (" ", ""), ("", "\t"), ("\u00a0", "\u00a0"), ("\u3000", "\u3000"), ("\ufeff", ""),
            ("\u200b", "\u200e"), ('"', '"'), ("“", "”"), ('="', '"'), ("'", ""), ("'", "'"),
            ("\u2066", "\u2069"), ("", "\r\n"), ("＂", "＂"),
        ]
    ),
    max_size=5,
)  # fmt: skip
messy = st.one_of(
    st.text(),
    st.text(" \t\u00a0\u3000\u200b\ufeff\"'“”=＝＂＇０ａ0a-", max_size=12),
    st.text("0123456789eE+-.,#", max_size=40),
)


@pytest.mark.parametrize(
    ("cell", "change"),
    [
        (f"  {ID}\t", "spaces removed"),
        (f"\u00a0{ID}\u3000", "spaces removed"),
        (f"\ufeff{ID}", "invisible characters removed"),
        (f"{ID[:8]}\u200b{ID[8:]}", "invisible characters removed"),
        (f"\u202a{ID}\u202c", "invisible characters removed"),
        (f'"{ID}"', "quotes removed"),
        (f"“{ID}”", "quotes removed"),
        (f'="{ID}"', "formula quotes removed"),
        (f"'{ID}", "leading apostrophe removed"),
        ("".join(chr(ord(digit) + 0xFEE0) for digit in ID), "full-width characters made plain"),
    ],
)
def test_wrapping_is_taken_off_and_named(cell, change):
    """Each wrapping comes off, is named, and leaves the ID itself."""
    assert clean(cell) == (ID, (change,))
    judgement = judge(cell, hex_column=True)
    assert (judgement.verdict, judgement.asset_id) == (Verdict.CLEANED, ID)
    assert change in judgement.note


@pytest.mark.parametrize("wrapping", ["'", '"', "‘", "「"])
def test_a_cell_of_wrappings_alone_costs_little(wrapping):
    """A million quotes are looked at once, not once for each of them."""
    began = time.process_time()
    assert not judge(wrapping * 1_000_000, hex_column=True).verdict.is_usable
    assert time.process_time() - began < 2


def test_a_clean_id_is_left_alone():
    """A usual ID is ok, unchanged and without a note."""
    judgement = judge(ID, hex_column=False)
    assert (judgement.verdict, judgement.asset_id, judgement.note) == (Verdict.OK, ID, "")
    assert clean(ID) == (ID, ())


@pytest.mark.parametrize("cell", ["", " ", "\u3000\u00a0", "\ufeff", '""', "'", '=""', "\u200b"])
def test_nothing_is_empty(cell):
    """A cell of nothing but wrapping is empty, and its text is kept."""
    judgement = judge(cell, hex_column=True)
    assert (judgement.verdict, judgement.asset_id) == (Verdict.EMPTY, cell)
    assert "no asset ID" in judgement.note


@pytest.mark.parametrize(
    "cell",
    [
        "1.23E+31", "1.2E31", "1,23E+31", "12e45", "-1e5", " 1.23E+31 ", "1.23456789012345E+31",
        "1.23456789012345678901234567E+31", "inf", "-inf", "Infinity", "-nan", "1.#INF",
        "1234.0", "12345678901234567890123456789012.0", f"{ID}.0", "0.5",
        "1" * 16, "1" * 31, "1" * 33, "12345678901234500000", "#####", "+" + "1" * 20,
    ],
)  # fmt: skip
def test_spreadsheet_damage_is_mangled_in_any_column(cell):
    """What a spreadsheet made of an ID is mangled, kept as read, and called beyond repair."""
    for hex_column in (True, False):
        judgement = judge(cell, hex_column=hex_column)
        assert (judgement.verdict, judgement.asset_id) == (Verdict.MANGLED, cell)
        assert "cannot be repaired" in judgement.note
        assert "as text" in judgement.note


def test_a_short_number_is_mangled_only_among_hex_ids():
    """`123` in a hex column has lost its zeros; elsewhere it may be an ID."""
    assert judge("123", hex_column=True).verdict is Verdict.MANGLED
    assert judge("123", hex_column=False).verdict is Verdict.OK


@pytest.mark.parametrize(
    "cell", ["12e45678901234567890123456789012", "1" * 32, "0" * 32, "1" * 29 + "e12", "e" * 32]
)
def test_32_hex_digits_that_look_like_a_number_are_an_id(cell):
    """A full ID is never mistaken for a float or an integer."""
    judgement = judge(cell, hex_column=True)
    assert (judgement.verdict, judgement.asset_id, judgement.note) == (Verdict.OK, cell, "")
    wrapped = judge(f" {cell}", hex_column=True)
    assert (wrapped.verdict, wrapped.asset_id) == (Verdict.CLEANED, cell)


@pytest.mark.parametrize(
    "cell",
    [
        "my asset", f"{ID} {ID}", "a\x07b", "a\nb", "媒资一", "https://example.com/a", "a/b",
        "a\\b", f"{ID},{ID}", "a;b", "a|b", 'a"b', "NA", "N/A", "null", "None", "nan", "NaN", "-",
        "#N/A", "#REF!", "#DIV/0!", "x" * 129, "é" * 4, "\ud800", "٣" * 32, "<b>",
    ],
)  # fmt: skip
def test_what_cannot_be_an_id_is_refused(cell):
    """Other text is not an ID, is kept as read, and the note says why."""
    judgement = judge(cell, hex_column=True)
    assert (judgement.verdict, judgement.asset_id) == (Verdict.NOT_AN_ID, cell)
    assert judgement.note
    assert len(judgement.note) < 100


def test_the_note_names_a_character_that_cannot_be_seen():
    """Control characters and lone surrogates are named by their number, never printed."""
    assert "U+0007" in judge("a\x07b", hex_column=True).note
    assert judge("\ud800", hex_column=True).note.isprintable()
    assert "U+5A92 媒" in judge("媒", hex_column=True).note


@pytest.mark.parametrize("cell", ["my-asset-01", "x" * 32, ID[:31], ID + "0", "x" * 128, "A_b.c"])
def test_another_form_is_noted_and_not_refused(cell):
    """No page promises 32 hex digits, so other forms are usable with a note."""
    judgement = judge(cell, hex_column=True)
    assert (judgement.verdict, judgement.asset_id) == (Verdict.OK, cell)
    assert "unusual form" in judgement.note


def test_upper_case_hex_is_lowered_only_where_the_column_proves_hex():
    """Case is part of an ID unless the column is hex; the change is noted."""
    lowered = judge(ID.upper(), hex_column=True)
    assert (lowered.verdict, lowered.asset_id) == (Verdict.CLEANED, ID)
    assert "lower-case" in lowered.note
    kept = judge(ID.upper(), hex_column=False)
    assert (kept.verdict, kept.asset_id) == (Verdict.OK, ID.upper())
    assert "upper-case" in kept.note


def test_a_column_is_hex_when_most_of_its_usable_cells_are():
    """Empty and mangled cells do not count; half is not most."""
    assert column_is_hex([ID, ID.upper(), f" {ID}", "my-asset"])
    assert column_is_hex([ID, "", "1.23E+31", "not an id", "NA"])
    assert not column_is_hex([ID, "my-asset"])
    assert not column_is_hex(["my-asset", "your-asset", ID])
    assert not column_is_hex([])


def test_the_forms_are_told_apart():
    """Usual means lower-case; hex takes either case; both want all 32 digits."""
    assert is_usual(ID)
    assert not is_usual(ID.upper())
    assert is_hex(ID.upper())
    assert not is_hex(ID[:-1])
    assert not is_hex(ID + "\n")


@given(messy)
def test_cleaning_twice_is_cleaning_once(text):
    """Nothing is left to clean in a cleaned text, and changes are named if and only if made."""
    cleaned, changes = clean(text)
    assert clean(cleaned) == (cleaned, ())
    assert bool(changes) == (cleaned != text)
    assert len(set(changes)) == len(changes)


@given(ids, wrappers, st.booleans())
def test_no_digit_of_an_id_is_altered(asset_id, wrapping, hex_column):
    """However an ID is wrapped, it comes out digit for digit, or it is not usable at all."""
    cell = asset_id
    for before, after in wrapping:
        cell = before + cell + after
    judgement = judge(cell, hex_column=hex_column)
    if judgement.verdict.is_usable:
        assert judgement.asset_id == asset_id
        assert (judgement.verdict is Verdict.OK) == (cell == asset_id)
    else:
        assert judgement.asset_id == cell


@given(ids, st.booleans())
def test_every_32_hex_digit_id_is_ok(asset_id, hex_column):
    """No run of 32 hex digits is refused."""
    assert judge(asset_id, hex_column=hex_column).verdict is Verdict.OK


@given(messy, st.booleans())
def test_every_text_gets_one_verdict(text, hex_column):
    """Nothing raises; an unusable cell is kept as read; a change is always called cleaned."""
    judgement = judge(text, hex_column=hex_column)
    assert judgement.verdict not in (Verdict.DUPLICATE, Verdict.RAGGED)
    assert (judgement.verdict is Verdict.CLEANED) == (judgement.asset_id != text)
    assert judgement.note or judgement.verdict is Verdict.OK
    if judgement.verdict.is_usable:
        again = judge(judgement.asset_id, hex_column=hex_column)
        assert (again.verdict, again.asset_id) == (Verdict.OK, judgement.asset_id)
