"""A JupyterLab server for the tests: own port, own folders, ended by its own process."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

IPYTHON = Path(__file__).parents[1] / "ipython"

KERNEL_PYTHON = os.environ.get("VODNB_TEST_KERNEL_PYTHON", "")
"""The Python whose ipykernel runs the notebooks. Default: that of the tests."""

SECONDS_TO_START = 60
SECONDS_TO_END = 15

# Without these a test meets a news dialog, half-drawn notebooks or a save that it did not ask for.
QUIET_SETTINGS: dict[str, dict[str, object]] = {
    "@jupyterlab/apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    # The worse case for secrets: whatever a widget holds is saved.
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
    # No dialog about a file that changed on disk where two saves follow each other quickly.
    "@jupyterlab/docmanager-extension/plugin": {
        "autosave": False,
        "lastModifiedCheckMargin": 600_000,
    },
}

OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--IdentityProvider.token=",
    "--ServerApp.disable_check_xsrf=True",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.expose_app_in_browser=True",
)


@contextlib.contextmanager
def run_server(root: Path) -> Iterator[str]:
    """Serve the notebooks below a folder for as long as the block lasts; yield the address.

    Args:
        root: The folder to serve; the server's own files go beside it.
    """
    private = root.parent / "jupyter"
    shutil.copytree(IPYTHON, private / "ipython")
    _write_settings(private / "settings")
    _write_kernel(private / "data" / "kernels" / "python3")
    port = _free_port()
    log_path = root.parent / "server.log"
    command = [sys.executable, "-P", "-m", "jupyter", "lab", *OPTIONS, f"--port={port}"]
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [*command, f"--ServerApp.root_dir={root}", "--ServerApp.port_retries=0"],
            env={**os.environ, **_private_environment(private)},
            cwd=root,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_up(server, f"http://127.0.0.1:{port}/api", log_path)
            yield f"http://127.0.0.1:{port}"
        finally:
            _end(server)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _write_settings(folder: Path) -> None:
    for plugin, settings in QUIET_SETTINGS.items():
        path = folder / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), "utf-8")


def _write_kernel(folder: Path) -> None:
    """Let notebooks run on another Python, one with another ipykernel, where that is asked for."""
    if KERNEL_PYTHON:
        folder.mkdir(parents=True)
        argv = [KERNEL_PYTHON, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec), "utf-8")


def _private_environment(private: Path) -> dict[str, str]:
    folders = {
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
    }
    mine = {name: str(private / folder) for name, folder in folders.items()}
    # The kernel written there goes before that of the server's own environment.
    return {**mine, "JUPYTER_PREFER_ENV_PATH": "0"}


def _wait_until_up(server: subprocess.Popen[bytes], url: str, log_path: Path) -> None:
    # The address is our own and on loopback; a proxy of the environment is not asked.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            opener.open(url, timeout=1).close()
            return
        time.sleep(0.1)
    message = f"JupyterLab did not come up at {url}:\n{log_path.read_text('utf-8')[-2000:]}"
    raise RuntimeError(message)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Let the server end its kernels; where it does not come to an end, kill it."""
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(SECONDS_TO_END)
