"""A connection to VOD: where it goes, as whom, and signing in anew."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from vodnb.bulk.loop import submit
from vodnb.bulk.work import is_used, stop_all
from vodnb.rules.errors import SetupError
from vodnb.service.client import Client
from vodnb.service.places import CREDENTIAL_NAMES
from vodnb.service.settings import explain
from vodnb.verbs import spoken

from .given import hidden_text, read_here, refuse_non_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.emulator.server import Sandbox
    from vodnb.rules.model import Lang
    from vodnb.service.redact import Secret
    from vodnb.service.settings import Settings, SettingsTable

__all__ = ["Connection"]


class Connection:
    """Where VOD is, and who calls.

    Args:
        settings: Where and as whom.
        place: Where `connect` was told to go, for signing in again.
        sandbox: The server of our own, if it is one.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        place: Mapping[str, str | Secret | None] = MappingProxyType({}),
        sandbox: Sandbox | None = None,
    ) -> None:
        self._settings = settings
        self._place = place
        self._sandbox = sandbox
        self._client = Client(settings)

    def settings(self) -> SettingsTable:
        """Return each setting, secrets masked, and where it came from.

        Example:
            >>> vod.settings()
        """
        return explain(self._settings)

    def sign_in(self, **credentials: str) -> None:
        """Take new credentials, for instance a fresh token; then run the same cell again.

        Args:
            credentials: `token=`, or `ak=` and `sk=`, or `iam_user=`, `iam_password=` and
                `iam_domain=`, as in `connect`.

        Raises:
            SetupError: They are incomplete, or are no credentials.

        Example:
            >>> vod.sign_in(token=getpass.getpass())
        """
        hidden = {name: hidden_text(text) for name, text in credentials.items()}
        # A verbose traceback shows the variables of this frame.
        credentials.clear()
        if unknown := set(hidden) - set(CREDENTIAL_NAMES):
            known_names = ", ".join(sorted(CREDENTIAL_NAMES))
            raise SetupError(
                f"sign_in knows no {', '.join(sorted(unknown))}.",
                do=f"It takes {known_names}; for anything else, connect anew.",
            )
        refuse_non_text(hidden)
        known = {
            **self._place,
            "endpoint": self._settings.endpoint,
            "iam_endpoint": self._settings.iam_endpoint or None,
            "region": self._settings.region or None,
            "project_id": self._client.project_id or None,
            "lang": self._settings.lang,
        }
        self._settings = read_here(**known, **hidden)
        before, self._client = self._client, Client(self._settings)
        if not is_used(before):
            submit(before.aclose()).result(timeout=10)

    @property
    def sandbox(self) -> Sandbox:
        """The server of our own that this connection talks to.

        Raises:
            SetupError: This is a connection to the real service.

        Example:
            >>> vod.sandbox.sample_csv("assets.csv")
        """
        if self._sandbox is None:
            raise SetupError(
                f"{self!r} talks to the real service.",
                do="vodnb.connect(sandbox=True) gives a connection with a sandbox.",
            )
        return self._sandbox

    @property
    def is_sandbox(self) -> bool:
        """Whether this is a connection to a server of our own."""
        return self._sandbox is not None

    @property
    def endpoint(self) -> str:
        """Where VOD is."""
        return self._settings.endpoint

    def goes_where(self, other: Connection) -> bool:
        """Whether another connection surely means the same assets.

        Args:
            other: Another connection.

        Returns:
            True for the same endpoint and project. While a project is still to be looked up, for
            the same endpoint, region and credential, which will find the same one.

        Example:
            >>> vod.goes_where(vodnb.connect(sandbox=True))
        """
        here, there = self._settings, other._settings
        if here.endpoint != there.endpoint:
            return False
        projects = (self._client.project_id, other._client.project_id)
        if all(projects):
            return projects[0] == projects[1]
        same_place = here.region == there.region and here.project_id == there.project_id
        return same_place and here.credential == there.credential

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not be seen of this connection, for whoever scans what is handed on."""
        return self._settings.secrets

    def close(self) -> None:
        """Stop what is under way, as `job.stop()` does, and close the connections.

        The next call opens them again.

        Example:
            >>> vod.close()
        """
        stop_all(self._client)
        submit(self._client.aclose()).result(timeout=10)

    def __repr__(self) -> str:
        project = self._client.project_id or "to be looked up"
        return f"{type(self).__name__}({self._settings.endpoint}, project {project})"

    def _spoken(self, lang: str | None) -> Lang:
        """Return the language to speak: as asked, else the connection's."""
        return spoken(lang) if lang else self._settings.lang
