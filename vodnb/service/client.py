"""One call to VOD: fields in, what it came to out. Decides nothing about rows, never retries.

The one exception: a refused token of an IAM user is renewed once, and that call sent again, for
a refused sign-in provably had no effect. Server text enters a record here and is redacted here.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vodnb.rules.answers import Answer, Fault, FaultKind, read_answer
from vodnb.rules.codes import as_listed
from vodnb.rules.errors import NoAnswerError, SetupError, SignInError, VodnbError
from vodnb.rules.model import AnswerClass
from vodnb.rules.operations import PROJECTS, TOKEN, Operation
from vodnb.service.settings.credentials import KeyCredential, UserCredential
from vodnb.service.transport.http import Http

from .auth import Grant, SignIn, token_life, user_auth
from .errors_from_answers import clock_offset, error_from
from .key_guard import KeyGuard, is_refused_key
from .loop_lock import LoopLock
from .recording import LONG_BODY, SHORT_BODY, Watch, masked_headers, record_attempt
from .redact import Redactor, Secret
from .request import Request, build_request, check_fields
from .signing import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vodnb.service.settings.settings import Settings


_UNKNOWN_PROJECT = "project-to-be-looked-up"
"""Stands in the URL of a preview; before a call leaves, the project is looked up."""

_SETUP_DEADLINE = 30.0
"""Seconds for each call that signs in or looks up the project."""

_UNKEPT = frozenset({AnswerClass.DONE, AnswerClass.REJECTED})
"""Answers of which no attempt is kept unasked: successes, and throttling, which is waited out."""

_REFUSED_TOKEN = frozenset({"APIGW.0301", "APIGW.0307", "VOD.10054", "CLIENT.SIGN_IN"})
"""What the service says to a token that has run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _PendingCall:
    operation: Operation
    fields: Mapping[str, object]
    until: float
    """When its deadline is over, by `time.perf_counter`."""
    leaves_by: float = math.inf
    watch: Watch | None = None


