"""Who may come in: tokens, signatures, project, quota. Written from the documents; no client code.

Signing: https://support.huaweicloud.com/devg-apisign/api-sign-algorithm.html
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import secrets
import string
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import RLock

    from vodnb.rules.operations import Quota

    from .faults import Behaviour

_ALGORITHM = "SDK-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    _ALGORITHM + r" Access=(?P<ak>[^,\s]+), ?SignedHeaders=(?P<names>[^,\s]+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_UNSIGNED = "UNSIGNED-PAYLOAD"
_SIGNATURE_LIFE = 15 * 60
_MOST_AK_FAILURES = 5
_LOCK_SECONDS = 5 * 60
_WINDOW_SECONDS = 60
_CAPITALS = string.ascii_uppercase + string.digits
_LETTERS = string.ascii_letters + string.digits


class RefusalError(Exception):
    """An answer other than success, on its way to the caller."""

    def __init__(
        self, http_status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it came in."""

    method: str
    path: str
    """As sent, still percent-encoded."""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An access key."""

    ak: str
    sk: str = field(repr=False)
    security_token: str = field(default="", repr=False)
    """What a temporary key needs besides."""

    @classmethod
    def invent(cls, *, is_temporary: bool = False) -> Key:
        """Return a new key, of the shape of a real one."""
        return cls(
            ak=_random_text(20, _CAPITALS),
            sk=_random_text(40, _LETTERS),
            security_token="gQpjbi1ub3J0aC00" + _random_text(160, _LETTERS) if is_temporary else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Everything that opens one sandbox."""

    project_id: str
    key: Key
    temporary_key: Key
    iam_user: str = "sandbox-user"
    iam_password: str = field(repr=False)
    iam_domain: str = "sandbox-account"

    @classmethod
    def invent(cls) -> Credentials:
        """Return new credentials, of the shape of real ones."""
        return cls(
            project_id=secrets.token_hex(16),
            key=Key.invent(),
            temporary_key=Key.invent(is_temporary=True),
            iam_password=_random_text(20, _LETTERS),
        )


