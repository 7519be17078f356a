"""What the SDK and the keyring keep for us is read, and never quoted."""

from __future__ import annotations

import sys
import traceback
import types

import pytest
from settings_reader import AK, KEYS, REGION, SK, TOKEN, reader

from vodnb.rules.errors import SetupError
from vodnb.service.redact import Secret
from vodnb.service.settings.credentials import KeyCredential, TokenCredential


@pytest.fixture
def read(tmp_path):
    """Read settings from an environment and arguments, with an empty home."""
    return reader(tmp_path)


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
