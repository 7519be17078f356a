"""A time of day as text: ISO 8601 in UTC, as the service and every table of ours write it."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["utc_text"]


def utc_text(moment: datetime | float, timespec: str = "auto") -> str:
    """Return a moment as text that ends in Z.

    Args:
        moment: A time in UTC, or seconds since 1970.
        timespec: How fine: `seconds`, `milliseconds` or `microseconds`; what is finer is cut off.
            Default `auto`: microseconds where there are any, else seconds.
    """
    then = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return then.isoformat(timespec=timespec).replace("+00:00", "Z")
