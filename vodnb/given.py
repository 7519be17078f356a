"""What was given as arguments: secrets hidden at once, refused where it is no text, and read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.errors import SetupError
from vodnb.service.redact import Secret
from vodnb.service.settings import read_settings
from vodnb.verbs import locale_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.service.settings import Settings

__all__ = ["CREDENTIALS", "hidden_text", "read_here", "refuse_non_text"]

CREDENTIALS = frozenset(
    {"token", "ak", "sk", "security_token", "iam_user", "iam_password", "iam_domain"}
)
"""The arguments that sign somebody in."""


def read_here(**arguments: str | Secret | None) -> Settings:
    """Read the settings of this machine."""
    return read_settings(
        environ=_environment(), home=Path.home(), locale_name=locale_name(), **arguments
    )


def _environment() -> Mapping[str, str]:
    """Return `os.environ`: a verbose traceback spells out such a name where it stands."""
    return os.environ


def hidden_text(value: str | None) -> Secret | None:
    """Return a text that no traceback shows; None for None."""
    return None if value is None else Secret(value)


def refuse_non_text(given: Mapping[str, str | Secret | None]) -> None:
    """Refuse bytes and the like, whose secrets would show in the traceback of whoever fails."""
    for name, value in given.items():
        kind = type(value.reveal() if isinstance(value, Secret) else value)
        if value is not None and not issubclass(kind, str):
            raise SetupError(f"{name} is of type {kind.__name__}.", do="Give it as text.")
