"""Drives one page of JupyterLab as a person would: open, run, wait, read, take a picture."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from .server import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")

CHROMIUM_OPTIONS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
    # Names are not looked up, and nothing but this machine is reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

SECONDS_TO_LOAD = 60
SECONDS_TO_WAIT = 60

OPEN = """async path => {
  const app = window.jupyterapp;
  const panel = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
  await panel.context.ready;
  await panel.sessionContext.ready;
  app.shell.activateById(panel.id);
  window.testPanel = panel;
  await panel.sessionContext.session.kernel.info;
}"""

CLOSE = """async () => {
  const panel = window.testPanel;
  if (!panel) return;
  window.testPanel = null;
  window.testRunning = false;
  await panel.context.save();
  await panel.sessionContext.shutdown();
  panel.dispose();
}"""

RUN_ALL = """() => {
  window.testRunning = true;
  window.jupyterapp.commands.execute('notebook:run-all-cells')
    .finally(() => { window.testRunning = false; });
}"""

# A cell that waits or runs shows [*]; the kernel is idle between cells too, so all three count.
IDLE = """() => {
  const panel = window.testPanel;
  const prompts = [...panel.node.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
  const waiting = prompts.some(prompt => prompt.textContent.includes('*'));
  const kernel = panel.sessionContext.session.kernel;
  return !window.testRunning && !waiting && kernel.status === 'idle';
}"""

OUTPUTS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"


@contextlib.contextmanager
def open_lab(root: Path) -> Iterator[Page]:
    """Serve a folder; yield a page with JupyterLab, ready for a notebook."""
    # Imported here: where the package is missing the tests skip, and this folder still loads.
    from playwright.sync_api import sync_playwright

    with run_server(root) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        try:
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            page.goto(f"{address}/lab?reset")
            page.wait_for_function("() => window.jupyterapp", timeout=SECONDS_TO_LOAD * 1000)
            page.evaluate("async () => { await window.jupyterapp.restored; }")
            yield page
        finally:
            browser.close()


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook of these code cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    return path


class Lab:
    """One open page of JupyterLab.

    Args:
        page: The browser's page, JupyterLab loaded.
        root: The folder that JupyterLab serves.
    """

    def __init__(self, page: Page, root: Path) -> None:
        self.page = page
        self.root = root

    def open(self, path: Path) -> None:
        """Open a notebook, and wait for its kernel. One from elsewhere is copied in first."""
        if not path.is_relative_to(self.root):
            path = Path(shutil.copy(path, self.root))
        self.page.evaluate(OPEN, path.relative_to(self.root).as_posix())

    def run_all(self) -> None:
        """Start all cells, and return at once."""
        self.page.evaluate(RUN_ALL)

    def wait_idle(self, seconds: float = SECONDS_TO_WAIT) -> None:
        """Wait until every started cell has run, and its outputs are drawn.

        Raises:
            TimeoutError: It took longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        quiet = 0
        while quiet < 3:
            if time.monotonic() > deadline:
                message = f"The notebook was still busy after {seconds:g} s."
                raise TimeoutError(message)
            quiet = quiet + 1 if self.page.evaluate(IDLE) else 0
            self.page.wait_for_timeout(50)

    def outputs_text(self) -> str:
        """Return the text of all outputs, as it is seen."""
        return "\n".join(self.page.locator(OUTPUTS).all_inner_texts())

    def screenshot(self, path: Path) -> None:
        """Write a picture of the page as PNG."""
        self.page.screenshot(path=path)

    def close(self) -> None:
        """Save the notebook, end its kernel and close it."""
        self.page.evaluate(CLOSE)
