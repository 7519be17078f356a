"""Every snippet runs, whatever the values are, and gives the same answer as the call."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from leak_scan import leaks

import vodnb
from vodnb.emulator.faults import Behaviour

pytestmark = pytest.mark.together

ASSET = "f4" * 16
HOSTILE = "'; touch owned #$(touch owned)\n\"`touch owned`\\ 中文\U0001f600 %00&a=b\r{x}*?~!"

CASES = {
    "confirm": ("confirm", {"asset_id": ASSET, "status": "CREATED"}),
    "confirm hostile": ("confirm", {"asset_id": HOSTILE, "status": "CREATED"}),
    "confirm quote": ("confirm", {"asset_id": "'; id #", "status": "CREATED"}),
    "info": ("info", {"asset_id": [ASSET, HOSTILE]}),
    "info text": ("info", {"query_string": HOSTILE, "size": 5}),
    "list": ("list", {"query_string": HOSTILE, "media_type": ["MP4", HOSTILE], "page": 0}),
    "list ids": ("list", {"asset_id": [ASSET]}),
    "create": (
        "create",
        {"title": HOSTILE[::-1], "video_name": "第1课.mp4", "video_type": "MP4", "category_id": -1},
    ),
    "projects": ("projects", {"name": "cn-north-4"}),
    "projects hostile": ("projects", {"name": HOSTILE}),
    "token": ("token", {}),
}
WAYS = ("token", "key", "temporary key", "user")
FORMS = ("curl", "python", "sdk")

VOLATILE = {"asset_id", "expires_at", "issued_at", "object", "request_id", "video_upload_url"}
"""What differs at each call: of `create` and `token` alone, but for the request ID."""

RUNNER = """
import contextlib, io, json, runpy, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        runpy.run_path(line.rstrip("\\n"), run_name="__main__")
    print(json.dumps(told.getvalue()), flush=True)
"""


def is_possible(case: str, way: str, form: str) -> bool:
    """Whether there is such a snippet: a token call is an IAM user's."""
    if CASES[case][0] == "token":
        return way == "user"
    return way != "user" or form != "sdk"


COMBINATIONS = [
    (case, way, form)
    for case in CASES
    for way in WAYS
    for form in FORMS
    if is_possible(case, way, form)
]


def variables(box, way: str) -> dict[str, str]:
    """Return the environment that snippets of a way of signing in need."""
    key = box.temporary_key if way == "temporary key" else box
    secret = {
        "VODNB_TOKEN": box.token,
        "VODNB_IAM_PASSWORD": box.iam_password,
        "HUAWEICLOUD_SDK_AK": key.ak,
        "HUAWEICLOUD_SDK_SK": key.sk,
        "HUAWEICLOUD_SDK_SECURITY_TOKEN": box.temporary_key.security_token,
    }
    return {**os.environ, **secret, "PYTHONUTF8": "1"}


def credential(box, way: str) -> dict[str, str]:
    """Return what `connect` takes for a way of signing in."""
    key = box.temporary_key
    return {
        "token": {"token": box.token},
        "key": {"ak": box.ak, "sk": box.sk},
        "temporary key": {"ak": key.ak, "sk": key.sk, "security_token": key.security_token},
        "user": {
            "iam_user": box.iam_user,
            "iam_password": box.iam_password,
            "iam_domain": box.iam_domain,
        },
    }[way]


