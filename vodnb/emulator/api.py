"""What each API call answers, built from `rules.operations`. Knows no sockets and checks no keys.

Shapes: https://support.huaweicloud.com/api-vod/vod_04_0198.html (confirm), vod_04_0022 (info),
vod_04_0203 (list), vod_04_0196 (create).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from vodnb.rules.operations import OPERATIONS, Field, Operation

from . import iam
from .admission import Admission, Call, RefusalError
from .assets import CONFIRMED_STATES, Asset, AssetStore, Effect, Filter, as_stamp
from .iam import REGION, SandboxReply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .faults import Behaviour

_MOST_COUNTED = 20_000
_MOST_PER_PAGE = 100
_UPLOAD_SECONDS = 3600

_ROUTES: Mapping[tuple[str, str], Operation] = {
    (call.method, call.path): call for call in OPERATIONS.values()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request that was understood as far as it goes."""

    operation: Operation | None
    """None for a path or method that is none."""
    project_id: str = ""
    query: Mapping[str, list[str]] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    """None where it is no JSON object."""

    @property
    def asset_ids(self) -> tuple[str, ...]:
        """The asset IDs it is about, as far as they are text."""
        in_body = (self.body or {}).get("asset_id")
        return (in_body,) if isinstance(in_body, str) else tuple(self.query.get("asset_id", ()))

    @property
    def status(self) -> str:
        """The status that a confirm call asks for; "" for none."""
        return str((self.body or {}).get("status", ""))


def read_question(call: Call) -> Question:
    """Say which API call a request is, and take it apart; never fails."""
    operation, project_id = _ROUTES.get((call.method, call.path)), ""
    if operation is None:
        start, _, rest = call.path.lstrip("/").partition("/")
        project_id, _, rest = rest.partition("/")
        operation = _ROUTES.get((call.method, f"/{start}/{{project_id}}/{rest}"))
    try:
        body = json.loads(call.body) if call.body else None
    except (ValueError, RecursionError):
        body = None
    return Question(
        operation=operation,
        project_id=project_id,
        query=parse_qs(call.query, keep_blank_values=True) if call.query else {},
        body=body if isinstance(body, dict) else None,
    )


