"""Making single calls, and keeping what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import TimeoutError as StillOut
from dataclasses import replace
from typing import TYPE_CHECKING

from vodnb.debug.catalogue import find_operation
from vodnb.debug.exchange import Exchange
from vodnb.debug.history import History
from vodnb.debug.recorded import place_of, way_of
from vodnb.kernel.loop import submit
from vodnb.rules.attempt import Attempt
from vodnb.rules.errors import InputError, VodnbError
from vodnb.rules.model import Lang, Status
from vodnb.rules.operations import CONFIRM, TOKEN, Operation
from vodnb.rules.options import check_destruction, check_numbers
from vodnb.service.redact import Secret

if TYPE_CHECKING:
    from .connection import Connection

_SLICE = 0.1
"""Seconds between two looks for an interrupt."""

_SECRET_NAMES = frozenset({"password", "secret", "totp", "passcode"})


class Calls:
    """The single calls of a connection.

    Attributes:
        history: The exchanges of this session.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.history = History()

    def call(
        self,
        operation: str,
        fields: dict[str, object],
        *,
        destroy: int | None,
        deadline: float,
        lang: str | None,
    ) -> Exchange:
        """Make one call, and leave no field in the clear where it came from."""
        hidden = self._hide(fields)
        declared = find_operation(operation)
        _check(declared, hidden, destroy=destroy, deadline=deadline)
        spoken = self._connection.spoken(lang)
        sent = self._filled_in(declared, hidden)
        try:
            exchange = self._make(declared, sent, deadline=float(deadline), lang=spoken)
        except VodnbError as wrong:
            raise wrong.with_traceback(None) from None
        self.history.add(exchange)
        return exchange

    def preview(self, operation: str, fields: dict[str, object], *, lang: str | None) -> Exchange:
        """Return the request that `call` would send; its fields are emptied likewise."""
        hidden = self._hide(fields)
        declared = find_operation(operation)
        planned = self.planned(declared, self._filled_in(declared, hidden))
        spoken = self._connection.spoken(lang)
        made = self.exchange_of(declared, [planned], lang=spoken, is_sent=False)
        return replace(made, notes=(("preview", {}),))

    def replay(
        self, exchange: Exchange, *, destroy: int | None = None, deadline: float = 30
    ) -> Exchange:
        """Make the call of an exchange again."""
        return self.call(
            exchange.operation,
            exchange.fields(),
            destroy=destroy,
            deadline=deadline,
            lang=exchange.lang,
        )

    def planned(
        self, declared: Operation, sent: Mapping[str, object], *, code: str = "", message: str = ""
    ) -> Attempt:
        """Return a sending as it would be, without its sign-in."""
        client = self._connection.client
        request = client.preview(declared, sent)
        headers = {"Content-Type": "application/json"}
        if declared.host == "vod" and "key" in way_of(self._connection.settings.credential):
            headers["X-Project-Id"] = client.project_id
        return Attempt(
            operation=declared.name,
            method=request.method,
            url=client.redact(request.url, limit=65_536),
            request_headers=headers,
            request_body=client.redact(request.body.decode(), limit=65_536),
            code=code,
            message=message,
        )

    def exchange_of(
        self,
        declared: Operation,
        attempts: list[Attempt],
        *,
        lang: Lang,
        is_sent: bool = True,
    ) -> Exchange:
        """Return what came of these sendings."""
        here, is_iam = self._connection, declared.host == "iam"
        place = place_of(here.settings, project_id=here.client.project_id, is_iam=is_iam)
        return Exchange(
            operation=declared.name,
            attempts=tuple(attempts),
            place=place,
            lang=lang,
            is_sent=is_sent,
            again=self.replay,
        )

    def _hide(self, fields: dict[str, object]) -> dict[str, object]:
        """Return the fields with secrets hidden, and empty them.

        A verbose traceback shows the variables of whoever called, and a password may be in them.
        """
        hidden = {name: self._hidden(value) for name, value in fields.items()}
        fields.clear()
        return hidden

    def _hidden(self, value: object, name: object = "") -> object:
        """Return a field with its secrets wrapped, and known to whatever redacts."""
        if isinstance(value, Mapping):
            return {inner: self._hidden(told, inner) for inner, told in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._hidden(one) for one in value]
        if isinstance(value, str) and str(name).lower() in _SECRET_NAMES:
            value = Secret(value)
        if isinstance(value, Secret):
            self._connection.client.redact.add(value)
        return value

    def _filled_in(self, declared: Operation, fields: dict[str, object]) -> dict[str, object]:
        """Return the fields to send: of a token call, the connection's own credential."""
        if declared is not TOKEN or "auth" in fields:
            return fields
        return {"nocatalog": "true", "auth": self._connection.client.own_auth(), **fields}

    def _make(
        self, declared: Operation, sent: Mapping[str, object], *, deadline: float, lang: Lang
    ) -> Exchange:
        attempts: list[Attempt] = []
        future = submit(
            self._connection.client.watched_call(
                declared, sent, deadline=deadline, watch=attempts.append
            )
        )
        try:
            while True:
                try:
                    answer = future.result(_SLICE)
                    break
                except StillOut:
                    if future.done():
                        raise
        except BaseException:
            future.cancel()
            raise
        if not attempts:
            # A call that waited for its turn at a locked key never left.
            attempts.append(self.planned(declared, sent, code=answer.code, message=answer.message))
        return self.exchange_of(declared, attempts, lang=lang)


def _check(
    declared: Operation, fields: Mapping[str, object], *, destroy: object, deadline: object
) -> None:
    check_numbers(workers=1, deadline=deadline, attempts=1)
    status = str(fields.get("status", ""))
    if declared is CONFIRM and status in set(Status):
        check_destruction({Status(status): 1}, destroy=destroy)
    elif destroy is not None:
        raise InputError(
            f"destroy={destroy!r} goes with the statuses FAILED and CANCELLED only.",
            do="Leave it out.",
        )
