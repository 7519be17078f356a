"""Where a report lies on disk: written aside, scanned for secrets, then moved into its place.

Nothing is replaced that is not ours, and a reader never sees half a report.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vodnb.rules.errors import InputError
from vodnb.tables.formats.files import path_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from vodnb.service.redact import Redactor

FIGURES = "figures.json"
"""What was counted, kept for running the notebook again."""

MARK = "vodnb report"
"""What a file of ours says of itself."""

_PIECE = 1 << 22
_OVERLAP = 8192
_KINDS = (".ipynb", ".html", "")
_DRAWN = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPaths:
    """The files of one report, and the folder of its tables."""

    notebook: Path
    page: Path
    folder: Path

    @classmethod
    def named(cls, parent: Path, stem: str) -> ReportPaths:
        """Return those of this name in a folder."""
        names = (f"{stem}.ipynb", f"{stem}.html", f"{stem}_files")
        notebook, page, folder = (parent / name for name in names)
        return cls(notebook=notebook, page=page, folder=folder)


def paths_for(path: str | os.PathLike[str]) -> ReportPaths:
    """Return where a report of this name goes, and refuse what is not ours to replace."""
    target = path_of(path)
    if target.suffix not in _KINDS or not target.stem:
        raise InputError(
            f"A report cannot be called '{target.name}'.",
            "It is a notebook and a page of one name.",
            f"Name it '{target.stem or 'report'}.ipynb'.",
        )
    if not target.parent.is_dir():
        raise InputError(f"There is no folder '{target.parent}'.", do="Make it first.")
    places = ReportPaths.named(target.parent, target.stem)
    for found in (places.notebook, places.page, places.folder):
        if (found.exists() or found.is_symlink()) and not _is_ours(found):
            raise InputError(
                f"'{found}' exists already, and is no report of vodnb.",
                "It would be lost.",
                "Name the report otherwise, or move that one away.",
            )
    return places


def _is_ours(path: Path) -> bool:
    if path.is_symlink():
        return False
    if path.is_dir():
        return not any(path.iterdir()) or read_figures(path / FIGURES) is not None
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".ipynb":
            return "report" in dict(json.loads(text)["metadata"]["vodnb"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return f'content="{MARK}"' in text[:2000]


def read_figures(path: Path) -> dict[str, Any] | None:
    """Return what was counted for a report; None where there is nothing of ours."""
    try:
        values = json.loads(path.read_text("utf-8"))
        return dict(values) if values["made_by"] == MARK else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def draft_beside(places: ReportPaths) -> Iterator[ReportPaths]:
    """Give a folder beside the place, in which a report is made; it is gone afterwards."""
    root = places.notebook.with_name(f".{places.notebook.stem}.{secrets.token_hex(4)}.part")
    try:
        root.mkdir(mode=0o700)
        draft = ReportPaths.named(root, places.notebook.stem)
        draft.folder.mkdir()
        yield draft
    except OSError as fault:
        raise InputError(
            f"The report cannot be written in '{places.notebook.parent}': {fault.strerror}.",
            "What was there before is unharmed.",
            "Name another folder.",
        ) from fault
    finally:
        shutil.rmtree(root, ignore_errors=True)


def move_in(draft: ReportPaths, places: ReportPaths, *, names: frozenset[str]) -> None:
    """Move a finished report into its place, and take away an older table of these names."""
    places.folder.mkdir(exist_ok=True)
    made = {path.name: path for path in draft.folder.iterdir()}
    for name in names - set(made):
        (places.folder / name).unlink(missing_ok=True)
    for name, path in made.items():
        path.replace(places.folder / name)
    draft.page.replace(places.page)
    draft.notebook.replace(places.notebook)


def refuse_secrets(files: Iterable[Path], redactor: Redactor) -> None:
    """Refuse to hand on a file that holds a secret that is known here, and do not name that."""
    for path in files:
        if any(redactor.finds(text) for text in _texts(path)):
            raise InputError(
                f"'{path.name}' would hold a secret of this connection, so nothing was written.",
                "It stands in the table: in a column of yours, or in the name of a file.",
                "Take it out of the table, and make a new credential: this one has been seen.",
            )


def _texts(path: Path) -> Iterator[str]:
    """Yield the text of a file in pieces that overlap, and what is packed within it."""
    if path.suffix == ".xlsx":
        import zipfile

        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                yield packed.read(name).decode("utf-8", "replace")
        return
    with path.open("rb") as stream:
        before = b""
        while piece := stream.read(_PIECE):
            text = (before + piece).decode("utf-8", "replace")
            yield text
            before = piece[-_OVERLAP:]
    if path.suffix in {".ipynb", ".html"}:
        for drawn in set(_DRAWN.findall(path.read_text("utf-8"))):
            yield base64.b64decode(drawn).decode("utf-8", "replace")
