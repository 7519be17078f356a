"""The form that inspects as a person meets it: fill in, see, send, compare, copy, be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
from form_play import active_nodes
from leak_scan import leaks

from .forms import form, open_app, press, save, see

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from .lab import Lab

OPEN = """
import vodnb
vod = vodnb.connect(sandbox=True, lang={lang!r})
assets = vod.sandbox.add(["f4" * 16, "ab" * 16])
form = vodnb.forms.inspect(vod, lang={lang!r})
form
"""
ASSET, OTHER, UNKNOWN = "f4" * 16, "ab" * 16, "0" * 32
SECRET = "MIICANARYtoken5v1k9Qz7Xw3abcdefghijk"


def box(page: Page, name: str) -> Locator:
    """Return the visible control of this name."""
    return form(page).get_by_label(name, exact=True).locator("visible=true").first


def fill(page: Page, name: str, text: str) -> None:
    """Type into a box, and leave it."""
    box(page, name).fill(text)
    box(page, name).press("Tab")


def test_one_call_by_mouse_and_keyboard(lab: Lab, tmp_path: Path) -> None:
    """See the request before it goes, send it, replay, compare, copy, and pick from the history."""
    page = open_app(lab, tmp_path, "inspect", OPEN.format(lang="en"))
    see(page, "Not ready to send")
    fill(page, "asset_id", UNKNOWN)
    see(page, f'{{"asset_id":"{UNKNOWN}","status":"CREATED"}}')
    press(page, "Send")
    see(page, "VOD.10062")
    see(page, "quote it to support")
    form(page).evaluate("node => node.scrollIntoView()")
    lab.screenshot(tmp_path / "inspect_sent.png")
    fill(page, "asset_id", ASSET)
    form(page).get_by_role("button", name="Send", exact=True).press("Enter")
    see(page, "confirm · Confirm media asset upload · success")
    box(page, "Compare with").select_option(index=1)
    press(page, "Compare")
    see(page, "body.asset_id")
    assert "curl -sS -X POST" in box(page, "Script").input_value()
    box(page, "Copy as").select_option(label="SDK")
    page.wait_for_function("() => [...document.querySelectorAll('textarea')]"
                           ".some(one => one.value.includes('VodClient'))")  # fmt: skip
    box(page, "Exchange").select_option(index=1)
    see(page, "confirm · Confirm media asset upload · VOD.10062")
    lab.screenshot(tmp_path / "inspect_en.png")
    press(page, "Replay")
    page.wait_for_function(
        """() => [...document.querySelectorAll('option')]
        .some(one => one.textContent.replaceAll('\\u00a0', ' ').startsWith('3 · confirm'))"""
    )
    save(page)
    notebook = nbformat.read(lab.root / "inspect.ipynb", as_version=4)
    stills = [told for cell in notebook.cells for output in cell.get("outputs", [])
              if (told := output.get("data", {}).get("text/html"))]  # fmt: skip
    assert any("VOD.10062" in "".join(told) for told in stills)
    assert all(active_nodes("".join(told)) == [] for told in stills)


def test_what_destroys_asks_first_in_chinese(lab: Lab, tmp_path: Path) -> None:
    """Nothing is sent before 1 is typed; then it is, once."""
    page = open_app(lab, tmp_path, "destroy", OPEN.format(lang="zh"))
    fill(page, "asset_id", OTHER)
    box(page, "status").select_option(label="CANCELLED")
    see(page, "将永久销毁该媒资已上传的分片")
    press(page, "发送")
    see(page, "未发送请求")
    lab.screenshot(tmp_path / "inspect_zh.png")
    fill(page, "输入1", "1")
    press(page, "发送")
    see(page, "确认媒资上传 · 成功")
    assert box(page, "输入1").input_value() == ""
    press(page, "重放")
    see(page, "未发送请求")


def test_secret_in_a_field_is_not_saved(lab: Lab, tmp_path: Path) -> None:
    """A box that was given a token is emptied, and the saved notebook holds nothing of it."""
    page = open_app(lab, tmp_path, "secret", OPEN.format(lang="en"))
    fill(page, "asset_id", SECRET)
    see(page, "held what looks like a secret, and was emptied")
    assert box(page, "asset_id").input_value() == ""
    save(page)
    text = (lab.root / "secret.ipynb").read_text("utf-8")
    assert leaks(text, {"token": SECRET}) == []


ROW = """
import vodnb
vod = vodnb.connect(sandbox=True, lang="en")
results = vod.confirm([*vod.sandbox.add(["f4" * 16]), "0" * 32], rate=None, progress=False)
form = vodnb.forms.results(results, vod, lang="en")
form
"""


def test_opened_row_shows_its_exchange(lab: Lab, tmp_path: Path) -> None:
    """The failed row of a run leads to the exact request and answer, kept by its journal."""
    page = open_app(lab, tmp_path, "row", ROW)
    box(page, "Open a row").select_option(index=1)
    see(page, "Kept by the journal of run")
    see(page, "Media asset or resource does not exist, please check.")
    form(page).get_by_text("Request", exact=True).last.scroll_into_view_if_needed()
    lab.screenshot(tmp_path / "row.png")
