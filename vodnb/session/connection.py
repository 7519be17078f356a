"""Where a connection goes, as whom, and signing in anew."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING
from weakref import finalize

from vodnb.bulk.background import stop_all
from vodnb.debug.doctor import examine
from vodnb.kernel.loop import submit
from vodnb.rules.errors import SetupError, VodnbError
from vodnb.service.client import Client
from vodnb.service.settings.sources import CREDENTIAL_NAMES

from .arguments import hidden_text, read_here, refuse_non_text, spoken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.debug.checkup import Checkup
    from vodnb.emulator.server import Sandbox
    from vodnb.rules.model import Lang
    from vodnb.service.redact import Secret
    from vodnb.service.settings.settings import Settings


class Connection:
    """Where VOD is, and who calls.

    Attributes:
        settings: Those in force.
        client: Makes the calls.
        sandbox: The server of our own; None for the real service.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        place: Mapping[str, str | Secret | None] = MappingProxyType({}),
        sandbox: Sandbox | None = None,
    ) -> None:
        self.settings = settings
        self._place = place
        self.sandbox = sandbox
        self._use(Client(settings))

    def sign_in(self, credentials: dict[str, str]) -> None:
        """Take new credentials, and leave none in the clear where they came from."""
        hidden = {name: hidden_text(text) for name, text in credentials.items()}
        # A verbose traceback shows the variables of whoever called.
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
            "endpoint": self.settings.endpoint,
            "iam_endpoint": self.settings.iam_endpoint or None,
            "region": self.settings.region or None,
            "project_id": self.client.project_id or None,
            "lang": self.settings.lang,
        }
        self.settings = read_here(**known, **hidden)
        self._let_go()  # what is under way ends with the credential that it began with
        self._use(Client(self.settings))

    def its_sandbox(self) -> Sandbox:
        """Return the server of our own; a SetupError where there is none."""
        if self.sandbox is None:
            raise SetupError(
                f"{self!r} talks to the real service.",
                do="vodnb.connect(sandbox=True) gives a connection with a sandbox.",
            )
        return self.sandbox

    def goes_where(self, other: Connection) -> bool:
        """Whether another one surely means the same assets."""
        here, there = self.settings, other.settings
        if here.endpoint != there.endpoint:
            return False
        projects = (self.client.project_id, other.client.project_id)
        if all(projects):
            return projects[0] == projects[1]
        same_place = here.region == there.region and here.project_id == there.project_id
        return same_place and here.credential == there.credential

    def is_secret(self, text: str) -> bool:
        """Whether a text holds a secret of this connection."""
        return self.client.redact(text, limit=len(text)) != text

    def spoken(self, lang: str | None) -> Lang:
        """Return the language to speak: as asked, else the connection's."""
        return spoken(lang) if lang else self.settings.lang

    def close(self) -> None:
        """Stop what is under way, and close the connections; the next call opens them again."""
        stop_all(self.client)
        submit(self.client.aclose()).result(timeout=10)

    def _use(self, client: Client) -> None:
        """Call by a client, which lets go of its sockets when this connection is dropped."""
        self.client = client
        self._let_go = finalize(self, client.rest)
        self._let_go.atexit = False

    def __repr__(self) -> str:
        project = self.client.project_id or "to be looked up"
        return f"Vod({self.settings.endpoint}, project {project})"


def check_up(settings: Settings | VodnbError, lang: Lang) -> Checkup:
    """Return what the doctor finds of these settings."""
    return submit(examine(settings, lang=lang, environ=_environment())).result()


def _environment() -> Mapping[str, str]:
    """Return the one variable that is looked at: a verbose traceback spells out the rest."""
    return {"SSLKEYLOGFILE": os.environ.get("SSLKEYLOGFILE", "")}
