"""What an answer of asset/info or asset/list says of assets. Pure: what it leaves open stays open.

Shapes: https://support.huaweicloud.com/api-vod/vod_04_0022.html (info) and vod_04_0203.html (list).
The two speak of states in words of their own; `AssetInfo.state` has those of asset/info. What two
entries of one answer tell differently of one asset is left open: neither is the truer one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .lifecycle import Stage, read_state, stage_of
from .operations import INFO
from .windows import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .operations import Operation

_TIME = re.compile(r"[0-9]{14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetInfo:
    """An asset as an answer shows it.

    Attributes:
        asset_id: The asset.
        state: Its state; "" where the answer does not say.
        title: Its title; "" for none.
        size: Size of its file in bytes; None where the answer does not say.
        created_at: When it was created: UTC ISO text ending in Z; "" where it does not say.
        modified_at: When it was last changed, likewise.
    """

    asset_id: str
    state: str = ""
    title: str = ""
    size: int | None = None
    created_at: str = ""
    modified_at: str = ""


def read_asset_info(operation: Operation, data: Mapping[str, object]) -> dict[str, AssetInfo]:
    """Return the assets that an answer shows, by ID; entries that are none of ours are left out.

    Args:
        operation: The call: info or list.
        data: The JSON object of its answer.
    """
    read = _read_listed if operation.name == "list" else _read_info
    seen: dict[str, AssetInfo] = {}
    for asset_id, entry in _entries(operation, data):
        found = read(entry)
        seen[asset_id] = _agreed(seen.get(asset_id, found), found)
    return seen


def states_in(data: Mapping[str, object], asked: Iterable[str]) -> dict[str, str]:
    """Return the state of each asset that was asked for; "" where the answer does not say.

    Args:
        data: The JSON object of an answer of asset/info.
        asked: The asset IDs of the request; others in the answer are ignored.
    """
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
    names = [each.name for each in fields(AssetInfo)]
    both = {
        name: getattr(one, name) for name in names if getattr(one, name) == getattr(other, name)
    }
    return AssetInfo(**both)


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
