"""The API calls are declared as the documentation has them; every expectation is typed by hand."""

from __future__ import annotations

import dataclasses
import re
import string
from urllib.parse import urlsplit

import pytest

from vodnb.rules import operations
from vodnb.rules.operations import OPERATIONS, Field, Operation

# name: host, method, path, success, calls a minute, permission, page, name in the official SDK
TYPED_BY_HAND: dict[str, tuple[str, str, str, int, int | None, str, str, str]] = {
    "confirm": ("vod", "POST", "/v1.0/{project_id}/asset/status/uploaded", 200, 1500,
                "vod:asset:upload", "/api-vod/vod_04_0198.html", "ConfirmAssetUpload"),
    "info": ("vod", "GET", "/v1.0/{project_id}/asset/info", 200, 1500,
             "vod:asset:getInfo", "/api-vod/vod_04_0022.html", "ShowAssetMeta"),
    "list": ("vod", "GET", "/v1.0/{project_id}/asset/list", 200, 1500,
             "vod:asset:list", "/api-vod/vod_04_0203.html", "ListAssetList"),
    "create": ("vod", "POST", "/v1.0/{project_id}/asset", 200, 1500,
               "vod:asset:upload", "/api-vod/vod_04_0196.html", "CreateAssetByFileUpload"),
    "token": ("iam", "POST", "/v3/auth/tokens", 201, None,
              "", "/api-iam/iam_30_0001.html", "KeystoneCreateUserTokenByPassword"),
    "projects": ("iam", "GET", "/v3/projects", 200, None,
                 "", "/api-iam/iam_06_0001.html", "KeystoneListProjects"),
}  # fmt: skip

REQUIRED = {
    "confirm": {"asset_id", "status"},
    "info": set(),
    "list": set(),
    "create": {"title", "video_name", "video_type"},
    "token": {"auth"},
    "projects": set(),
}

ANSWERS_WITH = {
    "confirm": "asset_id",
    "info": "asset_info_array",
    "list": "assets",
    "create": "asset_id",
    "token": "token",
    "projects": "projects",
}

EVERY = list(OPERATIONS.values())


@pytest.mark.parametrize("call", EVERY, ids=lambda call: call.name)
def test_a_note_on_a_field_is_said_in_both_languages(call):
    """The form shows it in the language that it speaks."""
    for one in call.fields:
        english, chinese = one.note("en"), one.note("zh")
        assert bool(english) == bool(chinese)
        assert not re.search(r"[\u4e00-\u9fff]", english)
        assert not chinese or re.search(r"[\u4e00-\u9fff]", chinese)


def by_name(call: Operation) -> str:
    """Name a test case."""
    return call.name


def field(call: str, name: str) -> Field:
    """Find one field of one call; there must be exactly one."""
    (found,) = (field for field in OPERATIONS[call].fields if field.name == name)
    return found


def test_every_documented_call_is_declared_once() -> None:
    """The calls are these six, known by name, and no declaration is left out of the register."""
    assert set(OPERATIONS) == set(TYPED_BY_HAND)
    assert all(name == call.name for name, call in OPERATIONS.items())
    declared = [value for value in vars(operations).values() if isinstance(value, Operation)]
    assert {call.name for call in declared} == set(OPERATIONS)
    assert len(declared) == len(OPERATIONS)


@pytest.mark.parametrize("name", TYPED_BY_HAND)
def test_call_is_as_documented(name: str) -> None:
    """Host, method, path, success, quota, permission and page are the documented ones."""
    call = OPERATIONS[name]
    host, method, path, success, per_minute, permission, page, api = TYPED_BY_HAND[name]
    assert (call.host, call.method, call.path) == (host, method, path)
    assert (call.success, call.permission, call.api) == (success, permission, api)
    assert (call.quota.per_minute if call.quota else None) == per_minute
    assert call.doc_url == f"https://support.huaweicloud.com{page}"
    assert {field.name for field in call.fields if field.required} == REQUIRED[name]
    assert call.answers_with == ANSWERS_WITH[name]


@pytest.mark.parametrize("call", EVERY, ids=by_name)
def test_pages_can_be_opened_safely(call: Operation) -> None:
    """Both links are https, at Huawei Cloud, and the explorer's names this call."""
    for url in (call.doc_url, call.explorer_url):
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert (parts.hostname or "").endswith(".huaweicloud.com")
    assert call.explorer_url.endswith(f"/{call.host.upper()}/doc?api={call.api}")


@pytest.mark.parametrize("call", EVERY, ids=by_name)
def test_call_can_be_shown_and_sent(call: Operation) -> None:
    """Titles are there in both languages; paths ask for a project or nothing; names are unique."""
    assert call.title_en
    assert not call.title_zh.isascii()
    asked = {name for _, name, _, _ in string.Formatter().parse(call.path) if name}
    assert asked == ({"project_id"} if call.host == "vod" else set())
    names = [field.name for field in call.fields]
    assert len(names) == len(set(names))
    assert call.method == "POST" or all(field.place == "query" for field in call.fields)


def test_confirm_says_status_and_echoes_the_asset() -> None:
    """The status is one of three words (CANCELLED has two L), and a true success echoes the ID."""
    assert field("confirm", "status").choices == ("CREATED", "FAILED", "CANCELLED")
    assert {(field.name, field.place) for field in OPERATIONS["confirm"].fields} == {
        ("asset_id", "body"),
        ("status", "body"),
    }
    assert OPERATIONS["confirm"].echoes == "asset_id"


def test_only_confirm_echoes() -> None:
    """No other call is documented to repeat a field of its request."""
    assert [call.name for call in EVERY if call.echoes] == ["confirm"]


@pytest.mark.parametrize("call", ["info", "list"])
def test_look_up_takes_ten_assets(call: str) -> None:
    """Ten asset IDs a call, as repeated keys of the query."""
    asked = field(call, "asset_id")
    assert (asked.max_items, asked.is_list, asked.place) == (10, True, "query")


@pytest.mark.parametrize(
    ("name", "most"), [("title", 128), ("video_name", 128), ("description", 1024)]
)
def test_create_limits_are_in_bytes(name: str, most: int) -> None:
    """Texts of a new asset are limited in UTF-8 bytes."""
    assert field("create", name).max_bytes == most


@pytest.mark.parametrize("call", ["info", "list", "create"])
def test_category_is_a_number(call: str) -> None:
    """The category is an integer, as in the official SDK (the page of 2021 said text)."""
    assert field(call, "category_id").kind == "integer"


def test_each_quota_is_its_own() -> None:
    """Looking does not eat of the quota for confirming."""
    quotas = [call.quota.name for call in EVERY if call.quota]
    assert len(quotas) == len(set(quotas)) == 4


def test_declarations_cannot_be_changed() -> None:
    """No caller can change a call for the others."""
    with pytest.raises(TypeError):
        OPERATIONS["confirm"] = OPERATIONS["info"]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        OPERATIONS["confirm"].path = "/"  # type: ignore[misc]
