"""vodnb settles every media asset on Huawei Cloud VOD from a notebook: CSV in, results table out.

Start with `vod = vodnb.connect()`, or `vodnb.connect(sandbox=True)` without an account.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import forms
    from .bulk.background import last_job
    from .debug.exchange import load_exchange
    from .emulator.server import sandbox
    from .forms.app_form import app
    from .kernel.loop import allow_nested_loops
    from .rules.errors import VodnbError
    from .session.connect import connect, resume
    from .session.handover import hand_back, report
    from .session.offline import compare, doctor, explain, load_assets, runs, salvage, summary
    from .tables.results import require_settled, to_retry
    from .tables.write import save

__all__ = [
    "VodnbError",
    "allow_nested_loops",
    "app",
    "compare",
    "connect",
    "doctor",
    "explain",
    "forms",
    "hand_back",
    "last_job",
    "load_assets",
    "load_exchange",
    "report",
    "require_settled",
    "resume",
    "runs",
    "salvage",
    "sandbox",
    "save",
    "summary",
    "to_retry",
]

# Loaded when first used: pandas alone takes longer than everything else together.
_HOMES = {
    "VodnbError": "rules.errors",
    "allow_nested_loops": "kernel.loop",
    "app": "forms.app_form",
    "compare": "session.offline",
    "connect": "session.connect",
    "doctor": "session.offline",
    "explain": "session.offline",
    "hand_back": "session.handover",
    "last_job": "bulk.background",
    "load_assets": "session.offline",
    "load_exchange": "debug.exchange",
    "report": "session.handover",
    "require_settled": "tables.results",
    "resume": "session.connect",
    "runs": "session.offline",
    "salvage": "session.offline",
    "sandbox": "emulator.server",
    "save": "tables.write",
    "summary": "session.offline",
    "to_retry": "tables.results",
}


def __getattr__(name: str) -> object:
    if name == "forms":  # a room, not a name in one
        return import_module(".forms", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module 'vodnb' has no attribute {name!r}")
    found: object = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
