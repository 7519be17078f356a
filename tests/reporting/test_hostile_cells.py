"""Hostile text in every cell: no node of a report could run, and no file holds a live formula."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import nbformat
import pytest
from form_play import active_nodes
from hostile import PAYLOADS
from reports import drawings, mixed, outside, seen, texts_in

import vodnb
from vodnb.rules.model import RESULT_COLUMNS

FREE = [name for name in RESULT_COLUMNS if name not in {"outcome", "retryable", "needs"}]
NUMBERS = {"http_status", "attempts", "elapsed_ms"}


def hostile(payload: str):
    """Return results with this text in every cell that is text, in a title and in an ID."""
    bad = mixed().assign(**{name: payload for name in FREE if name not in NUMBERS})
    bad.loc[:20, "asset_id"] = payload
    bad.loc[21:50, "outcome"] = "failed"
    return bad.assign(verdict_note=payload, **{payload: payload})


def own(html: str) -> list[str]:
    """Return what could run in some HTML, but for our own charts and the page's own policy."""
    allowed = {"img", "img src", "meta"}
    return [found for found in active_nodes(html) if found not in allowed]


@pytest.mark.campaign
@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_runs_nowhere(payload, tmp_path):
    """Page and notebook show it as text; the charts are well-formed drawings and no more."""
    made = vodnb.report(
        hostile(payload), tmp_path / "r", lang="en", execute=False, against=hostile(payload)
    )
    page = made.page.read_text("utf-8")
    assert payload in seen(page)[1]
    assert own(page) == []
    assert outside(page) == []
    for cell in nbformat.read(made.notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            assert own(output.data["text/html"]) == []
    for drawn in drawings(page):
        kinds = {part.tag.partition("}")[2] for part in ET.fromstring(drawn).iter()}
        assert kinds <= {"svg", "rect", "line", "text"}


@pytest.mark.campaign
def test_every_image_of_a_page_is_a_drawing_of_ours(tmp_path):
    """What the test above lets pass, an image, is a chart in each case."""
    payload = '"><img src=x onerror=alert(1)>'
    made = vodnb.report(hostile(payload), tmp_path / "r", lang="zh", execute=False)
    page = made.page.read_text("utf-8")
    assert page.count("<img ") == len(drawings(page)) > 0


@pytest.mark.parametrize("payload", ["=HYPERLINK(1)", "@SUM(1)", "+1+cmd", "\t=1", "＝1"])
def test_no_table_beside_a_report_holds_a_live_formula(payload, tmp_path):
    """In CSV every such cell has its apostrophe, in the workbook every one is a text."""
    vodnb.report(hostile(payload), tmp_path / "r", lang="en", execute=False)
    for name, text in texts_in(tmp_path / "r_files").items():
        if name.endswith(".csv"):
            assert f",{payload}," not in text
        if name == "results.xlsx":
            assert "<f>" not in text
            assert f"'{payload.strip()}" in text or "'\t" in text
