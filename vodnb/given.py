"""What was given as arguments: secrets hidden at once, what is no text refused, settings read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vodnb.bulk.job import new_run_id
from vodnb.bulk.plan import Keep, Plan
from vodnb.rules.errors import InputError, SetupError
from vodnb.rules.model import Status
from vodnb.rules.options import check_numbers, check_trial, read_status
from vodnb.rules.pacing import parse_rate
from vodnb.service.redact import Secret
from vodnb.service.settings import read_settings
from vodnb.verbs import locale_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from vodnb.service.settings import Settings

__all__ = [
    "RunOptions",
    "hidden_text",
    "keep_for",
    "options_in",
    "read_here",
    "refuse_non_text",
]


def read_here(**arguments: str | Secret | None) -> Settings:
    """Read the settings of this machine."""
    return read_settings(
        environ=_environment(), home=Path.home(), locale_name=locale_name(), **arguments
    )


def _environment() -> Mapping[str, str]:
    """Return `os.environ`: a verbose traceback spells out such a name where it stands."""
    return os.environ


def hidden_text(value: str | None) -> Secret | None:
    """Return a text that no traceback shows; None for None."""
    return None if value is None else Secret(value)


def refuse_non_text(given: Mapping[str, str | Secret | None]) -> None:
    """Refuse bytes and the like, whose secrets would show in the traceback of whoever fails."""
    for name, value in given.items():
        kind = type(value.reveal() if isinstance(value, Secret) else value)
        if value is not None and not issubclass(kind, str):
            raise SetupError(f"{name} is of type {kind.__name__}.", do="Give it as text.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of a run, as `Vod.confirm` explains them."""

    status: str
    status_column: str | None
    rate: str | None
    workers: int | None
    deadline: float
    attempts: int
    check_first: bool
    verify: bool
    only_hanging: bool
    journal: bool | str | os.PathLike[str]
    fresh: bool
    dry_run: bool
    canary: int | None
    destroy: int | None
    lang: str | None

    def check(self) -> None:
        """Refuse what makes no sense whatever the table is.

        Raises:
            InputError: Something does.
        """
        read_status(self.status)
        parse_rate(self.rate)
        check_numbers(workers=self.workers, deadline=self.deadline, attempts=self.attempts)
        check_trial(dry_run=self.dry_run, canary=self.canary)
        if self.status_column is not None and self.status != Status.CREATED:
            raise InputError(
                f"status={self.status!r} and status_column={self.status_column!r} exclude each "
                "other.",
                "The one asks the same for all rows, the other for each row what its cell says.",
                "Leave one of them out.",
            )

    def plan(self, status: Status, assets: Sequence[str]) -> Plan:
        """Return the plan of a run."""
        return Plan(
            run_id=new_run_id(),
            status=status,
            assets=assets,
            workers=self.workers,
            attempts=self.attempts,
            deadline=float(self.deadline),
            look_first=self.check_first,
            only_hanging=self.only_hanging,
            verify=self.verify,
            is_dry=self.dry_run,
            canary=self.canary,
        )


def keep_for(
    table: pd.DataFrame, *, journal: bool | str | os.PathLike[str], is_fresh: bool
) -> Keep | None:
    """Return where the journal of a run goes; None for a run without one."""
    if journal is False:
        return None
    source = str(table.attrs.get("vodnb", {}).get("source", ""))
    return Keep(
        source=source if Path(source).is_file() else "",
        folder=None if journal is True else journal,
        is_fresh=is_fresh,
    )


def options_in(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a run from a verb's own arguments."""
    return {name: given[name] for name in given if name not in {"self", "assets", "progress"}}
