"""What an answer of asset/info or asset/list says of assets. Pure: what it leaves open stays open.

Shapes: https://support.huaweicloud.com/api-vod/vod_04_0022.html (info) and vod_04_0203.html (list).
The two speak of states in words of their own; `AssetInfo.state` has those of asset/info. What two
entries of one answer tell differently of one asset is left open: neither is the truer one.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .lifecycle import Stage, read_state, stage_of
from .operations import INFO, Operation
from .windows import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


_TIME = re.compile(r"[0-9]{14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetInfo:
    """An asset as an answer shows it; empty is what the answer does not say."""

    asset_id: str
    state: str = ""
    title: str = ""
    size: int | None = None
    """Bytes of its file."""
    created_at: str = ""
    """UTC ISO text ending in Z."""
    modified_at: str = ""


def read_asset_info(operation: Operation, data: Mapping[str, object]) -> dict[str, AssetInfo]:
    """Return the assets that an answer of info or list shows, by ID; what is none is left out."""
    read = _read_listed if operation.name == "list" else _read_info
    seen: dict[str, AssetInfo] = {}
    for asset_id, entry in _entries(operation, data):
        found = read(entry)
        seen[asset_id] = _agreed(seen.get(asset_id, found), found)
    return seen


def states_in(data: Mapping[str, object], asked: Iterable[str]) -> dict[str, str]:
    """Return the state of each asset that was asked for; "" where asset/info does not say."""
    told: dict[str, str] = {}
    for asset_id, entry in _entries(INFO, data):
        state = read_state(entry.get("status"))
        told[asset_id] = state if told.setdefault(asset_id, state) == state else ""
    return {asset_id: told.get(asset_id, "") for asset_id in asked}


def _entries(
    operation: Operation, data: Mapping[str, object]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield what an answer says of assets, each with its ID; what is no such entry is ignored."""
    entries = data.get(operation.answers_with)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("asset_id"), str):
            yield entry["asset_id"], entry


def _read_info(entry: Mapping[str, object]) -> AssetInfo:
    base = _mapping(entry.get("base_info"))
    return AssetInfo(
        asset_id=str(entry["asset_id"]),
        state=read_state(entry.get("status")),
        title=_text(base.get("title")),
        size=_number(_mapping(base.get("meta_data")).get("video_size")),
        created_at=_time(base.get("create_time")),
        modified_at=_time(base.get("last_modified")),
    )


def _read_listed(entry: Mapping[str, object]) -> AssetInfo:
    state, transcoding = (
        read_state(entry.get(name)) for name in ("asset_status", "transcode_status")
    )
    if state == "CREATED" and stage_of(transcoding) is Stage.CONFIRMED:
        # The list tells in two columns what the other call tells in one.
        state = transcoding
    return AssetInfo(
        asset_id=str(entry["asset_id"]),
        state=state,
        title=_text(entry.get("title")),
        size=_number(entry.get("size")),
        created_at=_time(entry.get("create_time")),
    )


def _agreed(one: AssetInfo, other: AssetInfo) -> AssetInfo:
    """Return what two entries for one asset both say."""
    if one == other:
        return one
    return AssetInfo(**dict(asdict(one).items() & asdict(other).items()))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(value: object) -> str:
    """Return a time as ISO text; the documents write `yyyymmddhhmmss` in UTC."""
    text = _text(value).strip()
    # Of fewer digits strptime makes some time or other.
    if not _TIME.fullmatch(text):
        return ""
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return ""
    return utc_text(moment)
