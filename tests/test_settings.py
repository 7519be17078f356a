"""Settings are found in order, checked when set, and shown without their secrets."""

from __future__ import annotations

import pickle
import sys
import traceback
import types

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from vodnb.rules.errors import InputError, SetupError
from vodnb.service.redact import Secret
from vodnb.service.settings import (
    KeyCredential,
    TokenCredential,
    UserCredential,
    explain,
    read_settings,
    resolve_lang,
)

AK = "AKEXAMPLE0123456789A"
SK = "SKexample0123456789abcdefghijklmnopqrstuv"
TOKEN = "MIIexampletoken0123456789"
KEYS = {"HUAWEICLOUD_SDK_AK": AK, "HUAWEICLOUD_SDK_SK": SK}
USER = {"VODNB_IAM_USER": "me", "VODNB_IAM_PASSWORD": "pass word", "VODNB_IAM_DOMAIN": "corp"}
REGION = {"VODNB_REGION": "cn-north-4"}


@pytest.fixture
def read(tmp_path):
    """Read settings from an environment and arguments, with an empty home."""

    def call(environ=None, **arguments):
        return read_settings(environ=environ or {}, home=tmp_path, **arguments)

    return call


@pytest.fixture
def write_profile(tmp_path):
    """Write the SDK's profile file into the home of `read`."""

    def write(text: str, encoding: str = "utf-8"):
        folder = tmp_path / ".huaweicloud"
        folder.mkdir(exist_ok=True)
        (folder / "credentials").write_text(text, encoding=encoding)

    return write


@pytest.fixture
def keyring(monkeypatch):
    """Put a keyring in place of the real one; return what it holds."""
    held: dict[str, str] = {}
    errors = types.ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})
    module = types.ModuleType("keyring")

    def get_password(service, name):
        assert service == "vodnb"
        if "locked" in held:
            raise errors.KeyringError
        return held.get(name)

    module.get_password = get_password
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return held


def test_a_token_and_a_region_are_enough(read):
    """Endpoints come from the region, and the project is left to be looked up."""
    settings = read(token=TOKEN, region="cn-north-4")
    assert settings.endpoint == "https://vod.cn-north-4.myhuaweicloud.com"
    assert settings.iam_endpoint == "https://iam.cn-north-4.myhuaweicloud.com"
    assert settings.credential == TokenCredential(token=Secret(TOKEN))
    assert (settings.project_id, settings.ca_bundle, settings.lang) == ("", "", "en")
    assert settings.sources == {
        "token": "argument",
        "region": "argument",
        "endpoint": "the region",
        "iam_endpoint": "the region",
    }


def test_the_region_is_read_off_the_endpoint(read):
    """An endpoint of Huawei Cloud names its region, in every one of its clouds."""
    settings = read(token=TOKEN, endpoint="https://vod.eu-west-101.myhuaweicloud.eu/")
    assert settings.region == "eu-west-101"
    assert settings.iam_endpoint == "https://iam.eu-west-101.myhuaweicloud.eu"
    assert settings.sources["region"] == "the endpoint"


def test_an_argument_outranks_the_environment(read):
    """First found wins, setting by setting."""
    environ = {"VODNB_TOKEN": "other", "VODNB_PROJECT_ID": "p1", **REGION}
    settings = read(environ, token=TOKEN, project_id="p2")
    assert settings.credential == TokenCredential(token=Secret(TOKEN))
    assert settings.project_id == "p2"
    assert settings.sources["region"] == "environment variable VODNB_REGION"


def test_our_variables_go_before_those_of_the_sdk(read):
    """VODNB_PROJECT_ID outranks HUAWEICLOUD_SDK_PROJECT_ID; blank ones count as not set."""
    environ = {"HUAWEICLOUD_SDK_PROJECT_ID": "sdk", **KEYS, **REGION, "VODNB_TOKEN": " "}
    assert read(environ).project_id == "sdk"
    assert read({**environ, "VODNB_PROJECT_ID": "own"}).project_id == "own"


def test_a_region_given_outranks_an_endpoint_in_the_environment(read):
    """Whoever names a region means it."""
    environ = {"VODNB_ENDPOINT": "https://vod.cn-north-1.myhuaweicloud.com"}
    settings = read(environ, token=TOKEN, region="ap-southeast-3")
    assert settings.endpoint == "https://vod.ap-southeast-3.myhuaweicloud.com"


