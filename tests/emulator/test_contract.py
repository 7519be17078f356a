"""The examples typed from the documents, held against the sandbox."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from vodnb.emulator.faults import Behaviour
from vodnb.emulator.server import Sandbox, sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = json.loads(
    (Path(__file__).parents[1] / "contract" / "examples.json").read_text(encoding="utf-8")
)["examples"]
PATTERNS = {"*": r".+", "<hex>": r"[0-9a-f]{32}"}


@pytest.fixture(scope="module")
def box():
    """One sandbox for all examples; each adds the assets it needs."""
    with sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def http():
    """A plain HTTP client that knows nothing of the API."""
    with httpx.Client(trust_env=False) as client:
        yield client


def fill(value: object, box: Sandbox) -> object:
    """Put the sandbox's own names where the examples leave a gap."""
    text = json.dumps(value)
    for name in ("project_id", "iam_user", "iam_password", "iam_domain"):
        text = text.replace(f"{{{name}}}", getattr(box, name))
    return json.loads(text)


def differences(found: object, expected: object, where: str = "body") -> Iterator[str]:
    """Say where an answer differs from what was promised."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            yield from differences(found.get(name), value, f"{where}.{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        for place, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            yield from differences(ours, theirs, f"{where}[{place}]")
    elif isinstance(found, str) and expected in PATTERNS:
        if not re.fullmatch(PATTERNS[expected], found):
            yield f"{where} is {found!r}, not {expected}"
    elif found != expected:
        yield f"{where} is {found!r}, not {expected!r}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_sandbox_keeps_to_the_documents(box, http, example):
    """Each documented request gets the documented answer, and the state that belongs to it."""
    for asset_id, state in example.get("assets", {}).items():
        box.add(asset_id, state=state)
    box.behaviour = Behaviour(**example.get("behaviour", {}))
    tokens = {"token": box.token, "wrong token": "MIIx" * 10}
    headers = {"x-auth-token": tokens[example["auth"]]} if example["auth"] in tokens else {}
    answer = http.request(
        example["method"],
        box.endpoint + str(fill(example["path"], box)),
        params=example.get("query"),
        json=fill(example["body"], box) if "body" in example else None,
        headers=headers,
    )
    assert not list(differences(answer.json(), fill(example["json"], box)))
    assert answer.status_code == example["http_status"]
    assert answer.json().get("error_code", "") == example["code"]
    assert not list(differences(dict(answer.headers), example.get("headers", {}), "headers"))
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers["server"] == "api-gateway"
    for asset_id, state in example.get("states", {}).items():
        assert box.states()[asset_id] == state
    entry = box.ledger()[-1]
    assert (entry.http_status, entry.error_code) == (example["http_status"], example["code"])
    assert entry.operation == example.get("operation", "")
