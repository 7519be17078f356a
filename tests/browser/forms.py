"""Drives the forms in an open notebook as a person would, and asks its kernel how things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lab import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page, WebSocket

    from .lab import Lab

APP = "import vodnb\napp = vodnb.app(sandbox=True, lang='en')\napp"

ASK = """async code => {
  const kernel = window.testPanel.sessionContext.session.kernel;
  const future = kernel.requestExecute({code, store_history: false});
  let told = '';
  future.onIOPub = message => {
    if (message.header.msg_type === 'stream') told += message.content.text;
    if (message.header.msg_type === 'error') told += message.content.traceback.join('\\n');
  };
  await future.done;
  return told;
}"""


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


def save(page: Page) -> None:
    """Save the notebook as Ctrl-S does, its checkpoint too."""
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")


def load_sample(page: Page) -> None:
    """Load the sandbox's sample."""
    tab(page, "2 Load")
    press(page, "Make a sample of 300")
    see(page, "300 rows from sandbox_assets.csv")


def ask(page: Page, expression: str) -> str:
    """Return what the kernel says of an expression."""
    told: str = page.evaluate(ASK, f"print({expression})")
    return told.strip()


def be_busy(page: Page, seconds: float) -> None:
    """Let the kernel run a cell for so long, and return once it does."""
    code = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    page.evaluate(
        """code => { const kernel = window.testPanel.sessionContext.session.kernel;
                     window.testBusy = kernel.requestExecute({code}).done; }""",
        code,
    )
    page.wait_for_function("() => window.testPanel.sessionContext.session.kernel.status === 'busy'")


def wait_for_busy_cell(page: Page) -> None:
    """Wait until the cell of `be_busy` has ended."""
    page.evaluate("async () => { await window.testBusy; }")