def test_region_and_endpoint_must_go_together(read):
    """Two that contradict each other are refused."""
    with pytest.raises(SetupError, match=r"cn-north-4.*cn-east-2"):
        read(token=TOKEN, region="cn-north-4", endpoint="https://vod.cn-east-2.myhuaweicloud.com")


def test_no_region_is_guessed(read):
    """The message names the variable and the regions."""
    with pytest.raises(SetupError, match=r"VODNB_REGION.*cn-north-1.*ap-southeast-3"):
        read(token=TOKEN)


def test_no_credential_names_every_way(read):
    """The message names the variables, the form and the sandbox."""
    with pytest.raises(SetupError) as caught:
        read({"VODNB_IAM_DOMAIN": "corp"}, region="cn-north-4")
    for name in ("VODNB_TOKEN", "HUAWEICLOUD_SDK_SK", "VODNB_IAM_PASSWORD", "sandbox=True"):
        assert name in str(caught.value)
    assert "vodnb.forms.connect()" in str(caught.value)


def test_the_kinds_of_credential(read):
    """Access key, temporary key and IAM user are told apart by what is there."""
    assert read({**KEYS, **REGION}).credential == KeyCredential(ak=Secret(AK), sk=Secret(SK))
    temporary = read({**KEYS, **REGION, "HUAWEICLOUD_SDK_SECURITY_TOKEN": "temp"}).credential
    assert temporary.security_token == Secret("temp")
    assert read({**USER, **REGION}).credential == UserCredential(
        user="me", password=Secret("pass word"), domain="corp"
    )


def test_an_argument_of_one_kind_beats_other_kinds_below(read):
    """A token given outright is used although the environment holds a key and a user."""
    settings = read({**KEYS, **USER, **REGION}, token=TOKEN)
    assert isinstance(settings.credential, TokenCredential)
    assert isinstance(read({**KEYS, **USER, **REGION}).credential, UserCredential)


def test_two_kinds_as_arguments_are_refused(read):
    """Both are named, and nothing is guessed."""
    with pytest.raises(SetupError, match=r"a token and an access key.*token, or ak and sk"):
        read(REGION, token=TOKEN, ak=AK, sk=SK)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"ak": AK}, "sk"),
        ({"sk": SK}, "ak"),
        ({"iam_user": "me", "iam_password": "x"}, "iam_domain"),
        ({"iam_user": "me"}, "iam_password and iam_domain"),
    ],
)
def test_half_a_credential_names_the_other_half(read, given, missing):
    """What is missing is said, by argument and by variable."""
    with pytest.raises(SetupError, match=f"was given without {missing}[.]"):
        read(REGION, **given)


def test_half_a_credential_is_completed_from_below_for_the_same_user_only(read):
    """A password in the environment belongs to the user named there."""
    assert read({**USER, **REGION}, iam_user="me").credential.password == Secret("pass word")
    own = {name: value for name, value in USER.items() if name != "VODNB_IAM_USER"}
    assert read({**own, **REGION}, iam_user="you").credential.user == "you"
    with pytest.raises(SetupError, match="iam_password"):
        read({**USER, **REGION}, iam_user="you")


def test_the_sdk_profile_is_read(read, write_profile):
    """Key, project and IAM endpoint come from `basic`, BOM and per-cent sign and all."""
    text = f"[basic]\nak = {AK}\nsk = {SK}%\nproject_id = p9\niam_endpoint = iam.myhuaweicloud.com"
    write_profile(text, "utf-8-sig")
    settings = read(region="cn-north-4")
    assert settings.credential == KeyCredential(ak=Secret(AK), sk=Secret(SK + "%"))
    assert settings.project_id == "p9"
    assert settings.iam_endpoint == "https://iam.myhuaweicloud.com"
    assert settings.sources["ak"].startswith("profile 'basic' in ")


def test_a_profile_counts_as_a_whole(read, write_profile):
    """Its project is not used together with somebody else's token."""
    write_profile(f"[basic]\nak={AK}\nsk={SK}\nproject_id=p9\n")
    assert read(region="cn-north-4", token=TOKEN).project_id == ""


