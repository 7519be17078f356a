"""The report part of the results form: both buttons, both languages, and what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from form_play import control, settle, shown, state_of
from leak_scan import leaks
from reports import mixed, seen

import vodnb

if TYPE_CHECKING:
    from pathlib import Path

    from vodnb.forms.results_form import ResultsForm

pytestmark = pytest.mark.usefixtures("own_forms")

TOKEN = "MIICANARYtoken-5v1k9Qz7Xw3"


def press(form: ResultsForm, name: str) -> str:
    """Press a button of the report part, wait, and return what the form shows."""
    control(form, name).click()
    settle(form)
    return seen(shown(form))[1]


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("lang", "button", "sentence"),
    [("en", "Report", "Not entirely: 51 of 64"), ("zh", "生成报告", "64 行中有 51 行已确认")],
)
def test_report_is_written_and_told(lang, button, sentence, tmp_path: Path) -> None:
    """In the language of the form, run in a kernel, beside the notebook."""
    form = vodnb.forms.results(mixed(), lang=lang)
    told = press(form, button)
    assert sentence in told
    assert "report.html" in told
    assert sentence in seen((tmp_path / "report.html").read_text("utf-8"))[1]


def test_files_for_who_must_act(tmp_path: Path) -> None:
    """They are named in the form, and lie in a folder of their own."""
    form = vodnb.forms.results(mixed(), lang="en")
    control(form, "Name of the report").value = "monday"
    told = press(form, "Files for who must act")
    assert "fix the ID: fix-the-id.csv (6)" in told
    assert (tmp_path / "monday_to_do" / "fix-the-id.csv").exists()


@pytest.mark.parametrize("name", ["", "."])
def test_report_without_a_name_is_called_report(name: str, tmp_path: Path) -> None:
    """A folder alone is no name: the files lie in it under the usual one."""
    form = vodnb.forms.results(mixed(), lang="en")
    control(form, "Name of the report").value = name
    press(form, "Files for who must act")
    assert (tmp_path / "report_to_do" / "fix-the-id.csv").exists()


def test_what_goes_wrong_shows_in_the_form(tmp_path: Path) -> None:
    """A page of somebody else's is in the way: it stays, and the form says what to do."""
    (tmp_path / "report.html").write_text("mine", "utf-8")
    told = press(vodnb.forms.results(mixed(), lang="en"), "Report")
    assert "exists already, and is no report of vodnb" in told
    assert (tmp_path / "report.html").read_text("utf-8") == "mine"


def test_without_results_it_says_so() -> None:
    """Before a run there is nothing to report."""
    form = vodnb.app(lang="en")._forms["results"]
    assert "There are no results yet" in press(form, "Report")


def test_secret_is_in_no_trouble_that_shows(monkeypatch) -> None:
    """A table that holds the token is not reported on, and the token is not in the message."""
    monkeypatch.setenv("VODNB_TOKEN", TOKEN)
    form = vodnb.forms.results(mixed().assign(note=TOKEN), lang="en")
    assert "would hold a secret" in press(form, "Files for who must act")
    assert leaks(state_of(form), {"token": TOKEN}) == []


def test_what_goes_wrong_is_said_in_chinese(tmp_path: Path) -> None:
    """In a Chinese form: what happened, what it means, and what to do."""
    (tmp_path / "report.html").write_text("mine", "utf-8")
    told = press(vodnb.forms.results(mixed(), lang="zh"), "生成报告")
    for words in ("已存在，且不是vodnb的报告", "继续写入会丢失它", "或先移走该文件"):
        assert words in told