class Api:
    """Answers the calls that were let in."""

    def __init__(
        self,
        *,
        store: AssetStore,
        admission: Admission,
        clock: Callable[[], float],
        behaviour: Behaviour,
    ) -> None:
        self._store = store
        self._admission = admission
        self._clock = clock
        self.behaviour = behaviour
        self._handlers: dict[str, Callable[[Question], SandboxReply]] = {
            "confirm": self._confirm,
            "info": self._info,
            "list": self._list,
            "create": self._create,
            "token": lambda question: iam.token(question.body, admission, clock, self.behaviour),
            "projects": lambda question: iam.projects(question.query, admission),
        }

    def admit(self, question: Question, call: Call) -> None:
        """Raise what a gateway would answer to a call that may not come in."""
        operation = question.operation
        if operation is None:
            raise RefusalError(
                404, "APIGW.0101", "The API does not exist or has not been published in the region."
            )
        if operation.name == "token":
            return
        self._admission.check_identity(call)
        self._admission.check_quota(operation.quota, self.behaviour)
        if operation.host == "vod":
            self._admission.check_project(question.project_id)

    def answer(self, question: Question) -> SandboxReply:
        """Answer a call that was let in.

        Raises:
            RefusalError: The service says no.
        """
        operation = question.operation
        if operation is None:
            raise RefusalError(404, "APIGW.0101", "The API does not exist.")
        if operation.host == "vod":
            _check_fields(operation, question)
        return self._handlers[operation.name](question)

    def _confirm(self, question: Question) -> SandboxReply:
        asset_id = question.asset_ids[0]
        effect = self._store.confirm(
            asset_id,
            question.status,
            is_repeat_accepted=self.behaviour.second_confirm == "accept",
            processing=self.behaviour.processing,
        )
        if effect is Effect.UNKNOWN_ASSET:
            raise RefusalError(
                self.behaviour.not_found_status,
                "VOD.10062",
                "Media asset or resource does not exist, please check.",
            )
        if effect is Effect.REFUSED:
            raise RefusalError(
                403,
                "VOD.10126",
                "The current status of the media asset does not allow upload confirmation, "
                "please check the status.",
            )
        return SandboxReply(
            http_status=200, data={"asset_id": asset_id}, effect=effect is Effect.DONE
        )

    def _info(self, question: Question) -> SandboxReply:
        if question.asset_ids:
            known = ((asset_id, self._store.get(asset_id)) for asset_id in question.asset_ids)
            rows = [
                self._info_row(asset) if asset else {"asset_id": asset_id, "status": "NO_ASSET"}
                for asset_id, asset in known
            ]
            total, is_truncated = len(rows), False
        else:
            found, page, size = self._page(question, self._is_wanted_info)
            rows = [self._info_row(asset) for asset in found[page * size : (page + 1) * size]]
            total, is_truncated = len(found), (page + 1) * size < len(found)
        return SandboxReply(
            http_status=200,
            data={
                "asset_info_array": rows,
                "is_truncated": int(is_truncated),
                "total": min(total, _MOST_COUNTED),
            },
        )

    def _list(self, question: Question) -> SandboxReply:
        if question.asset_ids:
            known = (self._store.get(asset_id) for asset_id in question.asset_ids)
            found: Sequence[Asset] = [asset for asset in known if asset and self._listed(asset)]
            page, size = 0, _MOST_PER_PAGE
        else:
            found, page, size = self._page(question, self._is_wanted_listed)
        rows = [self._list_row(asset) for asset in found[page * size : (page + 1) * size]]
        total = min(len(found), _MOST_COUNTED)
        return SandboxReply(http_status=200, data={"total": total, "assets": rows})

    def _create(self, question: Question) -> SandboxReply:
        fields = question.body or {}
        asset_id = secrets.token_hex(16)
        self._store.add(asset_id, title=str(fields["title"]))
        where = f"{self._admission.credentials.project_id}/{asset_id}/{secrets.token_hex(16)}"
        expires = int(self._clock()) + _UPLOAD_SECONDS
        # Nothing can be uploaded here, and nothing outside may be called: `.invalid` has no host.
        url = (
            f"https://vod-sandbox.invalid/{where}?AWSAccessKeyId={secrets.token_hex(10)}"
            f"&Expires={expires}&Signature={secrets.token_urlsafe(20)}"
        )
        data: dict[str, object] = {
            "asset_id": asset_id,
            "video_upload_url": url,
            "cover_upload_url": None,
            "subtitle_upload_urls": [],
            "target": {"bucket": "vod-sandbox", "location": REGION, "object": where},
        }
        return SandboxReply(http_status=200, data=data, effect=True)

    def _page(
        self, question: Question, is_wanted: Callable[[Asset, frozenset[str]], bool]
    ) -> tuple[Sequence[Asset], int, int]:
        """Return what a query without IDs finds, and which page of it is asked for."""
        query = question.query
        page, size = _number(query, "page", 0), _number(query, "size", 10)
        if not 1 <= size <= _MOST_PER_PAGE:
            raise _illegal("size")
        if page < 0 or (page + 1) * size > _MOST_COUNTED:
            raise _illegal("page")
        wanted = Filter(
            start=_one(query, "start_time"),
            end=_one(query, "end_time"),
            text=_one(query, "query_string"),
            is_oldest_first=_one(query, "order").lower() == "asc",
        )
        states = frozenset(query.get("status", ()))
        found = self._store.select(wanted, keep=lambda asset: is_wanted(asset, states))
        return found, page, size

    def _is_wanted_info(self, asset: Asset, states: frozenset[str]) -> bool:
        return not states or self._shown(asset) in states

    def _is_wanted_listed(self, asset: Asset, states: frozenset[str]) -> bool:
        listed = self._listed(asset)
        return bool(listed) and (not states or listed in states or self._shown(asset) in states)

    def _shown(self, asset: Asset) -> str:
        return asset.state_at(self._clock() - self.behaviour.state_lag)

    def _listed(self, asset: Asset) -> str:
        """Return `asset_status` of the list; "" where its vocabulary has no word for the state."""
        state = self._shown(asset)
        if state in CONFIRMED_STATES:
            return "PUBLISHED" if state == "PUBLISHED" else "CREATED"
        if state in ("UPLOAD_FAILED", "SERVER_ERROR"):
            return "FAILED"
        return "" if state == "CANCELLED" else state

    def _info_row(self, asset: Asset) -> dict[str, object]:
        seen_at = self._clock() - self.behaviour.state_lag
        state = asset.state_at(seen_at)
        base = {
            "title": asset.title,
            "video_name": f"{asset.asset_id}.mp4",
            "description": None,
            "category_id": -1,
            "category_name": "Other",
            "create_time": as_stamp(asset.created_at),
            "last_modified": as_stamp(asset.changed_at(seen_at)),
            "video_type": "MP4",
            "tags": None,
            "meta_data": {"duration": asset.duration, "video_size": asset.size}
            if state in CONFIRMED_STATES
            else None,
        }
        return {
            "asset_id": asset.asset_id,
            "status": state,
            "description": state,
            "base_info": base,
            "play_info_array": [],
        }

    def _list_row(self, asset: Asset) -> dict[str, object]:
        state = self._shown(asset)
        is_transcoding = state.startswith("TRANSCOD") or state == "WAITING_TRANSCODE"
        return {
            "asset_id": asset.asset_id,
            "title": asset.title,
            "description": None,
            "duration": asset.duration,
            "size": asset.size,
            "create_time": as_stamp(asset.created_at),
            "asset_status": self._listed(asset),
            "transcode_status": state if is_transcoding else "UN_TRANSCODE",
            "media_type": "MP4",
        }


def _check_fields(operation: Operation, question: Question) -> None:
    """Raise VOD.10053 for the first field that is missing or has a wrong value."""
    if operation.method == "POST" and question.body is None:
        raise _illegal("body")
    for spec in operation.fields:
        if spec.place == "query":
            _check_values(spec, question.query.get(spec.name, []))
            continue
        value = (question.body or {}).get(spec.name)
        if value is None:
            if spec.required:
                raise _illegal(spec.name)
            continue
        is_right = isinstance(value, {"string": str, "integer": int, "object": dict}[spec.kind])
        if not is_right or isinstance(value, bool):
            raise _illegal(spec.name)
        _check_values(spec, [str(value)])


def _check_values(spec: Field, values: list[str]) -> None:
    """Raise VOD.10053 unless the values of a field are within its declared limits."""
    is_too_many = spec.max_items is not None and len(values) > spec.max_items
    if is_too_many or (spec.required and not all(values)):
        raise _illegal(spec.name)
    for value in values:
        is_too_long = (
            spec.max_bytes is not None and len(value.encode(errors="replace")) > spec.max_bytes
        )
        if is_too_long or (spec.choices and value not in spec.choices):
            raise _illegal(spec.name)


def _illegal(name: str) -> RefusalError:
    return RefusalError(
        400, "VOD.10053", f"The request parameter is illegal, illegal field: {{{name}}}."
    )


def _one(query: Mapping[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0]


def _number(query: Mapping[str, list[str]], name: str, default: int) -> int:
    text = _one(query, name)
    try:
        return int(text) if text else default
    except ValueError:
        raise _illegal(name) from None
