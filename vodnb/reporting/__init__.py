"""What is handed on after a run: an executed notebook, a page, tables, and files for each party.

`vodnb.report` and `vodnb.hand_back` are the verbs; `open_report` is what a report notebook calls.
"""

from __future__ import annotations

from .pages import open_report

__all__ = ["open_report"]
