"""Settings are found in order, and shown without their secrets."""

from __future__ import annotations

import pickle
import re
import traceback

import pytest
from settings_reader import AK, KEYS, REGION, SK, TOKEN, reader

from vodnb.rules.errors import InputError, SetupError
from vodnb.rules.words.translations import translate
from vodnb.rules.words.wording import width_of
from vodnb.service.redact import Secret
from vodnb.service.settings.credentials import KeyCredential, TokenCredential, UserCredential
from vodnb.service.settings.settings import explain, read_settings, resolve_lang

USER = {"VODNB_IAM_USER": "me", "VODNB_IAM_PASSWORD": "pass word", "VODNB_IAM_DOMAIN": "corp"}


@pytest.fixture
def read(tmp_path):
    """Read settings from an environment and arguments, with an empty home."""
    return reader(tmp_path)


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
    ("given", "what", "missing"),
    [
        ({"ak": AK}, "An access key", "sk"),
        ({"sk": SK}, "An access key", "ak"),
        ({"iam_user": "me", "iam_password": "x"}, "An IAM user", "iam_domain"),
        ({"iam_user": "me"}, "An IAM user", "iam_password and iam_domain"),
    ],
)
def test_half_a_credential_names_the_other_half(read, given, what, missing):
    """What is missing is said, by argument and by variable, in both languages."""
    with pytest.raises(SetupError, match=f"{what} was given without {missing}[.]") as caught:
        read(REGION, **given)
    assert "缺少" in translate(caught.value.what, "zh")


def test_half_a_credential_is_completed_from_below_for_the_same_user_only(read):
    """A password in the environment belongs to the user named there."""
    assert read({**USER, **REGION}, iam_user="me").credential.password == Secret("pass word")
    own = {name: value for name, value in USER.items() if name != "VODNB_IAM_USER"}
    assert read({**own, **REGION}, iam_user="you").credential.user == "you"
    with pytest.raises(SetupError, match="iam_password"):
        read({**USER, **REGION}, iam_user="you")


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


def test_an_unknown_setting_is_a_mistake_in_the_code(read):
    """A misspelt keyword is not passed over."""
    with pytest.raises(TypeError, match="tokn"):
        read(tokn=TOKEN)


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
    with pytest.raises(InputError, match="VODNB_LANG is 'x'"):
        read({**REGION, "VODNB_LANG": "x"}, token=TOKEN)
    with pytest.raises(InputError, match="lang is 'fr'"):
        read({**REGION, "VODNB_LANG": "x"}, token=TOKEN, lang="fr")


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


def test_the_table_speaks_chinese_in_columns(read):
    """Its columns stand below one another though a Chinese character takes two; names stay."""
    shown = explain(read({**KEYS, **REGION}, lang="zh"))
    header, *lines = repr(shown).splitlines()
    assert header.split() == ["配置项", "值", "来源", "环境变量"]
    last = re.compile(r"\w+( 或 \w+)*$")
    begins = [width_of(line[: last.search(line).start()]) for line in lines]
    assert begins == [width_of(header[: header.index("环境变量")])] * len(lines)
    assert "（无）" in lines[-2]
    assert "表单或参数" in lines[-1]
    html = shown._repr_mimebundle_()["text/html"]
    assert ">配置</caption>" in html
    assert not re.search(r"argument|default|\bor\b", html)


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
