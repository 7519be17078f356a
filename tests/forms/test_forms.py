"""Forms without a kernel: what they show, what they do once, and what they never keep."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
import pytest
from form_play import control, press, settle, shown, state_of, walk
from jobs import ids, wait_until
from leak_scan import leaks
from traitlets import TraitError

import vodnb
from vodnb.forms import shared as sharing
from vodnb.forms.controls.parts import Picture
from vodnb.forms.controls.secret_box import SecretBox
from vodnb.forms.load_form import complete, keep_upload

pytestmark = pytest.mark.usefixtures("own_forms")

SECRETS = {
    "token": "MIICANARYtoken-5v1k9Qz7Xw3",
    "ak": "XQZK7W9PLM4T2BNV8RJD",
    "sk": "CANARYsk+/0123456789abcdefghijklmnopqrst",
    "security_token": "CANARYsecurity~Token&0987",
    "password": "CANARYpass wörd!1<2>",
    "signature": "CANARY0sig9876543210fedcba",
}


@pytest.fixture
def app():
    """An app on the sandbox, with its sample loaded."""
    made = vodnb.app(sandbox=True, lang="en")
    press(made, "Make a sample of 300")
    control(made, "Rate").value = ""
    return made


def slow(app) -> None:
    """Let a run last."""
    control(app, "Rate").value = "300/min"


def test_whole_job_by_its_controls(app) -> None:
    """Sample, look, start, filter, open a row, save: no line of code, and every row is there."""
    press(app, "Look")
    assert "its upload was never confirmed" in shown(app)
    press(app, "Start")
    assert "Finished · 268/268 assets" in shown(app)
    assert 'role="status"' in shown(app)
    assert len(app.results) == len(app.assets) == 300
    control(app, "Outcome").value = "failed"
    control(app, "Error code", widgets.Dropdown).value = "VOD.10062"
    rows = control(app, "Open a row")
    assert len(rows.options) == list(app.results["error_code"]).count("VOD.10062")
    rows.value = rows.options[0][1]
    assert app.results["request_id"].iloc[rows.value] in shown(app)
    press(app, "Save")
    assert len(vodnb.load_assets("results.csv")) == 300
    assert "300 rows saved" in shown(app)


def test_double_click_starts_one_run(app, monkeypatch) -> None:
    """Two clicks, one after the other or at once from two threads, are one run."""
    started = []
    original = app.vod.start
    monkeypatch.setattr(app.vod, "start", lambda *a, **k: (started.append(1), original(*a, **k))[1])
    slow(app)
    start = control(app, "Start")
    clicks = [threading.Thread(target=start.click) for _ in range(8)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    wait_until(lambda: app.job is not None)
    start.click()
    assert started == [1]
    app.job.stop()
    settle(app)


@pytest.mark.timeout(120)
def test_pause_resume_stop_and_go_on(app) -> None:
    """Stop ends within a second, keeps what is settled, and Start goes on with the same run."""
    # Without the sample's refusals: one that comes just before the Stop is asked for after 36 s.
    app._shared.set_assets(vodnb.load_assets(app.vod.sandbox.add(ids(200))))
    slow(app)
    control(app, "Start").click()
    wait_until(lambda: app.job is not None and app.job.counts, seconds=30)
    control(app, "Pause").click()
    assert app.job.is_paused
    control(app, "Resume").click()
    assert not app.job.is_paused
    stopped = time.monotonic()
    control(app._forms["confirm"], "Stop").click()
    wait_until(app.job.done)
    assert time.monotonic() - stopped < 1
    settle(app)
    assert "rows were not sent. Start goes on" in shown(app)
    assert "same cell" not in shown(app._forms["confirm"]).partition("Errors by code")[0]
    run_id = app.job.run_id
    control(app, "Rate").value = ""
    press(app, "Start")
    assert app.job.run_id == run_id
    assert "not_sent" not in set(app.results["outcome"])


def test_job_is_found_again_when_the_cell_runs_again(app) -> None:
    """A new app, the old one closed or not, has the job, the table and the connection."""
    slow(app)
    control(app, "Start").click()
    wait_until(lambda: app.job is not None)
    app.widget.close()
    again = vodnb.app(sandbox=True)
    assert again.job is app.job
    assert again.vod is app.vod
    assert again.assets is app.assets
    control(again._forms["confirm"], "Stop").click()
    settle(again)
    assert "Stopped" in shown(again)


def test_job_started_by_code_is_found(app, monkeypatch) -> None:
    """`vodnb.last_job()` that is under way shows in a new form, whoever started it."""
    monkeypatch.setattr(sharing, "_last", [])
    job = app.vod.start(app.assets, rate="300/min")
    monkeypatch.setattr(sharing, "last_job", lambda: job)
    form = vodnb.forms.confirm(lang="en")
    assert form.job is job
    control(form, "Stop").click()
    settle(form)
    assert job.done()


def test_retry_puts_its_rows_back(app) -> None:
    """Only what may be settled is run again, and the table stays whole and in order."""
    control(app, "Canary").value = 5
    press(app, "Start")
    before = app.results
    left = list(before["outcome"]).count("not_sent")
    assert left > 200
    press(app, f"Retry {left} rows")
    after = app.results
    assert list(after["asset_id"]) == list(before["asset_id"])
    truth = app.vod.sandbox.truth("sandbox_assets.csv")
    assert list(after["outcome"]) == [row.outcome for row in truth]
    assert list(after["error_code"]) == [row.code for row in truth]
    same = before["outcome"].ne("not_sent")
    assert after[same].equals(before[same])


def test_error_of_a_handler_shows_under_its_form(app, monkeypatch) -> None:
    """An error that nobody foresaw is told, and not swallowed."""
    run = app._forms["confirm"]
    monkeypatch.setattr(run, "_options", lambda _table: 1 / 0)
    press(run, "Start")
    assert "ZeroDivisionError" in shown(run)
    assert "ZeroDivisionError" not in shown(app._forms["load"])
    monkeypatch.undo()
    press(run, "Start")
    assert "ZeroDivisionError" not in shown(run)


@pytest.mark.parametrize("part", ["look", "confirm", "results", "inspect", "connect"])
def test_form_without_what_it_needs_says_so(part: str) -> None:
    """Each form alone, with nothing given, is shown and says what to do first."""
    form = getattr(vodnb.forms, part)(lang="en")
    for button in [one for one in walk(form.widget) if isinstance(one, widgets.Button)]:
        if not button.disabled and button.description != "Connect":
            button.click()
    settle(form)
    assert shown(form)
    assert "Traceback" not in shown(form)


def test_destruction_needs_the_typed_count(app) -> None:
    """A wrong count sends nothing and does not tell the right one; the right one is used once."""
    control(app, "Ask for").value = "CANCELLED"
    control(app, "Type the count").value = "12"
    run = app._forms["confirm"]
    press(run, "Start")
    assert app.job is None
    assert "not the number" in shown(run)
    assert "268" not in run._trouble.value
    control(app, "Type the count").value = "268"
    press(run, "Start")
    assert set(app.results["requested_status"]) == {"CANCELLED"}
    assert control(app, "Type the count").value == ""


def test_language_is_switched_and_nothing_is_lost(app) -> None:
    """Every text changes; choices, typed text and taken secrets stay."""
    connect = app._forms["connect"]
    box = connect._secrets["token"]
    box.value = SECRETS["token"]
    control(app, "Encoding").value = "gb18030"
    settle(app)
    app._shared.speak("zh")
    assert connect._secrets["token"] is box
    assert box.secret.reveal() == SECRETS["token"]
    assert control(app, "编码").value == "gb18030"
    assert "已取走" in box.placeholder
    named = [one.description for one in walk(app.widget) if isinstance(one, widgets.Button)]
    assert not any(name.isascii() for name in named)


def test_first_form_speaks_as_its_connection(monkeypatch) -> None:
    """As asked, else as the last form, which may have been switched, else as `connect` was told."""
    vod = vodnb.connect(sandbox=True, lang="zh")
    form = vodnb.forms.look(vod, ids(1))
    assert control(form, "查看")
    form._shared.speak("en")
    assert control(vodnb.forms.look(vod, ids(1)), "Look")
    monkeypatch.setattr(sharing, "_last", [])
    assert control(vodnb.forms.look(vod, ids(1), lang="en"), "Look")


def test_every_control_has_a_name(app) -> None:
    """Whoever hears the form hears what each control is."""
    for lang in ("en", "zh"):
        app._shared.speak(lang)
        for one in walk(app.widget):
            if isinstance(one, widgets.Button | widgets.ValueWidget) and not isinstance(
                one, widgets.HTML | widgets.ToggleButtons | widgets.Tab
            ):
                assert one.description, one
                assert one.tooltip, one


def test_secret_is_taken_and_the_box_emptied() -> None:
    """What arrives from the browser is in no state, and not echoed."""
    box = SecretBox()
    box.set_state({"value": SECRETS["token"]})
    assert box.secret.reveal() == SECRETS["token"]
    assert box.value == ""
    assert not box.continuous_update
    assert SecretBox.value.metadata["echo_update"] is False
    assert leaks(repr(box.get_state()), SECRETS) == []


@pytest.mark.parametrize("logger", ["Comm", "IPKernelApp"])
def test_kernel_logs_no_message_of_a_box_for_secrets(logger: str, caplog) -> None:
    """At DEBUG comm and ipykernel write messages down whole: those of these boxes are left out."""
    box = SecretBox()
    told = {"comm_id": box.model_id, "data": {"state": {"value": SECRETS["token"]}}}
    with caplog.at_level("DEBUG", logger):
        logging.getLogger(logger).debug("Content: %s", told)
        logging.getLogger(logger).debug("handle_msg[%s](%s)", box.model_id, {"content": told})
        logging.getLogger(logger).debug("Content: %s", {"comm_id": "other", "data": "kept"})
    assert leaks(caplog.text, SECRETS) == []
    assert caplog.text.count("a message of a box for secrets") == 2
    assert "kept" in caplog.text


@pytest.mark.parametrize("way", ["token", "key", "user"])
def test_no_secret_stays_in_any_state(way: str) -> None:
    """After typing, after a refusal, after connecting: no widget and no picture has one."""
    form = vodnb.forms.connect(lang="en")
    form._where.value, form._how.value = "real", way
    names = {"iam_password": "password"}
    for name, box in form._secrets.items():
        box.set_state({"value": SECRETS[names.get(name, name)].replace(" ", "").replace("ö", "o")})
    form._plain["iam_user"].value, form._plain["iam_domain"].value = "mia", "acme"
    canaries = {k: v.replace(" ", "").replace("ö", "o") for k, v in SECRETS.items()}
    for region, endpoint in (("", ""), ("cn-north-4", "http://127.0.0.1:9"), ("cn-north-4", "")):
        form._region.value, form._plain["endpoint"].value = region, endpoint
        press(form, "Connect")
        assert leaks(state_of(form) + repr(form) + form.still(), canaries) == []
    assert form.vod is not None
    assert all(box.secret is None for box in form._secrets.values())


def test_secret_in_a_plain_box_is_refused_and_emptied() -> None:
    """A token pasted as project ID does not stay there."""
    form = vodnb.forms.connect(lang="en")
    control(form, "Project ID").value = f"MII{'a' * 60}"
    assert control(form, "Project ID").value == ""
    assert "looks like a secret" in shown(form)


def test_upload_is_read_and_leaves_no_row_behind() -> None:
    """The rows are kept as a file, and are not in the widget's state."""
    form = vodnb.forms.load(lang="en")
    content = "asset_id\n" + "\n".join(ids(3))
    upload = {"name": "../../e vil?.csv", "type": "", "size": 9, "last_modified": 0,
              "content": memoryview(content.encode())}  # fmt: skip
    form._upload.set_trait("value", ({**upload, "last_modified": pd.Timestamp(0)},))
    settle(form)
    assert list(form.assets["asset_id"]) == ids(3)
    assert "3 rows from" in shown(form)
    assert form._upload.value == ()
    assert ids(3)[2] not in state_of(form)
    assert Path("e vil_.csv").read_text("utf-8") == content


