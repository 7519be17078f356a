"""Finding the exchange behind a row of results."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from vodnb.journal.finding import KeptAttempt, find_attempt
from vodnb.journal.journal import MOST_ATTEMPTS
from vodnb.journal.opening import folder_for, usual_folders
from vodnb.rules.attempt import Attempt, Timings
from vodnb.rules.errors import InputError
from vodnb.rules.model import Lang, Outcome
from vodnb.rules.operations import CONFIRM
from vodnb.service.recording import SHORT_BODY
from vodnb.tables.history import row_cells

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from vodnb.debug.exchange import Exchange
    from vodnb.debug.recorded import SignedWith

    from .calls import Calls
    from .connection import Connection
    from .runs import Runs


class Exchanges:
    """The exchanges of a connection: of its single calls, and of its runs."""

    def __init__(self, connection: Connection, calls: Calls, runs: Runs) -> None:
        self._connection = connection
        self._calls = calls
        self._runs = runs

    def of(
        self, row: object, *, journal: str | os.PathLike[str] | None, lang: str | None
    ) -> Exchange:
        """Return the exchange behind a row, or the one of this number."""
        spoken = self._connection.spoken(lang)
        if isinstance(row, Integral):  # a table has numbers of numpy's
            return self._calls.history.get(int(row)).speak(spoken)
        cells = row_cells(row)
        if "run_id" not in cells and isinstance(cells.get("n"), int):
            return self._calls.history.get(cast("int", cells["n"])).speak(spoken)
        if isinstance(cells.get("run_id"), str) and cells.get("asset_id") == "":
            raise InputError(
                f"This row has no usable asset ID ({cells.get('error_code')}).",
                "Nothing was sent for it, so there is no exchange.",
                "Its verdict and its next_step say what to do.",
            )
        if not isinstance(cells.get("run_id"), str) or not cells.get("asset_id"):
            raise InputError(
                f"{type(row).__name__} is no row of results.",
                "A row has the columns asset_id and run_id, which every run fills in.",
                "Give results.iloc[3], a row of vod.history(), or a number of it.",
            )
        return self._of_row(cells, journal, spoken)

    def _of_row(
        self, cells: Mapping[str, object], journal: str | os.PathLike[str] | None, lang: Lang
    ) -> Exchange:
        run_id, asset_id = str(cells["run_id"]), str(cells["asset_id"])
        folders = dict.fromkeys([*reversed(self._runs.folders), *usual_folders()])
        if journal is not None:
            folders = dict.fromkeys([folder_for("", journal)])
        kept = find_attempt(run_id, asset_id, folders)
        if kept.attempt:
            return self._kept(kept.attempt, run_id, lang)
        fields = {"asset_id": asset_id, "status": str(cells.get("requested_status") or "CREATED")}
        planned = self._calls.planned(CONFIRM, fields)
        note, is_sent = _why_not_kept(cells, kept)
        made = self._calls.exchange_of(
            CONFIRM, [_as_told(planned, cells)], lang=lang, is_sent=is_sent
        )
        told = {"run_id": run_id, "code": str(cells.get("error_code") or ""), "most": MOST_ATTEMPTS}
        return replace(made, notes=((note, told),))

    def _kept(self, attempt: Attempt, run_id: str, lang: Lang) -> Exchange:
        made = self._calls.exchange_of(CONFIRM, [attempt], lang=lang)
        note = ("kept", {"run_id": run_id, "size": SHORT_BODY})
        endpoint, project_id = _place_in(attempt.url)
        here = (self._connection.settings.endpoint, self._connection.client.project_id)
        place = replace(
            made.place,
            endpoint=endpoint,
            project_id=project_id,
            signed_with=_way_of(attempt, made.place.signed_with),
        )
        # A run of another project is never sent to this one by a mere replay().
        again = self._calls.replay if here == (endpoint, project_id) else None
        return replace(made, place=place, notes=(note,), again=again)


def _place_in(url: str) -> tuple[str, str]:
    """Return endpoint and project of a confirm call's URL."""
    before, _, after = CONFIRM.path.partition("{project_id}")
    endpoint, _, rest = url.partition(before)
    return endpoint, unquote(rest.removesuffix(after))


def _way_of(attempt: Attempt, here: SignedWith) -> SignedWith:
    names = {name.lower() for name in attempt.request_headers}
    if "authorization" in names:
        return "temporary key" if "x-security-token" in names else "key"
    return here if here in {"token", "user"} else "token"


def _why_not_kept(cells: Mapping[str, object], kept: KeptAttempt) -> tuple[str, bool]:
    """Return the note on an exchange that is not kept, and whether anything was sent."""
    outcome, attempts = str(cells.get("outcome")), cells.get("attempts")
    is_good = outcome in {Outcome.CONFIRMED, Outcome.ALREADY_CONFIRMED}
    if not attempts:
        return ("looked" if is_good else "unsent"), False
    if is_good:
        return "settled", True
    if not kept.is_found:
        return "no journal", True
    return ("capped" if kept.is_full else "older"), True


def _as_told(planned: Attempt, cells: Mapping[str, object]) -> Attempt:
    """Return a sending with what a row tells of its answer."""
    status, elapsed = cells.get("http_status"), cells.get("elapsed_ms")
    return replace(
        planned,
        sent_at=str(cells.get("sent_at") or ""),
        http_status=None if status is None else int(str(status)),
        code=str(cells.get("error_code") or ""),
        message=str(cells.get("error_msg") or ""),
        request_id=str(cells.get("request_id") or ""),
        timings=Timings(total_ms=None if elapsed is None else float(str(elapsed))),
    )
