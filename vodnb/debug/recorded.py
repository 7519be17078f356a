"""What was recorded of one call, redacted, and what is true of it. It holds no secret.

The texts in it were redacted where the bytes left (`service.recording`); nothing here opens
a secret.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

from vodnb.rules.codes import look_up
from vodnb.rules.operations import OPERATIONS, Operation
from vodnb.service.settings.credentials import Credential, KeyCredential, TokenCredential
from vodnb.service.transport.http import proxy_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.rules.attempt import Attempt
    from vodnb.rules.model import Lang
    from vodnb.service.settings.settings import Settings

SignedWith = Literal["token", "key", "temporary key", "user"]
"""The kinds of credential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a call went, as whom, and by which way; nothing secret is in it.

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
    """Return the place that settings name, with the project as far as it is known."""
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RecordedCall:
    """What was recorded of one call: what was sent, what came back, what it means.

    Attributes:
        operation: Our name for the call.
        attempts: Its sendings, the last one last: two where a token was renewed in between. Of a
            preview it is the one that would leave.
        place: Where it went.
        lang: Language of what it says.
        notes: What is to be said of it, each a key and its values.
        is_sent: Whether it left at all.
    """

    operation: str
    attempts: tuple[Attempt, ...]
    place: Place
    lang: Lang = "en"
    notes: tuple[tuple[str, Mapping[str, object]], ...] = ()
    is_sent: bool = True

    @property
    def last(self) -> Attempt:
        """The last sending."""
        return self.attempts[-1]

    @property
    def declared(self) -> Operation:
        """The declaration of the call."""
        return OPERATIONS[self.operation]

    @property
    def ok(self) -> bool:
        """Whether the service did what was asked for."""
        return self.is_sent and not self.last.code and self.last.http_status is not None

    @property
    def code(self) -> str:
        """Error code, the service's or one of ours; "" for a success or a preview."""
        return self.last.code

    @property
    def message(self) -> str:
        """The service's words, or what happened instead of an answer."""
        return self.last.message

    @property
    def http_status(self) -> int | None:
        """HTTP status; None where no answer came."""
        return self.last.http_status

    @property
    def request_id(self) -> str:
        """The service's request ID, to quote to support; "" for none."""
        return self.last.request_id

    @property
    def body(self) -> str:
        """Body of the answer as text."""
        return self.last.body

    @property
    def meaning(self) -> str:
        """What the code means; "" for none."""
        return look_up(self.code, self.http_status).meaning(self.lang) if self.code else ""

    @property
    def next_step(self) -> str:
        """What to do about the code; "" for none."""
        return look_up(self.code, self.http_status).next_step(self.lang) if self.code else ""

    @property
    def doc_url(self) -> str:
        """The page of the call in the API reference."""
        return self.declared.doc_url

    @property
    def explorer_url(self) -> str:
        """The page of the call in the API Explorer."""
        return self.declared.explorer_url

    def json(self) -> Any:
        """Return the answer's JSON; None where it is none.

        Example:
            >>> exchange.json()
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def read_query(exchange: RecordedCall) -> dict[str, str | list[str]]:
    """Return the declared fields of an exchange's URL, as texts."""
    declared = {field.name: field for field in exchange.declared.fields}
    asked = parse_qs(urlsplit(exchange.last.url).query, keep_blank_values=True)
    return {
        name: texts if declared[name].is_list else texts[0]
        for name, texts in asked.items()
        if name in declared
    }