def test_a_profile_that_is_named_goes_before_the_environment(read, write_profile):
    """`profile=` is an argument, and so outranks the variables."""
    write_profile(f"[basic]\nak=x\nsk=y\n[work]\nak=WORKAK\nsk={SK}\nproject_id=p8\n")
    settings = read({**KEYS, **REGION, "VODNB_PROJECT_ID": "p1"}, profile="work")
    assert settings.credential.ak == Secret("WORKAK")
    assert settings.project_id == "p8"


def test_a_profile_that_is_not_there(read, write_profile):
    """A wrong name lists the right ones; no file and no `basic` are no error."""
    with pytest.raises(SetupError, match=r"no profile 'work'.*none"):
        read(REGION, profile="work")
    write_profile("[home]\nproject_id=x\n")
    with pytest.raises(SetupError, match="No credential"):
        read(REGION, profile="home")
    with pytest.raises(SetupError, match=r"no profile 'work'.*home"):
        read(REGION, profile="work")
    with pytest.raises(SetupError, match="No credential"):
        read(REGION)


def test_a_broken_profile_is_not_quoted(read, write_profile):
    """The parser would quote the line, and the line may be the key."""
    write_profile(f"ak={AK}\nsk={SK}\n")
    with pytest.raises(SetupError, match="MissingSectionHeaderError") as caught:
        read(REGION)
    assert SK not in "".join(traceback.format_exception(caught.value))


def test_a_broken_profile_is_nobodys_business_when_it_is_not_needed(read, write_profile):
    """It is opened only when it comes to it."""
    write_profile("nonsense")
    assert read(REGION, token=TOKEN, project_id="p").project_id == "p"


def test_the_profile_file_may_be_elsewhere(read, tmp_path):
    """The SDK's variable for its place is honoured."""
    (tmp_path / "creds").write_text(f"[basic]\nak={AK}\nsk={SK}\n")
    environ = {**REGION, "HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(tmp_path / "creds")}
    assert read(environ).credential.ak == Secret(AK)


def test_a_foreign_iam_host_in_a_profile_is_refused(read, write_profile):
    """Nobody named it outright, and it would get the credential."""
    write_profile(f"[basic]\nak={AK}\nsk={SK}\niam_endpoint=https://iam.example.com\n")
    with pytest.raises(SetupError, match=r"iam[.]example[.]com.*VODNB_IAM_ENDPOINT"):
        read(REGION)


def test_the_keyring_comes_last(read, keyring):
    """It is asked for a credential, and only when nothing else has one."""
    keyring["token"] = TOKEN
    settings = read(REGION)
    assert settings.credential == TokenCredential(token=Secret(TOKEN))
    assert settings.sources["token"] == "keyring service 'vodnb'"
    assert isinstance(read({**KEYS, **REGION}).credential, KeyCredential)


def test_a_keyring_that_is_locked_or_missing_is_passed_over(read, keyring, monkeypatch):
    """Servers have none; the message is the one about credentials."""
    keyring["locked"] = ""
    with pytest.raises(SetupError, match="No credential"):
        read(REGION)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SetupError, match="No credential"):
        read(REGION)


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
    shown = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    inside = shown[shown.index("read_settings") :]
    assert TOKEN not in str(caught.value)
    assert SK not in inside.partition("def call")[2]


def test_no_variable_of_ours_shows_a_secret_in_a_traceback(tmp_path):
    """The frames that an error keeps have no secret in their variables."""
    with pytest.raises(SetupError) as caught:
        read_settings(environ=KEYS | {"VODNB_REGION": "a b"}, home=tmp_path)
    frames = list(traceback.walk_tb(caught.value.__traceback__))[1:]
    assert [frame.f_code.co_name for frame, _ in frames] == ["read_settings"]
    assert SK not in repr([frame.f_locals for frame, _ in frames])


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


@pytest.mark.parametrize(
    "given",
    [
        {"token": ""},
        {"token": Secret(" ")},
        {"iam_user": "", "iam_password": "x", "iam_domain": "corp"},
    ],
)
def test_a_blank_credential_is_a_mistake_and_not_somebody_else(read, given):
    """It does not fall through to the key in the environment."""
    with pytest.raises(SetupError, match="is blank"):
        read({**KEYS, **REGION}, **given)