def test_upload_replaces_no_file() -> None:
    """Another content gets another name; the same content is used again."""
    assert keep_upload("a.csv", b"1") == keep_upload("x/a.csv", b"1") == Path("a.csv")
    assert keep_upload("a.csv", b"2") == Path("a-2.csv")
    assert Path("a.csv").read_bytes() == b"1"


def test_path_is_completed() -> None:
    """Tables and folders that begin so are offered, hidden ones are not."""
    Path("data").mkdir()
    for name in ("data/a.csv", "data/a.png", "data/.b.csv", "abc.tsv"):
        Path(name).touch()
    assert complete("") == ["abc.tsv", "data/"]
    assert complete("data/") == ["data/a.csv"]
    assert complete("no/such/") == []


def test_id_column_is_asked_for_and_chosen() -> None:
    """Where loading cannot tell, the titles are offered, and a choice loads the table."""
    Path("two.csv").write_text(f"key,asset_id,媒资ID\n1,{ids(1)[0]},{ids(2)[1]}\n", "utf-8")
    form = vodnb.forms.load(lang="en")
    control(form, "File").value = "two.csv"
    press(form, "Load")
    assert form.assets is None
    assert "vodnb-trouble" in shown(form)
    control(form, "ID column").value = "媒资ID"
    settle(form)
    assert list(form.assets["asset_id"]) == [ids(2)[1]]


