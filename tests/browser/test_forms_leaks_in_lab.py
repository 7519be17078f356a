"""No secret is saved, sent back, exported or logged while a person uses the forms in JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbconvert
import nbformat
import pytest
from leak_scan import Reader, leaks
from showing_gateway import SECRETS, Gateway, showing_gateway

from .forms import Frames, form, open_app, press, save, see, tab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from .lab import Lab

BOXES = {"a token": ["Token"], "an IAM user": ["Password"], "AK/SK": ["AK", "SK", "Security token"]}
"""The boxes for secrets, by the way to sign in; the last is gone on with."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway before a sandbox that opens to the canaries, with eight assets."""
    with showing_gateway() as made:
        made.box.add([f"{number:032x}" for number in range(8)])
        yield made


@pytest.fixture
def frames(lab: Lab) -> Iterator[Frames]:
    """What the kernel sends from now on."""
    watched = Frames(lab.page)
    yield watched
    assert watched.texts


class Watch:
    """Looks through all that is kept or sent, after each step."""

    def __init__(self, lab: Lab, frames: Frames, gateway: Gateway) -> None:
        self.lab, self.frames, self.gateway = lab, frames, gateway
        self.found: dict[tuple[str, str], list[str]] = {}
        self.reader = Reader()
        self.exporter = nbconvert.HTMLExporter(template_name="basic")

    def check(self, step: str) -> None:
        """Save as Ctrl-S does, and search notebook, checkpoint, export, messages and logs."""
        save(self.lab.page)
        root = self.lab.root
        saved = [root / "secrets.ipynb", *root.glob(".ipynb_checkpoints/secrets*")]
        assert len(saved) == 2
        notebook = nbformat.read(saved[0], as_version=4)
        assert "widgets" in notebook.metadata, "the worse case is not tested"
        news, self.frames.unread = self.frames.unread, []
        texts = {path.name: path.read_text("utf-8") for path in saved}
        texts["export"] = self.exporter.from_notebook_node(notebook)[0]
        texts["messages"] = "\n".join(news)
        for path in (root.parent / "server.log", root / "kernel.log"):
            texts[path.name] = path.read_text("utf-8", errors="replace")
        for place, text in texts.items():
            unread = self.reader.unread(place, text)
            if told := leaks(unread, SECRETS, self.gateway.signed):
                self.found[step, place] = told


def fill(page: Page, label: str, name: str) -> None:
    """Type a secret into its box, and leave it; the kernel has answered then."""
    from playwright.sync_api import expect

    box = form(page).get_by_label(label, exact=True)
    box.wait_for()
    box.focus()
    # It shows once the kernel has answered the choice; before that the keys are the notebook's.
    expect(box).to_be_focused()
    page.keyboard.type(SECRETS[name], delay=2)
    assert box.input_value() == SECRETS[name]


def leave(page: Page, label: str) -> None:
    """Leave a box, and wait until its secret was taken: till then the browser holds it."""
    from playwright.sync_api import expect

    box = form(page).get_by_label(label, exact=True)
    box.press("Tab")
    expect(box).to_have_attribute("placeholder", "taken, hidden")


def name_place(page: Page, gateway: Gateway) -> None:
    """Say where the gateway is, and who the user is."""
    form(page).get_by_label("More settings").check()
    for label, text in {"Endpoint": gateway.endpoint, "Project ID": gateway.box.project_id}.items():
        box = form(page).get_by_label(label)
        box.fill(text)
        box.press("Tab")


SETUP = """
import logging, os
logging.basicConfig(filename="kernel.log", level=logging.DEBUG, force=True)
os.environ["VODNB_IAM_ENDPOINT"] = "{endpoint}"
import vodnb
app = vodnb.app(lang="en")
app
"""


def sign_in(page: Page, watch: Watch, way: str) -> None:
    """Type the secrets of one way to sign in, connect, be refused and echoed, and be let in."""
    gateway = watch.gateway
    form(page).get_by_label("Sign in with").select_option(way)
    for label in BOXES[way]:
        name = label if label in SECRETS else label.lower()
        fill(page, label, name)
        watch.check(f"{name} typed, not submitted")
        leave(page, label)
    watch.check(f"{way}: submitted")
    if way == "an IAM user":
        names = {"User name": gateway.box.iam_user, "Account": gateway.box.iam_domain}
        for label, text in names.items():
            form(page).get_by_label(label, exact=True).fill(text)
        form(page).get_by_label("Region").select_option(gateway.box.region)
    press(page, "Connect")
    see(page, "***")
    form(page).get_by_label(BOXES[way][0], exact=True).and_(
        page.locator("[placeholder='type or paste']")
    ).wait_for()
    gateway.is_echoing = True
    press(page, "Test")
    see(page, "canonicalRequest")
    watch.check(f"{way}: echoed by the gateway")
    gateway.is_echoing = False


def test_no_secret_is_saved_sent_back_or_exported(
    lab: Lab, tmp_path: Path, frames: Frames, gateway: Gateway
) -> None:
    """After every step of every form: notebook, checkpoint, export, messages, logs."""
    page = open_app(lab, tmp_path, "secrets", SETUP.format(endpoint=gateway.endpoint))
    watch = Watch(lab, frames, gateway)
    form(page).get_by_label("Connect to").select_option("Huawei Cloud VOD")
    name_place(page, gateway)
    for way in BOXES:
        sign_in(page, watch, way)
    press(page, "Test")
    see(page, "address, credential and project are right")
    watch.check("tested")
    load_look_confirm(page, watch)
    open_save_inspect(page, watch)
    assert watch.found == {}
    log = (lab.root / "kernel.log").read_text("utf-8")
    assert "DEBUG:Comm:a message of a box for secrets" in log
    assert gateway.echoed >= 4
    assert len(gateway.signatures) >= 6


def load_look_confirm(page: Page, watch: Watch) -> None:
    """Load a path, look, be refused and echoed, and confirm."""
    lab, gateway = watch.lab, watch.gateway
    (lab.root / "eight.csv").write_text("\n".join(f"{n:032x}" for n in range(9)), "utf-8")
    tab(page, "2 Load")
    path = form(page).get_by_label("File", exact=True)
    path.fill("eight.csv")
    path.press("Tab")
    press(page, "Load")
    see(page, "9 assets to confirm")
    watch.check("loaded")
    tab(page, "3 Look")
    press(page, "Look")
    see(page, "its upload was never confirmed")
    watch.check("looked")
    tab(page, "4 Confirm")
    gateway.is_echoing = True
    press(page, "Start")
    see(page, "canonicalRequest")
    watch.check("run echoed by the gateway")
    gateway.is_echoing = False
    press(page, "Start")
    see(page, "Finished ·")
    watch.check("confirmed")


def open_save_inspect(page: Page, watch: Watch) -> None:
    """Open a row, save, ask for one asset, and switch the language."""
    tab(page, "5 Results")
    form(page).get_by_label("Open a row").select_option(index=0)
    see(page, "requested_status")
    (watch.lab.root / "results.csv").unlink(missing_ok=True)
    press(page, "Save")
    see(page, "rows saved as")
    watch.check("row opened, table saved")
    tab(page, "Inspect")
    asset = form(page).get_by_label("Asset ID")
    asset.fill("0" * 32)
    asset.press("Tab")
    press(page, "Ask for its state")
    see(page, "asset_title", 30)
    watch.check("inspected")
    form(page).get_by_role("button", name="中文").click()
    see(page, "媒资ID")
    watch.check("language switched")
