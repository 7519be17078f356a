"""Where a call goes, as whom, and by which way; nothing secret is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vodnb.service.settings.credentials import KeyCredential, TokenCredential
from vodnb.service.transport.http import proxy_for

if TYPE_CHECKING:
    from vodnb.service.settings.credentials import Credential
    from vodnb.service.settings.settings import Settings

SignedWith = Literal["token", "key", "temporary key", "user"]
"""The kinds of credential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a call went, as whom, and by which way.

    Attributes:
        endpoint: URL of VOD.
        iam_endpoint: URL of IAM; "" where it is not known.
        region: The region; "" where the endpoint names none.
        project_id: The project; "" where it was not looked up yet.
        signed_with: The kind of credential.
        proxy: Host and port of the proxy on the way; "" for none.
        ca_bundle: Name of a PEM file of further authorities; "" for none.
    """

    endpoint: str
    iam_endpoint: str = ""
    region: str = ""
    project_id: str = ""
    signed_with: SignedWith = "token"
    proxy: str = ""
    ca_bundle: str = ""


def place_of(settings: Settings, *, project_id: str, is_iam: bool = False) -> Place:
    """Return the place that settings name.

    Args:
        settings: The connection.
        project_id: The project, as far as it is known.
        is_iam: Whether the call goes to IAM.
    """
    return Place(
        endpoint=settings.endpoint,
        iam_endpoint=settings.iam_endpoint,
        region=settings.region,
        project_id=project_id,
        signed_with=way_of(settings.credential),
        proxy=proxy_for(settings.iam_endpoint if is_iam else settings.endpoint),
        ca_bundle=settings.ca_bundle,
    )


def way_of(credential: Credential) -> SignedWith:
    """Return the kind of a credential."""
    if isinstance(credential, KeyCredential):
        return "temporary key" if credential.security_token else "key"
    return "token" if isinstance(credential, TokenCredential) else "user"
