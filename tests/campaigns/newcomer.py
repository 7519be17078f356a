"""A newcomer's first hour: a fresh folder and environment, a README and its pages, word for word.

Run: python tests/campaigns/newcomer.py [--tests] [--lab PICTURE.png] [README.md ...]

Every block of shell runs as it stands, then every block of Python as one program, in the order in
which the README links to its pages. The tests take minutes and run only when asked for, as does
JupyterLab, which is opened in Chromium; the environment of this script needs Playwright for that,
the newcomer's does not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections import Counter
from pathlib import Path

from readmes import READMES, ROOT, blocks, read_through

OWN_ROWS = 300
KEPT_SETTINGS = (".config/pip", ".pip", ".cache/pip")
LAB_SETTINGS = """
c.ServerApp.allow_root = True
c.ServerApp.open_browser = False
c.LabApp.expose_app_in_browser = True
"""
"""What a container needs, where everybody is root and nobody has a browser."""

CHROMIUM = Path("/usr/bin/chromium")


class Newcomer:
    """Somebody with a checkout, an empty environment, and a table of uploads.

    Args:
        folder: Where all of it is.
        readme: What they read.
    """

    def __init__(self, folder: Path, readme: str) -> None:
        self.readme = readme
        self.here = folder / "vodnb"
        self._home = folder / "home"
        self._served: list[subprocess.Popen[str]] = []
        _copy_checkout(self.here)
        venv.create(folder / "venv", with_pip=True)
        for name in KEPT_SETTINGS:
            if (theirs := Path.home() / name).exists():
                (self._home / name).parent.mkdir(parents=True, exist_ok=True)
                (self._home / name).symlink_to(theirs)
        jupyter = self._home / ".jupyter" / "jupyter_server_config.py"
        jupyter.parent.mkdir(parents=True)
        jupyter.write_text(LAB_SETTINGS, "utf-8")
        self._environment = _scrubbed() | {
            "HOME": str(self._home),
            "VIRTUAL_ENV": str(folder / "venv"),
            "PATH": f"{folder / 'venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        }
        ids = [os.urandom(16).hex() for _ in range(OWN_ROWS)]
        lines = ["媒资ID,标题", *(f"{each},第{n}集" for n, each in enumerate(ids, 1))]
        (self.here / "uploads.csv").write_text("\r\n".join(lines) + "\r\n", "gb18030")

    def follow(self, *, tests: bool, picture: Path | None) -> None:
        """Do what the README and its pages say, in their order."""
        try:
            for code, _ in blocks(read_through(self.readme), "sh"):
                tell(f"\n$ {code.rstrip()}")
                if "pytest" in code and not tests:
                    tell("(left out)")
                elif "jupyter lab" in code:
                    self._open_lab(code, picture)
                elif code.startswith("vodnb sandbox"):
                    self._serve(code)
                else:
                    tell(self._run(code))
            self._check_files()
            self._run_python()
        finally:
            for process in self._served:
                _end(process)

    def _run(self, code: str) -> str:
        """Run a block to its end, stopping at what fails."""
        process = self._start(code)
        told, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"{told}\n{self.readme}: exit status {process.returncode}")
        return told

    def _start(self, code: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-e", "-c", code],
            cwd=self.here,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _start_server(self, code: str) -> subprocess.Popen[str]:
        process = self._start(code)
        self._served.append(process)
        return process

    def _read_until(self, process: subprocess.Popen[str], pattern: str) -> str:
        told = ""
        for line in process.stdout:
            told += line
            if re.search(pattern, told):
                return told
        raise SystemExit(f"{told}\n{self.readme}: it ended too early")

    def _serve(self, code: str) -> None:
        """Start the sandbox of another terminal, and paste the lines that it prints."""
        told = self._read_until(self._start_server(code), r"VODNB_TOKEN=\S+\n")
        tell(told)
        self._environment |= dict(re.findall(r"export (\w+)=(\S+)", told))

    def _open_lab(self, code: str, picture: Path | None) -> None:
        """Install what it takes, and open the notebook as a person would."""
        install, _, lab = code.rpartition("&&")
        if picture is None:
            tell("(left out)")
            return
        tell(self._run(install))
        process = self._start_server(lab.strip())
        told = self._read_until(process, r"http://(localhost|127\.0\.0\.1):\d+/lab\S*")
        address = re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab\S*", told)[0]
        # Where the browser is sent that JupyterLab opens for whoever has one.
        address = address.replace("/lab?", f"/lab/tree/{Path(lab.split()[-1]).name}?")
        # What it says later must not fill the pipe.
        os.set_blocking(process.stdout.fileno(), False)
        _use_app(address, picture.with_stem(f"{picture.stem}-{Path(self.readme).stem}"))
        _end(process)

    def _check_files(self) -> None:
        """Check that the crash cost nothing: every row confirmed, every asset sent once."""
        tables = sorted(self.here.glob("uploads.results-*.csv"))
        lines = [table.read_text("utf-8-sig").splitlines()[1:] for table in tables]
        assert len(tables) == 2, f"{len(tables)} tables of results"
        assert all(len(rows) == OWN_ROWS for rows in lines)
        assert all(",confirmed," in row for rows in lines for row in rows)
        endpoint = self._environment["VODNB_ENDPOINT"]
        with urllib.request.urlopen(f"{endpoint}/_sandbox/ledger", timeout=10) as answer:
            calls = json.load(answer)
        sent = Counter(call["asset_id"] for call in calls if call["operation"] == "confirm")
        assert len(sent) == OWN_ROWS, f"{len(sent)} assets were sent"
        assert set(sent.values()) == {1}, "an asset was sent twice"
        assert (self.here / "report.html").stat().st_size > 10_000

    def _run_python(self) -> None:
        """Run the Python of the README and its pages as one program, in a folder of its own."""
        program = "\n".join(
            code for code, why in blocks(read_through(self.readme), "python") if not why
        )
        folder = self.here.parent / "python"
        folder.mkdir()
        # A report of another day is compared with: one that nobody has in the first hour.
        before = 'vodnb.save(results, "results.csv")'
        program = re.sub(
            rf"^({re.escape(before)}.*)$",
            r'\1\nvodnb.save(results, "monday.csv")',
            program,
            flags=re.MULTILINE,
        )
        (folder / "first_hour.py").write_text(program, "utf-8")
        tell("\n$ python first_hour.py")
        tell(self._run(f"cd {folder} && python first_hour.py"))
        assert (folder / "report.html").exists()


def tell(text: str) -> None:
    """Say it at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _copy_checkout(target: Path) -> None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)


