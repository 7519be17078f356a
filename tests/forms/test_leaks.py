"""No secret leaves a form: after every step of every form, in all that a kernel makes.

Searched are the notebook with its widget state, its export, every IOPub message, the logs at DEBUG,
the journals and saved tables, and the state of all widgets. The browser's part is in tests/browser.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING

import nbconvert
import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from leak_scan import Reader, leaks
from leak_steps import LOG_FILE, SECRETS_FILE, STEPS
from nbclient import NotebookClient
from showing_gateway import SECRETS, Gateway, showing_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
SETUP = f"import sys; sys.path.insert(0, {str(TESTS / 'support')!r}); from leak_steps import *"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway before a sandbox that opens to the canaries, with a file of its assets."""
    with showing_gateway() as made:
        listed = made.box.add([f"{number:032x}" for number in range(8)])
        Path("assets.csv").write_text("\n".join(["asset_id", *listed, "f" * 32, ""]), "utf-8")
        told = SECRETS | {
            "endpoint": made.endpoint,
            "project": made.box.project_id,
            "region": made.box.region,
            "user": made.box.iam_user,
            "account": made.box.iam_domain,
            "asset": listed[0],
        }
        Path(SECRETS_FILE).write_text(json.dumps(told), "utf-8")
        yield made


@pytest.fixture
def client(gateway: Gateway, tmp_path: Path, monkeypatch) -> Iterator[NotebookClient]:
    """A client with a kernel of its own, which keeps the state of all widgets as nbclient does."""
    shutil.copytree(TESTS / "ipython", tmp_path / "ipython")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("VODNB_IAM_ENDPOINT", gateway.endpoint)
    cells = [nbformat.v4.new_code_cell(code) for code in (SETUP, *STEPS.values())]
    made = NotebookClient(
        nbformat.v4.new_notebook(cells=cells),
        timeout=60,
        kernel_name="python3",
        store_widget_state=True,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    with made.setup_kernel():
        yield made


class Ear:
    """Hears every IOPub message of a kernel, of whatever cell or thread."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = BlockingKernelClient()
        self._client.load_connection_info(client.km.get_connection_info())
        self._client.start_channels(shell=False, stdin=False, hb=False, control=False)
        self.heard = 0

    def news(self) -> str:
        """Return what came since the last time."""
        told = []
        while True:
            try:
                message = self._client.iopub_channel.get_msg(timeout=0.05)
            except Empty:
                break
            told.append(json.dumps(message["content"], default=str))
            told += [bytes(buffer).decode("utf-8", "replace") for buffer in message["buffers"]]
        self.heard += len(told)
        return "\n".join(told)

    def close(self) -> None:
        """Stop hearing."""
        self._client.stop_channels()


@pytest.mark.campaign
@pytest.mark.timeout(180)
def test_no_secret_is_anywhere_after_any_step(client, gateway, tmp_path) -> None:
    """Six kinds of secrets, 35 steps, and everything that a kernel and its notebook make."""
    exporter = nbconvert.HTMLExporter(template_name="basic")  # all but the styles
    ear, reader, found = Ear(client), Reader(), {}
    try:
        for at, (cell, step) in enumerate(zip(client.nb.cells, ["set up", *STEPS], strict=True)):
            client.execute_cell(cell, at)
            client.set_widgets_metadata()
            exported, _ = exporter.from_notebook_node(shown(client.nb, at))
            texts = {
                "notebook": json.dumps(client.nb),
                "export": exported,
                "IOPub": ear.news(),
            }
            texts |= files_below(tmp_path)
            for place, text in texts.items():
                told = leaks(reader.unread(place, text), SECRETS, gateway.signed)
                if told:
                    found[step, place] = told
    finally:
        ear.close()
    assert found == {}
    assert "widgets" in client.nb.metadata, "the worse case is not tested"
    assert ear.heard > 300
    assert texts[LOG_FILE].count("heard at DEBUG") == 5
    assert gateway.echoed >= 6
    assert len(gateway.signatures) >= 10
    assert gateway.issued == {SECRETS["token"]}


def shown(notebook: nbformat.NotebookNode, at: int) -> nbformat.NotebookNode:
    """Return the notebook with no cell but the one that shows the app and that of the step."""
    cells = [notebook.cells[which] for which in sorted({1, at})]
    return nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)


def files_below(folder: Path) -> dict[str, str]:
    """Return the text of every file that the steps have made, by name."""
    mine = {SECRETS_FILE}
    return {
        path.name: path.read_bytes().decode("utf-8", "replace")
        for path in folder.rglob("*")
        if path.is_file() and path.name not in mine and "startup" not in path.parts
    }
