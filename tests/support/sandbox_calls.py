"""Plain HTTP calls to a sandbox, by a client that knows nothing of the API."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

import httpx

from vodnb.emulator.faults import Behaviour

if TYPE_CHECKING:
    from vodnb.emulator.server import Sandbox

ID = "f488337c31c8e4622f1590735b134c65"
OTHER = "0b8e21f5a3c94a61b0f6f3d1c2a4e580"

HTTP = httpx.Client(trust_env=False)
atexit.register(HTTP.close)


def as_new(box: Sandbox) -> Sandbox:
    """Give a sandbox the documented behaviour, no faults, and two hanging assets."""
    box.behaviour = Behaviour()
    box.clear_faults()
    box.add([ID, OTHER])
    box.new_token()
    return box


def ask(box: Sandbox, method: str, path: str, **more: object) -> httpx.Response:
    """Send one request with the sandbox's token."""
    headers = {"x-auth-token": box.token, **more.pop("headers", {})}
    url = f"{box.endpoint}/v1.0/{box.project_id}{path}"
    return HTTP.request(method, url, headers=headers, **more)


def confirm(box: Sandbox, asset_id: str = ID, status: str = "CREATED") -> httpx.Response:
    """Send one confirm call."""
    return ask(box, "POST", "/asset/status/uploaded", json={"asset_id": asset_id, "status": status})


def shown_state(box: Sandbox, asset_id: str = ID) -> str:
    """Return the state that asset/info shows."""
    answer = ask(box, "GET", "/asset/info", params={"asset_id": asset_id})
    return answer.json()["asset_info_array"][0]["status"]


def code_of(answer: httpx.Response) -> str:
    """Return the error code of an answer."""
    return answer.json().get("error_code", "")
