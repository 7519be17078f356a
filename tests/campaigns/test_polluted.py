"""Polluted files with known truth: no ID silently wrong; and the campaign that looks for one."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from pollute import campaign
from polluted import CLEANED, CUT, LOST, OPEN, RUINED, SAFE, Polluted, Row, faults, pollute

from vodnb.tables.read import load_assets

pytestmark = [pytest.mark.campaign, pytest.mark.long, pytest.mark.timeout(300)]

FOLDER = Path(__file__).parent
A = "0a1b2c3d4e5f60718293a4b5c6d7e8f1"
B = "1a1b2c3d4e5f60718293a4b5c6d7e8f2"


def test_no_id_is_silently_wrong():
    """Twenty thousand IDs in a thousand files, and a table spoilt in every place, of 80 kinds."""
    verdict = campaign(20_000, 2_000, places=[3])
    assert verdict.is_clean, str(verdict)
    assert verdict.ids >= 20_000
    assert verdict.mutations == 2_000
    assert len(verdict.kinds) >= 80
    assert verdict.exact >= 0.7 * verdict.spoilt
    assert set(verdict.kinds) >= {*CLEANED, *RUINED, *CUT}
    assert verdict.refused < verdict.files / 10


def test_the_command_plays_the_same(tmp_path):
    """By hand it is run a thousand times as large."""
    done = subprocess.run(
        [sys.executable, FOLDER / "pollute.py", "--ids", "200", "--mutations", "100", "--places"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[1] / "support"), "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 mutations: 0 uncaught" in done.stdout


def test_a_seed_makes_the_same_file():
    """What a campaign finds can be played again."""
    assert pollute(random.Random(7), 9).data == pollute(random.Random(7), 9).data


@pytest.mark.parametrize(
    ("cell", "truth", "end", "wrong"),
    [
        (A, A, SAFE, 0), (A, B, SAFE, 1), ("1e5", A, SAFE, 1), ("1e5", A, LOST, 0),
        (A, A, LOST, 1), (A, B, OPEN, 1), (A[:31], A, OPEN, 0), ("1e5", A, OPEN, 0),
    ],
)  # fmt: skip
def test_the_judge_sees_what_is_wrong(cell, truth, end, wrong):
    """A wrong ID, a good one refused, and a lost one used are all found."""
    frame = load_assets([cell])
    assert len(faults(Polluted(b"", [Row(truth, cell, end)], ()), frame)) == wrong
    assert faults(Polluted(b"", [], ()), frame) == ["1 rows for 0"]
    assert len(faults(Polluted(b"", [Row(truth, cell)], (), aligned=False), frame)) == (
        cell == A and truth == B
    )