class Played:
    """All calls made, and all their snippets run: what each printed, and what the server saw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.exchanges: dict[tuple[str, str], vodnb.debug.exchange.Exchange] = {}
        self.printed: dict[tuple[str, str, str], str] = {}
        self.seen: dict[tuple[str, str, str], tuple[object, ...]] = {}
        # A password with all that JSON and a shell could trip over.
        with vodnb.sandbox(behaviour=Behaviour(second_confirm="accept", quota=None)) as box:
            box.add(ASSET)
            self.secrets = {"token": box.token, "sk": box.sk, "password": box.iam_password}
            for way in WAYS:
                self._play(box, way)

    def _play(self, box, way: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("VODNB_IAM_ENDPOINT", box.iam_endpoint)
            place = {"endpoint": box.endpoint, "region": box.region, "project_id": box.project_id}
            vod = vodnb.connect(**place, **credential(box, way))
        for case, (operation, fields) in CASES.items():
            if is_possible(case, way, "curl"):
                self.exchanges[case, way] = vod.call(operation, **fields)
                self.seen[case, way, "call"] = what_was_seen(box)
        vod.close()
        for form in FORMS:
            self._run_all(box, way, form)

    def _run_all(self, box, way: str, form: str) -> None:
        cases = [case for case in CASES if is_possible(case, way, form)]
        paths = [
            self.folder / f"{way} {form} {at}.txt".replace(" ", "_") for at in range(len(cases))
        ]
        for case, path in zip(cases, paths, strict=True):
            path.write_text(getattr(self.exchanges[case, way], form)(), "utf-8")
        shell = ["bash"] if form == "curl" else [sys.executable, "-c", RUNNER]
        options = {"env": variables(box, way), "cwd": self.folder, "text": True}
        if form == "curl":
            for case, path in zip(cases, paths, strict=True):
                ran = subprocess.run([*shell, path], capture_output=True, check=True, **options)
                self._note(box, (case, way, form), ran.stdout)
            return
        with subprocess.Popen(
            shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options
        ) as ran:
            for case, path in zip(cases, paths, strict=True):
                ran.stdin.write(f"{path}\n")
                ran.stdin.flush()
                self._note(box, (case, way, form), json.loads(ran.stdout.readline()))
            ran.stdin.close()

    def _note(self, box, which: tuple[str, str, str], printed: str) -> None:
        self.printed[which] = printed
        self.seen[which] = what_was_seen(box)


def what_was_seen(box) -> tuple[object, ...]:
    """Return what the server saw of its last call, and answered."""
    last = box.ledger()[-1]
    return (last.operation, last.method, last.asset_id, last.asset_ids, last.status,
            last.http_status, last.error_code)  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Everything, once."""
    if not (shutil.which("bash") and shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("bash, curl and openssl run the snippets")
    with pytest.MonkeyPatch.context() as patch:
        # The SDK writes into the home folder when it is imported.
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield Played(tmp_path_factory.mktemp("snippets"))


def leaves(told: object, path: str = "", *, is_new: bool) -> dict[str, object]:
    """Return the leaves of some JSON by path, without nulls and what differs each time."""
    if isinstance(told, dict):
        found: dict[str, object] = {}
        for name, value in told.items():
            if name == "request_id" or (is_new and name in VOLATILE):
                continue
            found |= leaves(value, f"{path}.{name}", is_new=is_new)
        return found
    if isinstance(told, list):
        found = {}
        for at, value in enumerate(told):
            found |= leaves(value, f"{path}[{at}]", is_new=is_new)
        return found
    return {} if told is None else {path: told}


def answer_in(printed: str) -> tuple[object, int]:
    """Return the JSON and the HTTP status that curl and httpx snippets print."""
    body, _, status = printed.rstrip().rpartition("HTTP ")
    return json.loads(body), int(status)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("case", "way", "form"), COMBINATIONS)
def test_snippet_gives_the_same_answer(played, case, way, form):
    """Same status, same code, same content; and the server saw the very same request."""
    exchange = played.exchanges[case, way]
    printed = played.printed[case, way, form]
    assert played.seen[case, way, form] == played.seen[case, way, "call"]
    is_new = exchange.operation in {"create", "token"}
    expected = leaves(exchange.json(), is_new=is_new)
    if form == "sdk" and not exchange.ok:
        assert exchange.code in printed
        assert exchange.message in printed
        assert printed.rstrip().endswith(f"HTTP {exchange.http_status}")
    elif form == "sdk":
        # Its models leave out what they do not know.
        told = leaves(json.loads(printed), is_new=is_new)
        assert told.items() <= expected.items()
        assert told or not expected or is_new
    else:
        data, status = answer_in(printed)
        assert status == exchange.http_status
        assert leaves(data, is_new=is_new) == expected


def test_hostile_values_arrive_and_run_nothing(played):
    """The server saw the values letter by letter, and no command in them was run."""
    for form in FORMS:
        assert played.seen["confirm hostile", "key", form][2] == HOSTILE
        assert set(played.seen["info", "token", form][3]) == {ASSET, HOSTILE}
    assert not list(Path(played.folder).glob("owned"))


def test_snippets_hold_no_secret(played):
    """Token, keys and password stand in no script, in whatever spelling."""
    for exchange in played.exchanges.values():
        for form in FORMS:
            assert leaks(getattr(exchange, form)(), played.secrets) == []


def test_snippet_without_its_variable_says_so(played):
    """The script for curl ends before it sends anything, and names the variable."""
    script = played.exchanges["confirm", "token"].curl()
    bare = {name: told for name, told in os.environ.items() if not name.startswith("VODNB_")}
    ran = subprocess.run(
        ["bash", "-c", script], env=bare, capture_output=True, text=True, check=False
    )
    assert ran.returncode
    assert "VODNB_TOKEN: Set it to your token first" in ran.stderr
    assert not ran.stdout