def _scrubbed() -> dict[str, str]:
    """Return this environment without what a newcomer has not set."""
    foreign = ("VODNB_", "HUAWEICLOUD_", "PYTHON", "PYTEST", "COVERAGE", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _use_app(address: str, picture: Path) -> None:
    """Run the notebook by its menu, and take a picture of the form that appears."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, contextlib.ExitStack() as stack:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        stack.callback(browser.close)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(address)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
        page.wait_for_timeout(3000)
        page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
        form = page.locator(".jupyter-widgets.vodnb").first
        form.wait_for(timeout=90_000)
        page.wait_for_timeout(2000)
        page.screenshot(path=picture)
        tell(f"the app is there: {form.get_by_role('tab').all_inner_texts()}")


def _end(process: subprocess.Popen[str]) -> None:
    """End a server and whatever it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
            return


def main() -> None:
    """Follow the READMEs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readmes", nargs="*", default=READMES)
    parser.add_argument("--tests", action="store_true", help="run the tests too")
    parser.add_argument("--lab", type=Path, help="open JupyterLab, and write a picture of it here")
    options = parser.parse_args()
    # Whoever ends this by force ends the servers that it has started, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for readme in options.readmes:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="vodnb-newcomer-") as folder:
            Newcomer(Path(folder), readme).follow(tests=options.tests, picture=options.lab)
        tell(f"\n{readme}: every block ran, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
