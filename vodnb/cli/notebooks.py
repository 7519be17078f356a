"""The command that copies the example notebooks out of the package: `vodnb notebooks`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from vodnb.rules.errors import InputError

_PACKAGE = Path(__file__).parents[1]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def notebooks(folder: Path) -> None:
    """Copy the example notebooks into FOLDER; all of them run on the sandbox, without an account.

    FOLDER is made where it is missing. No file is replaced. Exit status 0: all are written.
    """
    texts = {folder / path.name: path.read_text("utf-8") for path in _examples()}
    if taken := [str(path) for path in texts if path.exists() or path.is_symlink()]:
        raise InputError(
            f"{', '.join(taken)} exist{'s' if len(taken) == 1 else ''} already.",
            "Your work may be in there, so nothing is replaced, and nothing was written.",
            "Name another folder, or move that away.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            click.echo(f"{path}  {_title(text)}")
    except OSError as wrong:
        raise InputError(
            f"The notebooks cannot be written to '{folder}': {wrong.strerror}.",
            do="Name a folder that you may write to.",
        ) from wrong
    click.echo(f"\nBegin with: jupyter lab {min(texts)}")


def _examples() -> list[Path]:
    """Return the notebooks that came with the package; in a checkout they stand beside it."""
    places = (_PACKAGE / "notebooks", _PACKAGE.parent / "notebooks")
    found = next((sorted(place.glob("*.ipynb")) for place in places if place.is_dir()), [])
    if not found:
        raise InputError(
            "This installation has no example notebooks.",
            "They are part of the package, so something took them out.",
            "Install vodnb anew.",
        )
    return found


def _title(text: str) -> str:
    first = json.loads(text)["cells"][0]["source"]
    return "".join(first).splitlines()[0].removeprefix("# ")
