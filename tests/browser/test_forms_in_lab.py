"""The forms as a person meets them: mouse and keys, a busy notebook, uploads, impatient clicks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .forms import (
    APP,
    ask,
    be_busy,
    form,
    load_sample,
    open_app,
    press,
    see,
    tab,
    wait_for_busy_cell,
)
from .server import KERNEL_PYTHON

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .lab import Lab

LATE = 1.0
"""Seconds after the click within which a run has stopped, and shows so."""

PATIENCE = 5.0
"""Seconds for the same, where no more is at stake than that it happens by itself."""

GOOD = """
import vodnb
vod = vodnb.connect(sandbox=True)
app = vodnb.app(vod=vod, assets=vod.sandbox.add(f"{n:032x}" for n in range(300)), lang='en')
app
"""
"""A table without the sample's refusals, which a Stop may have to ask for after 36 s."""


def set_rate(page: Page, rate: str) -> None:
    """Type a rate, and leave the box."""
    box = form(page).get_by_label("Rate")
    box.fill(rate)
    box.press("Tab")


WATCH = """node => {
  window.testClicked = window.testStopped = 0;
  node.addEventListener('click', () => { window.testClicked ||= performance.now(); },
                        {capture: true});
  new MutationObserver((_changes, observer) => {
    if (!node.textContent.includes('Stopped ·')) return;
    window.testStopped = performance.now();
    observer.disconnect();
  }).observe(node, {subtree: true, childList: true, characterData: true});
}"""
"""Times in the page itself: what drives it is slow on a busy machine."""


def stop_and_measure(page: Page) -> float:
    """Click Stop; return the seconds until the form shows that it has stopped."""
    form(page).evaluate(WATCH)
    press(page, "Stop")
    see(page, "Stopped ·")
    thousandths: float = page.evaluate("() => window.testStopped - window.testClicked")
    return thousandths / 1000


def test_whole_job_by_mouse(lab: Lab, tmp_path: Path) -> None:
    """300 rows: load, look, start, pause, go on, stop within a second, retry, open a row, save."""
    page = open_app(lab, tmp_path, "job", APP)
    load_sample(page)
    press(page, "Next: 3 Look")
    press(page, "Look")
    see(page, "its upload was never confirmed")
    press(page, "Next: 4 Confirm")
    set_rate(page, "600/min")
    press(page, "Start")
    see(page, "confirmed ·")
    press(page, "Pause")
    see(page, "Paused")
    held = ask(page, "sum(app.job.counts.values())")
    page.wait_for_timeout(400)
    assert int(ask(page, "sum(app.job.counts.values())")) <= int(held) + 8
    press(page, "Resume")
    form(page).get_by_text("Paused").locator("visible=true").wait_for(state="detached")
    assert stop_and_measure(page) < LATE
    see(page, "rows were not sent. Start goes on")
    set_rate(page, "")
    tab(page, "5 Results")
    form(page).get_by_role("button", name="Retry").click()
    # What was refused just before the Stop is asked for after its settle time.
    see(page, "Finished ·", 60)
    tab(page, "5 Results")
    form(page).get_by_label("Open a row").select_option(index=0)
    see(page, "requested_status")
    (lab.root / "results.csv").unlink(missing_ok=True)
    press(page, "Save")
    see(page, "300 rows saved as results.csv")
    assert (lab.root / "results.csv").read_text("utf-8-sig").count("\n") == 301


