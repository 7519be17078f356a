"""The sandbox as an ASGI app: reads requests, adds faults, keeps the ledger. Opens no port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from vodnb.rules.codes import look_up

from .admission import Call, RefusalError
from .api import Api, Question, read_question

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from .faults import FaultPlan, InjectedFault

_LEDGER_PATH = "/_sandbox/ledger"
_OUR_NAME = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?", re.IGNORECASE)
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One call as the sandbox served it; never a secret.

    Attributes:
        n: Number of the call, from 1, in the order in which the calls were decided.
        time: When it came in, in seconds since the epoch.
        operation: Our name for the call; "" for a path that is none.
        method: HTTP method.
        path: Path, without the query.
        asset_id: The asset of a confirm call; "" otherwise.
        asset_ids: The assets of a query.
        status: The status that a confirm call asked for; "" otherwise.
        http_status: HTTP status of the answer; 0 where the connection was dropped.
        error_code: Error code of the answer; "" for none.
        request_id: Its `X-Request-Id`; "" where the connection was dropped.
        effect: Whether it changed the state of an asset.
    """

    n: int
    time: float
    operation: str
    method: str
    path: str
    asset_id: str
    asset_ids: tuple[str, ...]
    status: str
    http_status: int
    error_code: str
    request_id: str
    effect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Response:
    """What goes back over the wire; with `http_status` 0 nothing does."""

    http_status: int
    code: str = ""
    body: bytes
    media_type: str = _JSON
    headers: Mapping[str, str]
    request_id: str = ""
    effect: bool = False


class AsgiApp:
    """The ASGI app of one sandbox; `hang_up` closes the connection of a client's address."""

    def __init__(
        self,
        *,
        api: Api,
        faults: FaultPlan,
        clock: Callable[[], float],
        hang_up: Callable[[tuple[str, int]], None],
    ) -> None:
        self._api = api
        self._faults = faults
        self._clock = clock
        self._hang_up = hang_up
        self.ledger: list[LedgerEntry] = []
        self.closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        came_at = self._clock()
        with contextlib.suppress(ClientDisconnect):
            call = await _read_call(scope, receive)
            if call.path == _LEDGER_PATH:
                # Who asks by another name is a web page whose name was made to lead here.
                is_ours = _OUR_NAME.fullmatch(call.headers.get("host", ""))
                page = self._ledger_page() if is_ours else _MISDIRECTED
                await _as_response(page)(scope, receive, send)
                return
            question = read_question(call)
            name = question.operation.name if question.operation else ""
            fault = self._faults.take(name, question.asset_ids)
            await self._wait(self._api.behaviour.latency + (fault.delay if fault else 0.0))
            answer = self._answer(question, call, fault)
            self._record(came_at, call, question, answer)
            if answer.http_status and not self.closing.is_set():
                await _as_response(answer)(scope, receive, send)
                return
            self._hang_up(scope["client"])
            # The server takes a silent return for a bug, unless it has seen the connection end.
            await receive()

    async def _wait(self, seconds: float) -> None:
        """Wait, but no longer than the sandbox lives."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), seconds)

    def _answer(self, question: Question, call: Call, fault: InjectedFault | None) -> _Response:
        request_id = secrets.token_hex(16)
        if fault is not None and fault.answers:
            effect = False
            if fault.effect:
                with contextlib.suppress(RefusalError):
                    effect = self._api.answer(question).effect
            return _faulty(fault, effect=effect, request_id=request_id)
        extra = fault.headers if fault else {}
        try:
            self._api.admit(question, call)
            reply = self._api.answer(question)
        except RefusalError as refusal:
            return _Response(
                http_status=refusal.http_status,
                code=refusal.code,
                body=_error_body(refusal.http_status, refusal.code, refusal.message, request_id),
                headers={**refusal.headers, **extra},
                request_id=request_id,
            )
        return _Response(
            http_status=reply.http_status,
            body=_as_json(reply.data),
            headers={**reply.headers, **extra},
            request_id=request_id,
            effect=reply.effect,
        )

    def _record(self, came_at: float, call: Call, question: Question, answer: _Response) -> None:
        name = question.operation.name if question.operation else ""
        asset_ids, is_confirm = question.asset_ids, name == "confirm"
        self.ledger.append(
            LedgerEntry(
                n=len(self.ledger) + 1,
                time=came_at,
                operation=name,
                method=call.method,
                path=call.path,
                asset_id=asset_ids[0] if is_confirm and asset_ids else "",
                asset_ids=() if is_confirm else asset_ids,
                status=question.status if is_confirm else "",
                http_status=answer.http_status,
                error_code=answer.code,
                request_id=answer.request_id,
                effect=answer.effect,
            )
        )

    def _ledger_page(self) -> _Response:
        entries = [asdict(entry) for entry in self.ledger]
        return _Response(http_status=200, body=json.dumps(entries).encode(), headers={})


async def _read_call(scope: Scope, receive: Receive) -> Call:
    request = Request(scope, receive)
    return Call(
        method=scope["method"],
        path=scope["raw_path"].decode("ascii", "replace"),
        query=scope["query_string"].decode("ascii", "replace"),
        headers={
            name.decode("latin-1"): value.decode("utf-8", "replace")
            for name, value in scope["headers"]
        },
        body=await request.body(),
    )


def _as_response(answer: _Response) -> Response:
    named = {"x-request-id": answer.request_id} if answer.request_id else {}
    headers = {**named, **{name.lower(): value for name, value in answer.headers.items()}}
    return Response(
        answer.body,
        status_code=answer.http_status,
        media_type=None if "content-type" in headers else answer.media_type,
        headers=headers,
    )


def _faulty(fault: InjectedFault, *, effect: bool, request_id: str) -> _Response:
    """Return the answer that a fault asks for; a drop is one without a status."""
    if fault.drop:
        return _Response(http_status=0, body=b"", headers={}, effect=effect)
    status = _status_of(fault)
    if isinstance(fault.body, str | bytes):
        body = fault.body if isinstance(fault.body, bytes) else fault.body.encode()
    elif fault.body is not None:
        body = _as_json(fault.body)
    elif fault.code:
        message = look_up(fault.code, status).meaning_en
        body = _error_body(status, fault.code, message, request_id)
    else:
        body = b""
    return _Response(
        http_status=status,
        code=fault.code,
        body=body,
        media_type="text/html" if body.lstrip().startswith(b"<") else _JSON,
        headers=fault.headers,
        request_id=request_id,
        effect=effect,
    )


def _status_of(fault: InjectedFault) -> int:
    if fault.http_status is not None:
        return fault.http_status
    if not fault.code:
        return 200
    return next(iter(look_up(fault.code).http_statuses), 403)


def _error_body(http_status: int, code: str, message: str, request_id: str) -> bytes:
    """Return an error in the shape of whoever sends it: gateway, service, or IAM (no code)."""
    if not code:
        title = HTTPStatus(http_status).phrase
        return _as_json({"error": {"code": http_status, "message": message, "title": title}})
    data = {"error_code": code, "error_msg": message}
    if code.startswith("APIG"):
        data["request_id"] = request_id
    return _as_json(data)


def _as_json(data: Mapping[str, object]) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace")


_MISDIRECTED = _Response(
    http_status=HTTPStatus.MISDIRECTED_REQUEST,
    body=_error_body(421, "", "The ledger is shown to 127.0.0.1 and localhost only.", ""),
    headers={},
)
