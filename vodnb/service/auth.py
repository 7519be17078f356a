"""Gives each request its sign-in: token, signature, or a token fetched for an IAM user.

Never sends anything itself: how a token is fetched is passed in, and so is the clock.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from vodnb.rules.errors import SetupError, SignInError, VodnbError
from vodnb.service.settings.credentials import (
    Credential,
    KeyCredential,
    TokenCredential,
    UserCredential,
)

from .loop_lock import LoopLock
from .signing import Headers, sign

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from vodnb.service.settings.settings import Settings

    from .redact import Secret

_REFRESH_AT = 0.8
"""Part of a token's life after which the next is fetched: of 24 hours, 4.8 are left then."""

_DAY = 86400.0
_PAUSE_SECONDS = 30.0
"""After a renewal ahead of time has failed the old, still good token is used this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token as IAM gave it."""

    token: Secret
    life: float
    """How long it is valid, in seconds."""
    project_id: str = ""
    """The project it is for; "" if the answer did not say."""


def token_life(data: Mapping[str, object]) -> tuple[float, str]:
    """Return the life of a token in seconds and the ID of its project, from IAM's answer.

    The two times are both IAM's, so a wrong clock here does not matter. Where they are missing,
    24 hours are assumed, as documented.
    """
    told = data.get("token")
    token = told if isinstance(told, dict) else {}
    try:
        begins, ends = (datetime.fromisoformat(token[name]) for name in ("issued_at", "expires_at"))
        life = (ends - begins).total_seconds()
    except (KeyError, TypeError, ValueError):
        life = _DAY
    project = token.get("project")
    found = project.get("id") if isinstance(project, dict) else ""
    return life if life > 0 else _DAY, found if isinstance(found, str) else ""


def user_auth(user: UserCredential, settings: Settings) -> dict[str, object]:
    """Return the body of a token call; the password is opened only when the bytes are made.

    Source: https://support.huaweicloud.com/api-iam/iam_30_0001.html
    """
    project_id, region = settings.project_id, settings.region
    if not project_id and not region:
        raise SetupError(
            "Neither a project ID nor a region is known.",
            "An IAM user signs in to one project, which bears the name of the region.",
            "Set VODNB_REGION or VODNB_PROJECT_ID.",
        )
    who = {"name": user.user, "password": user.password, "domain": {"name": user.domain}}
    return {
        "identity": {"methods": ["password"], "password": {"user": who}},
        "scope": {"project": {"id": project_id} if project_id else {"name": region}},
    }


@dataclass(eq=False, repr=False)
class SignIn:
    """The sign-in of one client, shared by all its workers."""

    credential: Credential
    _: KW_ONLY
    fetch: Callable[[], Awaitable[Grant]]
    """Fetches a token for an IAM user; raises `VodnbError` when none is to be had."""
    clock: Callable[[], float]
    """Returns seconds since 1970."""
    generation: int = field(default=0, init=False)
    """Counts the tokens; a worker that was refused says which one it had used."""
    failure: VodnbError | None = field(default=None, init=False)
    """Why the last token was not to be had; None if it was."""

    def __post_init__(self) -> None:
        self._lock = LoopLock()
        self._grant: Grant | None = None
        self._got_at = 0.0
        self._ended = 0
        self._tried_at = 0.0

    def __repr__(self) -> str:
        return f"SignIn({type(self.credential).__name__}, generation {self.generation})"

    @property
    def can_renew(self) -> bool:
        """Whether a new token can be had without asking anybody."""
        return isinstance(self.credential, UserCredential)

    async def ensure(self) -> Grant | None:
        """Return the token of an IAM user, fetched if need be; None for other credentials."""
        if not self.can_renew:
            return None
        generation = self.generation
        if self._grant is None:
            await self._renew_once(generation)
        elif self._is_due(self._grant) and not self._lock.here().locked():
            # The old token is still good: while one fetches the next, the others go on with it,
            # and if it is not to be had, the service will say so.
            await self.renew(generation)
        return self._grant

    async def headers(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes
    ) -> Headers:
        """Return the headers of a request with the sign-in added."""
        grant = await self.ensure()
        match self.credential:
            case KeyCredential() as key:
                now = self.clock()
                return sign(method, url, headers=headers, body=body, credential=key, now=now)
            case TokenCredential(token=token):
                return Headers({**headers, "X-Auth-Token": token.reveal()})
            case UserCredential():
                return Headers({**headers, "X-Auth-Token": grant.token.reveal() if grant else ""})
        assert_never(self.credential)

    async def renew(self, generation: int) -> bool:
        """Fetch a new token once that of this generation was refused; say whether there is a newer.

        Many workers may ask at once: one fetches, all get the result. A failure is remembered.
        """
        if not self.can_renew:
            return False
        try:
            await self._renew_once(generation)
        except VodnbError:
            return False
        return True

    def _is_due(self, grant: Grant) -> bool:
        now = self.clock()
        paused = self.failure is not None and abs(now - self._tried_at) < _PAUSE_SECONDS
        return now >= self._got_at + _REFRESH_AT * grant.life and not paused

    async def _renew_once(self, generation: int) -> None:
        ended = self._ended
        async with self._lock.here():
            if self.generation != generation:
                return
            joined = self._ended != ended
            # A refused password is never sent twice: that would lock the user.
            if self.failure and (joined or isinstance(self.failure, SignInError)):
                raise self.failure.with_traceback(None)
            await self._try()

    async def _try(self) -> None:
        try:
            self._grant = await self.fetch()
        except VodnbError as wrong:
            self.failure = wrong
            raise
        finally:
            self._ended += 1
            self._tried_at = self.clock()
        self.failure = None
        self._got_at = self.clock()
        self.generation += 1
