"""A client whose answers are scripted, and the answers that services give."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from vodnb.rules.answers import Answer, Fault, Reply
from vodnb.rules.operations import CONFIRM
from vodnb.service.client import Client
from vodnb.service.redact import Secret
from vodnb.service.settings.credentials import KeyCredential, TokenCredential, UserCredential
from vodnb.service.settings.settings import Settings

ENDPOINT = "https://vod.cn-north-4.myhuaweicloud.com"


IAM = "https://iam.cn-north-4.myhuaweicloud.com"


PROJECT = "0123456789abcdef0123456789abcdef"


ASSET = "f488337c31c8e4622f1590735b134c65"


NOW = 1704164645.0


TOKEN_VALUE = "CANARYtoken-0123456789"


PASSWORD = "CANARY pass/word"


SK = "CANARYsk0123456789abcdefghijklmnopqrstuv"


KEY = KeyCredential(ak=Secret("AKEXAMPLE0123456789A", is_key_id=True), sk=Secret(SK))


USER = UserCredential(user="me", password=Secret(PASSWORD), domain="corp")


PLAIN = TokenCredential(token=Secret(TOKEN_VALUE))


SETTINGS = Settings(
    endpoint=ENDPOINT, iam_endpoint=IAM, region="cn-north-4", project_id=PROJECT, credential=PLAIN
)


def reply(status: int, body: object, **headers: str) -> Reply:
    """Return an answer with a JSON body; underscores in header names are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=json.dumps(body).encode(), elapsed_ms=7)


def refusal(status: int, code: str, message: str = "no", **headers: str) -> Reply:
    """Return an answer with an error code."""
    return reply(status, {"error_code": code, "error_msg": message}, **headers)


def granted(token: str = "CANARYissued-1", project: str = "p-of-token") -> Reply:
    """Return IAM's answer to a right password."""
    body = {
        "token": {
            "issued_at": "2024-01-01T00:00:00.000000Z",
            "expires_at": "2024-01-02T00:00:00.000000Z",
            "project": {"id": project},
        }
    }
    return reply(201, body, x_subject_token=token)


CONFIRMED = reply(200, {"asset_id": ASSET}, x_request_id="r1", content_type="application/json")


EXPIRED = refusal(401, "APIGW.0307", "The token must be updated.")


class FakeHttp:
    """Answers as scripted and keeps what was sent."""

    def __init__(self, *script: Reply | Fault) -> None:
        self.script = list(script)
        self.sent: list[dict[str, object]] = []
        self.is_closed = False

    async def send(self, method, url, **options) -> Reply | Fault:
        """Give the next answer."""
        self.sent.append({"method": method, "url": url, **options})
        await asyncio.sleep(0)
        got = self.script.pop(0)
        if isinstance(got, BaseException):
            raise got
        return got

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.is_closed = True


def client_of(*script: Reply | Fault, now: float = NOW, **changes: object) -> Client:
    """Return a client that gets these answers."""
    client = Client(replace(SETTINGS, **changes), http=FakeHttp(*script), clock=lambda: now)
    client.sent = client._http.sent
    return client


def confirm(client: Client, **options: object) -> Answer:
    """Make one confirm call."""
    return asyncio.run(client.call(CONFIRM, asset_id=ASSET, status="CREATED", **options))
