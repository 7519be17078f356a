"""Scripts that make a call again: bash with curl, Python with httpx. No secret stands in them.

Every value is quoted for its language, so that none of it runs. Secrets are environment variables,
under the names that `vodnb.connect` reads. Signing:
https://support.huaweicloud.com/devg-apisign/api-sign-algorithm.html
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vodnb.service.redact import MASK

if TYPE_CHECKING:
    from .recorded import RecordedCall

_TOKEN = "VODNB_TOKEN"  # noqa: S105  the name of a variable
_AK, _SK = "HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"
_SECURITY = "HUAWEICLOUD_SDK_SECURITY_TOKEN"
_PASSWORD = "VODNB_IAM_PASSWORD"  # noqa: S105  the name of a variable
_MASKED_PASSWORD = f'"password":"{MASK}"'


class Script(str):
    """A script; in a notebook it shows line by line, as it would be pasted."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _is_keyed(exchange: RecordedCall) -> bool:
    """Whether a call is signed with AK/SK; one for a token is not signed at all."""
    return "key" in exchange.place.signed_with and exchange.operation != "token"


def masked_note(exchange: RecordedCall) -> list[str]:
    """Return a comment where something that was masked cannot be put back; a password can."""
    last = exchange.last
    if MASK not in last.request_body.replace(_MASKED_PASSWORD, "") and MASK not in last.url:
        return []
    return [f"# What looked like a secret was masked when this call was recorded: {MASK}"]


# -- bash and curl --------------------------------------------------------------------------------


def curl(exchange: RecordedCall) -> Script:
    """Return a bash script that makes the call with curl."""
    last = exchange.last
    lines = ["#!/usr/bin/env bash", f"# {exchange.operation}: {exchange.doc_url}"]
    lines += masked_note(exchange)
    has_body = bool(last.request_body)
    if has_body:
        lines += _bash_body(last.request_body)
    ways = ["-H 'Content-Type: application/json'"]
    if _is_keyed(exchange):
        lines += _bash_signature(exchange)
        ways += _bash_key_headers(exchange)
    elif exchange.operation != "token":
        lines.append(f': "${{{_TOKEN}:?Set it to your token first}}"')
        ways.append(f'-H "X-Auth-Token: ${_TOKEN}"')
    if exchange.place.ca_bundle:
        ways.append(f"--cacert {shlex.quote(exchange.place.ca_bundle)}")
    if has_body:
        ways.append('--data-binary "$body"')
    show = "-w '\\nHTTP %{http_code}\\n'"
    call = [f"curl -sS -X {last.method} {shlex.quote(last.url)}", *ways, show]
    return Script("\n".join([*lines, " \\\n  ".join(call), ""]))


def _bash_body(body: str) -> list[str]:
    if _MASKED_PASSWORD not in body:
        return [f"body={shlex.quote(body)}"]
    before, _, after = body.partition(f'{MASK}"')
    return [
        f': "${{{_PASSWORD}:?Set it to the password first}}"',
        # A password may hold what JSON must escape.
        f"password=${{{_PASSWORD}//\\\\/\\\\\\\\}}",
        'password=${password//\\"/\\\\\\"}',
        f'body={shlex.quote(before)}"$password"{shlex.quote(chr(34) + after)}',
    ]


def _bash_key_headers(exchange: RecordedCall) -> list[str]:
    ways = ['-H "X-Sdk-Date: $date"', '-H "Authorization: $authorization"']
    if project := exchange.last.request_headers.get("X-Project-Id"):
        ways.append(f"-H {shlex.quote(f'X-Project-Id: {project}')}")
    if exchange.place.signed_with == "temporary key":
        ways.append(f'-H "X-Security-Token: ${_SECURITY}"')
    return ways


def _bash_signature(exchange: RecordedCall) -> list[str]:
    """Return what makes a signature with openssl: the canonical request, built as the SDK does."""
    headers = _signed(exchange)
    names = ";".join(headers)
    path, query = _canonical_target(exchange.last.url)
    fixed = f"{exchange.last.method}\n{path}\n{query}"
    told = {"x-sdk-date": '"$date"', "x-security-token": f'"${_SECURITY}"'}
    signed = " ".join(
        f"{shlex.quote(f'{name}:')}{told.get(name) or shlex.quote(value)}"
        for name, value in headers.items()
    )
    body = '"$body"' if exchange.last.request_body else "''"
    wanted = [_AK, _SK, *([_SECURITY] if "x-security-token" in headers else [])]
    return [
        *(f': "${{{name}:?Set it first}}"' for name in wanted),
        "# openssl takes the key as an argument: while it runs, other users of this machine may",
        "# see it in the list of processes. The Python script has no such gap.",
        "sha() { openssl dgst -sha256 -r | cut -d' ' -f1; }",
        "date=$(date -u +%Y%m%dT%H%M%SZ)",
        f"digest=$(printf %s {body} | sha)",
        (
            f"canonical=$(printf '%s\\n' {shlex.quote(fixed)} {signed} '' "
            f'{shlex.quote(names)} "$digest")'
        ),
        'text=$(printf \'SDK-HMAC-SHA256\\n%s\\n%s\' "$date" "$(printf %s "$canonical" | sha)")',
        (
            'signature=$(printf %s "$text" | '
            f"openssl dgst -sha256 -hmac \"${_SK}\" -r | cut -d' ' -f1)"
        ),
        (
            f'authorization="SDK-HMAC-SHA256 Access=${_AK}, SignedHeaders={names}, '
            'Signature=$signature"'
        ),
    ]


