"""The command that hands on what a run came to: `vodnb report`."""

from __future__ import annotations

from pathlib import Path

import click

from .options import LANG


@click.command()
@click.argument("results")
@click.option("-o", "--out", default="report", show_default=True, help="Name of the report.")
@click.option("--against", help="An earlier results table, to tell what has changed.")
@click.option("--max-rows", default=25, show_default=True, help="Most rows of one table in it.")
@click.option(
    "--execute/--no-execute",
    default=True,
    show_default=True,
    help="Run the notebook in a kernel, or fill it in without one.",
)
@click.option(
    "--hand-back",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write a file for each party that must act into this folder.",
)
@LANG
def report(
    results: str,
    out: str,
    against: str | None,
    max_rows: int,
    *,
    execute: bool,
    folder: Path | None,
    lang: str | None,
) -> None:
    """Write a report on RESULTS: a results table, a run ID, or the path of a journal.

    Writes an executed notebook (report.ipynb), a page for people without one (report.html), and the
    tables as CSV and Excel (report_files). Exit status 0: the report is written.
    """
    from vodnb.session.handover import hand_back
    from vodnb.session.handover import report as write_report

    made = write_report(
        results, out, lang=lang, against=against, max_rows=max_rows, execute=execute
    )
    click.echo(repr(made))
    if folder:
        click.echo(repr(hand_back(results, folder, lang=lang)))
