"""The two IAM calls of the sandbox: a token for a password, and the project by its name. No VOD.

Shapes: https://support.huaweicloud.com/api-iam/iam_30_0001.html and iam_06_0001.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vodnb.rules.windows import utc_text

from .admission import Admission, RefusalError

if TYPE_CHECKING:
    from .faults import Behaviour

REGION = "cn-north-4"
"""The region that every sandbox says it is in."""

_DOMAIN_ID = "5" * 32
_USER_ID = "7" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxReply:
    """A successful answer of any call."""

    http_status: int
    data: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)
    effect: bool = False
    """Whether the call changed the state of an asset."""


def token(
    body: Mapping[str, object] | None,
    admission: Admission,
    clock: Callable[[], float],
    behaviour: Behaviour,
) -> SandboxReply:
    """Answer a request for a project-scoped token.

    Raises:
        RefusalError: The body is no such request (400), or name and password are wrong (401). It
            carries no code, as IAM's own answers carry none.
    """
    user = _dig(body, "auth", "identity", "password", "user")
    project = _dig(body, "auth", "scope", "project")
    if user is None or project is None:
        raise RefusalError(400, "", "The request body is invalid")
    own = admission.credentials
    who = (user.get("name"), user.get("password"), (_dig(user, "domain") or {}).get("name"))
    if who != (own.iam_user, own.iam_password, own.iam_domain):
        raise RefusalError(401, "", "The username or password is wrong.")
    is_own = project.get("id", own.project_id) == own.project_id
    if not is_own or project.get("name", REGION) != REGION:
        raise RefusalError(401, "", "The project does not exist or is not this user's.")
    text, expires_at = admission.issue_token(behaviour.token_life)
    domain = {"id": _DOMAIN_ID, "name": own.iam_domain}
    issued = {
        "expires_at": utc_text(expires_at, "microseconds"),
        "issued_at": utc_text(clock(), "microseconds"),
        "methods": ["password"],
        "project": {"id": own.project_id, "name": REGION, "domain": domain},
        "roles": [{"id": "0", "name": "te_admin"}],
        "user": {"id": _USER_ID, "name": own.iam_user, "domain": domain},
    }
    return SandboxReply(http_status=201, data={"token": issued}, headers={"x-subject-token": text})


def projects(query: Mapping[str, list[str]], admission: Admission) -> SandboxReply:
    """Answer which projects there are of the name asked for: at most the one of the sandbox."""
    own = {
        "id": admission.credentials.project_id,
        "name": REGION,
        "domain_id": _DOMAIN_ID,
        "parent_id": _DOMAIN_ID,
        "is_domain": False,
        "enabled": True,
        "description": "",
    }
    is_asked_for = query.get("name", [REGION]) == [REGION]
    return SandboxReply(http_status=200, data={"projects": [own] if is_asked_for else []})


def _dig(data: object, *names: str) -> Mapping[str, object] | None:
    """Return the object that lies under these names, or None."""
    for name in names:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else None
