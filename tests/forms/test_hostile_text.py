"""Hostile text in every place of every form: no node that could run; and the still picture."""

from __future__ import annotations

from html import escape
from types import SimpleNamespace

import pandas as pd
import pytest
from form_play import active_nodes, shown
from hostile import PAYLOADS
from jobs import ids

import vodnb
from vodnb.rules.model import RESULT_COLUMNS

pytestmark = [pytest.mark.usefixtures("own_forms"), pytest.mark.together]


def pretend_run(payload: str) -> SimpleNamespace:
    """A run whose every word is hostile."""
    return SimpleNamespace(
        share=0.5,
        codes={payload: 1},
        is_paused=False,
        fault=None,
        done=lambda: False,
        in_words=lambda **_how: [payload, payload],
    )


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    """A finished run of 26 assets."""
    vod = vodnb.connect(sandbox=True, lang="en")
    found = vod.confirm(vod.sandbox.add(ids(26)), rate=None, progress=False)
    vod.close()
    return found


def test_payloads_are_active_where_nobody_escapes() -> None:
    """The detector fires on each of the 26 when it stands in HTML as it is."""
    assert len(PAYLOADS) == 26
    assert [text for text in PAYLOADS if not active_nodes(f"<p>{text}</p>")] == []


@pytest.mark.campaign
@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_in_every_column_and_title_runs_nowhere(payload: str, results) -> None:
    """Results, load and look, live and still, show it as text."""
    names = [name for name in RESULT_COLUMNS if name not in {"outcome", "retryable", "needs"}]
    numbers = {"http_status", "attempts", "elapsed_ms"}
    bad = results.assign(**{name: payload for name in names if name not in numbers})
    bad = bad.assign(outcome="failed", **{payload: payload})
    assets = pd.DataFrame({"asset_id": [payload, *ids(2)], payload: payload})
    form = vodnb.app(results=bad, assets=assets, lang="en")
    form._forms["results"]._list.value = 2
    for part in form._forms.values():
        part._complain(vodnb.VodnbError(payload, payload, payload))
    form._shared.lang = "zh"
    form._forms["look"]._complain(vodnb.VodnbError(payload, payload, payload))
    form._shared.set_states(bad.assign(state=payload, state_meaning=payload, verdict="ok"))
    run = form._forms["confirm"]
    run._codes.show(run._describe_codes(SimpleNamespace(codes={payload: 1})))
    run._shared.job = pretend_run(payload)
    run._paint()
    run._notes.show(run.still())
    run._shared.job = None
    form._forms["load"]._tell("form.load.kept", name=payload)
    form._forms["inspect"]._code.value = payload
    form._forms["inspect"]._explain.click()
    html = shown(form) + form.still() + form._still_bundle()["text/html"]
    assert escape(payload) in html
    assert active_nodes(html) == []


def test_form_is_shown_live_and_as_a_still_picture(monkeypatch) -> None:
    """Two outputs: the widget without any text of its own, and a table that needs no kernel."""
    import IPython.display

    seen: list[tuple[dict, dict]] = []
    updates: list[dict] = []
    handle = SimpleNamespace(update=lambda bundle, **_how: updates.append(bundle))
    monkeypatch.setattr(
        IPython.display, "display", lambda bundle, **how: (seen.append((bundle, how)), handle)[1]
    )
    form = vodnb.app(sandbox=True, assets=ids(3), lang="en")
    form._ipython_display_()
    (live, _), (still, how) = seen
    assert "application/vnd.jupyter.widget-view+json" in live
    assert live["text/html"] == ""
    assert "VBox" not in str(live["text/plain"])
    assert "3 assets to confirm" in still["text/html"]
    assert how == {"raw": True, "display_id": True}
    form._forms["load"]._act(lambda: None)
    assert "3 assets to confirm" in updates[-1]["text/html"]
