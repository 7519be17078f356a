"""The READMEs as a reader meets them: their blocks of code, in order."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")

BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>.+) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def read(name: str) -> str:
    """Return a README."""
    return (ROOT / name).read_text("utf-8")


def blocks(text: str, kind: str) -> list[tuple[str, str]]:
    """Return the blocks of a kind, each with why it is not run ("" where it is)."""
    return [
        (found["text"], found["why"] or "")
        for found in BLOCK.finditer(text)
        if found["kind"] == kind
    ]
