"""What must not run in a browser, and what shows where no widget can: exported or untrusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbconvert
import nbformat
from form_play import active_nodes

from .forms import APP, form, load_sample, open_app, save, tab

if TYPE_CHECKING:
    from pathlib import Path

    from .lab import Lab

PAYLOADS = [
    '<img src=x onerror="window.__hit=1">', "<script>window.__hit=1</script>",
    '<svg onload="window.__hit=1">', "<svg/onload=window.__hit=1>",
    '<iframe src="javascript:parent.__hit=1">', '<a href="javascript:window.__hit=1">x</a>',
    '"><img src=x onerror=window.__hit=1>', "'><script>window.__hit=1</script>",
    "</div><script>window.__hit=1</script>", "</style><img src=x onerror=window.__hit=1>",
    "</option></select><img src=x onerror=window.__hit=1>", "<details open ontoggle=__hit=1>",
    "<body onload=__hit=1>", "<input autofocus onfocus=__hit=1>", "<video><source onerror=__hit=1>",
    "<object data='javascript:__hit=1'>", "<embed src='javascript:__hit=1'>",
    "<math><mtext><img src=x onerror=__hit=1>", "<base href='javascript:__hit=1//'>",
    "<meta http-equiv=refresh content='0;url=javascript:__hit=1'>",
    "<form action=javascript:__hit=1>",
    "&lt;img src=x onerror=__hit=1&gt;", "\\u003cimg src=x onerror=__hit=1\\u003e",
    "<IMG SRC=x OnErRoR=__hit=1>", "<img\nsrc=x\nonerror=__hit=1>", "`${window.__hit=1}`",
]  # fmt: skip

HOSTILE = f"""
import vodnb, pandas as pd
from vodnb.rules.model import RESULT_COLUMNS
bad = {PAYLOADS!r}
app = vodnb.app(sandbox=True, lang='en')
assets = pd.DataFrame({{"asset_id": [f"{{n:032x}}" for n in range(26)] + bad,
                       **{{text: bad * 2 for text in bad}}}})
results = app.vod.confirm(app.vod.sandbox.add(list(assets["asset_id"][:26])), rate=None)
whole = pd.concat([results.assign(**{{c: bad for c in ("error_code", "error_msg", "request_id",
    "state_before", "state_after", "sent_at", "requested_status", "run_id", "meaning",
    "next_step")}}, outcome="failed"),
    pd.DataFrame(dict(zip(bad, [[b] * 26 for b in bad])))], axis=1)
"""

SHOW = """
from pathlib import Path
from types import SimpleNamespace
for name in bad:
    if "/" not in name:
        Path(name + ".csv").touch()
states = app.vod.states(assets[:26], rate=None, progress=False).assign(state=bad)
app = vodnb.app(vod=app.vod, assets=assets, results=whole, lang='en')
app._shared.set_states(states)
run = app._forms["confirm"]
run._more.value = True
run._codes.show(run._describe_codes(SimpleNamespace(codes=dict.fromkeys(bad, 1))))
run._complain(vodnb.VodnbError(bad[3], bad[4], bad[5]))
form = app._forms["results"]
form._list.value = 3
app._forms["load"]._path.value = "<"
app._forms["load"]._tell("form.load.kept", name=bad[6])
app._forms["load"]._complain(vodnb.VodnbError(*bad[:3]))
app._forms["load"]._relabel_column(bad)
app._forms["inspect"]._code.value = bad[0]
app._forms["inspect"]._show_meaning()
app.open("results")
app
"""


def test_hostile_text_runs_nowhere(lab: Lab, tmp_path: Path) -> None:
    """26 ways to write it, in every column, label and title: 0 active nodes, live and exported."""
    assert len(PAYLOADS) == 26
    page = open_app(lab, tmp_path, "hostile", HOSTILE, SHOW)
    for name in ("2 Load", "3 Look", "4 Confirm", "5 Results", "Inspect"):
        tab(page, name)
        page.wait_for_timeout(200)
    # In completion of paths, and in the choice of columns, outcomes and codes.
    assert form(page).locator("datalist option").count() > 10
    assert form(page).locator("select option", has_text="onerror").count() > 20
    assert "onerror" in form(page).inner_text() or "onerror" in form(page).text_content()
    count = "node => node.querySelectorAll('script,iframe,object,embed,svg,img,base,meta').length"
    assert form(page).evaluate(count) == 0
    assert page.evaluate("() => window.__hit") is None
    save(page)
    notebook = nbformat.read(lab.root / "hostile.ipynb", as_version=4)
    stills = [
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.outputs
        if "text/html" in output.get("data", {}) and output.data["text/html"]
    ]
    assert any("onerror" in "".join(told) for told in stills)
    assert [active_nodes("".join(told)) for told in stills] == [[]] * len(stills)
    notebook.metadata.pop("widgets")
    exported, _ = nbconvert.HTMLExporter(template_name="lab").from_notebook_node(notebook)
    other = page.context.browser.new_page()
    other.set_content(exported, wait_until="domcontentloaded")
    other.wait_for_timeout(500)
    assert other.evaluate("() => window.__hit") is None
    assert "onerror" in other.inner_text("body")
    other.close()


TRUSTED = "() => window.testPanel.content.widgets.map(cell => cell.model.trusted)"


def test_export_and_untrusted_notebook_show_a_still_picture(lab: Lab, tmp_path: Path) -> None:
    """Never `VBox(children=...)`: a readable table, with widget state or without, kernel or not."""
    page = open_app(lab, tmp_path, "still", APP)
    load_sample(page)
    still = page.locator("[class*=vodnb-still-]")
    assert still.count() == 1
    assert not still.is_visible()
    save(page)
    notebook = nbformat.read(lab.root / "still.ipynb", as_version=4)
    assert "VBox(" not in str([cell.outputs for cell in notebook.cells])
    for has_state in (True, False):
        if not has_state:
            notebook.metadata.pop("widgets")
        exported, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
        other = page.context.browser.new_page()
        other.set_content(exported, wait_until="domcontentloaded")
        picture = other.locator("[class*=vodnb-still-]")
        assert picture.is_visible()
        assert "300 rows from sandbox_assets.csv: 268 assets to confirm" in picture.inner_text()
        other.close()
    lab.close()
    for name in ("with_state", "without_state"):
        # Another content than the one that the server signed when it saved the notebook.
        read = nbformat.read(lab.root / "still.ipynb", as_version=4)
        read.cells[0].source += f"\n# {name}"
        if name == "without_state":
            read.metadata.pop("widgets")
        nbformat.write(read, lab.root / f"{name}.ipynb")
        lab.open(lab.root / f"{name}.ipynb")
        again = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output")
        again.get_by_text("268 assets to confirm").first.wait_for(timeout=10000)
        assert page.evaluate(TRUSTED) == [False]
        assert page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .widget-tab").count() == 0
        assert "VBox(" not in lab.outputs_text()
        lab.close()