class Admission:
    """Lets calls in, or raises the refusal that a real gateway would send."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        lock: RLock,
        clock: Callable[[], float],
        tokens: Mapping[str, float] | None = None,
    ) -> None:
        self.credentials = credentials
        self._lock = lock
        self._clock = clock
        keys = (credentials.key, credentials.temporary_key)
        self._keys = {key.ak: key for key in keys}
        self._tokens = dict(tokens or {})
        self._failures: dict[str, int] = {}
        self._locked_until: dict[str, float] = {}
        self._windows: dict[str, tuple[float, int]] = {}
        self.changes = 0

    def issue_token(self, life: float) -> tuple[str, float]:
        """Return a new token and when it dies; older ones stay valid, as documented."""
        token = "MIIO" + _random_text(1020, _LETTERS + "+-")
        expires_at = self._clock() + life
        with self._lock:
            self._tokens[token] = expires_at
            self.changes += 1
        return token, expires_at

    def tokens(self) -> dict[str, float]:
        """Return every token ever issued and when it dies."""
        with self._lock:
            return dict(self._tokens)

    def expire_tokens(self) -> None:
        """Let every token die now."""
        with self._lock:
            self._tokens = dict.fromkeys(self._tokens, 0.0)
            self.changes += 1

    def check_identity(self, call: Call) -> None:
        """Raise the gateway's refusal unless the call carries a valid token or signature."""
        token = call.headers.get("x-auth-token")
        if token is not None:
            self._check_token(token)
        elif "authorization" in call.headers:
            self._check_signature(call)
        else:
            raise _unauthorised("neither X-Auth-Token nor Authorization was sent")

    def check_quota(self, quota: Quota | None, behaviour: Behaviour) -> None:
        """Count a call, and raise the gateway's refusal where it is one too many.

        A window of one minute opens with the first call after the last window.
        """
        if quota is None or behaviour.quota is None or quota.name not in behaviour.quota:
            return
        most = behaviour.quota[quota.name]
        now = self._clock()
        opened, count = self._windows.get(quota.name, (now, 0))
        if not 0 <= now - opened < _WINDOW_SECONDS:
            opened, count = now, 0
        if count >= most:
            raise RefusalError(
                429,
                "APIGW.0308",
                "The throttling threshold has been reached: "
                f"policy user over ratelimit,limit:{most},time:1 minute",
                {} if behaviour.retry_after is None else {"retry-after": behaviour.retry_after},
            )
        self._windows[quota.name] = (opened, count + 1)

    def check_project(self, project_id: str) -> None:
        """Raise the service's refusal unless this is the project of the sandbox."""
        if project_id != self.credentials.project_id:
            raise RefusalError(403, "VOD.10057", "The project ID is incorrect, please check.")

    def _check_token(self, token: str) -> None:
        expires_at = self._tokens.get(token)
        if expires_at is None:
            raise _unauthorised("decrypt token fail")
        if expires_at <= self._clock():
            raise RefusalError(401, "APIGW.0307", "The token must be updated.")

    def _check_signature(self, call: Call) -> None:
        found = _AUTHORIZATION.fullmatch(call.headers["authorization"])
        if found is None:
            raise _unauthorised("authorization header format is wrong")
        ak, now = found["ak"], self._clock()
        if now < self._locked_until.get(ak, 0.0):
            raise _unauthorised("AK access failed to reach the limit,forbidden")
        fault = self._signature_fault(call, found, now)
        if not fault:
            self._failures.pop(ak, None)
            return
        failures = self._failures.get(ak, 0) + 1
        self._failures[ak] = failures
        if failures > _MOST_AK_FAILURES:
            self._locked_until[ak] = now + _LOCK_SECONDS
            del self._failures[ak]
        raise _unauthorised(fault)

    def _signature_fault(self, call: Call, found: re.Match[str], now: float) -> str:
        """Return what is wrong with a signature in the gateway's words; "" for nothing."""
        key = self._keys.get(found["ak"])
        if key is None:
            return f"Get secretKey failed,ak:{found['ak']},err:ak not exist"
        date = call.headers.get("x-sdk-date", "")
        names = found["names"].split(";")
        signed_at = _read_date(date)
        if signed_at is None or not {"host", "x-sdk-date"} <= set(names):
            return "X-Sdk-Date and Host must be sent and signed"
        if abs(now - signed_at) > _SIGNATURE_LIFE:
            return f"signature expired, signature time:{date},server time:{_as_date(now)}"
        if key.security_token and (
            call.headers.get("x-security-token") != key.security_token
            or "x-security-token" not in names
        ):
            return "decrypt token fail"
        canonical = canonical_request(call, names)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{date}\n{digest}"
        expected = hmac.new(key.sk.encode(), text.encode(), hashlib.sha256).hexdigest()
        if hmac.compare_digest(expected, found["signature"]):
            return ""
        echo = canonical.replace("\n", "|")
        return f"verify aksk signature fail, canonicalRequest:{echo}"


def canonical_request(call: Call, names: list[str]) -> str:
    """Return the text that a signature is made over; `names` are the signed headers, in order."""
    segments = [quote(unquote(part), safe="~") for part in call.path.split("/")]
    path = "/".join(segments)
    pairs = [pair.partition("=") for pair in call.query.split("&") if pair]
    query = "&".join(
        f"{name}={value}"
        for name, value in sorted(
            (quote(unquote(name), safe="~"), quote(unquote(value), safe="~"))
            for name, _, value in pairs
        )
    )
    headers = "".join(f"{name}:{call.headers.get(name, '').strip()}\n" for name in names)
    unsigned = call.body and call.headers.get("x-sdk-content-sha256") == _UNSIGNED
    payload = _UNSIGNED if unsigned else hashlib.sha256(call.body).hexdigest()
    return "\n".join(
        (
            call.method,
            path if path.endswith("/") else path + "/",
            query,
            headers,
            ";".join(names),
            payload,
        )
    )


def _unauthorised(detail: str) -> RefusalError:
    return RefusalError(401, "APIGW.0301", f"Incorrect IAM authentication information: {detail}")


def _read_date(text: str) -> float | None:
    try:
        return float(calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ")))
    except ValueError:
        return None


def _as_date(moment: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))


def _random_text(length: int, alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