class Client:
    """Calls VOD and IAM; shared by all workers of a session."""

    def __init__(
        self,
        settings: Settings,
        *,
        http: Http | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.redact = Redactor(settings.secrets)
        """Strikes this client's secrets out of any text."""
        self._settings = settings
        self._credential = settings.credential
        self._http = http or Http(ca_bundle=settings.ca_bundle)
        self._clock = clock  # seconds since 1970
        self.project_id = settings.project_id
        """The project; "" until `prepare` has looked it up."""
        self._looking_up = LoopLock()
        self._sign_in = SignIn(self._credential, fetch=self._fetch_token, clock=clock)
        self._key_guard = KeyGuard(clock=clock)

    def __repr__(self) -> str:
        return f"Client({self.endpoint}, project {self.project_id or 'not looked up yet'})"

    @property
    def endpoint(self) -> str:
        """Where VOD is."""
        return self._settings.endpoint

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def rest(self) -> None:
        """Close what is idle, from any thread; what is under way comes to its end."""
        self._http.rest()

    async def prepare(self) -> None:
        """Sign in and look the project up, unless both is done.

        Raises:
            SignInError: The credential was refused.
            SetupError: The service is not reached, or the project is not to be found.
            NoAnswerError: Nothing trustworthy came back.
        """
        async with self._looking_up.here():
            grant = await self._sign_in.ensure()
            if not self.project_id:
                self.project_id = (grant.project_id if grant else "") or await self._find_project()

    async def call(
        self,
        operation: Operation,
        *,
        deadline: float = 30,
        leaves_by: float = math.inf,
        **fields: object,
    ) -> Answer:
        """Make one call and say what it came to; fields that are not as declared are not sent.

        The deadline is in seconds for all of it: 30, as the gateway gives up before. `leaves_by` is
        until when its first byte may leave, by the loop's clock: later, whatever comes in between,
        it does not leave at all. Signing in or looking up the project may raise, before the first
        call.
        """
        return await self.watched_call(operation, fields, deadline=deadline, leaves_by=leaves_by)

    async def watched_call(
        self,
        operation: Operation,
        fields: Mapping[str, object],
        *,
        deadline: float,
        leaves_by: float = math.inf,
        watch: Watch | None = None,
    ) -> Answer:
        """Do what `call` does, and tell of each sending as it has ended, a success too."""
        sent = check_fields(operation, fields)
        if operation.host == "vod" and not self.project_id:
            await self.prepare()
        until = time.perf_counter() + deadline
        call = _PendingCall(
            operation=operation, fields=sent, until=until, leaves_by=leaves_by, watch=watch
        )
        return self._redacted(await self._attempt(call))

    def own_auth(self) -> dict[str, object]:
        """Return what a token call of our own IAM user sends; its password stays a `Secret`."""
        if not isinstance(self._credential, UserCredential):
            raise SetupError(
                "This connection has no IAM user.",
                "A token is got for a user's name and password.",
                "Connect with iam_user, iam_password and iam_domain.",
            )
        return user_auth(self._credential, self._settings)

    def preview(self, operation: Operation, fields: Mapping[str, object]) -> Request:
        """Return the request that `call` would send, without its sign-in; nothing is sent."""
        return self._request(operation, check_fields(operation, fields))

    def error_for(self, answer: Answer) -> VodnbError:
        """Return the error that an answer amounts to, with its message complete."""
        return self._error_at(self.endpoint, answer)

    def _error_at(self, endpoint: str, answer: Answer) -> VodnbError:
        return error_from(answer, self._settings, endpoint=endpoint, project_id=self.project_id)

    # -- one attempt ----------------------------------------------------------------------------

    async def _attempt(self, call: _PendingCall) -> Answer:
        sign_in = self._sign_in
        if call.operation is not TOKEN:
            await sign_in.ensure()
        generation = sign_in.generation
        make = partial(self._exchange, call)
        is_signed = isinstance(self._credential, KeyCredential)
        answer = await (self._key_guard.call(make) if is_signed else make())
        if call.operation is TOKEN or not self._is_refused_token(answer):
            return self._with_clock_offset(answer)
        if not await sign_in.renew(generation):
            why = f" A new token was not to be had: {sign_in.failure}" if sign_in.failure else ""
            return replace(answer, message=f"{answer.message}{why}")
        return await make()

    def _is_refused_token(self, answer: Answer) -> bool:
        return self._sign_in.can_renew and as_listed(answer.code) in _REFUSED_TOKEN

    async def _exchange(self, call: _PendingCall) -> Answer:
        operation, sent, watch = call.operation, call.fields, call.watch
        request = self._request(operation, sent)
        headers, begun = await self._headers(operation, request), self._clock()
        left = call.until - time.perf_counter()
        if left <= 0:
            # Whoever reads a state after the deadline relies on it: nothing leaves any more.
            late = Fault(kind=FaultKind.CONNECT, detail="its turn came after the deadline")
            return read_answer(operation, late, sent=sent)
        got = await self._http.send(
            request.method,
            request.url,
            headers=headers,
            content=request.body,
            deadline=left,
            leaves_by=call.leaves_by,
        )
        answer = read_answer(operation, got, sent=sent)
        if not watch and answer.kind in _UNKEPT:
            return answer
        attempt = record_attempt(
            operation, request, headers, got, answer=answer, sent_at=begun, redact=self.redact,
            most=LONG_BODY if watch else SHORT_BODY,
        )  # fmt: skip
        if watch:
            watch(attempt)
        return replace(answer, attempt=attempt)

    def _request(self, operation: Operation, sent: Mapping[str, object]) -> Request:
        endpoint = self.endpoint if operation.host == "vod" else self._iam_endpoint()
        project_id = self.project_id or _UNKNOWN_PROJECT
        return build_request(operation, sent, endpoint=endpoint, project_id=project_id)

    async def _headers(self, operation: Operation, request: Request) -> Headers:
        headers = Headers({"Content-Type": "application/json"})
        if operation is TOKEN:
            return headers
        if operation.host == "vod" and isinstance(self._credential, KeyCredential):
            headers["X-Project-Id"] = self.project_id
        return await self._sign_in.headers(
            request.method, request.url, headers=headers, body=request.body
        )

    def _with_clock_offset(self, answer: Answer) -> Answer:
        """Say so if this machine's clock may be why a signature was refused."""
        if not isinstance(self._credential, KeyCredential) or not is_refused_key(answer):
            return answer
        told = clock_offset(answer, self._clock())
        return replace(answer, message=f"{answer.message} {told}".strip()) if told else answer

    def _redacted(self, answer: Answer) -> Answer:
        return replace(
            answer,
            message=self.redact(answer.message),
            request_id=self.redact(answer.request_id, limit=200),
            headers=masked_headers(answer.headers, self.redact),
        )

    # -- before the first call ------------------------------------------------------------------

    def _iam_endpoint(self) -> str:
        if self._settings.iam_endpoint:
            return self._settings.iam_endpoint
        raise SetupError(
            f"The IAM endpoint that goes with {self.endpoint} is not known.",
            "It is needed to sign in as an IAM user, and to look up a project ID.",
            "Set VODNB_IAM_ENDPOINT; or give a token or access key together with VODNB_PROJECT_ID.",
        )

    async def _fetch_token(self) -> Grant:
        user = self._credential
        if not isinstance(user, UserCredential):
            raise TypeError("only an IAM user has a token to fetch")
        fields = {"nocatalog": "true", "auth": user_auth(user, self._settings)}
        until = time.perf_counter() + _SETUP_DEADLINE
        answer = await self._exchange(_PendingCall(operation=TOKEN, fields=fields, until=until))
        token = Secret(answer.headers.get("x-subject-token", ""))
        self.redact.add(token)
        answer = self._redacted(answer)
        if answer.kind is not AnswerClass.DONE:
            raise self._refused_sign_in(answer, user)
        if not token.reveal():
            raise NoAnswerError(
                f"IAM at {self._iam_endpoint()} answered without a token.",
                "Something on the way, such as a proxy, may have taken the header out.",
                "Try from another network, or sign in with an access key.",
            )
        life, project_id = token_life(answer.data)
        return Grant(token=token, life=life, project_id=project_id)

    def _refused_sign_in(self, answer: Answer, user: UserCredential) -> VodnbError:
        if answer.kind not in {AnswerClass.GLOBAL, AnswerClass.PERMANENT} or not answer.http_status:
            return self._error_at(self._iam_endpoint(), answer)
        host = urlsplit(self._iam_endpoint()).netloc
        return SignInError(
            f"IAM at {host} refused to sign in {user.user!r} of account {user.domain!r} "
            f"(HTTP {answer.http_status}): {answer.message}",
            "User name, account name or password is wrong, or the user may not sign in by "
            "program; several wrong passwords lock a user for a while.",
            "Check VODNB_IAM_USER, VODNB_IAM_DOMAIN and VODNB_IAM_PASSWORD, then connect again.",
            code=answer.code,
            http_status=answer.http_status,
            request_id=answer.request_id,
        )

    async def _find_project(self) -> str:
        region = self._settings.region
        if not region:
            raise SetupError(
                "The project ID is not known.",
                "Without the region's name it cannot be looked up either.",
                "Set VODNB_PROJECT_ID, or VODNB_REGION.",
            )
        until = time.perf_counter() + _SETUP_DEADLINE
        call = _PendingCall(operation=PROJECTS, fields={"name": region}, until=until)
        answer = self._redacted(await self._attempt(call))
        if answer.kind is not AnswerClass.DONE:
            raise self._error_at(self._iam_endpoint(), answer)
        listed = answer.data.get("projects")
        projects = listed if isinstance(listed, list) else []
        found = [
            project["id"]
            for project in projects
            if isinstance(project, dict) and isinstance(project.get("id"), str)
        ]
        if len(found) == 1:
            return str(found[0])
        raise SetupError(
            f"IAM knows {len(found) or 'no'} projects called {region!r}"
            f"{': ' + ', '.join(found) if found else ''}.",
            "So it is not clear whose assets are meant.",
            "Set VODNB_PROJECT_ID; it stands in the console under My Credentials, API Credentials.",
        )