def _signed(exchange: RecordedCall) -> dict[str, str]:
    """Return the headers that are signed, sorted; date and security token come when it runs."""
    last = exchange.last
    headers = {
        "content-type": "application/json",
        "host": urlsplit(last.url).netloc,
        "x-sdk-date": "",
    }
    if project := last.request_headers.get("X-Project-Id"):
        headers["x-project-id"] = project
    if exchange.place.signed_with == "temporary key":
        headers["x-security-token"] = ""
    return dict(sorted(headers.items()))


def _canonical_target(url: str) -> tuple[str, str]:
    """Return path and query as they are signed; our URLs are encoded and sorted so already."""
    parts = urlsplit(url)
    return parts.path if parts.path.endswith("/") else f"{parts.path}/", parts.query


# -- Python and httpx -----------------------------------------------------------------------------

_SIGNING = """\
def canonical(url, body, headers):
    path, query = httpx.URL(url).raw_path.decode().partition("?")[::2]
    names = sorted(headers, key=str.lower)
    return "\\n".join([METHOD, path if path.endswith("/") else path + "/", query,
                      *(f"{name.lower()}:{headers[name].strip()}" for name in names), "",
                      ";".join(name.lower() for name in names),
                      hashlib.sha256(body).hexdigest()])


def sign(url, body, headers, ak, sk):
    date = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {**headers, "Host": httpx.URL(url).netloc.decode(), "X-Sdk-Date": date}
    digest = hashlib.sha256(canonical(url, body, headers).encode()).hexdigest()
    text = f"SDK-HMAC-SHA256\\n{date}\\n{digest}"
    signature = hmac.new(sk.encode(), text.encode(), hashlib.sha256).hexdigest()
    names = ";".join(sorted(name.lower() for name in headers))
    told = f"SDK-HMAC-SHA256 Access={ak}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "Authorization": told}
"""


def python(exchange: RecordedCall) -> Script:
    """Return a Python script that makes the call with httpx."""
    last, keyed = exchange.last, _is_keyed(exchange)
    imports = ["hashlib", "hmac", "os"] if keyed else ["os"]
    has_password = _MASKED_PASSWORD in last.request_body
    imports += ["json"] if has_password else []
    imports += ["ssl"] if exchange.place.ca_bundle else []
    lines = [f"# {exchange.operation}: {exchange.doc_url}", *masked_note(exchange)]
    lines += [f"import {name}" for name in sorted(imports)]
    lines += ["from datetime import datetime, timezone"] if keyed else []
    lines += ["", "import httpx", "", f"METHOD = {last.method!r}", f"URL = {last.url!r}"]
    lines += _python_body(last.request_body, has_password=has_password)
    lines += _python_headers(exchange)
    bundle = exchange.place.ca_bundle
    verify = f", verify=ssl.create_default_context(cafile={bundle!r})" if bundle else ""
    lines += [
        f"answer = httpx.request(METHOD, URL, headers=headers, content=body, timeout=30{verify})",
        "print(answer.text)",
        'print("HTTP", answer.status_code)',
    ]
    return Script("\n".join([*lines, ""]))


def _python_body(body: str, *, has_password: bool) -> list[str]:
    if not has_password:
        return [f"body = {body!r}.encode()"]
    return [
        f"data = json.loads({body!r})",
        'user = data["auth"]["identity"]["password"]["user"]',
        f'user["password"] = os.environ["{_PASSWORD}"]',
        "body = json.dumps(data).encode()",
    ]


def _python_headers(exchange: RecordedCall) -> list[str]:
    headers = {"Content-Type": "application/json"}
    if project := exchange.last.request_headers.get("X-Project-Id"):
        headers["X-Project-Id"] = project
    lines = [f"headers = {json.dumps(headers)}"]
    if exchange.operation == "token":
        return lines
    if not _is_keyed(exchange):
        return [*lines, f'headers["X-Auth-Token"] = os.environ["{_TOKEN}"]']
    if exchange.place.signed_with == "temporary key":
        lines.append(f'headers["X-Security-Token"] = os.environ["{_SECURITY}"]')
    ready = f'headers = sign(URL, body, headers, os.environ["{_AK}"], os.environ["{_SK}"])'
    return [*lines, "", "", *_SIGNING.splitlines(), "", ready]
