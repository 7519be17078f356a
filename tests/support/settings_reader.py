"""Reads settings from an environment and arguments, and the credentials that tests give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.service.settings.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vodnb.service.settings.settings import Settings

AK = "AKEXAMPLE0123456789A"
SK = "SKexample0123456789abcdefghijklmnopqrstuv"
TOKEN = "MIIexampletoken0123456789"
KEYS = {"HUAWEICLOUD_SDK_AK": AK, "HUAWEICLOUD_SDK_SK": SK}
REGION = {"VODNB_REGION": "cn-north-4"}


def reader(home: Path) -> Callable[..., Settings]:
    """Return what reads settings: the environment first, then arguments by name."""

    def call(environ=None, **arguments):
        return read_settings(environ=environ or {}, home=home, **arguments)

    return call
