"""What people see while states are asked for and a project is swept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vodnb.bulk.in_words import describe_survey, describe_sweep
from vodnb.bulk.pace.control import BY_HAND
from vodnb.rules.windows import Window


def asked(**given_: object) -> list[str]:
    """Describe the asking for a hundred states, forty of them told in ten seconds."""
    usual = {
        "states": {"CREATING": 30, "": 2, "CREATED": 8}, "unread": 0, "total": 100,
        "seconds": 10.0, "is_done": False, "is_paused": False, "slowed_by": "", "stop": None,
        "lang": "en",
    }  # fmt: skip
    return describe_survey(**(usual | given_))


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, [("Asking for states · 40/100 assets · 30 CREATING · 8 CREATED · 2 not told "
              "· 0:15 left")]),
        ({"is_paused": True, "states": {}}, ["Paused · 0/100 assets"]),
        ({"slowed_by": "APIGW.0308", "states": {}},
         ["Asking for states · 0/100 assets · throttled (APIGW.0308), waiting"]),
        ({"is_done": True, "unread": 60, "states": {"CREATED": 40}},
         ["Finished · 100/100 assets · 40 CREATED · took 0:10",
          "60 assets could not be asked for: see error_code. Run the same cell again."]),
        ({"is_done": True, "stop": BY_HAND, "states": {"CREATED": 40}},
         ["Stopped · 40/100 assets · 40 CREATED · took 0:10",
          "60 assets could not be asked for: see error_code. Run the same cell again.",
          "Reason: CLIENT.STOPPED the run was stopped by hand"]),
    ],
)  # fmt: skip
def test_the_asking_for_states_says_how_it_stands(changes, lines):
    """What was told, the most common first; what is missing, and why."""
    assert asked(**changes) == lines


def swept(**given_: object) -> list[str]:
    """Describe a sweep of one day that has found forty assets in ten seconds."""
    window = Window(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 2, tzinfo=UTC))
    usual = {
        "found": 40, "expected": 100, "too_young": 0, "window": window, "left_open": [],
        "seconds": 10.0, "is_done": False, "slowed_by": "", "stop": None, "lang": "en",
    }  # fmt: skip
    return describe_sweep(**(usual | given_))


SPAN = (
    "Created 2026-01-01 00:00:00 UTC to 2026-01-02 00:00:00 UTC "
    "(2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z)"
)


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, ["Sweeping the project · 40 found · of 100", SPAN]),
        ({"expected": 20_000}, ["Sweeping the project · 40 found", SPAN]),
        ({"slowed_by": "VOD.10127"},
         ["Sweeping the project · 40 found · throttled (VOD.10127), waiting", SPAN]),
        ({"is_done": True, "too_young": 3, "left_open": ["W"]},
         ["Finished · 40 found · took 0:10", SPAN,
          "3 younger ones are left out: they may still be uploading (min_age).",
          "NOT COMPLETE: the window W could not be read whole."]),
        ({"is_done": True, "stop": BY_HAND},
         ["Stopped · 40 found · took 0:10", SPAN,
          "Reason: CLIENT.STOPPED the run was stopped by hand"]),
    ],
)  # fmt: skip
def test_a_sweep_says_how_it_stands(changes, lines):
    """The span in local time and in UTC, what was left out, and what is not complete."""
    assert swept(**changes) == lines
