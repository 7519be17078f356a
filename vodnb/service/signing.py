"""Signs a request with an access key: SDK-HMAC-SHA256. Never sends it, never reads the clock.

Source: https://support.huaweicloud.com/devg-apisign/api-sign-algorithm.html, and where that page
leaves room, the official SDK (huaweicloudsdkcore, signer/signer.py).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from .redact import MASK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodnb.service.settings.credentials import KeyCredential

_ALGORITHM = "SDK-HMAC-SHA256"


class Headers(dict[str, str]):
    """Headers of a request; they carry secrets, so they never show their values."""

    def __repr__(self) -> str:
        return f"Headers({', '.join(f'{name}: {MASK}' for name in self)})"

    __str__ = __repr__


def sign(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    credential: KeyCredential,
    now: float,
) -> Headers:
    """Return the headers with the signature and all that it needs.

    The query must be percent-encoded and sorted: what is signed is sorted. A header with an
    underscore in its name is sent unsigned, as the SDK does. The service takes a time, in seconds
    since 1970, that is within 15 minutes of its own clock.
    """
    parts = urlsplit(url)
    sent = Headers(headers)
    sent["Host"] = parts.netloc
    sent["X-Sdk-Date"] = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
    if credential.security_token:
        sent["X-Security-Token"] = credential.security_token.reveal()
    signed = {name.lower(): sent[name] for name in sent if "_" not in name}
    names = ";".join(sorted(signed))
    canonical = canonical_request(
        method, url, signed=signed, body_digest=hashlib.sha256(body).hexdigest()
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{_ALGORITHM}\n{sent['X-Sdk-Date']}\n{digest}"
    signature = hmac.new(credential.sk.reveal().encode(), text.encode(), hashlib.sha256)
    sent["Authorization"] = (
        f"{_ALGORITHM} Access={credential.ak.reveal()}, SignedHeaders={names}, "
        f"Signature={signature.hexdigest()}"
    )
    return sent


def canonical_request(method: str, url: str, *, signed: Mapping[str, str], body_digest: str) -> str:
    """Return the text that a signature is made over.

    The names of what is signed are in lower case; the digest is the SHA-256 of the body, in hex.
    """
    parts = urlsplit(url)
    return "\n".join(
        (
            method.upper(),
            _canonical_path(parts.path),
            _canonical_query(parts.query),
            *(f"{name}:{signed[name].strip()}" for name in sorted(signed)),
            "",
            ";".join(sorted(signed)),
            body_digest,
        )
    )


@lru_cache(maxsize=64)
def _canonical_path(path: str) -> str:
    encoded = "/".join(quote(part, safe="~") for part in unquote(path).split("/"))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
