"""The options of the form that confirms, and the one table that all forms look at."""

from __future__ import annotations

import pandas as pd
import pytest
from form_play import control, press, shown
from jobs import ids

import vodnb
from vodnb.bulk.job import Job

pytestmark = pytest.mark.usefixtures("own_forms")


def made(assets, **columns):
    """An app on the sandbox with a table of these assets, unpaced."""
    app = vodnb.app(sandbox=True, assets=pd.DataFrame({"asset_id": assets, **columns}), lang="en")
    control(app, "Rate").value = ""
    return app


def calls(app, operation: str) -> int:
    """How many calls of a kind the sandbox has served."""
    return sum(entry.operation == operation for entry in app.vod.sandbox.ledger())


def test_options_are_folded_away_until_asked_for() -> None:
    """The form is calm: the options show when they are wanted."""
    app = made(ids(2))
    folded = app._forms["confirm"]._folded
    assert [part.layout.display for part in folded] == ["none", "none"]
    control(app, "More options").value = True
    assert [part.layout.display for part in folded] == [None, None]


def test_only_what_hangs_is_sent() -> None:
    """What is not CREATING is failed with its state, and no confirm call was made for it."""
    mine = [f"{number:032x}" for number in range(0xFACE00, 0xFACE03)]
    app = made(mine)
    app.vod.sandbox.add(mine[:1])
    before = calls(app, "confirm")
    control(app, "Only what hangs in CREATING").value = True
    press(app, "Start")
    assert calls(app, "confirm") == before + 1
    assert list(app.results["error_code"]) == ["", "CLIENT.STATE", "CLIENT.STATE"]


def test_nothing_is_asked_beyond_the_confirm_calls_where_nobody_wants_it() -> None:
    """Without looking first and reading back one state is asked for: it proves the connection."""
    app = made(ids(11))
    app.vod.sandbox.add(ids(11))
    control(app, "Look first").value = control(app, "Read back").value = False
    before = calls(app, "info"), calls(app, "confirm")
    press(app, "Start")
    assert (calls(app, "info"), calls(app, "confirm")) == (before[0] + 1, before[1] + 11)
    assert set(app.results["state_after"]) == {""}


def test_column_says_what_each_row_asks_for_and_its_destruction_is_counted() -> None:
    """The typed count is that of the rows that are destroyed; then each row gets its own status."""
    app = made(ids(5), want=["CREATED", "CREATED", "FAILED", "CANCELLED", "CANCELLED"])
    app.vod.sandbox.add(ids(5))
    control(app, "Status column").value = "want"
    assert control(app, "Ask for").disabled
    before = calls(app, "confirm")
    for typed in ("", "5", "2"):
        control(app, "Type the count").value = typed
        press(app, "Start")
        assert "not the number" in shown(app._forms["confirm"]), typed
    assert calls(app, "confirm") == before
    control(app, "Type the count").value = "3"
    press(app, "Start")
    assert list(app.results["requested_status"]) == list(app.assets["want"])
    assert set(app.results["outcome"]) == {"confirmed"}
    assert control(app, "Type the count").value == ""


def test_retry_of_several_statuses_asks_for_each_row_what_it_asked_before() -> None:
    """A mixed run that was cut short is gone on with, its destruction counted anew."""
    app = made(ids(4), want=["CREATED", "CREATED", "CANCELLED", "CANCELLED"])
    app.vod.sandbox.add(ids(4))
    control(app, "Status column").value = "want"
    control(app, "Type the count").value = "2"
    control(app, "Canary").value = 1
    press(app, "Start")
    left = app._shared.standing.open_rows
    wanted = [app.assets["want"].iloc[at] for at in left]
    assert wanted == ["CREATED", "CANCELLED", "CANCELLED"]
    press(app, "Retry 3 rows")
    assert "set in part 4" in shown(app)
    control(app, "Canary").value = 0
    control(app, "Type the count").value = "2"
    press(app, "Start")
    assert set(app.results["outcome"]) == {"confirmed"}
    assert list(app.results["requested_status"]) == list(app.assets["want"])


def test_table_of_a_run_that_ended_is_built_once(monkeypatch) -> None:
    """All forms share it; what code does to its own copy is not theirs."""
    app = made(ids(4))
    app.vod.sandbox.add(ids(4))
    built = []
    build = Job._build
    monkeypatch.setattr(Job, "_build", lambda job: (job.done() and built.append(1), build(job))[1])
    press(app, "Start")
    assert app._forms["results"]._table is app._shared.results
    assert app.results is not app.results
    mine = app.results
    mine["outcome"] = "changed"
    assert "changed" not in set(app.results["outcome"])
    assert built == [1]
    app._shared.speak("zh")
    assert built == [1, 1]


def test_what_a_run_costs_is_said_once_and_closer_after_looking() -> None:
    """A least and a most before looking, one number after it; live and in the still picture."""
    app = made(ids(12))
    app.vod.sandbox.add(ids(9))
    app.vod.sandbox.add(ids(12)[9:], state="PUBLISHED")
    look = app._forms["look"]
    assert "2 calls to look at them · 0 – 12 calls to confirm" in shown(look)
    press(look, "Look")
    for text in (shown(look), look.still()):
        assert "2 calls to look at them · 9 calls to confirm" in text
        assert text.count("at this rate") == 1
