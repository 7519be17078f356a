"""A report as a person opens it: offline, in print, and as a notebook that nobody trusts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import nbformat
import pytest
from reports import RUN_ID, ids, mixed, seen, settled_run

import vodnb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from vodnb.reporting.making import Report

    from .lab import Lab

LANGS = ("zh", "en")

# Every picture is drawn, and every one and every table takes room on the page.
UNSEEN = """(root) => {
  const box = document.querySelector(root);
  const found = [...box.querySelectorAll('img.vr-chart, table, h2')];
  const hidden = found.filter(one => {
    const room = one.getBoundingClientRect();
    const isDrawn = one.tagName !== 'IMG' || (one.complete && one.naturalWidth > 0);
    const wide = one.closest('.vr-headline') && one.tagName === 'H2';
    return !wide && (!isDrawn || room.width < 1 || room.height < 1);
  });
  return {
    hidden: hidden.map(one => one.outerHTML.slice(0, 80)),
    charts: box.querySelectorAll('img.vr-chart').length,
    tables: box.querySelectorAll('table').length,
  };
}"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """A report in each language, of a run with retries and throttling and a journal."""
    folder = tmp_path_factory.mktemp("reports")
    journal = settled_run(folder / f"{RUN_ID}.sqlite", ids(300))
    return {
        lang: vodnb.report(
            journal, folder / f"report_{lang}", lang=lang, against=mixed(), execute=lang == "zh"
        )
        for lang in LANGS
    }


@pytest.fixture
def offline(lab_page: Page) -> Iterator[Page]:
    """A page of its own in a browser that is cut off from every network."""
    assert lab_page.context.browser
    context = lab_page.context.browser.new_context(offline=True)
    page = context.new_page()
    yield page
    context.close()


def keep(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for one."""
    if folder := os.environ.get("TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize("width", [1200, 800])
@pytest.mark.parametrize("lang", LANGS)
def test_page_shows_everything_without_a_network(lang, width, offline, reports) -> None:
    """No request but for the file, no complaint in the console; charts and tables are all seen."""
    asked, said = [], []
    offline.on("request", lambda request: asked.append(request.url))
    offline.on("console", lambda message: said.append(message.text))
    offline.set_viewport_size({"width": width, "height": 900})
    offline.goto(reports[lang].page.as_uri())
    assert [url for url in asked if not url.startswith("data:image/")] == [
        reports[lang].page.as_uri()
    ]
    assert said == []
    told = offline.evaluate(UNSEEN, "main")
    assert told["hidden"] == []
    assert told["charts"] == 5
    assert told["tables"] > 8
    assert offline.evaluate("document.documentElement.scrollWidth") <= width
    assert offline.evaluate("document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[lang]
    keep(offline, f"page_{lang}_{width}")


@pytest.mark.parametrize("lang", LANGS)
def test_page_prints(lang, offline, reports, tmp_path: Path) -> None:
    """On A4 nothing is wider than the paper, and every chart and table is still there."""
    offline.goto(reports[lang].page.as_uri())
    offline.emulate_media(media="print")
    offline.set_viewport_size({"width": 687, "height": 1000})  # A4 less its margins, at 96 dpi
    assert offline.evaluate("document.documentElement.scrollWidth") <= 687
    assert offline.evaluate(UNSEEN, "main")["hidden"] == []
    printed = offline.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") > 2
    keep(offline, f"print_{lang}")


@pytest.mark.parametrize("lang", LANGS)
def test_untrusted_notebook_shows_the_same(lang, lab: Lab, reports) -> None:
    """Opened in JupyterLab, neither trusted nor run: the charts, the tables and the words."""
    lab.open(reports[lang].notebook)
    trusted = "() => [...window.testPanel.content.model.cells].map(cell => cell.trusted)"
    code = [
        cell
        for cell in nbformat.read(reports[lang].notebook, as_version=4).cells
        if cell.cell_type == "code"
    ]
    assert True not in lab.page.evaluate(trusted)[1:]
    root = ".jp-NotebookPanel:not(.lm-mod-hidden)"
    lab.page.locator(f"{root} img.vr-chart").nth(4).wait_for(state="attached")
    lab.page.wait_for_function(
        "root => [...document.querySelectorAll(`${root} img.vr-chart`)].every(one => one.complete)",
        arg=root,
    )
    told = lab.page.evaluate(UNSEEN, root)
    assert told["hidden"] == []
    assert told["charts"] == 5
    shown = "".join(output.data["text/html"] for cell in code for output in cell.outputs)
    tags, _ = seen(shown)
    assert told["tables"] == tags.count("table")
    sentence = {"zh": "未全部成功", "en": "Not entirely"}[lang]
    assert sentence in lab.outputs_text()
    if folder := os.environ.get("TEST_PICTURES"):
        lab.screenshot(f"{folder}/lab_{lang}.png")
