"""Gets the bytes of a file, unpacks gzip and zip, tells workbooks from texts; replaces one whole.

Never unpacks without a bound, and never reads a text: that is `_encoding` and `_records`.
"""

from __future__ import annotations

import difflib
import gzip
import io
import re
import secrets
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, Protocol

from vodnb.rules.errors import InputError

from .header import is_id

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
    from typing import IO

MOST_UNPACKED = 1 << 30
"""Bytes; a list of 30 million IDs. What unpacks to more is no list of assets, or a trap."""

Kind = Literal["text", "workbook", "parquet"]

_SAVE_AS = "Open it there, choose Save As, 'Excel workbook (.xlsx)' or 'CSV UTF-8', and load that."
_UNPACK = "Unpack it and load the file inside."
_NO_TABLE = "Only tables can be loaded: CSV and the like, .xlsx, JSON lines, Parquet."
_REFUSED = (
    (
        rb"\xd0\xcf\x11\xe0",
        "an old Excel workbook (.xls), or one with a password",
        f"{_SAVE_AS} Take a password off first.",
    ),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (rb"Rar!\x1a\x07", "a rar archive", _UNPACK),
    (rb"BZh[1-9]1AY&SY", "a bzip2 archive", _UNPACK),
    (rb"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (rb"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (rb"%PDF-", "a PDF", "Ask for the table itself, as CSV or .xlsx."),
    (rb"SQLite format 3\x00", "an SQLite database", "Export the table from it as CSV."),
    (rb"\x89PNG|\xff\xd8\xff", "a picture", "Ask for the table itself, as CSV or .xlsx."),
    (
        rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|table|\?xml)",
        "a web page or XML, whatever its name",
        _SAVE_AS,
    ),
)
_REFUSED_PATTERNS = tuple((re.compile(magic), kind, advice) for magic, kind, advice in _REFUSED)
_GZIP, _ZIP, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
_EMPTY_ZIP = b"PK\x05\x06"
_PIECE = 1 << 20
_SHOWN_MEMBERS = 6


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """The bytes of a file, unpacked; `inside` is the packed file they were in, "" for none."""

    data: bytes
    kind: Kind
    inside: str = ""


def is_file(path: Path) -> bool:
    """Return whether there is such a file; a pasted text may be no path at all."""
    return _is(Path.is_file, path)


def read_file(path: Path, name: str) -> Raw:
    """Return what is in a file, unpacked if need be; refuse a kind that is no table."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The file {name!r} cannot be read: {error.strerror}.",
            do="Check its permissions, or load a copy.",
        ) from None
    return _unpacked(data, name)


def no_such_file(name: str, path: Path) -> InputError:
    """Return the error for a name that is no file, with what may have been meant."""
    if _is(Path.is_dir, path):
        return InputError(f"{name!r} is a folder.", do="Name a file in it.")
    if is_id(name):
        return InputError(
            f"There is no file {name!r}.",
            "It looks like an asset ID.",
            "To load IDs themselves, give them in a list: load_assets(['...']).",
        )
    folder = path.parent
    names = sorted(entry.name for entry in folder.iterdir()) if _is(Path.is_dir, folder) else []
    similar = difflib.get_close_matches(path.name, names)
    hint = f" Did you mean {' or '.join(map(repr, similar))}?" if similar else ""
    return InputError(
        f"There is no file {name!r}.",
        f"The current folder is {str(Path.cwd())!r}.{hint}",
        "Check the name, or paste the table itself as text of several lines.",
    )


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """Ask what a path is; a pasted text may be too long for one, or have a NUL in it."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