def test_pasted_text_is_loaded_and_let_go() -> None:
    """One line is enough, and the box is emptied."""
    form = vodnb.forms.load(lang="en")
    form._paste.value = ids(1)[0]
    press(form, "Load what is pasted")
    assert len(form.assets) == 1
    assert form._paste.value == ""


def test_picture_takes_markup_only() -> None:
    """A text that nobody escaped cannot become HTML."""
    with pytest.raises(TraitError, match="Markup only"):
        Picture().value = "<b>raw"


def test_dry_run_and_canary(app) -> None:
    """A dry run sends nothing, a canary so many."""
    before = len(app.vod.sandbox.ledger())
    control(app, "Dry run: send nothing").value = True
    press(app, "Start")
    assert not [e for e in app.vod.sandbox.ledger()[before:] if e.operation == "confirm"]
    control(app, "Dry run: send nothing").value = False
    control(app, "Canary").value = 5
    press(app, "Start")
    assert list(app.results["error_code"]).count("CLIENT.CANARY") > 200


def test_inspect_explains_and_asks(app) -> None:
    """A code is explained, and one asset asked for."""
    form = vodnb.forms.inspect(app.vod, lang="en")
    form._code.value = "VOD.10062"
    press(form, "Explain")
    assert "VOD does not know this asset" in shown(form)
    (form._asset.value,) = app.vod.sandbox.add(ids(1))
    press(form, "Ask for its state")
    assert "CREATING" in form.still()


def test_connection_is_tested_with_one_call() -> None:
    """The Test button makes one call that changes nothing, and says what came of it."""
    form = vodnb.forms.connect(lang="en")
    press(form, "Connect")
    before = len(form.vod.sandbox.ledger())
    press(form, "Test")
    assert len(form.vod.sandbox.ledger()) == before + 1
    assert "address, credential and project are right" in shown(form)
    form.vod.sandbox.expire_tokens()
    press(form, "Test")
    assert "vodnb-trouble" in shown(form)
    form.vod.sandbox.new_token()


def test_settings_are_shown_in_the_language_of_the_form() -> None:
    """Whatever the connection speaks; the variables that would set them are left to the code."""
    form = vodnb.forms.connect(lang="en")
    press(form, "Connect")
    for lang, told in {"en": ("where it came from", "the sandbox"), "zh": ("来源", "沙箱")}.items():
        form._shared.speak(lang)
        assert all(text in form.still() for text in told)
        assert all(text in shown(form) for text in told)
    assert "where it came from" not in form.still()
    assert "VODNB_" not in form.still()
    assert form.vod.settings().lang == "en"
