"""What comes in between: clicks, tables and ends that come while a form is at work."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from form_play import control, press, settle, shown
from jobs import ids, wait_until

import vodnb
from vodnb.forms import load_form, results_form
from vodnb.forms.load_form import keep_upload
from vodnb.rules.errors import InputError, VodnbError

pytestmark = pytest.mark.usefixtures("own_forms")


@pytest.fixture
def app():
    """An app on the sandbox with nine hanging assets, unpaced."""
    made = vodnb.app(sandbox=True, lang="en")
    made._shared.set_assets(vodnb.load_assets(made.vod.sandbox.add(ids(9))))
    control(made, "Rate").value = ""
    return made


def test_click_on_start_before_the_last_one_was_let_go_locks_nothing(app) -> None:
    """It is void, and the next one starts a run."""
    run = app._forms["confirm"]
    run._is_busy = True
    run.start()
    run._is_busy = False
    press(app, "Start")
    assert len(app.results) == 9


def test_run_that_is_over_at_once_is_shown_as_over(app, monkeypatch) -> None:
    """It does not stay "Starting"."""
    begin = app.vod.start

    def start(*assets, **options):
        job = begin(*assets, **options)
        wait_until(job.done)
        return job

    monkeypatch.setattr(app.vod, "start", start)
    press(app, "Start")
    assert "Starting" not in shown(app)
    assert "Finished · 9/9" in shown(app)


def test_run_that_failed_at_once_says_why(app, monkeypatch) -> None:
    """Its error shows, though it was over before anybody looked."""

    class Over:
        fault = VodnbError("The door is shut.", "Nobody is in.", "Come again.")
        is_paused = False

        def done(self) -> bool:
            return True

        def speak(self, lang: str) -> None:
            """Say nothing in any language."""

    monkeypatch.setattr(app.vod, "start", lambda *_assets, **_options: Over())
    press(app, "Start")
    assert "The door is shut." in shown(app._forms["confirm"])


def test_states_of_one_table_are_not_those_of_the_next(app, monkeypatch) -> None:
    """Another table that is loaded while the first is looked at has no states yet."""
    begin = app.vod.start_states

    def start(assets, **options):
        app._shared.set_assets(vodnb.load_assets(ids(3)))
        return begin(assets, **options)

    monkeypatch.setattr(app.vod, "start_states", start)
    press(app, "Look")
    assert app.states is None
    assert "its upload was never confirmed" not in shown(app)
    monkeypatch.undo()
    press(app, "Look")
    assert len(app.states) == 3


def test_table_that_is_loaded_shows_in_every_form(app) -> None:
    """What it holds, what a run of it costs, and how many assets a run takes."""
    press(app, "Make a sample of 300")
    assert "300 rows from sandbox_assets.csv: 268 assets" in shown(app._forms["load"])
    assert "27 calls to look at them" in shown(app._forms["look"])
    assert "(268 assets)" in control(app, "Rows").options[0][0]
    assert "268 assets to confirm" in app._standing.value


def test_how_to_read_is_not_chosen_while_a_table_is_loading(app, monkeypatch) -> None:
    """A choice that is not heeded cannot be made: the boxes are locked till the table is there."""
    form, go_on = app._forms["load"], threading.Event()
    read = load_form.load_assets
    monkeypatch.setattr(
        load_form, "load_assets", lambda *a, **k: (go_on.wait(10), read(*a, **k))[1]
    )
    form._paste.value = "\n".join(ids(4))
    control(form, "Load what is pasted").click()
    boxes = [control(form, name) for name in ("ID column", "Encoding", "Upload")]
    assert [box.disabled for box in boxes] == [True] * 3
    go_on.set()
    settle(form)
    assert [box.disabled for box in boxes] == [False] * 3
    assert len(app.assets) == 4


def test_still_picture_of_results_follows_their_retry(app) -> None:
    """The form alone brings a run form of its own; what that one does is in the picture."""
    results = app.vod.confirm(app.assets, canary=2, rate=None, progress=False)
    form = vodnb.forms.results(results, app.vod, lang="en")
    pictures = []
    form._handle = SimpleNamespace(update=lambda bundle, **_how: pictures.append(bundle))
    press(form, "Retry 7 rows")
    assert set(form.results["outcome"]) == {"confirmed"}
    assert "not sent" not in pictures[-1]["text/html"]


def test_rows_that_were_saved_are_counted(app, monkeypatch) -> None:
    """Not those of the table that stands when the file is written."""
    press(app, "Start")
    write = results_form.save

    def save(table, path):
        app._shared.set_results(table.iloc[:1])
        return write(table, path)

    monkeypatch.setattr(results_form, "save", save)
    press(app, "Save")
    assert "9 rows saved as results.csv" in shown(app)


@pytest.mark.parametrize("name", ["", "."])
def test_folder_is_no_file_that_could_be_replaced(app, name: str) -> None:
    """Nobody is asked to press Save again: the error says what a name ends in."""
    press(app, "Start")
    control(app, "Save as").value = name
    press(app, "Save")
    assert "does not end in .csv, .xlsx or .parquet" in shown(app)
    assert "Press Save again" not in shown(app)


def test_upload_that_cannot_be_kept_says_what_to_do(monkeypatch) -> None:
    """A notebook in a folder of somebody else's."""

    def refuse(*_args, **_how):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(
        InputError, match=r"cannot be kept as 'a\.csv': Permission denied"
    ) as caught:
        keep_upload("a.csv", b"1")
    assert "give a path" in caught.value.do


def test_secret_of_an_earlier_form_shows_in_no_later_one(app) -> None:
    """A form that is given a table of its own knows what was typed before."""
    form = app._forms["connect"]
    form._secrets["iam_password"].value = "CANARY pass word"
    press(form, "Connect")
    later = vodnb.forms.look(assets=ids(2), lang="en")
    assert later._shared.clean("told CANARY pass word") == "told ***"
