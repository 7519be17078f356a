"""Connections to a sandbox of the test's own, as if it were the real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import vodnb

if TYPE_CHECKING:
    import pytest

    from vodnb.emulator.server import Sandbox
    from vodnb.session.vod import Vod


def connect_to(box: Sandbox, **credential: str) -> Vod:
    """Connect by the sandbox's token, or by the credential that is given; it speaks English."""
    return vodnb.connect(
        endpoint=box.endpoint,
        region=box.region,
        project_id=box.project_id,
        **(credential or {"token": box.token}),
        lang="en",
    )


def point_to(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment name a sandbox, as it names the real service."""
    for name in ("endpoint", "iam_endpoint", "region", "project_id", "token"):
        monkeypatch.setenv(f"VODNB_{name.upper()}", getattr(box, name))
