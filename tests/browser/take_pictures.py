"""Takes a picture of each form, in both languages and two widths, to be looked at by a person.

python -m tests.browser.take_pictures FOLDER
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

from .forms import form, open_app
from .lab import Lab, open_lab

WIDTHS = (1200, 800)
PARTS = ("connect", "load", "look", "confirm", "results", "inspect")

SOURCE = """
import vodnb
app = vodnb.app(sandbox=True, lang="{lang}")
app
"""

FILL = """
import time
forms = app._forms

def settle():
    time.sleep(0.3)
    while not app.is_idle:
        time.sleep(0.05)

forms["load"]._load_sample(); settle()
forms["look"]._begin(); settle()
forms["connect"]._begin_test(); settle()
run = forms["confirm"]
run._rate.value = ""
run.start(); settle()
forms["inspect"]._code.value = "VOD.10062"
forms["inspect"]._show_meaning()
forms["inspect"]._asset.value = str(app.assets["asset_id"].iloc[0])
forms["inspect"]._begin_asking(); settle()
forms["results"]._outcome.value = "failed"
forms["results"]._list.value = forms["results"]._list.options[0][1]
"""

MORE = {
    "connect_real": 'c = forms["connect"]; c._where.value = "real"; c._how.value = "key"; '
    'c._more.value = True; c._begin(); settle(); app.open("connect")',
    "load_trouble": 'forms["load"]._path.value = "no_such.csv"; forms["load"]._act('
    'forms["load"]._load_path); settle(); app.open("load")',
    "confirm_options": 'run._more.value = True; run._status.value = "CANCELLED"; '
    'app.open("confirm")',
}
"""Pictures of what is less often seen, and the code that brings it about."""

DO = """async code => {
  await window.testPanel.sessionContext.session.kernel.requestExecute({code}).done; }"""


def main(folder: Path) -> None:
    """Write the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "root"
        root.mkdir()
        with open_lab(root) as page:
            page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
            for lang in ("en", "zh"):
                lab = Lab(page, root)
                open_app(lab, Path(place), f"pictures_{lang}", SOURCE.format(lang=lang))
                page.evaluate(DO, FILL)
                for part in PARTS:
                    page.evaluate(DO, f"app.open('{part}')")
                    take(page, folder, f"{lang}_{part}")
                for name, code in MORE.items():
                    page.evaluate(DO, code)
                    take(page, folder, f"{lang}_{name}")
                lab.close()


def take(page: Page, folder: Path, name: str) -> None:
    """Take the form at each width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 2600})
        page.wait_for_timeout(400)
        form(page).screenshot(path=folder / f"{name}_{width}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
