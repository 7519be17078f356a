"""Life in a real kernel: cells queued behind a run, Stop, one output, and no secret saved."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from live_kernel import LiveKernel
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kernel, pytest.mark.together]

ROOT = Path(__file__).parents[2]

SETUP = """
    import asyncio, time
    import vodnb
    from vodnb.emulator.faults import Behaviour

    vod = vodnb.connect(sandbox=True, lang="en")

    def rows(count):
        vod.sandbox.behaviour = Behaviour()
        return vod.sandbox.add(f"{number:032x}" for number in range(count))

    def told(table):
        print(len(table), *sorted(set(table["outcome"])))
"""


@pytest.fixture(scope="module")
def ipython_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Private settings of IPython that hold its kernels to loopback."""
    folder = tmp_path_factory.mktemp("kernels")
    shutil.copytree(ROOT / "tests" / "ipython", folder / "ipython")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield folder


@pytest.fixture(scope="module")
def kernel(ipython_folder: Path) -> Iterator[LiveKernel]:
    """Start one kernel, with vodnb connected to its sandbox, for all tests here."""
    live = LiveKernel(ipython_folder)
    try:
        (cell,) = live.run(SETUP)
        assert cell.status == "ok", cell
        yield live
    finally:
        live.close()


def test_cells_queued_behind_a_run_all_run(kernel: LiveKernel) -> None:
    """Run all: the confirm, and the two cells behind it, in order."""
    cells = kernel.run(
        "results = vod.confirm(rows(30), rate=None); told(results)",
        "print('second')",
        "print('third', len(results))",
    )
    assert [cell.status for cell in cells] == ["ok"] * 3
    assert [cell.text for cell in cells] == ["30 confirmed\n", "second\n", "third 30\n"]


def test_a_run_can_be_awaited_at_top_level(kernel: LiveKernel) -> None:
    """The notebook's own loop goes on meanwhile, and the cells behind wait their turn."""
    cells = kernel.run(
        """
        async def tick():
            while True:
                ticks.append(await asyncio.sleep(0.01))

        ticks = []
        ticking = asyncio.ensure_future(tick())
        results = await vod.aconfirm(rows(30), rate="1500/min")
        ticking.cancel()
        told(results)
        print(len(ticks) > 5)
        """,
        "print('second', len(results))",
    )
    assert [cell.text for cell in cells] == ["30 confirmed\nTrue\n", "second 30\n"]


SLOW = 'vod.confirm(rows(200), rate="300/min")'


def interrupted(kernel: LiveKernel, source: str) -> tuple[str, str, float]:
    """Run a cell, press Stop in the middle; return its text, its error and how long Stop took."""
    cell = kernel.queue(source)
    kernel.watch(lambda: "confirmed" in str(cell.messages))
    pressed = time.monotonic()
    kernel.interrupt()
    kernel.watch(lambda: cell.is_done)
    return cell.text, cell.error, cell.ended - pressed


def test_stop_returns_the_whole_table_at_once(kernel: LiveKernel) -> None:
    """Within a second and a half every row is there: settled, or not sent."""
    text, error, seconds = interrupted(kernel, f"told({SLOW})")
    assert (text, error) == ("200 confirmed not_sent\n", "")
    assert seconds < 1.5
    assert kernel.run("print('still here')")[0].text == "still here\n"


def test_stop_of_an_awaited_run_keeps_its_table(kernel: LiveKernel) -> None:
    """The cell ends with CancelledError, soon; `last_job()` has the table of all rows."""
    _, error, seconds = interrupted(kernel, f"await {SLOW.replace('confirm', 'aconfirm')}")
    assert error in {"CancelledError", "KeyboardInterrupt"}
    assert seconds < 1.5
    (cell,) = kernel.run("""
        job = vodnb.last_job()
        while not job.done():
            time.sleep(0.05)
        told(job.results())
    """)
    assert cell.text == "200 confirmed not_sent\n"


def test_a_job_in_the_background_goes_on_while_cells_run(kernel: LiveKernel) -> None:
    """`start` returns at once; a busy cell does not hold the run up."""
    cells = kernel.run(
        "job = vod.start(rows(30), rate=None)",
        "end = time.monotonic() + 20\nwhile not job.done() and time.monotonic() < end: pass",
        "told(job.results())",
    )
    assert cells[2].text == "30 confirmed\n"


TELL_SECRETS = """
    from pathlib import Path
    box = vod.sandbox
    secrets = [box.token, box.sk, box.iam_password, box.temporary_key.sk]
    _ = Path("secrets.txt").write_text("\\n".join(secrets), encoding="utf-8")
"""


def test_saved_notebook_has_one_final_output_and_no_secret(ipython_folder: Path) -> None:
    """One display with the end of the run, no widget state; and no credential anywhere."""
    sources = [
        "import vodnb\nvod = vodnb.connect(sandbox=True, lang='en')\nvod",
        "assets = vod.sandbox.add(f'{number:032x}' for number in range(40))",
        "results = vod.confirm(assets, rate='1500/min')",
        "vod.settings()",
        "vodnb.last_job()",
        "vod.sandbox",
        TELL_SECRETS,
    ]
    cells = [nbformat.v4.new_code_cell(inspect.cleandoc(source)) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    where = {"metadata": {"path": str(ipython_folder)}}
    NotebookClient(notebook, timeout=30, kernel_name="python3", resources=where).execute()
    saved = json.dumps(notebook)
    secrets = (ipython_folder / "secrets.txt").read_text("utf-8").splitlines()
    assert len(secrets) == 4
    assert [secret for secret in secrets if len(secret) < 8 or secret in saved] == []
    assert "widgets" not in notebook.metadata
    assert not re.search(r"application/vnd\.jupyter\.widget", saved)
    (output,) = notebook.cells[2].outputs
    assert output["output_type"] == "display_data"
    assert set(output["data"]) == {"text/plain", "text/html"}
    for text in output["data"].values():
        assert "Finished · 40/40 assets · 40 confirmed" in text
    assert output["data"]["text/html"].count("<progress") == 1
