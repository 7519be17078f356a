"""Connections to a sandbox of the test's own, as if it were the real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import vodnb

if TYPE_CHECKING:
    from vodnb.emulator.server import Sandbox
    from vodnb.vod import Vod


def connect_to(box: Sandbox, **credential: str) -> Vod:
    """Connect by the sandbox's token, or by the credential that is given; it speaks English."""
    return vodnb.connect(
        endpoint=box.endpoint,
        region=box.region,
        project_id=box.project_id,
        **(credential or {"token": box.token}),
        lang="en",
    )
