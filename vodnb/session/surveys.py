"""Asking for many assets, and reckoning what a run will take; nothing is changed."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vodnb.bulk.pace.reads import Reads
from vodnb.bulk.survey import Survey
from vodnb.bulk.sweep import Sweep
from vodnb.rules.errors import InputError
from vodnb.rules.lifecycle import read_state
from vodnb.rules.makespan import Estimate, reckon
from vodnb.rules.options import check_numbers, read_status
from vodnb.rules.pacing import parse_rate
from vodnb.rules.windows import choose_windows
from vodnb.tables import read
from vodnb.tables.results import usable_assets
from vodnb.tables.states import told_states

if TYPE_CHECKING:
    from vodnb.tables.read import Source

    from .connection import Connection
    from .options import AskOptions, EstimateOptions, FindOptions


class Surveys:
    """What a connection asks for many assets."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def states(self, assets: Source, options: AskOptions) -> Survey:
        """Return what asks for the state of each asset; it has not begun."""
        check_numbers(workers=options["workers"], deadline=options["deadline"], attempts=1)
        ceiling = parse_rate(options["rate"])
        table = read.load_assets(assets, id_column=options["id_column"], id_form=options["id_form"])
        return Survey(
            usable_assets(table),
            table=table,
            reads=Reads(
                self._connection.client, ceiling=ceiling, deadline=float(options["deadline"])
            ),
            workers=options["workers"],
            lang=self._connection.spoken(options["lang"]),
        )

    def find(self, options: FindOptions) -> Sweep:
        """Return what sweeps the project for assets; it has not begun."""
        check_numbers(workers=options["workers"], deadline=options["deadline"], attempts=1)
        now = datetime.now(UTC)
        window, younger = choose_windows(
            since=options["since"], until=options["until"], min_age=options["min_age"], now=now
        )
        state, category = options["state"], options["category"]
        wanted = [state] if isinstance(state, str) else list(state or ())
        filters = {
            "query_string": options["title"],
            "category_id": None if category is None else str(category),
        }
        return Sweep(
            window,
            younger=younger,
            states=frozenset(map(read_state, wanted)),
            filters={name: value for name, value in filters.items() if value is not None},
            reads=Reads(
                self._connection.client,
                ceiling=parse_rate(options["rate"]),
                deadline=float(options["deadline"]),
            ),
            workers=options["workers"],
            now=now,
            lang=self._connection.spoken(options["lang"]),
        )

    def estimate(self, assets: Source, options: EstimateOptions) -> Estimate:
        """Say how many calls a run will make and how long it takes."""
        status, rate = read_status(options["status"]), parse_rate(options["rate"])
        if math.isinf(rate):
            raise InputError(
                "Without a rate there is no telling how long a run takes.",
                do='Give the quota, such as rate="1500/min".',
            )
        table = read.load_assets(assets, id_column=options["id_column"], id_form=options["id_form"])
        known = told_states(table)
        only = options["only_hanging"] or status.is_destructive
        return reckon(
            [known.get(asset_id, "") for asset_id in usable_assets(table)],
            status=status,
            only_hanging=only,
            looks=options["check_first"] or only,
            reads_back=options["verify"],
            rate=rate,
            lang=self._connection.spoken(options["lang"]),
        )