def _unpacked(data: bytes, name: str, inside: str = "") -> Raw:
    for magic, kind, advice in _REFUSED_PATTERNS:
        if magic.match(data):
            raise InputError(f"{name!r} is {kind}.", _NO_TABLE, advice)
    if data.startswith(_PARQUET) and data.endswith(_PARQUET):
        return Raw(data=data, kind="parquet", inside=inside)
    is_zip = data.startswith((_ZIP, _EMPTY_ZIP))
    if is_zip and _is_workbook(data, name):
        return Raw(data=data, kind="workbook", inside=inside)
    if not is_zip and not data.startswith(_GZIP):
        return Raw(data=data, kind="text", inside=inside)
    if inside:
        raise InputError(f"{name!r} is an archive within an archive.", _NO_TABLE, _UNPACK)
    if is_zip:
        return _unpacked(*_only_member(data, name))
    return _unpacked(_gunzipped(data, name), name, "gzip")


def _gunzipped(data: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return _bounded(stream, name)
    except (OSError, EOFError, zlib.error):
        raise _damaged(name, "gzip archive") from None


def _only_member(data: bytes, name: str) -> tuple[bytes, str, str]:
    """Return the one file in a zip archive, its name, and where it was."""
    archive = _opened_zip(data, name)
    members = [member for member in archive.infolist() if _is_wanted(member)]
    if len(members) != 1:
        names = [repr(member.filename) for member in members[:_SHOWN_MEMBERS]]
        more = len(members) - len(names)
        listed = f": {', '.join(names)}{f' and {more} more' if more > 0 else ''}" if names else ""
        raise InputError(
            f"The zip archive {name!r} holds {len(members)} files{listed}.",
            "Which of them to load cannot be told." if members else "There is none to load.",
            "Unpack it and load the file you mean." if members else "Check that it was saved.",
        )
    member = members[0]
    if member.flag_bits & 1:
        raise InputError(
            f"{member.filename!r} in the zip archive {name!r} is locked with a password.",
            do=_UNPACK,
        )
    try:
        with archive.open(member) as stream:
            found = _bounded(stream, name)
    except InputError:  # a ValueError, too
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError):
        raise _damaged(name, "zip archive") from None
    return found, member.filename, f"zip: {member.filename}"


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    """Return whether a member is a file of the user's, not a folder or what macOS puts beside."""
    if not member.filename:
        return False
    path = PurePosixPath(member.filename)
    return not (member.is_dir() or "__MACOSX" in path.parts or path.name.startswith("."))


def _is_workbook(data: bytes, name: str) -> bool:
    names = set(_opened_zip(data, name).namelist())
    if "xl/workbook.xml" in names:
        return True
    other = "mimetype" in names or "xl/workbook.bin" in names or "word/document.xml" in names
    if other:
        raise InputError(
            f"{name!r} is an office document, but no .xlsx workbook.", _NO_TABLE, _SAVE_AS
        )
    return False


def _opened_zip(data: bytes, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        raise _damaged(name, "zip archive or Excel workbook (.xlsx)") from None


def _bounded(stream: _Readable, name: str) -> bytes:
    pieces = []
    size = 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > MOST_UNPACKED:
            raise InputError(
                f"{name!r} unpacks to more than {MOST_UNPACKED:,} bytes.",
                "No list of assets is that large, and the memory of this machine is not endless.",
                "Unpack it yourself if you trust it, and load the file inside.",
            )
        pieces.append(piece)
    return b"".join(pieces)


def _damaged(name: str, kind: str) -> InputError:
    return InputError(
        f"{name!r} is a {kind} that is damaged or cut off.",
        "Nothing in it can be trusted.",
        "Get it again, or save it as 'CSV UTF-8'.",
    )


def path_of(name: str | os.PathLike[str]) -> Path:
    """Return the path that a name, as the user wrote it, means; pasted text is none."""
    path = Path(name)
    try:
        return path.expanduser()
    except (RuntimeError, ValueError):  # `~x` is no user's folder
        return path


@contextmanager
def replacing(target: Path, *, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Give a file to write, which takes the place of another when all of it is written.

    Where writing fails, what was there is still whole. `mode` is as far as the process allows it.
    """
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    draft.touch(mode, exist_ok=False)
    try:
        with draft.open("wb") as stream:
            yield stream
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
