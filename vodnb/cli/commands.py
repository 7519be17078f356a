"""The command line: the same verbs without a notebook. It prints; nothing else in vodnb does.

Exit status 0: every row settled; 1: some rows are invalid, failed, in doubt or not sent; 2: could
not start.
"""

from __future__ import annotations

import signal
from importlib.metadata import version
from itertools import chain, count
from os import W_OK, access
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vodnb.cli.bench.command import bench
from vodnb.rules.errors import InputError, VodnbError
from vodnb.rules.words.wording import say

from . import look
from .notebooks import notebooks
from .options import (
    FILE_OPTIONS,
    LANG,
    OUT,
    PLACE_OPTIONS,
    RATE,
    RUN_OPTIONS,
    connected,
    taking,
    unless_none,
)
from .sandbox import sandbox
from .signals import heed_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vodnb.emulator.asgi import LedgerEntry
    from vodnb.emulator.samples import ExpectedRow
    from vodnb.session.vod import Vod

_NOT_ALL_SETTLED = 1
_COULD_NOT_START = 2


class _Verbs(click.Group):
    """Turns our errors into one clear message and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VodnbError as error:
            parts = [error.what, error.means, error.do]
            click.echo("Error: " + "\n  ".join(part for part in parts if part), err=True)
            ctx.exit(_COULD_NOT_START)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("vodnb"), prog_name="vodnb")
def main() -> None:
    """Settle every media asset on Huawei Cloud VOD: CSV in, results table out."""
    # A scheduler ends a job with SIGTERM: it stops like an interrupt, and hands the table over.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


for command in (bench, look.call, look.doctor, notebooks, sandbox):
    main.add_command(command)


@main.command()
@click.option("--rows", default=200, show_default=True, help="Rows of the sample table.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("vodnb-demo"),
    show_default=True,
    help="Where its files go.",
)
@RATE
@LANG
@click.pass_context
def demo(ctx: click.Context, rows: int, folder: Path, rate: str | None, lang: str | None) -> None:
    """Run the whole job on the sandbox; no account is needed.

    Makes a table of assets, some broken in each of the usual ways, confirms it against a server
    on this machine, and checks every row of the outcome. Exit status 0: all came out as it should.
    """
    from vodnb.session.arguments import spoken
    from vodnb.session.offline import summary
    from vodnb.tables.write import save

    folder.mkdir(parents=True, exist_ok=True)
    vod = connected(ctx, {"sandbox": True, "lang": lang})
    source = vod.sandbox.sample_csv(folder / "assets.csv", n=rows)
    table = _load(source, lang=lang)
    # One sandbox serves the whole process: what came before is not the demo's.
    before = len(vod.sandbox.ledger())
    heed_signals()
    results = vod.confirm(table, rate=rate)
    click.echo(f"\n{summary(results)!r}\n")
    target = save(results, folder / "results.csv")
    click.echo(f"Table:   {source}\nResults: {target}\n")
    wrong = _check_demo(vod.sandbox.ledger()[before:], vod.sandbox.truth(source), results)
    for line in wrong:
        click.echo(f"WRONG: {line}", err=True)
    if not wrong:
        click.echo(say("summary.as expected", spoken(lang), count=len(results)))
    ctx.exit(_NOT_ALL_SETTLED if wrong else 0)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--status", default="CREATED", show_default=True, help="CREATED, FAILED, CANCELLED.")
@click.option("--status-column", help="Column that says for each row what is asked for.")
@click.option("--destroy", type=int, help="For FAILED and CANCELLED: the number of assets, typed.")
@click.option(
    "--check-first/--no-check-first",
    default=True,
    show_default=True,
    help="Look states up before sending.",
)
@click.option(
    "--verify/--no-verify", default=True, show_default=True, help="Read states back afterwards."
)
@taking(RUN_OPTIONS)
@click.pass_context
def confirm(ctx: click.Context, /, file: Path, out: Path | None, **options: Any) -> None:
    """Confirm every asset in FILE and write a results table beside it.

    Credentials come from the environment or the official SDK's profile file, never from the
    command line, where every user of this machine could read them.
    """
    _settle(ctx, file, out, options)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@taking(RUN_OPTIONS)
@click.pass_context
def reconcile(ctx: click.Context, /, file: Path, out: Path | None, **options: Any) -> None:
    """Look at every asset in FILE, confirm only what is CREATING, and read it back.

    Writes a results table beside FILE, with the state of each asset before and after.
    """
    _settle(ctx, file, out, {**options, "only_hanging": True})


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@OUT
@RATE
@click.option("--workers", default=8, show_default=True, help="Calls under way at once.")
@taking(FILE_OPTIONS)
@click.pass_context
def states(ctx: click.Context, /, file: Path, out: Path | None, **options: Any) -> None:
    """Ask for the state of every asset in FILE, and write a table of states beside it.

    Nothing is changed. Exit status 0: every row has been told its state.
    """
    from vodnb.tables.write import save

    vod, table = _open(ctx, file, out, options)
    found = vod.states(table, **options)
    target = save(found, _unused(out or file.with_name(f"{file.stem}.states.csv")))
    click.echo(f"\nStates: {target}")
    ctx.exit(0 if found["error_code"].eq("").all() else _NOT_ALL_SETTLED)


@main.command()
@OUT
@click.option("--state", multiple=True, default=["CREATING"], show_default=True, help="Wanted.")
@click.option("--since", help="Created no earlier; local time unless it has a zone.")
@click.option("--until", help="Created no later, likewise.")
@click.option(
    "--min-age",
    default="24h",
    show_default=True,
    callback=unless_none,
    help='Leave out younger ones, or "none".',
)
@click.option("--title", help="Text to look for in title and category.")
@click.option("--category", type=int, help="Number of a category.")
@RATE
@taking(PLACE_OPTIONS)
@click.pass_context
def find(ctx: click.Context, /, out: Path | None, **options: Any) -> None:
    """Sweep the project for assets that hang, and write them to a CSV for `confirm`.

    Exit status 0: all of them are in it; 1: some span of time could not be read whole.
    """
    from vodnb.tables.write import save

    found = connected(ctx, options).find(**options)
    target = save(found, _unused(out or Path("found.csv")))
    click.echo(f"\n{len(found):,} assets: {target}")
    ctx.exit(_NOT_ALL_SETTLED if found.attrs["vodnb"]["open"] else 0)


@main.command()
@click.argument("run", required=False)
@OUT
@click.option("--destroy", type=int, help="For FAILED and CANCELLED: the number of assets, typed.")
@RATE
@LANG
@click.pass_context
def resume(ctx: click.Context, /, run: str | None, out: Path | None, **options: Any) -> None:
    """Go on with the unfinished run RUN (an ID or a journal), or with the newest one.

    Settings and credentials come from the environment or the official SDK's profile file.
    """
    from vodnb.session.connect import resume as go_on

    vod = connected(ctx, options)
    heed_signals()
    results = go_on(run, vod=vod, **options)
    _hand_over(ctx, results, out or Path(f"results-{results['run_id'].iloc[0]}.csv"))


@main.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def runs(folder: Path | None) -> None:
    """List the runs that have a journal: here and in your home folder, or in FOLDER."""
    from vodnb.session.offline import runs as list_runs

    table = list_runs(folder)
    shown = ["run_id", "state", "status", "assets", "confirmed", "failed", "in_doubt", "not_sent"]
    click.echo(table[shown].to_string(index=False) if len(table) else "No runs.")


@main.command()
@click.argument("code")
@click.option("--http-status", type=int, help="Tells apart codes that differ by status.")
@LANG
def explain(code: str, http_status: int | None, lang: str | None) -> None:
    """Explain an error CODE: what it means, what to do, who must act."""
    from vodnb.session.offline import explain as explain_code

    click.echo(repr(explain_code(code, http_status, lang=lang)))


@main.command()
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
def report(results: str, out: str, *, folder: Path | None, **options: Any) -> None:
    """Write a report on RESULTS: a results table, a run ID, or the path of a journal.

    Writes an executed notebook (report.ipynb), a page for people without one (report.html), and the
    tables as CSV and Excel (report_files). Exit status 0: the report is written.
    """
    from vodnb.session.handover import hand_back
    from vodnb.session.handover import report as write_report

    click.echo(repr(write_report(results, out, **options)))
    if folder:
        click.echo(repr(hand_back(results, folder, lang=options["lang"])))


def _settle(ctx: click.Context, file: Path, out: Path | None, options: dict[str, Any]) -> None:
    """Run the job of a command, and hand its table over."""
    vod, table = _open(ctx, file, out, options)
    heed_signals()
    job = vod.start(table, **options)
    results = job.wait()
    _hand_over(ctx, results, out or file.with_name(f"{file.stem}.results-{job.run_id}.csv"))


def _hand_over(ctx: click.Context, results: pd.DataFrame, out: Path) -> None:
    """Sum up, save, and exit with what it came to."""
    from vodnb.session.offline import summary
    from vodnb.tables.write import save

    told = summary(results)
    click.echo(f"\n{told!r}\n")
    try:
        target = save(results, _unused(out))
    except InputError as wrong:
        # Not 2: the run has started, and is done.
        run_id = next(iter(results["run_id"]), "")
        again = f"vodnb resume {run_id} -o FILE writes it, without a call."
        elsewhere = "Where the ID is not found: give its journal, in .vodnb beside the input."
        click.echo(f"Error: {wrong.what}\n  {again}\n  {elsewhere}", err=True)
        ctx.exit(_NOT_ALL_SETTLED)
    click.echo(f"Results: {target}")
    good = told.counts["confirmed"] + told.counts["already_confirmed"]
    ctx.exit(0 if good == len(results) else _NOT_ALL_SETTLED)


def _open(
    ctx: click.Context, file: Path, out: Path | None, options: dict[str, Any]
) -> tuple[Vod, pd.DataFrame]:
    """Connect and load a file as the options say, taking these out; refuse a place for results."""
    from vodnb.tables.results import usable_assets

    lang, has_sandbox = options["lang"], options["sandbox"]
    names = ("id_column", "encoding", "delimiter", "sheet", "id_form")
    reading = {name: options.pop(name) for name in names}
    vod = connected(ctx, options)
    table = _load(file, lang=lang, **reading)
    if out:
        _check_out(table, out)
    if not access(folder := (out or file).parent, W_OK):
        raise InputError(
            f"The folder '{folder}' cannot be written, and the results go there.",
            "Nothing was sent.",
            "Name another place with -o.",
        )
    if has_sandbox:
        vod.sandbox.add(usable_assets(table))
    return vod, table


def _load(file: Path, *, lang: str | None, **reading: str | None) -> pd.DataFrame:
    from vodnb.session.arguments import spoken
    from vodnb.session.offline import load_assets
    from vodnb.tables.loaded import describe

    table = load_assets(file, **reading)
    click.echo(f"{describe(table, lang=spoken(lang))!r}\n")
    return table


def _check_out(table: pd.DataFrame, out: Path) -> None:
    """Refuse a place for the results before the run, when nothing is lost yet."""
    from vodnb.tables.write import check_target

    check_target(table, out)
    if out.exists():
        raise InputError(
            f"'{out}' exists already.",
            "It may hold the results of another run, so it is not replaced.",
            "Name another file, or move that one away.",
        )


def _unused(path: Path) -> Path:
    """Return the path, numbered where it is taken: a run that goes on has results already."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(found for found in chain([path], numbered) if not found.exists())


def _check_demo(
    ledger: Sequence[LedgerEntry], truth: Sequence[ExpectedRow], results: pd.DataFrame
) -> list[str]:
    """Hold the results against what was expected, and against what the server did."""
    wrong = []
    if len(truth) != len(results):
        wrong.append(f"{len(results)} result rows for {len(truth)} rows")
    found = zip(results["outcome"], results["error_code"], strict=True)
    for number, (row, (outcome, code)) in enumerate(zip(truth, found, strict=False), start=1):
        if (row.outcome, row.code) != (outcome, code):
            expected = f"{row.outcome} {row.code}".strip()
            wrong.append(f"row {number}: {outcome} {code}, expected {expected}")
    posts = [call.asset_id for call in ledger if call.operation == "confirm"]
    if doubled := len(posts) - len(set(posts)):
        wrong.append(f"{doubled} assets were sent more than once")
    return wrong
