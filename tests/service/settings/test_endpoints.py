"""A setting that could turn into something else is refused when it is set."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from settings_reader import KEYS, REGION, SK, TOKEN, reader

from vodnb.rules.errors import SetupError
from vodnb.service.redact import Secret
from vodnb.service.settings.settings import read_settings


@pytest.fixture
def read(tmp_path):
    """Read settings from an environment and arguments, with an empty home."""
    return reader(tmp_path)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://vod.cn-north-4.myhuaweicloud.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "ftp://vod.cn-north-4.myhuaweicloud.com",
        "vod.cn-north-4.myhuaweicloud.com",
        "https://user:word@vod.cn-north-4.myhuaweicloud.com",
        "https://user@vod.cn-north-4.myhuaweicloud.com",
        "https://vod.cn-north-4.myhuaweicloud.com?x=1",
        "https://vod.cn-north-4.myhuaweicloud.com#x",
        "https://vod.cn-north-4.myhuaweicloud.com/a b",
        "https://vod.example:notaport",
        "https://[::1",
        "https://",
        "https://h\u00f6st.example",
    ],
)
def test_an_endpoint_that_could_leak_is_refused(read, endpoint):
    """Plain http, credentials in the URL, and anything but host and path."""
    with pytest.raises(SetupError, match="endpoint"):
        read(token=TOKEN, endpoint=endpoint)


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:8765", "http://localhost:1", "http://[::1]:8765", "http://127.9.9.9/x"],
)
def test_plain_http_is_fine_on_this_machine(read, endpoint):
    """A sandbox needs no certificate; no IAM host of the real cloud is guessed for it."""
    settings = read(REGION, token=TOKEN, endpoint=endpoint)
    assert settings.endpoint == endpoint
    assert settings.iam_endpoint == ""
    assert settings.region == "cn-north-4"


def test_a_foreign_host_is_noted(read):
    """Another https host is used only because it was named, and that is said."""
    settings = read(
        token=TOKEN, endpoint="https://vod.corp.example", iam_endpoint="https://i.example"
    )
    assert "not a host of Huawei Cloud" in settings.sources["endpoint"]
    assert "not a host of Huawei Cloud" in settings.sources["iam_endpoint"]
    assert settings.region == ""


@pytest.mark.parametrize(
    "pasted",
    [f" {TOKEN}\n", f'"{TOKEN}"', f"Bearer {TOKEN}", f"'Bearer {TOKEN}'", f"X-Auth-Token: {TOKEN}"],
)
def test_a_token_is_cleaned_of_what_copying_brings_along(read, pasted):
    """Blanks, quotes and `Bearer` go."""
    assert read(REGION, token=pasted).credential.token == Secret(TOKEN)


@pytest.mark.parametrize("pasted", [f"{TOKEN}\r\nX-Evil: 1", f"{TOKEN} x", f"{TOKEN}\u00e9", '""'])
def test_a_token_that_would_break_its_header_is_refused(read, pasted):
    """And not shown: not in the message, and not by a traceback that shows variables."""
    environ = {**REGION, **KEYS}
    with pytest.raises(SetupError, match="token") as caught:
        read(environ, token=pasted)
    assert TOKEN not in str(caught.value)
    frames = [
        frame.f_locals
        for frame, _ in traceback.walk_tb(caught.value.__traceback__)
        if "/vodnb/service/" in Path(frame.f_code.co_filename).as_posix()
    ]
    assert frames
    assert TOKEN not in repr(frames)
    assert SK not in repr(frames)


@pytest.mark.parametrize(
    "given",
    [
        {"region": "evil.example/#"},
        {"region": ""},
        {"region": "cn-north-4", "project_id": "../admin"},
        {"region": "cn-north-4", "project_id": "p\r\nX: y"},
    ],
)
def test_a_region_or_project_that_changes_the_url_is_refused(read, given):
    """They become part of a host and a path."""
    with pytest.raises(SetupError, match=r"region|project_id"):
        read(token=TOKEN, **given)


def test_a_name_with_a_line_break_is_refused(read):
    """A password may have blanks, but no control character."""
    with pytest.raises(SetupError, match="iam_password"):
        read(REGION, iam_user="me", iam_password="x\n", iam_domain="corp")


def test_a_ca_bundle_is_checked_when_set(read, tmp_path):
    """It has to exist and to hold a certificate; `~` is the home folder."""
    good, bad = tmp_path / "ca.pem", tmp_path / "bad.pem"
    trustme.CA().cert_pem.write_to_path(good)
    bad.write_text("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n")
    assert read(REGION, token=TOKEN, ca_bundle=str(good)).ca_bundle == str(good)
    assert read(REGION, token=TOKEN, ca_bundle="~/ca.pem").ca_bundle == str(good)
    for wrong in (str(bad), str(tmp_path), str(tmp_path / "none.pem")):
        with pytest.raises(SetupError, match="ca_bundle"):
            read(REGION, token=TOKEN, ca_bundle=wrong)


def test_a_long_value_is_not_quoted_whole(read):
    """A whole file given for an endpoint does not fill the screen."""
    with pytest.raises(SetupError) as caught:
        read(token=TOKEN, endpoint="x" * 5000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["endpoint", "iam_endpoint", "region", "project_id"])
def test_a_token_pasted_into_the_wrong_field_is_not_quoted(read, name):
    """It was meant for the field beside; the message goes into a notebook."""
    with pytest.raises(SetupError, match=name) as caught:
        read(**{"token": "x", "region": "cn-north-4", name: f"{TOKEN}+/{TOKEN}"})
    assert TOKEN not in str(caught.value)


@given(st.text(max_size=60))
def test_no_endpoint_is_accepted_in_the_clear_beyond_this_machine(tmp_path_factory, text):
    """Whatever follows http://, it is loopback or refused."""
    home = tmp_path_factory.getbasetemp()
    try:
        found = read_settings(environ={}, home=home, token=TOKEN, endpoint=f"http://{text}")
    except SetupError:
        return
    assert found.endpoint.startswith(("http://127.", "http://localhost", "http://[::1]"))
