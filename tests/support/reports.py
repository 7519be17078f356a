"""Results to report on, made without a server, and what a finished report holds."""

from __future__ import annotations

import base64
import re
import zipfile
from contextlib import closing
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from journals import RUN_ID, bounced, intent, new_journal, settled
from pretend_service import ids

from vodnb.rules.model import Outcome, Settlement, Status
from vodnb.tables.read import load_assets
from vodnb.tables.results import build_results

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FILES = ("results.csv", "results.xlsx", "attention.csv", "timeline.csv", "figures.json")
DRAWN = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
LINKS = {"src", "href", "action", "poster", "data", "srcset", "background", "formaction"}


def end(
    at: int, outcome: Outcome = Outcome.CONFIRMED, code: str = "", **more: object
) -> Settlement:
    """Return how the asset of this number ended: 25 of them a second, some with a retry."""
    state = "CREATED" if outcome.is_good else ""
    told: dict[str, object] = {
        "http_status": 200 if outcome.is_good else 403,
        "request_id": f"req{at:029x}",
        "attempts": 1 + (at % 10 == 0),
        "sent_at": f"2026-01-01T00:{at // 1500:02d}:{at // 25 % 60:02d}.{at % 25 * 40:03d}Z",
        "elapsed_ms": 20 + at * 7 % 900,
        "state_before": "CREATING",
        "state_after": state,
    }
    return Settlement(outcome=outcome, code=code, **{**told, **more})


def results_of(
    ends: dict[str, Settlement], *, cells: list[str] | None = None, run_id: str = RUN_ID
) -> pd.DataFrame:
    """Return the results of a run over these assets, or over these cells."""
    return build_results(
        load_assets(cells or list(ends)),
        settlements=ends,
        untouched=Settlement(outcome=Outcome.NOT_SENT, code="CLIENT.STOPPED"),
        status=Status.CREATED,
        run_id=run_id,
        lang="en",
    )


def mixed(rows: int = 60) -> pd.DataFrame:
    """Return results with every outcome: confirmed, failed, in doubt, not sent, invalid."""
    assets = ids(rows)
    ends = {asset_id: end(at) for at, asset_id in enumerate(assets[:-1])}
    kinds = (
        (Outcome.FAILED, "VOD.10062"),
        (Outcome.FAILED, "VOD.10051"),
        (Outcome.IN_DOUBT, "CLIENT.NO_ANSWER"),
        (Outcome.ALREADY_CONFIRMED, ""),
    )
    for at, (outcome, code) in enumerate(kinds * 3):
        ends[assets[at * (rows // 15)]] = end(at * (rows // 15), outcome, code)
    return results_of(ends, cells=[*assets, assets[1], "1.23E+31", "", "see ticket 4711"])


class _Seen(HTMLParser):
    """Counts tags and collects what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and what an image says of itself."""
        self.tags.append(tag)
        self.words += [value or "" for name, value in attrs if name == "alt"]
        told = [value or "" for name, value in attrs if name in LINKS]
        self.outside += [value for value in told if not value.startswith(("data:image/", "#"))]
        self.outside += [value or "" for name, value in attrs if name == "style" and "url" in value]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.words.append(data)


def _parsed(html: str) -> _Seen:
    parser = _Seen()
    parser.feed(html)
    parser.close()
    return parser


def seen(html: str) -> tuple[list[str], str]:
    """Return the tags of some HTML, and all that it says."""
    parser = _parsed(html)
    return parser.tags, " ".join(parser.words)


def outside(html: str) -> list[str]:
    """Return every reference to something that is not in the page itself."""
    return _parsed(html).outside + re.findall(r"url\(|@import", html.partition("</head>")[0])


def drawings(text: str) -> list[str]:
    """Return every chart in a page or a notebook, as SVG."""
    return [base64.b64decode(found).decode() for found in DRAWN.findall(text)]


def texts_in(folder: Path) -> dict[str, str]:
    """Return the text of every file below a folder; workbooks and charts are unpacked."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as packed:
                parts = [packed.read(name).decode("utf-8", "replace") for name in packed.namelist()]
            found[path.name] = "\n".join(parts)
        elif path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            found[path.name] = "\n".join([text, *drawings(text)])
    return found


def settled_run(path: Path, assets: list[str]) -> Path:
    """Write the journal of a finished run: failures, doubts, and a spell of throttling."""
    back = Settlement(outcome=Outcome.NOT_SENT, code="APIGW.0308", http_status=429)
    entries = []
    for at, asset_id in enumerate(assets):
        leaves = intent(asset_id, left_at=1_767_225_600 + at / 25)
        if 100 <= at < 130:
            entries += [leaves, bounced(asset_id, back)]
        ended = end(at)
        if at % 12 == 0:
            ended = end(at, Outcome.FAILED, "VOD.10062", state_after="NO_ASSET")
        elif at % 50 == 0:
            ended = end(at, Outcome.IN_DOUBT, "CLIENT.NO_ANSWER", http_status=None)
        entries += [leaves, settled(asset_id, ended)]
    with closing(new_journal(path, assets, is_finished=True)) as journal:
        journal.write(entries)
    return path
