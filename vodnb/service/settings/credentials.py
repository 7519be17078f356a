"""Who calls: a token, an access key or an IAM user, and which of those was given. No network."""

from __future__ import annotations

from dataclasses import dataclass

from vodnb.rules.errors import SetupError
from vodnb.service.redact import Secret

from .endpoints import check_secret, check_text
from .sources import VARIABLES, SettingSource, SettingSources


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCredential:
    """A project-scoped token, good for at most 24 hours; it cannot be renewed from here."""

    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCredential:
    """An access key."""

    ak: Secret
    """Access key ID; four characters of it may show."""
    sk: Secret
    security_token: Secret | None = None
    """Comes with a temporary access key; None for a permanent one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCredential:
    """An IAM user, who gets a token for a password and can get the next one."""

    user: str
    password: Secret
    domain: str
    """Name of the account that the user belongs to."""


Credential = TokenCredential | KeyCredential | UserCredential


@dataclass(frozen=True, slots=True, kw_only=True)
class _CredentialKind:
    """One kind of credential; `who` tells whose it is, `signs` which parts announce it."""

    title: str
    who: str
    signs: frozenset[str]
    needed: tuple[str, ...]
    extra: tuple[str, ...] = ()


_TOKEN = _CredentialKind(
    title="a token", who="token", signs=frozenset({"token"}), needed=("token",)
)
_KEY = _CredentialKind(
    title="an access key",
    who="ak",
    signs=frozenset({"ak", "sk"}),
    needed=("ak", "sk"),
    extra=("security_token",),
)
_USER = _CredentialKind(
    title="an IAM user",
    who="iam_user",
    # The account's name alone is no sign-in: it may stand in the environment for good.
    signs=frozenset({"iam_user", "iam_password"}),
    needed=("iam_user", "iam_password", "iam_domain"),
)
_KINDS = (_TOKEN, _KEY, _USER)


def choose_credential(places: SettingSources) -> Credential:
    """Return the credential of the best place that has one."""
    for place in places.for_credential():
        kinds = [kind for kind in _KINDS if kind.signs & place.values.keys()]
        if len(kinds) > 1 and place is places.arguments:
            raise SetupError(
                f"Two credentials were given: {kinds[0].title} and {kinds[1].title}.",
                "It would be a guess which one to sign in with.",
                f"Give either {' and '.join(kinds[0].needed)}, or {' and '.join(kinds[1].needed)}.",
            )
        if kinds:
            return _build(kinds[0], _gather(kinds[0], place, places), places)
    raise SetupError(
        "No credential was found.",
        "Neither the arguments nor environment, profile file or keyring hold one.",
        "Set VODNB_TOKEN; or HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK; or VODNB_IAM_USER, "
        "VODNB_IAM_PASSWORD and VODNB_IAM_DOMAIN; or fill in the form vodnb.forms.connect(). "
        "To try things out without an account: vodnb.connect(sandbox=True).",
    )


def _gather(
    kind: _CredentialKind, first: SettingSource, places: SettingSources
) -> dict[str, SettingSource]:
    """Return where each part stands: in the first place, or below it where that has gaps.

    A lower place with another user or key is passed over: its password would be somebody else's.
    """
    found: dict[str, SettingSource] = {}
    begun = False
    for place in places.for_credential():
        begun = begun or place is first
        if not begun or _is_someone_else(kind, found, place):
            continue
        for name in (*kind.needed, *kind.extra):
            if name in place.values:
                found.setdefault(name, place)
        if all(name in found for name in kind.needed):
            return found
    missing = [name for name in kind.needed if name not in found]
    what = kind.title[0].upper() + kind.title[1:]
    raise SetupError(
        f"{what} was given without {' and '.join(missing)}.",
        f"{' and '.join(found)}: found ({first.source(next(iter(found)))}).",
        f"Give {' and '.join(missing)} as well, as an argument or as "
        f"{' and '.join(VARIABLES[name][0] for name in missing)}.",
    )


def _is_someone_else(
    kind: _CredentialKind, found: dict[str, SettingSource], place: SettingSource
) -> bool:
    if kind.who not in found or kind.who not in place.values:
        return False
    return found[kind.who].values[kind.who] != place.values[kind.who]


def _build(
    kind: _CredentialKind, found: dict[str, SettingSource], places: SettingSources
) -> Credential:
    places.with_credential = found[kind.who]
    if kind is _USER:
        name, password, domain = (
            check_text(part, places.take(found[part], part)) for part in kind.needed
        )
        return UserCredential(user=name, password=Secret(password), domain=domain)
    parts = {
        name: Secret(check_secret(name, places.take(place, name)), is_key_id=name == "ak")
        for name, place in found.items()
    }
    if kind is _TOKEN:
        return TokenCredential(token=parts["token"])
    return KeyCredential(ak=parts["ak"], sk=parts["sk"], security_token=parts.get("security_token"))
