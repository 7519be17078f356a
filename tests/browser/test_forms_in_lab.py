"""The forms as a person meets them: mouse, keyboard, a busy notebook, what is saved, what runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import nbconvert
import nbformat
import pytest
from form_play import active_nodes
from leak_scan import leaks

from .test_lab import write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page, WebSocket

    from .lab import Lab

APP = "import vodnb\napp = vodnb.app(sandbox=True, lang='en')\napp"
SECRETS = {
    "token": "MIICANARYtoken-5v1k9Qz7Xw3",
    "AK": "CANARYAK0123456789XY",
    "SK": "CANARYsk0123456789abcdefghijklmnopqrstuv",
    "security token": "CANARYsecurityToken0987",
    "password": "CANARYpassword!1x2y3z",
}


class Frames:
    """Keeps what the kernel sends to the page: every IOPub message among it."""

    def __init__(self, page: Page) -> None:
        self.texts: list[str] = []
        self.unread: list[str] = []
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._keep)

    def _keep(self, payload: str | bytes) -> None:
        told = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload
        self.texts.append(told)
        self.unread.append(told)


def open_app(lab: Lab, tmp_path: Path, name: str, *sources: str) -> Page:
    """Open a notebook of these cells and run all; return the page."""
    lab.open(write_notebook(tmp_path / f"{name}.ipynb", *sources))
    lab.run_all()
    lab.wait_idle()
    form(lab.page).wait_for()
    return lab.page


def form(page: Page) -> Locator:
    """Return the live form."""
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jupyter-widgets.vodnb").first


def tab(page: Page, name: str) -> None:
    """Open a part of the app."""
    form(page).get_by_role("tab", name=name).click()


def press(page: Page, name: str) -> None:
    """Press the one visible button of this name."""
    form(page).get_by_role("button", name=name, exact=True).locator("visible=true").click()


def see(page: Page, text: str, seconds: float = 20) -> None:
    """Wait until a text is seen in the form."""
    found = form(page).get_by_text(text).locator("visible=true").first
    found.wait_for(timeout=seconds * 1000)


SAVE = """async () => {
  await window.testPanel.context.save();
}"""


def save(page: Page) -> None:
    """Save the notebook, as Ctrl-S does."""
    page.evaluate(SAVE)


def load_sample(page: Page) -> None:
    """Load the sandbox's sample."""
    tab(page, "2 Load")
    press(page, "Make a sample of 300")
    see(page, "300 rows from sandbox_assets.csv")


def test_whole_job_by_mouse_and_keyboard(lab: Lab, tmp_path: Path) -> None:
    """Load, look, start, stop within a second, go on, open a row, save; by keys too."""
    page = open_app(lab, tmp_path, "job", APP)
    load_sample(page)
    press(page, "Next: 3 Look")
    press(page, "Look")
    see(page, "hang in CREATING")
    next_part = form(page).get_by_role("button", name="Next: 4 Confirm").locator("visible=true")
    next_part.focus()
    page.keyboard.press("Enter")
    rate = form(page).get_by_label("Rate")
    rate.fill("600/min")
    rate.press("Tab")
    form(page).get_by_role("button", name="Start", exact=True).press("Space")
    see(page, "confirmed ·")
    clicked = time.monotonic()
    press(page, "Stop")
    see(page, "Stopped ·")
    assert time.monotonic() - clicked < 1
    see(page, "rows were not sent. Start goes on")
    rate.fill("")
    rate.press("Tab")
    tab(page, "5 Results")
    form(page).get_by_role("button", name="Retry").click()
    # What was refused just before the Stop is asked for after its settle time.
    see(page, "Finished ·", 60)
    tab(page, "5 Results")
    rows = form(page).get_by_label("Open a row")
    rows.select_option(index=0)
    see(page, "requested_status")
    form(page).get_by_role("button", name="Save", exact=True).press("Enter")
    see(page, "300 rows saved as results.csv")
    assert (lab.root / "results.csv").read_text("utf-8-sig").count("\n") == 301


