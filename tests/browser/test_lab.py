"""The browser fixture itself: a notebook is opened, run and read as a person would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .lab import write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from .lab import Lab

PNG = b"\x89PNG\r\n"


def test_notebook_runs_and_shows_its_outputs(lab: Lab, tmp_path: Path) -> None:
    """A printed line and a DataFrame are seen on the page, and in a picture of it."""
    frame = "import pandas as pd\npd.DataFrame({'asset': ['first', 'second']})"
    lab.open(write_notebook(tmp_path / "two_cells.ipynb", "print('hello', 6 * 7)", frame))
    lab.run_all()
    lab.wait_idle()
    seen = lab.outputs_text()
    assert "hello 42" in seen
    assert "asset" in seen
    assert "second" in seen
    assert lab.page.locator(".jp-OutputArea-output table").count() == 1
    lab.screenshot(tmp_path / "seen.png")
    assert (tmp_path / "seen.png").read_bytes().startswith(PNG)


def test_kernel_in_the_browser_is_held_to_this_machine(lab: Lab, tmp_path: Path) -> None:
    """What a cell does in JupyterLab cannot reach outside either."""
    outside = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=0.1)"
    lab.open(write_notebook(tmp_path / "outside.ipynb", outside))
    lab.run_all()
    lab.wait_idle()
    assert "SocketConnectBlockedError" in lab.outputs_text()


def test_busy_notebook_is_not_called_idle(lab: Lab, tmp_path: Path) -> None:
    """Waiting for a cell that takes too long says so, and does not return early."""
    slow = "import time\nwhile True:\n    time.sleep(0.05)"
    lab.open(write_notebook(tmp_path / "busy.ipynb", slow))
    lab.run_all()
    with pytest.raises(TimeoutError, match=r"still busy after 0\.5 s"):
        lab.wait_idle(0.5)