def test_blank_text_for_anything_else_counts_as_not_given(read):
    """A form hands over its empty fields."""
    settings = read({**REGION, "VODNB_PROJECT_ID": "p1"}, token=TOKEN, region="", project_id=" ")
    assert (settings.region, settings.project_id) == ("cn-north-4", "p1")


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


def test_an_unknown_setting_is_a_mistake_in_the_code(read):
    """A misspelt keyword is not passed over."""
    with pytest.raises(TypeError, match="tokn"):
        read(tokn=TOKEN)


def test_a_long_value_is_not_quoted_whole(read):
    """A whole file given for an endpoint does not fill the screen."""
    with pytest.raises(SetupError) as caught:
        read(token=TOKEN, endpoint="x" * 5000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("lang", "environ", "locale", "spoken"),
    [
        ("zh", {"VODNB_LANG": "en"}, "en_US", "zh"),
        ("zh-CN", {}, "", "zh"),
        ("EN_gb", {}, "zh_CN", "en"),
        (None, {"VODNB_LANG": "zh"}, "en_US", "zh"),
        (None, {"VODNB_LANG": ""}, "zh_CN.UTF-8", "zh"),
        (None, {}, "Chinese (Simplified)_China", "zh"),
        (None, {}, "de_DE", "en"),
        (None, {}, "", "en"),
    ],
)
def test_the_language_is_found_in_order(lang, environ, locale, spoken):
    """Argument, VODNB_LANG, locale, English."""
    assert resolve_lang(lang, environ, locale) == spoken


def test_a_language_that_is_not_spoken_is_refused(read):
    """Wherever it was asked for."""
    with pytest.raises(InputError, match="lang is 'fr'"):
        resolve_lang("fr", {}, "")
    with pytest.raises(InputError, match="VODNB_LANG is 'x'"):
        resolve_lang(None, {"VODNB_LANG": "x"}, "")
    assert read({**REGION, "VODNB_LANG": "zh"}, token=TOKEN).lang == "zh"


CANARY = "kQ7canarySECRETvalue9xZ"


@pytest.mark.parametrize(
    "given",
    [
        {"token": CANARY},
        {"ak": "AKEX" + CANARY, "sk": CANARY, "security_token": CANARY},
        {"iam_user": "me", "iam_password": CANARY, "iam_domain": "corp"},
        {"token": Secret(CANARY)},
    ],
)
def test_settings_never_show_a_secret(read, given):
    """Not by repr, not as a table, not by pickle."""
    settings = read(REGION, **given)
    shown = explain(settings)
    html = shown._repr_mimebundle_()["text/html"]
    for text in (repr(settings), str(settings), repr(shown), html, repr(settings.credential)):
        assert CANARY not in text
        assert "***" in text
    with pytest.raises(TypeError):
        pickle.dumps(settings)
    assert Secret(CANARY) in settings.secrets


def test_the_table_says_where_each_value_came_from(read):
    """Name, masked value, source and variable, line by line."""
    rows = {row.name: row for row in explain(read({**KEYS, **REGION})).rows}
    assert rows["ak"].value == "AKEX***"
    assert rows["ak"].source == "environment variable HUAWEICLOUD_SDK_AK"
    assert rows["security_token"].value == "(none)"
    assert rows["project_id"].source == "looked up"
    assert rows["project_id"].variable == "VODNB_PROJECT_ID or HUAWEICLOUD_SDK_PROJECT_ID"
    assert rows["lang"].source == "default"
    users = {row.name for row in explain(read({**USER, **REGION})).rows}
    assert {"iam_user", "iam_password", "iam_domain"} <= users


@given(st.text(max_size=60))
def test_no_endpoint_is_accepted_in_the_clear_beyond_this_machine(tmp_path_factory, text):
    """Whatever follows http://, it is loopback or refused."""
    home = tmp_path_factory.getbasetemp()
    try:
        found = read_settings(environ={}, home=home, token=TOKEN, endpoint=f"http://{text}")
    except SetupError:
        return
    assert found.endpoint.startswith(("http://127.", "http://localhost", "http://[::1]"))
