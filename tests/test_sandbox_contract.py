"""The examples typed from the documents, held against the sandbox."""

import json
import re
from pathlib import Path

import httpx
import pytest

from vodnb.emulator.faults import Behaviour
from vodnb.emulator.server import Sandbox, sandbox

EXAMPLES = json.loads(
    (Path(__file__).parent / "contract" / "examples.json").read_text(encoding="utf-8")
)["examples"]


@pytest.fixture(scope="module")
def box():
    """One sandbox for all examples; each adds the assets it needs."""
    with sandbox() as running:
        yield running


def fill(value: object, box: Sandbox) -> object:
    """Put the sandbox's own names where the examples leave a gap."""
    text = json.dumps(value)
    for name in ("project_id", "iam_user", "iam_password", "iam_domain"):
        text = text.replace(f"{{{name}}}", getattr(box, name))
    return json.loads(text)


def differences(found: object, expected: object, where: str = "body") -> list[str]:
    """Say where an answer differs from what was promised."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{where} is no object: {found!r}"]
        missing = [f"{where}.{name} is missing" for name in expected if name not in found]
        inner = [
            differences(found[name], value, f"{where}.{name}")
            for name, value in expected.items()
            if name in found
        ]
        return missing + sum(inner, [])
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return [f"{where} has not {len(expected)} items: {found!r}"]
        pairs = enumerate(zip(found, expected, strict=True))
        return sum((differences(a, b, f"{where}[{n}]") for n, (a, b) in pairs), [])
    if expected == "*":
        return [] if isinstance(found, str) and found else [f"{where} is empty: {found!r}"]
    if expected == "<hex>":
        is_id = isinstance(found, str) and re.fullmatch(r"[0-9a-f]{32}", found)
        return [] if is_id else [f"{where} is no ID: {found!r}"]
    return [] if found == expected else [f"{where} is {found!r}, not {expected!r}"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_sandbox_keeps_to_the_documents(box, example):
    """Each documented request gets the documented answer, and the state that belongs to it."""
    for asset_id, state in example.get("assets", {}).items():
        box.add(asset_id, state=state)
    box.behaviour = Behaviour(**example.get("behaviour", {}))
    tokens = {"token": box.token, "wrong token": "MIIx" * 10}
    headers = {"x-auth-token": tokens[example["auth"]]} if example["auth"] in tokens else {}
    answer = httpx.request(
        example["method"],
        box.endpoint + str(fill(example["path"], box)),
        params=example.get("query"),
        json=fill(example["body"], box) if "body" in example else None,
        headers=headers,
        trust_env=False,
    )
    assert differences(answer.json(), fill(example["json"], box)) == []
    assert answer.status_code == example["http_status"]
    assert answer.json().get("error_code", "") == example["code"]
    assert differences(dict(answer.headers), example.get("headers", {}), "headers") == []
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers["server"] == "api-gateway"
    for asset_id, state in example.get("states", {}).items():
        assert box.states()[asset_id] == state
    entry = box.ledger()[-1]
    assert (entry.http_status, entry.error_code) == (example["http_status"], example["code"])
    assert entry.operation == example.get("operation", "")
