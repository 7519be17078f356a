"""Forms for a notebook: the whole job without code, alive while it runs.

`vodnb.app()` has all of them; each is also a form of its own.
"""

from __future__ import annotations

from .connect_form import connect_form as connect
from .inspect_form import inspect_form as inspect
from .load_form import load_form as load
from .look_form import look_form as look
from .results_form import results_form as results
from .run_form import run_form as confirm

__all__ = ["confirm", "connect", "inspect", "load", "look", "results"]
