"""Fields are checked as declared, and a request is built from them."""

from __future__ import annotations

import asyncio

import pandas as pd
import pytest
from scripted_http import (
    ASSET,
    ENDPOINT,
    IAM,
    PASSWORD,
    PROJECT,
    client_of,
)

from vodnb.rules.errors import (
    InputError,
)
from vodnb.rules.operations import CONFIRM, CREATE, INFO, LIST, TOKEN
from vodnb.service.redact import Secret
from vodnb.service.request import build_request, check_fields


def test_a_query_is_sorted_with_repeated_keys():
    """As the official SDK sends it; text is percent-encoded, Chinese too; None is left out."""
    fields = check_fields(
        LIST,
        {"size": 100, "query_string": "a b/中", "asset_id": ["b", "a"], "page": "0", "tags": None},
    )
    request = build_request(LIST, fields, endpoint=ENDPOINT, project_id=PROJECT)
    assert request.url == (
        f"{ENDPOINT}/v1.0/{PROJECT}/asset/list"
        "?asset_id=a&asset_id=b&page=0&query_string=a%20b%2F%E4%B8%AD&size=100"
    )
    assert request.body == b""


def test_one_value_serves_for_a_list():
    """A single asset ID need not be wrapped."""
    assert check_fields(INFO, {"asset_id": ASSET}) == {"asset_id": [ASSET]}


@pytest.mark.parametrize("many", [(ASSET, "b"), pd.Series([ASSET, "b"]), {ASSET: 1, "b": 2}.keys()])
def test_whatever_holds_several_values_is_a_list(many):
    """A column of a table as well as a list."""
    assert check_fields(INFO, {"asset_id": many}) == {"asset_id": [ASSET, "b"]}


def test_a_project_id_cannot_leave_its_place_in_the_path():
    """It is percent-encoded as one segment."""
    request = build_request(INFO, {}, endpoint=ENDPOINT, project_id="../x?y")
    assert request.url == f"{ENDPOINT}/v1.0/..%2Fx%3Fy/asset/info"


@pytest.mark.parametrize(
    ("operation", "fields", "named"),
    [
        (CONFIRM, {"asset": ASSET, "state": "CREATED"}, ["asset is", "state is", "asset_id is m"]),
        (CONFIRM, {"asset_id": " ", "status": "CANCELED"}, ["asset_id is blank", "'CANCELED'"]),
        (CONFIRM, {"asset_id": 7, "status": "CREATED"}, ["asset_id=7 is not text"]),
        (CONFIRM, {"asset_id": "\ud800", "status": "CREATED"}, ["not proper text"]),
        (INFO, {"asset_id": ["a"] * 11, "page": "x"}, ["11 values, at most 10", "page='x'"]),
        (INFO, {"asset_id": b"ab"}, ["asset_id=b'ab' is not text"]),
        (INFO, {"asset_id": {"a": 1}}, ["asset_id={'a': 1} is not text"]),
        (INFO, {"size": True}, ["size=True is not a whole number"]),
        (CREATE, {"title": "中" * 43, "video_name": "n", "video_type": "MP4"}, ["129 bytes"]),
        (TOKEN, {"auth": "text"}, ["auth is not a mapping"]),
    ],
)
def test_wrong_fields_are_all_named_and_nothing_is_sent(operation, fields, named):
    """Unknown, missing, blank, too many, too long, of another type."""
    client = client_of()
    with pytest.raises(InputError) as caught:
        asyncio.run(client.call(operation, **fields))
    for words in named:
        assert words in str(caught.value)
    assert client.sent == []


def test_a_value_that_is_no_json_is_refused():
    """A mapping may hold anything; what JSON cannot say is an input error."""
    with pytest.raises(InputError, match="no JSON"):
        build_request(TOKEN, {"auth": {"x": {1, 2}}}, endpoint=IAM, project_id="")


def test_a_request_does_not_show_its_body():
    """The body of a token call has the password in it."""
    request = build_request(
        TOKEN, {"auth": {"password": Secret(PASSWORD)}}, endpoint=IAM, project_id=""
    )
    assert PASSWORD.encode() in request.body
    assert "CANARY" not in repr(request)
