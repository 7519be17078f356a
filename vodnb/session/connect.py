"""Connecting: where and as whom is read, and gives a `Vod`; going on with a run by one."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from vodnb.journal.finding import find_run
from vodnb.rules.errors import InputError, SetupError
from vodnb.service.redact import Secret
from vodnb.service.settings.settings import read_settings
from vodnb.tables import read
from vodnb.tables.results import usable_assets

from .accessor import remember
from .arguments import hidden_text, read_here, refuse_non_text, spoken
from .options import ResumeOptions, like
from .vod import Vod

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd


def connect(
    *,
    sandbox: bool = False,
    endpoint: str | None = None,
    region: str | None = None,
    project_id: str | None = None,
    token: str | None = None,
    ak: str | None = None,
    sk: str | None = None,
    security_token: str | None = None,
    iam_user: str | None = None,
    iam_password: str | None = None,
    iam_domain: str | None = None,
    profile: str | None = None,
    ca_bundle: str | None = None,
    lang: str | None = None,
) -> Vod:
    """Connect to VOD; nothing is sent yet.

    Each setting is the first found of: the argument, the environment, the official SDK's profile
    file, the keyring. `vod.settings()` shows where each came from.

    Args:
        sandbox: Use a server of our own on this machine; no account, no other setting needed.
        endpoint: Address of VOD. Default: made from the region. [VODNB_ENDPOINT]
        region: Region, such as `"cn-north-4"`. [VODNB_REGION]
        project_id: Project. Default: looked up by the region. [VODNB_PROJECT_ID]
        token: An IAM token, valid 24 hours. [VODNB_TOKEN]
        ak: Access key; until it is proved good its calls leave one by one, for a key that is
            refused more than five times in a row locks. [HUAWEICLOUD_SDK_AK]
        sk: Secret key. [HUAWEICLOUD_SDK_SK]
        security_token: Goes with temporary keys. [HUAWEICLOUD_SDK_SECURITY_TOKEN]
        iam_user: IAM user; the token is got and renewed for you. [VODNB_IAM_USER]
        iam_password: The user's password. [VODNB_IAM_PASSWORD]
        iam_domain: The account that the user belongs to. [VODNB_IAM_DOMAIN]
        profile: Section of the SDK's profile file, which then goes before the environment.
            Default: `basic`, as in the SDK.
        ca_bundle: File of a private CA, beside the public ones. [VODNB_CA_BUNDLE]
        lang: `"zh"` or `"en"`. Default: VODNB_LANG, else the locale.

    Raises:
        SetupError: A setting is missing or wrong.

    Example:
        >>> vod = vodnb.connect(sandbox=True)
    """
    place = {
        # A URL may have a password in it; then it is refused.
        "endpoint": hidden_text(endpoint),
        "region": region,
        "project_id": project_id,
        "profile": profile,
        "ca_bundle": ca_bundle,
    }
    credential = {
        "token": hidden_text(token),
        "ak": None if ak is None else Secret(ak, is_key_id=True),
        "sk": hidden_text(sk),
        "security_token": hidden_text(security_token),
        "iam_user": iam_user,
        "iam_password": hidden_text(iam_password),
        "iam_domain": iam_domain,
    }
    # A verbose traceback shows the variables of this frame.
    del endpoint, token, ak, sk, security_token, iam_password
    refuse_non_text({**place, **credential})
    if sandbox:
        vod = _connect_to_sandbox({**place, **credential}, lang=lang)
    else:
        vod = Vod(read_here(lang=lang, **place, **credential), place=place)
    remember(vod)
    return vod


def _connect_to_sandbox(given: Mapping[str, object], *, lang: str | None) -> Vod:
    if named := sorted(name for name, value in given.items() if value is not None):
        raise SetupError(
            f"sandbox=True and {', '.join(named)} exclude each other.",
            "The sandbox is a server on this machine with credentials of its own.",
            "Leave sandbox out to connect to the service, or give sandbox=True alone.",
        )
    from vodnb.emulator.server import shared_sandbox

    box = shared_sandbox()
    settings = read_settings(
        environ={},
        home=Path(os.devnull),
        lang=spoken(lang),
        endpoint=box.endpoint,
        iam_endpoint=box.iam_endpoint,
        region=box.region,
        project_id=box.project_id,
        token=Secret(box.token),
    )
    sources = dict.fromkeys(settings.sources, "the sandbox")
    return Vod(replace(settings, sources=sources), sandbox=box)


@like(Vod.confirm)
def resume(
    run: str | os.PathLike[str] | None = None,
    *,
    vod: Vod | None = None,
    progress: bool = True,
    **options: Unpack[ResumeOptions],
) -> pd.DataFrame:
    """Go on with a run without the cell that began it, or have the table of a finished one again.

    What is settled is taken over and not asked for again: a finished run costs no call.

    Args:
        run: Its run ID, or the path of its journal. Default: the newest unfinished one that
            `vodnb.runs()` lists.
        vod: The connection to use. Default: `connect()`.
        progress: Show how it goes. Default True.
        options: As in `confirm`.

    Returns:
        The whole table: of the file that the run came from where that is still there and has the
        same assets, else of the assets alone.

    Raises:
        InputError: There is no such run, nothing is unfinished, or it is of another project.
        SetupError: The connection is to another endpoint than the run's.
        JournalError: The journal is damaged, or somebody else works on the run.

    Example:
        >>> results = vodnb.resume()
    """
    header, assets = find_run(run)
    table = _table_of(header.source, assets, options["id_column"], options["id_form"])
    used = vod or connect()
    if used.endpoint != header.endpoint:
        raise SetupError(
            f"The run {header.run_id} belongs to {header.endpoint}, and this connection goes to "
            f"{used.endpoint}.",
            "Its assets are not there.",
            f'Connect with endpoint="{header.endpoint}".',
        )
    return used.confirm(
        table,
        status=str(header.status),
        journal=header.path,
        only_hanging=header.only_hanging,
        progress=progress,
        **options,
    )


def _table_of(
    source: str, assets: Sequence[str], id_column: str | None, id_form: str | None
) -> pd.DataFrame:
    """Return the table that a run came from, if it still has just these assets."""
    if source and Path(source).is_file():
        # What it was loaded with is not recorded: where loading asks, the assets alone will do.
        with suppress(InputError):
            table = read.load_assets(source, id_column=id_column, id_form=id_form)
            if usable_assets(table) == list(assets):
                return table
    return read.load_assets(list(assets), id_form="any")
