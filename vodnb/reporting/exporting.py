"""Turns the notebook of a report into one page: no script, no request, ready for print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["to_page"]

_TEMPLATES = Path(__file__).parent / "templates"


def to_page(notebook: NotebookNode) -> str:
    """Return the HTML of a notebook, its code left out.

    nbconvert's own templates load scripts from elsewhere; ours has none, and a policy in its head
    that forbids every request.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(  # type: ignore[no-untyped-call]  # nbconvert leaves it so
        extra_template_basedirs=[str(_TEMPLATES)],
        template_name="vodnb",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    page, _ = exporter.from_notebook_node(notebook)
    return str(page)
