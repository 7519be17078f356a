"""What the other cells of an ID column prove of one: its form, its place, its title."""

from __future__ import annotations

import pandas as pd
import pytest

from vodnb.rules.errors import InputError
from vodnb.tables.read import load_assets
from vodnb.tables.write import save

IDS = [f"{at:02x}1b2c3d4e5f60718293a4b5c6d7e8f1" for at in range(60)]
UUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f{}"


def verdicts(frame):
    """Return the verdicts as plain texts."""
    return list(frame["verdict"])


@pytest.mark.parametrize("other", ["Total", "A12", "2024-01-05", "2", IDS[0][:31], "clip-7"])
def test_another_form_in_a_proven_column_is_no_id(other):
    """Thirty cells of 32 hex digits: `Total` among them is not sent, and the note says why."""
    frame = load_assets([*IDS[:30], other, "", "1.23E+31"])
    assert verdicts(frame)[30:] != ["ok", "empty", "mangled"]
    assert "ok" not in verdicts(frame)[30:]
    frame = load_assets([*IDS[:30], "Total"])
    assert "32 hex digits" in frame["verdict_note"][30]
    assert "id_form='any'" in frame["verdict_note"][30]
    assert frame["asset_id"][30] == "Total"


def test_any_form_is_let_through_where_it_is_asked_for():
    """`id_form="any"` lets another form through, noted as unusual; a loaded table too."""
    cells = [*IDS[:30], "clip-7"]
    frame = load_assets(cells, id_form="any")
    assert verdicts(frame) == ["ok"] * 31
    assert "unusual form" in frame["verdict_note"][30]
    assert verdicts(load_assets(load_assets(cells), id_form="any")) == ["ok"] * 31
    with pytest.raises(InputError, match="id_form='hex' is no form of IDs"):
        load_assets(cells, id_form="hex")


@pytest.mark.parametrize(
    ("cells", "other"),
    [(29, ["clip-7"]), (30, [f"clip-{at}" for at in range(4)]), (36, [UUID.format(1)])],
)
def test_what_proves_nothing_changes_nothing(cells, other):
    """Fewer than thirty, or more than one in ten of another form: all is as it was before."""
    frame = load_assets([*IDS[:cells], *other])
    is_lone_uuid = "-4e5f-" in other[0]
    assert verdicts(frame)[cells:] == ["not_an_id" if is_lone_uuid else "ok"] * len(other)


def test_a_second_form_that_recurs_is_a_form_of_the_column():
    """Two UUIDs among 32-hex IDs are sent as before, and `Total` beside them is not."""
    frame = load_assets([*IDS[:40], UUID.format(1), UUID.format(2), "Total"])
    assert verdicts(frame)[40:] == ["ok", "ok", "not_an_id"]
    assert "32 hex digits or UUID" in frame["verdict_note"][42]


def test_a_column_of_uuids_proves_its_form_too():
    """The form that is proven is the column's own, whichever it is."""
    frame = load_assets([*(f"{at:08x}-4e5f-6071-8293-a4b5c6d7e8f1" for at in range(30)), "Total"])
    assert verdicts(frame)[-2:] == ["ok", "not_an_id"]
    assert "are UUID" in frame["verdict_note"][30]


def test_the_own_title_of_the_column_is_no_id_between_the_rows():
    """Whatever the column is called, its title met again is where files were joined."""
    text = f"vod key,t\n{IDS[0]},1\nvod key,t\n{IDS[1]},2\nVod_Key,t\n"
    frame = load_assets(text, id_column="vod key")
    assert verdicts(frame) == ["ok", "not_an_id", "ok", "not_an_id"]
    assert "title of an ID column" in frame["verdict_note"][1]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_part_of_a_table_keeps_what_the_whole_has_proven(tmp_path, suffix):
    """Cut to a few rows, saved and read again, what was no ID is none, until it is mended."""
    frame = load_assets(
        pd.DataFrame({"key": [*IDS[:30], "Total", "key"], "n": range(32)}), id_column="key"
    )
    assert verdicts(frame)[30:] == ["not_an_id"] * 2
    path = save(frame.iloc[28:], tmp_path / f"part.{suffix}")
    part = load_assets(path)
    assert verdicts(part) == ["ok", "ok", "not_an_id", "not_an_id"]
    assert verdicts(load_assets(part.drop(columns="key"))) == verdicts(part)
    part.loc[2, "key"] = IDS[40]
    part.loc[2, "asset_id"] = IDS[40]
    assert verdicts(load_assets(part)) == ["ok", "ok", "ok", "not_an_id"]