def test_run_goes_on_while_another_cell_is_busy(lab: Lab, tmp_path: Path) -> None:
    """Progress stays live, the job ends, and the form made anew shows it."""
    busy = (
        "end = time.monotonic() + 5\nwhile time.monotonic() < end:\n    pass\n"
        "print('settled', app.job.share > 0.1)"
    )
    page = open_app(lab, tmp_path, "busy", "import time", APP)
    load_sample(page)
    tab(page, "4 Confirm")
    press(page, "Start")
    see(page, "confirmed ·")
    page.evaluate(
        """code => { const k = window.testPanel.sessionContext.session.kernel;
             window.testBusy = k.requestExecute({code}).done; }""",
        busy,
    )
    bar = form(page).get_by_role("progressbar").locator("visible=true")
    first = float(bar.get_attribute("value") or 0)
    page.wait_for_timeout(1500)
    assert page.evaluate("() => window.testPanel.sessionContext.session.kernel.status") == "busy"
    assert float(bar.get_attribute("value") or 0) > first
    page.evaluate("async () => { await window.testBusy; }")
    lab.run_all()
    lab.wait_idle()
    tab(page, "4 Confirm")
    see(page, "Finished ·", 40)


@pytest.fixture
def frames(lab: Lab) -> Iterator[Frames]:
    """What the kernel sends from now on."""
    watched = Frames(lab.page)
    yield watched
    assert watched.texts


BOXES = {"a token": ["Token"], "AK/SK": ["AK", "SK", "Security token"], "an IAM user": ["Password"]}
"""The boxes for secrets, by the way to sign in."""


def test_no_secret_is_saved_sent_back_or_exported(lab: Lab, tmp_path: Path, frames: Frames) -> None:
    """After every step: notebook with its widget state, checkpoint, messages, export, log."""
    from playwright.sync_api import expect

    page = open_app(lab, tmp_path, "secrets", "import vodnb\napp = vodnb.app(lang='en')\napp")

    def check(step: str) -> None:
        page.evaluate(
            "async () => { await window.jupyterapp.commands.execute('docmanager:save'); }"
        )
        saved = [*lab.root.glob("secrets.ipynb"), *lab.root.glob(".ipynb_checkpoints/secrets*")]
        assert len(saved) == 2
        notebook = nbformat.read(saved[0], as_version=4)
        assert "widgets" in notebook.metadata, "the worse case is not tested"
        exported, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
        texts = [path.read_text("utf-8") for path in saved]
        news, frames.unread = frames.unread, []
        texts += [exported, *news, (lab.root.parent / "server.log").read_text("utf-8")]
        for text in texts:
            assert leaks(text, SECRETS) == [], step

    def fill(label: str, secret: str) -> None:
        box = form(page).get_by_label(label, exact=True)
        # As a person does: without a click JupyterLab may take the keys for its own shortcuts.
        box.click()
        expect(box).to_be_focused()
        page.keyboard.type(SECRETS[secret], delay=5)
        check(f"{secret} typed, not submitted")
        assert box.input_value() == SECRETS[secret]
        box.press("Tab")
        # Until the kernel has answered the browser holds it: the one gap, told in the form.
        expect(box).to_have_attribute("placeholder", "taken, hidden")
        check(f"{secret} submitted")

    form(page).get_by_label("Connect to").select_option("Huawei Cloud VOD")
    how = form(page).get_by_label("Sign in with")
    for way, boxes in BOXES.items():
        how.select_option(way)
        for label in boxes:
            fill(label, label if label in SECRETS else label.lower())
    press(page, "Connect")
    form(page).locator(".vodnb-trouble").locator("visible=true").wait_for()
    check("refused")
    form(page).get_by_label("Region").select_option("cn-north-4")
    how.select_option("AK/SK")
    press(page, "Connect")
    see(page, "CANA***")
    check("connected")
    form(page).get_by_role("button", name="中文").click()
    see(page, "配置项")
    check("language switched")


PAYLOADS = [
    '<img src=x onerror="window.__hit=1">', "<script>window.__hit=1</script>",
    '<svg onload="window.__hit=1">', "<svg/onload=window.__hit=1>",
    '<iframe src="javascript:parent.__hit=1">', '<a href="javascript:window.__hit=1">x</a>',
    '"><img src=x onerror=window.__hit=1>', "'><script>window.__hit=1</script>",
    "</div><script>window.__hit=1</script>", "</style><img src=x onerror=window.__hit=1>",
    "</option></select><img src=x onerror=window.__hit=1>", "<details open ontoggle=__hit=1>",
    "<body onload=__hit=1>", "<input autofocus onfocus=__hit=1>", "<video><source onerror=__hit=1>",
    "<object data='javascript:__hit=1'>", "<embed src='javascript:__hit=1'>",
    "<math><mtext><img src=x onerror=__hit=1>", "<base href='javascript:__hit=1//'>",
    "<meta http-equiv=refresh content='0;url=javascript:__hit=1'>",
    "<form action=javascript:__hit=1>",
    "&lt;img src=x onerror=__hit=1&gt;", "\\u003cimg src=x onerror=__hit=1\\u003e",
    "<IMG SRC=x OnErRoR=__hit=1>", "<img\nsrc=x\nonerror=__hit=1>", "`${window.__hit=1}`",
]  # fmt: skip

