"""The verb that checks a machine and its settings, with a connection or before there is one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vodnb.bulk.loop import submit
from vodnb.debug.doctor import examine
from vodnb.rules.errors import VodnbError
from vodnb.verbs import spoken

from .given import hidden_text, read_here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.debug.checkup import Checkup
    from vodnb.rules.model import Lang
    from vodnb.service.settings import Settings

__all__ = ["check_up", "doctor"]


def doctor(
    *,
    endpoint: str | None = None,
    region: str | None = None,
    project_id: str | None = None,
    profile: str | None = None,
    ca_bundle: str | None = None,
    lang: str | None = None,
) -> Checkup:
    """Check Python, kernel, packages, settings, network, clock, credential and quota, in order.

    It never raises for what it finds: where there is no connection to be had, it says why. At most
    two calls carry the credential, and neither changes anything. `vod.doctor()` does the same with
    a connection's own settings.

    Args:
        endpoint: Address of VOD. Default: as `connect` finds it, like the other settings.
        region: Region.
        project_id: Project.
        profile: Section of the official SDK's profile file.
        ca_bundle: File of a private CA.
        lang: `"zh"` or `"en"`. Default: VODNB_LANG, else the locale.

    Returns:
        One line a check, each with what to do; `exit_status` is 0, 1 (something to mind) or 2.

    Example:
        >>> vodnb.doctor()
    """
    place = {
        "endpoint": hidden_text(endpoint),
        "region": region,
        "project_id": project_id,
        "profile": profile,
        "ca_bundle": ca_bundle,
    }
    tongue = spoken(lang)
    try:
        found: Settings | VodnbError = read_here(lang=tongue, **place)
    except VodnbError as wrong:
        found = wrong
    return check_up(found, tongue)


def check_up(settings: Settings | VodnbError, lang: Lang) -> Checkup:
    """Return what the doctor finds of these settings."""
    return submit(examine(settings, lang=lang, environ=_environment())).result()


def _environment() -> Mapping[str, str]:
    """Return the one variable that is looked at: a verbose traceback spells out the rest."""
    return {"SSLKEYLOGFILE": os.environ.get("SSLKEYLOGFILE", "")}
