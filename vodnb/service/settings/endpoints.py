"""What each given setting may look like, checked once, when it is set. Never connects to anything.

A host from a setting decides where a token is sent, and a token becomes a header, so neither
takes anything that could turn it into something else.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from vodnb.rules.errors import SetupError
from vodnb.service.redact import redact_patterns

REGIONS = (
    "cn-north-1",
    "cn-north-4",
    "cn-east-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
)
"""Where VOD runs, as the official SDK lists it (huaweicloudsdkvod, region/vod_region.py)."""

_HUAWEI = re.compile(r"(?:[a-z0-9-]+\.)+(myhuaweicloud\.(?:com|eu))")
_REGIONAL = re.compile(r"vod\.([a-z0-9-]+)\.(myhuaweicloud\.(?:com|eu))")


def check_endpoint(name: str, url: str) -> str:
    """Return an endpoint without its closing slash; plain http is for this very machine only."""
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError as wrong:
        raise SetupError(f"The {name} is not a URL: {wrong}.", do=_FORM) from None
    if parts.username is not None or parts.password is not None:
        raise SetupError(
            f"The {name} for host {host} has a user name or password in it.",
            "A URL ends up in logs, so it must not carry secrets.",
            "Leave out everything before the @, and give the credential by itself.",
        )
    shown = f"The {name} {_printable(url)!r}"
    if not re.fullmatch(r"https?", parts.scheme) or not re.fullmatch(r"[a-z0-9.:_-]+", host):
        raise SetupError(f"{shown} is not a URL of a service.", do=_FORM)
    if parts.query or parts.fragment or not re.fullmatch(r"[\w/.~-]*", parts.path, re.ASCII):
        raise SetupError(f"{shown} has more than a host and a path.", do=_FORM)
    if parts.scheme == "http" and not is_loopback(host):
        raise SetupError(
            f"{shown} is plain http.",
            "The credential would cross the network in clear text; only a server on this very "
            "machine (127.0.0.1, localhost) may be called like that.",
            "Write https:// instead.",
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


_SHOWN_CHARS = 120
_FORM = "Write it like https://vod.cn-north-4.myhuaweicloud.com."


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_huawei(endpoint: str) -> bool:
    """Whether an endpoint belongs to Huawei Cloud."""
    return _HUAWEI.fullmatch(urlsplit(endpoint).hostname or "") is not None


def region_of(endpoint: str) -> str:
    """Return the region that a VOD endpoint names; "" where it names none."""
    found = _REGIONAL.fullmatch(urlsplit(endpoint).hostname or "")
    return found[1] if found else ""


def service_host(service: str, region: str, *, like: str = "") -> str:
    """Return the endpoint of a service (`vod`, `iam`) in a region, of the same cloud as another."""
    found = _HUAWEI.fullmatch(urlsplit(like).hostname or "")
    return f"https://{service}.{region}.{found[1] if found else 'myhuaweicloud.com'}"


def check_name(name: str, value: str) -> str:
    """Return a region or a project ID, which become part of a host or a path.

    They have letters, digits, `-` and `_` only.
    """
    cleaned = value.strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", cleaned):
        raise SetupError(
            f"The {name} {_printable(value)!r} cannot be one.",
            "It has letters, digits and hyphens only, at most 64 of them.",
            f"Copy it again. Regions are {', '.join(REGIONS)}; project IDs stand in the console "
            "under My Credentials.",
        )
    return cleaned


_GIVE = "Give it, or leave it out altogether."
_WRAPPING = re.compile(r"(?i)^(?:x-auth-token\s*:\s*|bearer\s+|[\"'`]+)+|[\"'`]+$")


def check_secret(name: str, value: str) -> str:
    """Return a token or key without what copying tends to bring along: blanks, quotes, `Bearer`.

    A blank, a line break or something that is not ASCII inside would break the header it is sent
    in, or smuggle another one in. What is refused is not shown.
    """
    cleaned = _WRAPPING.sub("", value.strip()).strip()
    strange = re.search(r"[^!-~]", cleaned)
    if strange:
        what = "a line break" if strange[0] in "\r\n" else "a blank or a character that is no ASCII"
        raise SetupError(
            f"The {name} has {what} at position {strange.start() + 1} of {len(cleaned)}.",
            "No token or key has one, so something went wrong in copying it.",
            "Copy it again, in one piece.",
        )
    if not cleaned:
        raise SetupError(f"The {name} is blank.", do=_GIVE)
    return cleaned


def check_text(name: str, value: str) -> str:
    """Return a name or a password as it is; it is not blank, and has no control characters."""
    if not value.strip():
        raise SetupError(f"The {name} is blank.", do=_GIVE)
    if any(ord(char) < ord(" ") or char == "\x7f" for char in value):
        raise SetupError(
            f"The {name} has a line break or another control character in it.",
            "No name or password has one, so something went wrong in copying it.",
            "Copy it again, without the end of the line.",
        )
    return value


def check_ca_bundle(path: str, home: Path) -> str:
    """Return the path of a PEM file with certificates to trust; `~/` is the home folder."""
    file = home / path[2:] if path.startswith("~/") else Path(path)
    do = "Give the PEM file of the authority that signed the server's (or the proxy's) certificate."
    if not file.is_file():
        raise SetupError(f"The ca_bundle {path!r} is not a file.", do=do)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=str(file))
    except OSError as wrong:
        means = f"It cannot be read as certificates in PEM form: {wrong.strerror or wrong}."
        raise SetupError(f"The ca_bundle {path!r} cannot be used.", means, do) from None
    return str(file)


def _printable(text: str) -> str:
    """Return a value as a message may quote it: a token may be what was pasted there."""
    text = redact_patterns(text)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"
