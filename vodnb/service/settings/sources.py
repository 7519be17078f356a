"""The places where settings stand, best first: argument, environment, profile file, keyring.

Each is opened only when it comes to it. Nothing is judged here, and nothing is ever written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from vodnb.service.redact import Secret

from .profile import KEYRING_SERVICE, profile_path, read_keyring, read_profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

VARIABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "endpoint": ("VODNB_ENDPOINT",),
        "region": ("VODNB_REGION",),
        "iam_endpoint": ("VODNB_IAM_ENDPOINT",),
        "project_id": ("VODNB_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID"),
        "token": ("VODNB_TOKEN",),
        "ak": ("HUAWEICLOUD_SDK_AK",),
        "sk": ("HUAWEICLOUD_SDK_SK",),
        "security_token": ("HUAWEICLOUD_SDK_SECURITY_TOKEN",),
        "iam_user": ("VODNB_IAM_USER",),
        "iam_password": ("VODNB_IAM_PASSWORD",),
        "iam_domain": ("VODNB_IAM_DOMAIN",),
        "ca_bundle": ("VODNB_CA_BUNDLE",),
        "lang": ("VODNB_LANG",),
    }
)
"""The environment variables of each setting; the first one that is set wins."""

CREDENTIAL_NAMES = ("token", "ak", "sk", "security_token", "iam_user", "iam_password", "iam_domain")
"""The settings that say who calls; the only ones looked for in the keyring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSource:
    """One place and what stands there."""

    label: str
    values: Mapping[str, Secret]
    """Values by the name of the setting; all wrapped, so that no traceback shows one."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the values are called there, where that differs."""

    def source(self, name: str) -> str:
        """Say where a value stood."""
        return " ".join(part for part in (self.label, self.names.get(name, "")) if part)


class SettingSources:
    """All the places, and a note of where each value in use was found.

    An argument of None counts as not given, and so does blank text but for a credential, where it
    is a mistake. `profile` names a section of the profile file, which then goes before the
    environment.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        home: Path,
        arguments: Mapping[str, str | Secret | None],
    ) -> None:
        if unknown := sorted(arguments.keys() - {*VARIABLES, "profile"}):
            raise TypeError(f"no setting is called {', '.join(unknown)}")
        given = {
            name: _wrapped(value)
            for name, value in arguments.items()
            if value is not None and (name in CREDENTIAL_NAMES or _wrapped(value).reveal().strip())
        }
        self.home = home
        self.sources: dict[str, str] = {}
        self.with_credential: SettingSource | None = None
        self._environ = environ
        self._section = given.pop("profile").reveal() if "profile" in given else None
        self.arguments = SettingSource(label="argument", values=given)

    @cached_property
    def environment(self) -> tuple[SettingSource, SettingSource]:
        """Our own variables, then the SDK's."""
        return self._variables("VODNB_"), self._variables("HUAWEICLOUD_SDK_")

    def _variables(self, prefix: str) -> SettingSource:
        names = {
            name: variable
            for name, variables in VARIABLES.items()
            for variable in variables
            if variable.startswith(prefix) and self._environ.get(variable, "").strip()
        }
        values = {name: Secret(self._environ[variable]) for name, variable in names.items()}
        return SettingSource(label="environment variable", values=values, names=names)

    @cached_property
    def profile(self) -> SettingSource:
        """One profile of the SDK's file."""
        path = profile_path(self._environ, self.home)
        label = f"profile {self._section or 'basic'!r} in {path}"
        return _kept(label, read_profile(path, self._section))

    @cached_property
    def keyring(self) -> SettingSource:
        """What the keyring holds for us."""
        return _kept(f"keyring service {KEYRING_SERVICE!r}", read_keyring(CREDENTIAL_NAMES))

    def for_credential(self) -> Iterator[SettingSource]:
        """Yield the places where a credential may stand."""
        yield self.arguments
        if self._section is not None:
            yield self.profile
        yield from self.environment
        if self._section is None:
            yield self.profile
        yield self.keyring

    def for_service(self) -> tuple[SettingSource, ...]:
        """Return the places where anything but a credential may stand.

        A profile is one whole: its project counts only together with its key.
        """
        if self._section is not None:
            return (self.arguments, self.profile, *self.environment)
        used = "profile" in vars(self) and self.with_credential is self.profile
        return (self.arguments, *self.environment, *((self.profile,) if used else ()))

    def take(self, place: SettingSource, name: str) -> str:
        """Return a value from a place and note where it stood."""
        self.sources[name] = place.source(name)
        return place.values[name].reveal()

    def get(self, name: str) -> str:
        """Return the first value there is and note where it stood; "" for none."""
        place = next((place for place in self.for_service() if name in place.values), None)
        return self.take(place, name) if place else ""


def _kept(label: str, found: Mapping[str, str]) -> SettingSource:
    return SettingSource(label=label, values={name: Secret(found[name]) for name in found})


def _wrapped(value: str | Secret) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)
