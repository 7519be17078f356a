"""Reads what others keep for us: the SDK's profile file and the keyring. Never writes to them.

The file is the official SDK's (huaweicloudsdkcore, auth/provider.py): `~/.huaweicloud/credentials`,
INI sections with `ak`, `sk`, `security_token`, `project_id`, `iam_endpoint`; `basic` is the one
it reads by default.
"""

from __future__ import annotations

import configparser
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from vodnb.rules.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE_VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
"""The SDK's name for the variable that says where its profile file is."""

KEYRING_SERVICE = "vodnb"
"""`keyring set vodnb token` puts a token where `read_keyring` finds it."""

_DEFAULT_SECTION = "basic"
_PROFILE_NAMES = ("ak", "sk", "security_token", "project_id", "iam_endpoint")


def profile_path(environ: Mapping[str, str], home: Path) -> Path:
    """Return where the SDK's profile file is, whether or not it exists."""
    return Path(environ.get(_FILE_VARIABLE) or home / ".huaweicloud" / "credentials")


def read_profile(path: Path, section: str | None = None) -> dict[str, str]:
    """Return the settings of one profile; none where there is no such file.

    The default is `basic`, as in the SDK, if there is one. No message ever quotes the file.
    """
    # No interpolation: a secret key may well have a % in it.
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8-sig") as file:
            parser.read_file(file)
    except FileNotFoundError:
        if section is None:
            return {}
    except (OSError, UnicodeDecodeError, configparser.Error) as wrong:
        # The parser's own words quote the line, and the line may be the secret key.
        raise SetupError(
            f"The profile file {path} cannot be read ({type(wrong).__name__}).",
            do="It has lines like [basic], ak = ..., sk = ...: mend it, or move it away.",
        ) from None
    wanted = section or _DEFAULT_SECTION
    if not parser.has_section(wanted):
        if section is None:
            return {}
        raise SetupError(
            f"There is no profile {section!r} in {path}.",
            f"The profiles there are: {', '.join(parser.sections()) or 'none'}.",
            "Name one of them, or leave profile= out.",
        )
    return {
        name: value for name in _PROFILE_NAMES if (value := parser.get(wanted, name, fallback=""))
    }


def read_keyring(names: tuple[str, ...]) -> dict[str, str]:
    """Return what the keyring holds of these settings.

    Quietly nothing where the package is not installed (it is the extra `keyring`), and where the
    machine has no keyring or keeps it locked, as servers do.
    """
    try:
        keyring = importlib.import_module("keyring")
        errors = importlib.import_module("keyring.errors")
    except ImportError:
        return {}
    try:
        found = {name: keyring.get_password(KEYRING_SERVICE, name) for name in names}
    except errors.KeyringError:
        return {}
    return {name: value for name, value in found.items() if value}
