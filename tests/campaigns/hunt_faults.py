"""What goes wrong with an answer in the hunt, and what of it a client may believe.

Each fault answers one call by the bytes it sends. It says beforehand whether the call has its
effect, and takes back what the answer told of states where nobody can believe it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fault_wire import reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from hunt_server import Entry, HuntTalk

NONE, BEFORE, LATE = "none", "before", "late"
"""When a call that is answered badly has its effect: never, at once, or shortly before its end."""

LATE_PART = 0.85
"""Part of the client's deadline after which a late effect comes about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to answer badly.

    Attributes:
        answer: Sends what it sends; returns whether the connection lives on.
        refuses: Whether it says for certain that the call was not processed.
        hides: Whether what it tells of states is not to be believed.
    """

    answer: Callable[[HuntTalk], Any]
    refuses: bool = False
    hides: bool = True


def _bytes(make: Callable[[HuntTalk], bytes], *, lives: bool = True) -> Callable[[HuntTalk], Any]:
    async def answer(talk: HuntTalk) -> bool:
        await talk.send(make(talk))
        return lives

    return answer


def _refusal(code: str, status: int, **headers: str) -> Callable[[HuntTalk], Any]:
    body = {"error_code": code, "error_msg": f"told {code}"}
    return _bytes(lambda talk: reply(status, body, X_Request_Id=talk.entry.request_id, **headers))


def _confirmed(talk: HuntTalk, **more: object) -> bytes:
    body = {"asset_id": talk.asset_id, **more}
    return reply(200, body, X_Request_Id=talk.entry.request_id)


def _told(talk: HuntTalk, change: Callable[[list[dict[str, Any]]], None], **more: object) -> bytes:
    """Return an answer of asset/info whose entries are changed."""
    entries: list[dict[str, Any]] = [
        {"asset_id": asset_id, "status": talk.server.shown(asset_id)}
        for asset_id in talk.call.asset_ids
    ]
    change(entries)
    body = {"asset_info_array": entries, **more}
    return reply(200, body, X_Request_Id=talk.entry.request_id)


def _strange_id(value: Callable[[str], object]) -> Callable[[list[dict[str, Any]]], None]:
    def change(entries: list[dict[str, Any]]) -> None:
        entries[0]["asset_id"] = value(entries[0]["asset_id"])

    return change


def _opposite(state: str) -> str:
    return "CREATED" if state == "CREATING" else "CREATING"


def _twice(*, true_first: bool) -> Callable[[list[dict[str, Any]]], None]:
    def change(entries: list[dict[str, Any]]) -> None:
        for entry in list(entries):
            other = {**entry, "status": _opposite(entry["status"])}
            entries.insert(len(entries) if true_first else 0, other)

    return change


async def _silence(talk: HuntTalk) -> bool:
    return await talk.hold()


async def _reset(talk: HuntTalk) -> bool:
    return talk.reset()


def _second(healthy: bytes) -> bytes:
    """Return an answer and another one that nobody asked for."""
    extra = reply(200, {"asset_id": "f" * 32}, X_Request_Id="5" * 32)
    return healthy + extra


def _with_trailers(healthy: bytes) -> bytes:
    """Return an answer in chunks with a trailer that says another request ID."""
    head, _, body = healthy.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    chunked = b"\r\n".join([*lines, b"Transfer-Encoding: chunked"])
    size = f"{len(body):x}".encode()
    trailer = b"0\r\nX-Request-Id: " + b"6" * 32 + b"\r\nRetry-After: 60\r\n\r\n"
    return chunked + b"\r\n\r\n" + size + b"\r\n" + body + b"\r\n" + trailer


_PAGE = reply(200, b"<html>please sign in</html>")

CONFIRM_FAULTS: dict[str, Fault] = {
    "throttled": Fault(answer=_refusal("APIGW.0308", 429), refuses=True),
    "throttled for 1 s": Fault(answer=_refusal("APIGW.0308", 429, Retry_After="1"), refuses=True),
    "throttled for 6 s": Fault(answer=_refusal("APIGW.0308", 429, Retry_After="6"), refuses=True),
    "throttled by VOD": Fault(answer=_refusal("VOD.10127", 403), refuses=True),
    "internal": Fault(answer=_refusal("VOD.10051", 403)),
    "gateway": Fault(answer=_refusal("APIGW.0201", 504)),
    "reset": Fault(answer=_reset),
    "silence": Fault(answer=_silence),
    "page": Fault(answer=_bytes(lambda _: _PAGE)),
    "wrong ID": Fault(answer=_bytes(lambda _: reply(200, {"asset_id": "e" * 32}))),
    "list for ID": Fault(answer=_bytes(lambda t: reply(200, {"asset_id": [t.asset_id]}))),
    "object for ID": Fault(answer=_bytes(lambda t: reply(200, {"asset_id": {"a": t.asset_id}}))),
    "integer code": Fault(answer=_bytes(lambda t: _confirmed(t, error_code=10051))),
    "code without a dot": Fault(answer=_bytes(lambda t: _confirmed(t, error_code="SYSTEM_BUSY"))),
    "throttling in a 200": Fault(
        answer=_bytes(lambda t: _confirmed(t, error_code="VOD.10127")), refuses=True
    ),
}
"""Faults of a confirm call; each is drawn with an effect or without, unless it refuses."""

INFO_FAULTS: dict[str, Fault] = {
    "throttled": Fault(answer=_refusal("APIGW.0308", 429)),
    "throttled for 6 s": Fault(answer=_refusal("APIGW.0308", 429, Retry_After="6")),
    "throttled by VOD": Fault(answer=_refusal("VOD.10127", 403)),
    "internal": Fault(answer=_refusal("VOD.10051", 403)),
    "reset": Fault(answer=_reset),
    "silence": Fault(answer=_silence),
    "page": Fault(answer=_bytes(lambda _: _PAGE)),
    "list for ID": Fault(
        answer=_bytes(lambda t: _told(t, _strange_id(lambda one: [one]))), hides=False
    ),
    "object for ID": Fault(
        answer=_bytes(lambda t: _told(t, _strange_id(lambda one: {"id": one}))), hides=False
    ),
    "number for ID": Fault(
        answer=_bytes(lambda t: _told(t, _strange_id(lambda _: 7))), hides=False
    ),
    "twice, true first": Fault(answer=_bytes(lambda t: _told(t, _twice(true_first=True)))),
    "twice, true last": Fault(answer=_bytes(lambda t: _told(t, _twice(true_first=False)))),
    "one left out": Fault(
        answer=_bytes(lambda t: _told(t, lambda found: found.pop(0))), hides=False
    ),
    "no list": Fault(answer=_bytes(lambda _: reply(200, {"asset_info_array": {"a": 1}}))),
}
"""Faults of asset/info; where the first entry alone is spoiled, the rest is to be believed."""

AROUND_FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "second answer": _second,
    "trailers": _with_trailers,
}
"""What comes around a healthy answer, of either call."""


async def answer_badly(talk: HuntTalk, kind: str, *, effect: str, deadline: float) -> bool:
    """Answer a call by one of the faults.

    Args:
        talk: The call.
        kind: Which fault.
        effect: When a confirm call has its effect.
        deadline: Seconds that the client gives a call.
    """
    entry: Entry = talk.entry
    entry.fault = kind
    if kind in AROUND_FAULTS:
        await talk.send(AROUND_FAULTS[kind](talk.answer()))
        return True
    if talk.call.operation == "info":
        fault = INFO_FAULTS[kind]
        if not fault.hides:
            shown = {one: talk.server.shown(one) for one in talk.call.asset_ids[1:]}
            entry.told.update(shown)
    else:
        fault = CONFIRM_FAULTS[kind]
        entry.refused = fault.refuses
        if effect == BEFORE and not fault.refuses:
            talk.apply()
        elif effect == LATE and not fault.refuses:
            talk.apply_later(LATE_PART * deadline)
    lives: bool = await fault.answer(talk)
    return lives
