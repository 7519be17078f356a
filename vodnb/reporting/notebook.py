"""Builds the notebook of a report, and runs it: thin cells that call `open_report`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vodnb.kernel.loop import submit
from vodnb.rules.errors import SetupError
from vodnb.rules.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from nbformat import NotebookNode

    from vodnb.rules.model import Lang

    from .pages import Page

_KERNEL = "python3"
_CELL_SECONDS = 600
_CREDENTIALS = ("VODNB_TOKEN", "VODNB_IAM_", "HUAWEICLOUD_SDK_")
"""What the kernel has no need to know."""


def build(
    *, results: str, against: str, lang: Lang, max_rows: int, sections: tuple[str, ...]
) -> NotebookNode:
    """Return the notebook, not yet run: its tables relative to it, its sections by name."""
    from nbformat import v4

    title = say("report.title", lang)
    first, *rest = sections
    parameters = [
        f"# {say('report.parameters', lang)}",
        f"results = {results!r}",
        f"against = {against!r}  # {say('report.parameter.against', lang)}",
        f"lang = {lang!r}  # {say('report.parameter.lang', lang)}",
        f"max_rows = {max_rows}  # {say('report.parameter.max_rows', lang)}",
    ]
    opening = [
        "from vodnb.reporting import open_report",
        "",
        "report = open_report(results, lang=lang, against=against, max_rows=max_rows)",
        f"report.{first}()",
    ]
    cells = [
        v4.new_markdown_cell(f"# {title}", id="title"),
        _code("\n".join(parameters), "parameters", "parameters"),
        _code("\n".join(opening), first),
        *(_code(f"report.{name}()", name) for name in rest),
    ]
    made: NotebookNode = v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {
                "name": _KERNEL,
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
            },
            "language_info": {"name": "python"},
            "vodnb": {"report": {"title": title, "lang": say("language.tag", lang)}},
        },
    )
    return made


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run every cell in a kernel of its own, in a folder; no widget state is kept."""
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    client = NotebookClient(
        notebook,
        timeout=_CELL_SECONDS,
        kernel_name=_KERNEL,
        store_widget_state=False,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    quiet = {name: text for name, text in os.environ.items() if not name.startswith(_CREDENTIALS)}
    try:
        _wait_for(client.async_execute(env=quiet))
    except (NoSuchKernel, DeadKernelError, CellExecutionError, RuntimeError, OSError) as fault:
        told = str(fault).strip().splitlines() or [type(fault).__name__]
        # Of a traceback the last line tells; below that of a timeout the whole cell is quoted.
        reason = told[0] if isinstance(fault, TimeoutError) else told[-1]
        raise SetupError(
            f"The report's notebook could not be run: {reason}",
            "Its cells run in the kernel 'python3' of this environment.",
            "Give execute=False (--no-execute) to make the same report without a kernel.",
        ) from None
    # What the machine that ran it has; nothing of it belongs to the report.
    notebook.metadata["language_info"] = {"name": "python"}


def _wait_for(work: Coroutine[Any, Any, Any]) -> None:
    """Wait for some work on our own loop: it runs beside a busy notebook, and in any thread."""
    running = submit(work)
    try:
        running.result()
    except BaseException:
        running.cancel()  # an interrupt must not leave the kernel behind
        raise


def fill_in(notebook: NotebookNode, page: Page) -> None:
    """Put the sections in as outputs, without a kernel."""
    from nbformat import v4

    for cell in notebook.cells:
        show = getattr(page, cell.id.replace("-", "_"), None)
        if cell.cell_type == "code" and show and (section := show()):
            data = section._repr_mimebundle_()
            cell.outputs = [v4.new_output("display_data", data=data)]


def _code(source: str, name: str, *tags: str) -> NotebookNode:
    from nbformat import v4

    metadata = {"jupyter": {"source_hidden": True}, "tags": [*tags, "hide-input"]}
    made: NotebookNode = v4.new_code_cell(source, id=name.replace("_", "-"), metadata=metadata)
    return made


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
