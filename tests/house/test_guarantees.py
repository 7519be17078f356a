"""Each promise has its proof: .github/guarantees.md names tests that exist, and some are quick."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections import Counter

import pytest
from connections import connect_to
from guarantees import (
    LIST,
    Guarantee,
    every_test,
    left_out_of_the_quick_tests,
    markers_of,
    read_guarantees,
)
from pretend_service import ids
from readmes import ROOT

import vodnb

GUARANTEES = read_guarantees(LIST.read_text("utf-8"))
LEFT_OUT = left_out_of_the_quick_tests(ROOT / "pyproject.toml")
QUICK_AT_LEAST = 3000


def test_promises_are_numbered_and_told_apart() -> None:
    """No number is left out, no promise stands twice, and none is without a proof."""
    assert [one.number for one in GUARANTEES] == list(range(1, len(GUARANTEES) + 1))
    assert len(GUARANTEES) > 140
    assert [text for text, times in Counter(g.text for g in GUARANTEES).items() if times > 1] == []
    lines = [line for line in LIST.read_text("utf-8").splitlines() if re.match(r"\d+\.", line)]
    assert len(lines) == len(GUARANTEES)


@pytest.mark.parametrize("guarantee", GUARANTEES, ids=lambda one: str(one.number))
def test_proofs_exist_and_one_is_quick(guarantee: Guarantee) -> None:
    """Every test that is named is there; what is played at length has a quick one beside it."""
    assert guarantee.tests
    assert [proof for proof in guarantee.tests if not markers_of(*proof)] == []
    marked = [markers for proof in guarantee.tests for markers in markers_of(*proof)]
    assert any(not markers & LEFT_OUT for markers in marked), guarantee.text


def test_what_is_missing_is_seen() -> None:
    """A proof that does not exist is none, and one that is left out is known by its markers."""
    (one,) = read_guarantees("1. It flies: `test_commands.py::test_it_flies`, `test_no_file.py`\n")
    assert [markers_of(*proof) for proof in one.tests] == [[], []]
    assert markers_of("test_campaigns.py", "test_a_broken_promise_is_found")[0] & LEFT_OUT
    assert {"browser"} <= markers_of("test_lab.py", "test_busy_notebook_is_not_called_idle")[0]
    assert {"campaign", "kernel", "matrix", "browser"} <= LEFT_OUT
    assert len(every_test()) > 1000


@pytest.mark.campaign
@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_quick_tests_are_most_of_all() -> None:
    """The README's command passes thousands of tests; what it leaves out has a marker."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    alone = {**os.environ, "PYTEST_ADDOPTS": ""}
    told = subprocess.run(
        command, cwd=ROOT, env=alone, capture_output=True, text=True, check=True
    ).stdout
    quick, everything, left_out = map(
        int, re.search(r"(\d+)/(\d+) tests collected \((\d+) deselected\)", told).groups()
    )
    assert quick >= QUICK_AT_LEAST
    assert quick + left_out == everything


def test_connecting_sends_nothing() -> None:
    """Neither to the service nor to IAM, until there is something to ask for."""
    with vodnb.sandbox() as box:
        vod = connect_to(box)
        vod.settings()
        repr(vod)
        vod.close()
        assert box.ledger() == []


def test_numbers_are_those_of_the_code() -> None:
    """68 minutes for 100,000 assets that need confirming, and 25 rows a table of a report."""
    with vodnb.sandbox() as box:
        vod = connect_to(box)
        told = str(vod.estimate(ids(100_000), check_first=False, verify=False))
        vod.close()
    assert "100,000 calls to confirm" in told
    assert "1:08:" in told
    assert inspect.signature(vodnb.report).parameters["max_rows"].default == 25
