"""The wiring: `connect()` reads where and as whom, and gives a `Vod`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.errors import SetupError
from vodnb.service.redact import Secret
from vodnb.service.settings import read_settings
from vodnb.verbs import spoken

from .accessor import remember
from .given import hidden_text, read_here, refuse_non_text
from .vod import Vod

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["connect"]


def connect(
    *,
    sandbox: bool = False,
    endpoint: str | None = None,
    region: str | None = None,
    project_id: str | None = None,
    token: str | None = None,
    ak: str | None = None,
    sk: str | None = None,
    security_token: str | None = None,
    iam_user: str | None = None,
    iam_password: str | None = None,
    iam_domain: str | None = None,
    profile: str | None = None,
    ca_bundle: str | None = None,
    lang: str | None = None,
) -> Vod:
    """Connect to VOD; nothing is sent yet.

    Each setting is the first found of: the argument, the environment, the official SDK's profile
    file, the keyring. `vod.settings()` shows where each came from.

    Args:
        sandbox: Use a server of our own on this machine; no account, no other setting needed.
        endpoint: Address of VOD. Default: made from the region. [VODNB_ENDPOINT]
        region: Region, such as `"cn-north-4"`. [VODNB_REGION]
        project_id: Project. Default: looked up by the region. [VODNB_PROJECT_ID]
        token: An IAM token, valid 24 hours. [VODNB_TOKEN]
        ak: Access key; until it is proved good its calls leave one by one, for a key that is
            refused more than five times in a row locks. [HUAWEICLOUD_SDK_AK]
        sk: Secret key. [HUAWEICLOUD_SDK_SK]
        security_token: Goes with temporary keys. [HUAWEICLOUD_SDK_SECURITY_TOKEN]
        iam_user: IAM user; the token is got and renewed for you. [VODNB_IAM_USER]
        iam_password: The user's password. [VODNB_IAM_PASSWORD]
        iam_domain: The account that the user belongs to. [VODNB_IAM_DOMAIN]
        profile: Section of the SDK's profile file, which then goes before the environment.
            Default: `basic`, as in the SDK.
        ca_bundle: File of a private CA, beside the public ones. [VODNB_CA_BUNDLE]
        lang: `"zh"` or `"en"`. Default: VODNB_LANG, else the locale.

    Raises:
        SetupError: A setting is missing or wrong.

    Example:
        >>> vod = vodnb.connect(sandbox=True)
    """
    place = {
        # A URL may have a password in it; then it is refused.
        "endpoint": hidden_text(endpoint),
        "region": region,
        "project_id": project_id,
        "profile": profile,
        "ca_bundle": ca_bundle,
    }
    credential = {
        "token": hidden_text(token),
        "ak": None if ak is None else Secret(ak, is_key_id=True),
        "sk": hidden_text(sk),
        "security_token": hidden_text(security_token),
        "iam_user": iam_user,
        "iam_password": hidden_text(iam_password),
        "iam_domain": iam_domain,
    }
    # A verbose traceback shows the variables of this frame.
    del endpoint, token, ak, sk, security_token, iam_password
    refuse_non_text({**place, **credential})
    if sandbox:
        vod = _connect_to_sandbox({**place, **credential}, lang=lang)
    else:
        vod = Vod(read_here(lang=lang, **place, **credential), place=place)
    remember(vod)
    return vod


def _connect_to_sandbox(given: Mapping[str, object], *, lang: str | None) -> Vod:
    if named := sorted(name for name, value in given.items() if value is not None):
        raise SetupError(
            f"sandbox=True and {', '.join(named)} exclude each other.",
            "The sandbox is a server on this machine with credentials of its own.",
            "Leave sandbox out to connect to the service, or give sandbox=True alone.",
        )
    from vodnb.emulator.shared import shared_sandbox

    box = shared_sandbox()
    settings = read_settings(
        environ={},
        home=Path(os.devnull),
        lang=spoken(lang),
        endpoint=box.endpoint,
        iam_endpoint=box.iam_endpoint,
        region=box.region,
        project_id=box.project_id,
        token=Secret(box.token),
    )
    sources = dict.fromkeys(settings.sources, "the sandbox")
    return Vod(replace(settings, sources=sources), sandbox=box)
