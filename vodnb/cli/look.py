"""The commands that look at single calls: `vodnb call` and `vodnb doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vodnb.rules.errors import InputError

from .options import PLACE_OPTIONS, connected, taking

if TYPE_CHECKING:
    from vodnb.rules.operations import Operation

_REFUSED = 1


@click.command()
@click.argument("operation", required=False)
@click.option(
    "-f", "--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field; may be repeated."
)
@click.option("--destroy", type=int, help="1, typed, for the statuses FAILED and CANCELLED.")
@click.option("--dry-run", is_flag=True, help="Show the request; send nothing.")
@click.option(
    "--as", "form", type=click.Choice(["curl", "python", "sdk"]), help="Print a script instead."
)
@click.option("--save", type=click.Path(path_type=Path), help="Write the exchange as JSON.")
@click.option("--sandbox", is_flag=True, help="Use a sandbox of this process.")
@taking(PLACE_OPTIONS)
@click.pass_context
def call(ctx: click.Context, /, operation: str | None, **options: Any) -> None:
    """Make one call and show all of it: request, answer, timings, and what the code means.

    OPERATION is a name such as confirm or ConfirmAssetUpload; without it the calls are listed with
    their fields. --as prints a script that makes the call, and sends nothing. Exit status 0: the
    service did it; 1: it refused.
    """
    vod = connected(ctx, options)
    if operation is None:
        click.echo("\n\n".join(repr(vod.operations[name]) for name in vod.operations))
        return
    fields = _read_fields(vod.operations[operation].declared, options["fields"])
    if options["form"] or options["dry_run"]:
        planned = vod.preview(operation, **fields)
        scripts = {"curl": planned.curl, "python": planned.python, "sdk": planned.sdk}
        click.echo(scripts[options["form"]]() if options["form"] else repr(planned))
        return
    exchange = vod.call(operation, destroy=options["destroy"], **fields)
    click.echo(repr(exchange))
    if options["save"]:
        click.echo(f"\nExchange: {exchange.save(options['save'])}")
    ctx.exit(0 if exchange.ok else _REFUSED)


def _read_fields(declared: Operation, given: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a call from NAME=VALUE words; a list's name is repeated."""
    kinds = {field.name: field for field in declared.fields}
    fields: dict[str, Any] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals:
            raise InputError(f"--field {word!r} has no '='.", do="Write --field NAME=VALUE.")
        if name in kinds and kinds[name].is_list:
            fields.setdefault(name, []).append(value)
        elif name in kinds and kinds[name].kind == "object":
            fields[name] = _read_object(name, value)
        elif name in fields:
            raise InputError(f"--field {name} was given twice.", do="It takes one value.")
        else:
            fields[name] = value
    return fields


def _read_object(name: str, text: str) -> object:
    if "password" in text.lower():
        raise InputError(
            f"--field {name} holds a password.",
            "Every user of this machine can read the command line.",
            "Set VODNB_IAM_USER, VODNB_IAM_PASSWORD and VODNB_IAM_DOMAIN, and leave it out.",
        )
    try:
        return json.loads(text)
    except ValueError as wrong:
        raise InputError(f"--field {name} is no JSON: {wrong}.") from None


@click.command()
@taking(PLACE_OPTIONS)
@click.pass_context
def doctor(ctx: click.Context, /, **options: Any) -> None:
    """Check everything that a call needs, in order, and say what to do.

    Python, kernel, packages, settings, DNS, TLS, proxy, clock, credential, quota. At most two calls
    carry the credential. Exit status 0: all is well; 1: something to mind; 2: something is bad.
    """
    from vodnb.session.offline import doctor as examine

    found = examine(**options)
    click.echo(repr(found))
    ctx.exit(found.exit_status)
