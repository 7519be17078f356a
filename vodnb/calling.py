"""The verbs of a connection that make single calls and keep what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import TimeoutError as StillOut
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from vodnb.bulk.loop import submit
from vodnb.debug.catalogue import Catalogue, find_operation
from vodnb.debug.exchange import Exchange
from vodnb.debug.history import History
from vodnb.debug.place import place_of, way_of
from vodnb.rules.attempt import Attempt
from vodnb.rules.errors import InputError, VodnbError
from vodnb.rules.model import Status
from vodnb.rules.operations import CONFIRM, TOKEN
from vodnb.rules.options import check_destruction, check_numbers
from vodnb.service.redact import Secret
from vodnb.tables.history import build_history

from .asking import Asking
from .checking import check_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from vodnb.debug.checkup import Checkup
    from vodnb.rules.model import Lang
    from vodnb.rules.operations import Operation

__all__ = ["Calling"]

_SLICE = 0.1
"""Seconds between two looks for an interrupt."""

_SECRET_NAMES = frozenset({"password", "secret", "totp", "passcode"})


class Calling(Asking):
    """A connection that makes single calls."""

    def call(
        self,
        operation: str,
        *,
        destroy: int | None = None,
        deadline: float = 30,
        lang: str | None = None,
        **fields: object,
    ) -> Exchange:
        """Make one call and return all of it: request, answer, timings, meaning; redacted.

        A refusal is an answer too: it is returned, not raised. Nothing is retried; only a token of
        an IAM user that has run out is renewed once.

        Args:
            operation: Its name here or in the API Explorer, as in `vod.operations`.
            destroy: 1, typed, where the status destroys uploaded parts.
            deadline: Seconds for the whole call. Default 30.
            lang: `"zh"` or `"en"`. Default: the connection's.
            fields: The fields of the request, as `vod.operations.<name>?` lists them. A call of
                `token` takes the IAM user of the connection.

        Returns:
            The exchange; `.curl()`, `.python()`, `.sdk()`, `.replay()`, `.diff(other)` and
            `.save(path)` go on from it.

        Raises:
            InputError: A field is wrong or missing, or `destroy` is; nothing was sent.
            SignInError: An IAM user was refused its token.
            SetupError: The project cannot be looked up.

        Example:
            >>> vod.call("confirm", asset_id="f4" * 16, status="CREATED")
        """
        declared = find_operation(operation)
        self._check_single(declared, fields, destroy=destroy, deadline=deadline)
        spoken = self._spoken(lang)
        sent = self._sent_fields(declared, fields)
        # A verbose traceback shows the variables of this frame, and a password may be among them.
        fields.clear()
        try:
            exchange = self._make(declared, sent, deadline=float(deadline), lang=spoken)
        except VodnbError as wrong:
            raise wrong.with_traceback(None) from None
        self._history.add(exchange)
        return exchange

    def preview(self, operation: str, *, lang: str | None = None, **fields: object) -> Exchange:
        """Return the request that `call` would send; nothing is sent.

        Args:
            operation: Its name.
            lang: `"zh"` or `"en"`. Default: the connection's.
            fields: The fields of the request.

        Raises:
            InputError: A field is wrong or missing.

        Example:
            >>> vod.preview("info", asset_id=["f4" * 16]).curl()
        """
        declared = find_operation(operation)
        sent = self._sent_fields(declared, fields)
        fields.clear()
        planned = self._planned(declared, sent)
        made = self._exchange_of(declared, [planned], lang=self._spoken(lang), is_sent=False)
        return replace(made, notes=(("preview", {}),))

    def replay(
        self, exchange: Exchange, *, destroy: int | None = None, deadline: float = 30
    ) -> Exchange:
        """Make the call of an exchange again, on this connection; return the new exchange.

        Args:
            exchange: Whatever was recorded: of a session, of a file, of a row.
            destroy: 1, typed, where the status destroys uploaded parts.
            deadline: Seconds for the whole call. Default 30.

        Raises:
            InputError: `destroy` is missing, or it was masked and cannot be made again.

        Example:
            >>> vod.replay(vodnb.load_exchange("refused.json"))
        """
        return self.call(
            exchange.operation,
            destroy=destroy,
            deadline=deadline,
            lang=exchange.lang,
            **exchange.fields(),
        )

    @property
    def operations(self) -> Catalogue:
        """The calls that can be made; Tab lists them, `?` shows fields, limits, quota and source.

        Example:
            >>> vod.operations.confirm
        """
        return Catalogue(self.call, self._settings.lang)

    def history(self, *, lang: str | None = None) -> pd.DataFrame:
        """Return the exchanges of this session as a table, the newest last.

        Args:
            lang: `"zh"` or `"en"`. Default: the connection's.

        Returns:
            One row for each of the last 500; `vod.exchange(n)` gives the exchange of a row.

        Example:
            >>> vod.history()
        """
        return build_history(self._history.rows(self._spoken(lang)))

    def doctor(self, *, lang: str | None = None) -> Checkup:
        """Check Python, kernel, packages, settings, network, clock, credential and quota.

        At most two calls carry the credential, and neither changes anything.

        Args:
            lang: `"zh"` or `"en"`. Default: the connection's.

        Returns:
            One line a check, each with what to do; `exit_status` is 0, 1 (something to mind) or 2.

        Example:
            >>> vod.doctor()
        """
        return check_up(self._settings, self._spoken(lang))

    def is_secret(self, text: str) -> bool:
        """Return whether a text holds a secret of this connection, in whatever spelling.

        Args:
            text: Any text.

        Example:
            >>> vod.is_secret("a title")
            False
        """
        return self._client.redact(text, limit=len(text)) != text

    # -- one call -------------------------------------------------------------------------------

    @cached_property
    def _history(self) -> History:
        return History()

    def _check_single(
        self,
        declared: Operation,
        fields: Mapping[str, object],
        *,
        destroy: object,
        deadline: object,
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

    def _sent_fields(self, declared: Operation, fields: Mapping[str, object]) -> dict[str, object]:
        """Return the fields with secrets hidden; of a token call, the user's own."""
        hidden = {name: _hidden(value) for name, value in fields.items()}
        for secret in _secrets_in(hidden):
            self._client.redact.add(secret)
        if declared is TOKEN and "auth" not in hidden:
            hidden = {"nocatalog": "true", "auth": self._client.own_auth(), **hidden}
        return hidden

    def _make(
        self, declared: Operation, sent: Mapping[str, object], *, deadline: float, lang: Lang
    ) -> Exchange:
        attempts: list[Attempt] = []
        future = submit(
            self._client.watched_call(declared, sent, deadline=deadline, watch=attempts.append)
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
            attempts.append(self._planned(declared, sent, code=answer.code, message=answer.message))
        return self._exchange_of(declared, attempts, lang=lang)

    def _planned(
        self, declared: Operation, sent: Mapping[str, object], *, code: str = "", message: str = ""
    ) -> Attempt:
        """Return a sending as it would be, without its sign-in."""
        request = self._client.preview(declared, sent)
        project = self._client.project_id
        headers = {"Content-Type": "application/json"}
        if declared.host == "vod" and "key" in way_of(self._settings.credential):
            headers["X-Project-Id"] = project
        redact = self._client.redact
        return Attempt(
            operation=declared.name,
            method=request.method,
            url=redact(request.url, limit=65_536),
            request_headers=headers,
            request_body=redact(request.body.decode(), limit=65_536),
            code=code,
            message=message,
        )

    def _exchange_of(
        self,
        declared: Operation,
        attempts: list[Attempt],
        *,
        lang: Lang,
        is_sent: bool = True,
    ) -> Exchange:
        settings, is_iam = self._settings, declared.host == "iam"
        place = place_of(settings, project_id=self._client.project_id, is_iam=is_iam)
        return Exchange(
            operation=declared.name,
            attempts=tuple(attempts),
            place=place,
            lang=lang,
            is_sent=is_sent,
            again=self.replay,
        )


def _hidden(value: object) -> object:
    """Return a field with its secrets wrapped, so that no traceback shows them."""
    if isinstance(value, Mapping):
        return {
            name: Secret(told)
            if str(name).lower() in _SECRET_NAMES and isinstance(told, str)
            else _hidden(told)
            for name, told in value.items()
        }
    return [_hidden(one) for one in value] if isinstance(value, (list, tuple)) else value


def _secrets_in(value: object) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for told in value.values():
            yield from _secrets_in(told)
    elif isinstance(value, list):
        for told in value:
            yield from _secrets_in(told)
