"""Files to hand back: one for each party that must act, each a table that can be loaded again."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.rules.model import Needs
from vodnb.rules.words.wording import say
from vodnb.tables.formats.files import path_of

from .figures import ENDING, party_of
from .parts import Written
from .storage import refuse_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from vodnb.rules.model import Lang
    from vodnb.service.redact import Redactor

_MARK = re.compile(rb'\xef\xbb\xbf"?# vodnb ([0-9a-f]{8}): ')
"""How a file of ours begins: with a checksum of what follows, so that an edited one shows."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HandedBack(Written):
    """The files that were written.

    Attributes:
        files: The file of each party that must act.
        rows: How many rows each holds.
        folder: Where they are.
        lang: Language of what is shown.
    """

    files: Mapping[Needs, Path]
    rows: Mapping[Needs, int]
    folder: Path
    lang: Lang

    def _lines(self) -> list[str]:
        if not self.files:
            return [say("report.parties.none", self.lang)]
        told = []
        for party, path in self.files.items():
            needs, rows = say(f"needs.{party}", self.lang), self.rows[party]
            told.append(say("report.party", self.lang, needs=needs, name=path.name, rows=rows))
        count = sum(self.rows.values())
        head = say("report.parties", self.lang, count=len(told), rows=count, folder=self.folder)
        return [head, *told]


def hand_back_files(
    results: pd.DataFrame, folder: Path, *, lang: Lang, redactor: Redactor
) -> HandedBack:
    """Write a file for each party that must act on some rows, as `vodnb.hand_back` says."""
    from vodnb.tables.tally import read_columns, retell

    columns = read_columns(results, ENDING)
    parties: dict[Needs, list[int]] = {}
    known: dict[tuple[str, ...], Needs] = {}
    for at, key in enumerate(zip(*columns.values(), strict=True)):
        needs = known.get(key) or known.setdefault(key, party_of(key))
        if needs is not Needs.NOTHING:
            parties.setdefault(needs, []).append(at)
    folder = path_of(folder)
    order = [needs for needs in Needs if needs in parties]
    files = {needs: folder / _file_name(needs) for needs in order}
    told = retell(results, lang)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stale = [folder / _file_name(needs) for needs in Needs if needs is not Needs.NOTHING]
        for path in stale:
            _check_ours(path)
        with TemporaryDirectory(prefix=".", suffix=".part", dir=folder) as aside:
            drafts = {needs: Path(aside, path.name) for needs, path in files.items()}
            for needs, draft in drafts.items():
                _write_draft(told.iloc[parties[needs]], needs, draft, lang)
            refuse_secrets(drafts.values(), redactor)
            for path in stale:
                path.unlink(missing_ok=True)
            for needs, draft in drafts.items():
                draft.replace(files[needs])
    except OSError as fault:
        raise InputError(
            f"The files cannot be written in '{folder}': {fault.strerror}.",
            "The table itself is unharmed.",
            "Name another folder.",
        ) from fault
    rows = {needs: len(parties[needs]) for needs in order}
    return HandedBack(files=files, rows=rows, folder=folder, lang=lang)


def _write_draft(rows: pd.DataFrame, needs: Needs, draft: Path, lang: Lang) -> None:
    """Write the file of a party: a line on what to do, then the table."""
    from vodnb.tables.write import save

    body = save(rows, draft).read_bytes().removeprefix(b"\xef\xbb\xbf")
    told = say(f"party.{needs}", lang).replace('"', "'")
    line = f'"# vodnb {zlib.crc32(body):08x}: {told}"\r\n'
    draft.write_bytes(b"\xef\xbb\xbf" + line.encode() + body)


def _check_ours(path: Path) -> None:
    """Refuse a file that is not ours, or was edited since we wrote it."""
    if not path.exists() and not path.is_symlink():
        return
    head, _, body = (path.read_bytes() if path.is_file() else b"").partition(b"\r\n")
    found = _MARK.match(head)
    if path.is_symlink() or found is None or int(found[1], 16) != zlib.crc32(body):
        raise InputError(
            f"'{path}' exists already, and was not written by vodnb or was edited since.",
            "What was put into it would be lost.",
            "Name another folder, or move that file away.",
        )


def _file_name(needs: Needs) -> str:
    return re.sub(r"[^a-z]+", "-", needs.value.lower()) + ".csv"
