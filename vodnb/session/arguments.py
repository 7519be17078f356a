"""What is given as arguments: secrets hidden at once, what is no text refused, the language."""

from __future__ import annotations

import locale
import os
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.errors import SetupError
from vodnb.service.redact import Secret
from vodnb.service.settings.settings import Settings, read_settings, resolve_lang

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.rules.model import Lang


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


def spoken(lang: str | None) -> Lang:
    """Return the language to speak: as asked, else VODNB_LANG, else the locale's, else English."""
    return resolve_lang(lang, _lang_variable(), locale_name())


def spoken_of(results: object, lang: str | None) -> Lang:
    """Return the language to speak of results: as asked, else the one of their run."""
    told = dict(getattr(results, "attrs", {})).get("vodnb", {})
    return spoken(lang or (told.get("lang") if isinstance(told, dict) else None))


def _lang_variable() -> dict[str, str]:
    """Return this variable alone: a verbose traceback spells out whatever is handed on."""
    return {"VODNB_LANG": os.environ.get("VODNB_LANG", "")}


def locale_name() -> str:
    """Return the locale of this machine, such as `zh_CN`; "" where there is none."""
    return locale.getlocale()[0] or ""