class Keys:
    """A person without a mouse: Tab moves, the rest acts on what has the focus."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.board = page.keyboard

    def go_to(self, name: str, role: str) -> None:
        """Press Tab until the control of this name has the focus."""
        wanted = form(self.page).get_by_role(role, name=name, exact=True).locator("visible=true")
        wanted.wait_for()
        for _ in range(60):
            if wanted.evaluate("node => node === document.activeElement"):
                return
            self.board.press("Tab")
        message = f"Tab never came to {name!r}."
        raise AssertionError(message)

    def push(self, name: str) -> None:
        """Press a button."""
        self.go_to(name, "button")
        self.board.press("Space")


def test_whole_job_by_keys_alone(lab: Lab, tmp_path: Path) -> None:
    """From the first tab on no mouse is needed: every control is come to by Tab, and works."""
    page = open_app(lab, tmp_path, "keys", "import vodnb", APP)
    keys = Keys(page)
    form(page).get_by_role("tab", name="2 Load").focus()
    keys.board.press("Enter")
    keys.push("Make a sample of 300")
    see(page, "300 rows from sandbox_assets")
    keys.push("Next: 3 Look")
    keys.push("Look")
    see(page, "its upload was never confirmed")
    keys.push("Next: 4 Confirm")
    keys.go_to("Rate", "textbox")
    keys.board.press("Control+a")
    keys.board.press("Delete")
    keys.push("Start")
    see(page, "Finished ·", 60)
    (lab.root / "results.csv").unlink(missing_ok=True)
    keys.push("Next: 5 Results")
    keys.push("Save")
    see(page, "saved as results.csv")
    assert page.evaluate("() => window.testPanel.content.widgets.length") == 2
    assert ask(page, "len(app.results)") == "300"


def test_impatient_clicks_start_one_run(lab: Lab, tmp_path: Path) -> None:
    """A double click, and another, are one run: each asset is sent once."""
    page = open_app(lab, tmp_path, "twice", GOOD)
    tab(page, "4 Confirm")
    set_rate(page, "6000/min")
    start = form(page).get_by_role("button", name="Start", exact=True).locator("visible=true")
    start.dblclick()
    start.click(force=True)
    see(page, "Finished · 300/300", 60)
    sent = "[e.asset_id for e in app.vod.sandbox.ledger() if e.operation == 'confirm']"
    assert ask(page, f"len({sent}), len(set({sent}))") == "300 300"


def test_busy_notebook_holds_up_no_run_and_stop_is_told_to_wait(lab: Lab, tmp_path: Path) -> None:
    """Progress goes on beside a busy cell; a click on Stop is taken then, or when it ends.

    ipykernel 7.1 and 7.3 take the click at once, 6.31 and 7.4 when the cell ends: the form says so.
    """
    page = open_app(lab, tmp_path, "busy", GOOD)
    assert KERNEL_PYTHON in {"", ask(page, "__import__('sys').executable")}
    tab(page, "4 Confirm")
    set_rate(page, "600/min")
    press(page, "Start")
    see(page, "confirmed ·")
    be_busy(page, 3)
    bar = form(page).get_by_role("progressbar").locator("visible=true")
    first = float(bar.get_attribute("value") or 0)
    see(page, "a click here is taken only when")
    page.wait_for_timeout(1000)
    assert float(bar.get_attribute("value") or 0) > first
    press(page, "Stop")
    wait_for_busy_cell(page)
    ended = time.monotonic()
    see(page, "Stopped ·")
    assert time.monotonic() - ended < PATIENCE
    see(page, "rows were not sent. Start goes on")
    assert (
        form(page).get_by_text("a click here is taken only when").locator("visible=true").count()
        == 0
    )


def test_form_made_anew_shows_the_run_that_goes_on(lab: Lab, tmp_path: Path) -> None:
    """The cell run again, while the job runs, loses nothing."""
    page = open_app(lab, tmp_path, "again", GOOD)
    tab(page, "4 Confirm")
    set_rate(page, "600/min")
    press(page, "Start")
    see(page, "confirmed ·")
    run_id = ask(page, "app.job.run_id")
    lab.run_all()
    lab.wait_idle()
    see(page, "confirmed ·")
    assert ask(page, "app.job.run_id") == run_id
    assert stop_and_measure(page) < PATIENCE


def choose_file(page: Page, path: Path) -> None:
    """Choose a file in the dialog that Upload opens."""
    with page.expect_file_chooser() as chosen:
        form(page).get_by_role("button", name="Upload").locator("visible=true").click()
    chosen.value.set_files(path)


def test_upload_arrives_and_one_that_is_too_large_is_warned_of(lab: Lab, tmp_path: Path) -> None:
    """A small file is loaded and its rows are not saved; of a large one the form has warned."""
    page = open_app(lab, tmp_path, "upload", "import vodnb", "form = vodnb.forms.load()\nform")
    mine = tmp_path / "mine.csv"
    mine.write_text("asset_id\n" + "\n".join(f"{n:032x}" for n in range(40)), "utf-8")
    choose_file(page, mine)
    see(page, "40 rows from mine.csv: 40 assets to confirm")
    see(page, "The upload is kept as mine.csv")
    assert (lab.root / "mine.csv").read_bytes() == mine.read_bytes()
    large = tmp_path / "large.csv"
    large.write_bytes(b"asset_id\n" + b"0" * 12_000_000)
    choose_file(page, large)
    page.wait_for_timeout(3000)
    see(page, "A larger file never arrives, without a word from the browser")
    assert not (lab.root / "large.csv").exists()
    see(page, "40 rows from mine.csv: 40 assets to confirm")
