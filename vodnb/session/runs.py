"""Preparing runs: options checked, the table planned, the journal placed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.bulk.engine.plan import Keep, Plan
from vodnb.bulk.job import Job, new_run_id
from vodnb.bulk.mixed_job import MixedJob, StatusPart
from vodnb.journal.opening import folder_for
from vodnb.rules.errors import InputError
from vodnb.rules.model import Status
from vodnb.rules.options import check_destruction, check_numbers, check_trial, read_status
from vodnb.rules.pacing import parse_rate
from vodnb.tables import read
from vodnb.tables.mixed import split_by_status
from vodnb.tables.results import refuse_other_status, usable_assets

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vodnb.bulk.background import BulkJob
    from vodnb.bulk.pace.control import Control
    from vodnb.tables.read import Source

    from .connection import Connection
    from .options import StartOptions


class Runs:
    """The runs of a connection.

    Attributes:
        folders: Where those of this session kept their journals.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.folders: list[Path] = []

    def prepare(self, assets: Source, options: StartOptions) -> BulkJob:
        """Return a run, or one for each status that a table asks for; it has not begun."""
        status, rate = read_status(options["status"]), parse_rate(options["rate"])
        _check(options, status)
        table = read.load_assets(assets, id_column=options["id_column"], id_form=options["id_form"])
        prepare = partial(self._job, rate=rate, options=options)
        if options["status_column"] is None:
            plan = _plan(table, status, options)
            _ask_for_count([plan], options)
            return prepare(plan, table)
        parts = [
            StatusPart(plan=_plan(rows, each, options), table=rows, places=places)
            for each, (places, rows) in split_by_status(table, options["status_column"]).items()
        ]
        _ask_for_count([part.plan for part in parts], options)
        return MixedJob(
            parts,
            table=table,
            prepare=prepare,
            service=self._connection.client,
            lang=self._connection.spoken(options["lang"]),
        )

    def _job(
        self,
        plan: Plan,
        table: pd.DataFrame,
        control: Control | None = None,
        *,
        rate: float,
        options: StartOptions,
    ) -> Job:
        keep = _keep(table, options)
        if keep:
            self.folders.append(folder_for(keep.source, keep.folder).resolve())
        return Job(
            plan,
            table=table,
            service=self._connection.client,
            ceiling=rate,
            lang=self._connection.spoken(options["lang"]),
            keep=None if plan.is_dry else keep,
            control=control,
        )


def _check(options: StartOptions, status: Status) -> None:
    """Refuse what makes no sense whatever the table is."""
    check_numbers(
        workers=options["workers"], deadline=options["deadline"], attempts=options["attempts"]
    )
    check_trial(dry_run=options["dry_run"], canary=options["canary"])
    column = options["status_column"]
    if column is not None and status is not Status.CREATED:
        raise InputError(
            f"status={options['status']!r} and status_column={column!r} exclude each other.",
            "The one asks the same for all rows, the other for each row what its cell says.",
            "Leave one of them out.",
        )


def _plan(table: pd.DataFrame, status: Status, options: StartOptions) -> Plan:
    refuse_other_status(table, status)
    return Plan(
        run_id=new_run_id(),
        status=status,
        assets=usable_assets(table),
        workers=options["workers"],
        attempts=options["attempts"],
        deadline=float(options["deadline"]),
        look_first=options["check_first"],
        only_hanging=options["only_hanging"],
        verify=options["verify"],
        is_dry=options["dry_run"],
        canary=options["canary"],
    )


def _ask_for_count(plans: Sequence[Plan], options: StartOptions) -> None:
    """Ask for the typed count of what is destroyed, unless nothing is sent."""
    if not options["dry_run"]:
        counts = {plan.status: len(plan.assets) for plan in plans}
        check_destruction(counts, destroy=options["destroy"])


def _keep(table: pd.DataFrame, options: StartOptions) -> Keep | None:
    """Return where the journal of a run goes; None for a run without one."""
    journal = options["journal"]
    if journal is False:
        return None
    source = str(table.attrs.get("vodnb", {}).get("source", ""))
    return Keep(
        source=source if Path(source).is_file() else "",
        folder=None if journal is True else journal,
        is_fresh=options["fresh"],
    )
