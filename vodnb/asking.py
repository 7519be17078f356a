"""The verbs of a connection that ask and change nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vodnb.bulk.survey import Survey
from vodnb.bulk.sweep import Sweep
from vodnb.rules.lifecycle import read_state
from vodnb.rules.options import check_numbers
from vodnb.rules.pacing import parse_rate
from vodnb.rules.windows import choose_windows
from vodnb.tables import read
from vodnb.tables.results import usable_assets

from .connection import Connection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, timedelta

    import pandas as pd

    from vodnb.tables.read import Source

__all__ = ["Asking"]


class Asking(Connection):
    """A connection that asks."""

    def states(
        self,
        assets: Source,
        *,
        rate: str | None = "1500/min",
        workers: int = 8,
        deadline: float = 30,
        progress: bool = True,
        lang: str | None = None,
    ) -> pd.DataFrame:
        """Ask for the state of each asset, ten a call; nothing is changed.

        Args:
            assets: Whatever `load_assets` takes, or its table.
            rate: Calls for one `min` or `s`. Default "1500/min", the tenant's quota of this call,
                of which 98 % is used: 245 assets a second. None lifts the pacing.
            workers: Calls under way at once, 1 to 64. Default 8.
            deadline: Seconds for one whole call. Default 30. A lost answer is asked for again.
            progress: Show how it goes. Default True.
            lang: `"zh"` or `"en"`. Default: the connection's.

        Returns:
            The user's columns and `state`, `state_meaning`, `needs` (who has to act: `confirm` for
            what hangs), `asset_title`, `asset_size` (bytes), `created_at` and `modified_at` (UTC),
            and the `error_code` of what could not be asked for. Where the IAM user may not call
            asset/info the list is asked, which knows no cancelled assets. An interrupt returns the
            table as it stands. Source: api-vod/vod_04_0022.html, vod_04_0203.html.

        Raises:
            InputError: The table or an option cannot be used.
            SignInError: The credential was refused.
            SetupError: The host cannot be reached.

        Example:
            >>> states = vod.states("assets.csv")
        """
        survey = self._survey(assets, rate=rate, workers=workers, deadline=deadline, lang=lang)
        return survey.run(progress=progress)

    def start_states(
        self,
        assets: Source,
        *,
        rate: str | None = "1500/min",
        workers: int = 8,
        deadline: float = 30,
        lang: str | None = None,
    ) -> Survey:
        """Start what `states` does and return at once; the arguments of `states`.

        Returns:
            The survey: `stop`, `pause`, `resume`, `done`, `results`, and it can be awaited.

        Raises:
            InputError: The table or an option cannot be used; nothing was asked.

        Example:
            >>> survey = vod.start_states("assets.csv")
        """
        survey = self._survey(assets, rate=rate, workers=workers, deadline=deadline, lang=lang)
        return survey.begin()

    def _survey(
        self,
        assets: Source,
        *,
        rate: str | None,
        workers: int,
        deadline: float,
        lang: str | None,
    ) -> Survey:
        check_numbers(workers=workers, deadline=deadline, attempts=1)
        ceiling = parse_rate(rate)
        table = read.load_assets(assets)
        return Survey(
            usable_assets(table),
            table=table,
            service=self._client,
            ceiling=ceiling,
            workers=workers,
            deadline=float(deadline),
            lang=self._spoken(lang),
        )

    def find(
        self,
        *,
        state: str | Sequence[str] | None = "CREATING",
        since: str | date | None = None,
        until: str | date | None = None,
        min_age: str | timedelta | None = "24h",
        title: str | None = None,
        category: int | None = None,
        rate: str | None = "1500/min",
        workers: int = 8,
        deadline: float = 30,
        progress: bool = True,
        lang: str | None = None,
    ) -> pd.DataFrame:
        """Sweep the project for assets, with no table at all: by default, for what hangs.

        Args:
            state: The state that is looked for, or several; None for all. Default "CREATING": an
                upload that was never confirmed, or is still going on.
            since: Created no earlier: ISO text or a date; local time unless it has a zone. Default:
                the beginning.
            until: Created no later, likewise; a day stands for its end. Default: now.
            min_age: Leave out what is younger, and count it: `"24h"`, `"30m"`, `"7d"`, or None for
                nothing. Default "24h": an upload may take long.
            title: Text to look for in title and category.
            category: Number of a category.
            rate: As in `states`: calls of its own quota.
            workers: Calls under way at once, 1 to 64. Default 8.
            deadline: Seconds for one whole call. Default 30. A lost answer is asked for again.
            progress: Show how it goes, and which span of time was swept. Default True.
            lang: `"zh"` or `"en"`. Default: the connection's.

        Returns:
            A table of assets, the oldest first, that can be given to `confirm`: `asset_id`, the
            columns of `states`, and `age`. No query shows more than 20,000 results, so spans of
            time are halved until each can be read whole; what cannot be, for it lies within one
            second, is said and is in `attrs["vodnb"]["open"]`. Source: api-vod/vod_04_0203.html.

        Raises:
            InputError: An argument makes no sense.
            SignInError: The credential was refused, or may not list.
            SetupError: The host cannot be reached.

        Example:
            >>> hanging = vod.find(since="2026-11-01")
        """
        check_numbers(workers=workers, deadline=deadline, attempts=1)
        now = datetime.now(UTC)
        window, younger = choose_windows(since=since, until=until, min_age=min_age, now=now)
        wanted = [state] if isinstance(state, str) else list(state or ())
        filters = {
            "query_string": title,
            "category_id": None if category is None else str(category),
        }
        sweep = Sweep(
            window,
            younger=younger,
            states=frozenset(map(read_state, wanted)),
            filters={name: value for name, value in filters.items() if value is not None},
            service=self._client,
            ceiling=parse_rate(rate),
            workers=workers,
            deadline=float(deadline),
            now=now,
            lang=self._spoken(lang),
        )
        return sweep.run(progress=progress)
