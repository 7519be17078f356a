"""The READMEs and their pages as a reader meets them: their blocks of code, in order."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")
PAGES = ".github/pages"

REPOSITORY: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"][
    "Repository"
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
OURS = re.compile(rf"{re.escape(REPOSITORY)}/(?:blob|raw)/main/(.+)")
"""A link to a file of the repository; the file."""

BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>.+) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def read(name: str) -> str:
    """Return a README or a page."""
    return (ROOT / name).read_text("utf-8")


def files_linked(text: str) -> list[str]:
    """Return the files of the repository that a text links to, in order."""
    return [found[1] for link in LINK.findall(text) if (found := OURS.fullmatch(link))]


def pages_of(readme: str) -> list[str]:
    """Return the pages that a README leads to, in its order."""
    return [name for name in files_linked(read(readme)) if name.startswith(f"{PAGES}/")]


def read_through(readme: str) -> str:
    """Return a README and its pages as one text, as somebody reads who leaves nothing out."""
    return "\n".join(map(read, [readme, *pages_of(readme)]))


def blocks(text: str, kind: str) -> list[tuple[str, str]]:
    """Return the blocks of a kind, each with why it is not run ("" where it is)."""
    return [
        (found["text"], found["why"] or "")
        for found in BLOCK.finditer(text)
        if found["kind"] == kind
    ]