HOSTILE = f"""
import vodnb, pandas as pd
from vodnb.rules.model import RESULT_COLUMNS
bad = {PAYLOADS!r}
app = vodnb.app(sandbox=True, lang='en')
assets = pd.DataFrame({{"asset_id": [f"{{n:032x}}" for n in range(26)] + bad,
                       **{{text: bad * 2 for text in bad}}}})
results = app.vod.confirm(app.vod.sandbox.add(list(assets["asset_id"][:26])), rate=None)
whole = pd.concat([results.assign(**{{c: bad for c in ("error_code", "error_msg", "request_id",
    "state_before", "state_after", "sent_at", "requested_status", "run_id", "meaning",
    "next_step")}}, outcome="failed"),
    pd.DataFrame(dict(zip(bad, [[b] * 26 for b in bad])))], axis=1)
"""

SHOW = """
app = vodnb.app(vod=app.vod, assets=assets, results=whole, lang='en')
form = app._forms["results"]
form._list.value = 3
app._forms["load"]._complain(vodnb.VodnbError(*bad[:3]))
app._forms["load"]._relabel_column(bad)
app._forms["inspect"]._code.value = bad[0]
app._forms["inspect"]._show_meaning()
app.open("results")
app
"""


def test_hostile_text_runs_nowhere(lab: Lab, tmp_path: Path) -> None:
    """26 ways to write it, in every column, label and title: 0 active nodes, live and exported."""
    assert len(PAYLOADS) == 26
    page = open_app(lab, tmp_path, "hostile", HOSTILE, SHOW)
    for name in ("2 Load", "4 Confirm", "5 Results", "Inspect"):
        tab(page, name)
        page.wait_for_timeout(200)
    assert "onerror" in form(page).inner_text() or "onerror" in form(page).text_content()
    count = "node => node.querySelectorAll('script,iframe,object,embed,svg,img,base,meta').length"
    assert form(page).evaluate(count) == 0
    assert page.evaluate("() => window.__hit") is None
    save(page)
    notebook = nbformat.read(lab.root / "hostile.ipynb", as_version=4)
    stills = [
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.outputs
        if "text/html" in output.get("data", {}) and output.data["text/html"]
    ]
    assert any("onerror" in "".join(told) for told in stills)
    assert [active_nodes("".join(told)) for told in stills] == [[]] * len(stills)
    notebook.metadata.pop("widgets")
    exported, _ = nbconvert.HTMLExporter(template_name="lab").from_notebook_node(notebook)
    other = page.context.browser.new_page()
    other.set_content(exported, wait_until="domcontentloaded")
    other.wait_for_timeout(500)
    assert other.evaluate("() => window.__hit") is None
    assert "onerror" in other.inner_text("body")
    other.close()


def test_export_and_untrusted_notebook_show_a_still_picture(lab: Lab, tmp_path: Path) -> None:
    """Never `VBox(children=...)`: a readable table, with widget state or without, kernel or not."""
    page = open_app(lab, tmp_path, "still", APP)
    load_sample(page)
    still = page.locator("[class*=vodnb-still-]")
    assert still.count() == 1
    assert not still.is_visible()
    save(page)
    notebook = nbformat.read(lab.root / "still.ipynb", as_version=4)
    assert "VBox(" not in str([cell.outputs for cell in notebook.cells])
    for has_state in (True, False):
        if not has_state:
            notebook.metadata.pop("widgets")
        exported, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
        other = page.context.browser.new_page()
        other.set_content(exported, wait_until="domcontentloaded")
        picture = other.locator("[class*=vodnb-still-]")
        assert picture.is_visible()
        assert "300 rows from sandbox_assets.csv: 268 assets to confirm" in picture.inner_text()
        other.close()
    lab.close()
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, lab.root / "untrusted.ipynb")
    lab.open(lab.root / "untrusted.ipynb")
    again = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output")
    again.get_by_text("268 assets to confirm").first.wait_for(timeout=10000)
    assert "VBox(" not in lab.outputs_text()
