"""Scripts that make a call again with Huawei Cloud's official SDK for Python. No secret in them.

The SDK signs with AK/SK only: it knows no token. huaweicloudsdkvod is the one for VOD,
huaweicloudsdkiam the one for IAM.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vodnb.service.redact import MASK

from .recorded import RecordedCall, read_query
from .snippets import Script, masked_note

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOMS = {
    "vod": ("huaweicloudsdkvod.v1", "VodClient"),
    "iam": ("huaweicloudsdkiam.v3", "IamClient"),
}
_BODIES = {"confirm": "ConfirmAssetUploadReq", "create": "CreateAssetByFileUploadReq"}
"""Classes of bodies that are named otherwise than their requests."""

_HIDING = {
    "token": (
        "    # answer.x_subject_token is the token; printed, it would be saved with a notebook.",
        "    answer.x_subject_token = None",
    )
}
"""What keeps a secret in an answer from being printed."""


def sdk(exchange: RecordedCall) -> Script:
    """Return a Python script that makes the call with the official SDK."""
    declared = exchange.declared
    room, client = _ROOMS[declared.host]
    body = _BODIES.get(exchange.operation)
    names = [client, f"{declared.api}Request", *([body] if body else [])]
    has_ca = bool(exchange.place.ca_bundle)
    lines = [f"# {exchange.operation}: {exchange.doc_url}", *masked_note(exchange)]
    if "key" not in exchange.place.signed_with:
        lines.append("# The SDK knows no token: this needs an access key of the same account.")
    lines += [
        f"# pip install {room.partition('.')[0]}",
        "import os",
        "",
        "from huaweicloudsdkcore.auth.credentials import BasicCredentials",
        "from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException",
        *(["from huaweicloudsdkcore.http.http_config import HttpConfig"] if has_ca else []),
        f"from {room} import {', '.join(sorted(names))}",
        "",
        *_client(exchange, client),
        *_call(exchange),
    ]
    return Script("\n".join([*lines, ""]))


def _client(exchange: RecordedCall, client: str) -> list[str]:
    parts, place = urlsplit(exchange.last.url), exchange.place
    way = ["credentials = BasicCredentials(",
           '    os.environ["HUAWEICLOUD_SDK_AK"],',
           '    os.environ["HUAWEICLOUD_SDK_SK"],',
           f"    {place.project_id!r},",
           ")"]  # fmt: skip
    if place.signed_with == "temporary key":
        way.append('credentials.with_security_token(os.environ["HUAWEICLOUD_SDK_SECURITY_TOKEN"])')
    config = ""
    if place.ca_bundle:
        way += ["config = HttpConfig.get_default_config()",
                f"config.ssl_ca_cert = {place.ca_bundle!r}"]  # fmt: skip
        config = ".with_http_config(config)"
    builder = f"client = {client}.new_builder().with_credentials(credentials){config}"
    return [*way, f"{builder}.with_endpoint({f'{parts.scheme}://{parts.netloc}'!r}).build()"]


def _call(exchange: RecordedCall) -> list[str]:
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", exchange.declared.api).lower()
    given = [f"    {name}={value}," for name, value in _arguments(exchange).items()]
    return [
        f"request = {exchange.declared.api}Request(",
        *given,
        ")",
        "try:",
        f"    answer = client.{method}(request)",
        *_HIDING.get(exchange.operation, ()),
        "    print(answer)",
        "except ServiceResponseException as refusal:",
        "    print(refusal.error_code, refusal.error_msg)",
        '    print("HTTP", refusal.status_code)',
    ]


def _arguments(exchange: RecordedCall) -> dict[str, str]:
    """Return the arguments of the SDK's request, each as Python writes it."""
    numbers = {field.name for field in exchange.declared.fields if field.kind == "integer"}
    given = {
        name: str(value) if name in numbers else repr(value)
        for name, value in read_query(exchange).items()
    }
    if body := exchange.last.request_body:
        given["body"] = _body(exchange.operation, json.loads(body))
    return given


def _body(operation: str, told: Mapping[str, object]) -> str:
    if operation in _BODIES:
        inner = ", ".join(f"{name}={value!r}" for name, value in told.items())
        return f"{_BODIES[operation]}({inner})"
    return repr(dict(told)).replace(f"'{MASK}'", 'os.environ["VODNB_IAM_PASSWORD"]')
