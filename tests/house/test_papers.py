"""What is written beside the code is true: commands, version, change log; and no place is named."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TASKS: dict[str, object] = PROJECT["tool"]["poe"]["tasks"]
GUIDES = (
    "README.md",
    "README.zh-CN.md",
    ".github/CONTRIBUTING.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / ".github/pages").glob("*.md")),
)
CHANGELOG = ROOT / ".github" / "CHANGELOG.md"

PLACES = re.compile(
    r"(?<![\w.~:}/])/(?:home|Users|root|work|mnt)/[\w.]+"  # somebody's folder
    r"|(?<!\w)[A-Z]:\\\\?Users\\"
    r"|\bpypi\.(?:org|python\.org)|pythonhosted\.org|/simple/?(?=[\s\"']|$)"  # a package index
)


def places_named(text: str) -> list[str]:
    """Find folders of one person's machine, and hosts of a package index."""
    return PLACES.findall(text)


def tasks_named(text: str) -> set[str]:
    """Find the tasks that a guide tells the reader to run."""
    return set(re.findall(r"\bpoe ([a-z][\w-]*)", text))


def top_version(changelog: str) -> str:
    """Return the version of the newest entry; "" if there is none."""
    match = re.search(r"^## \[?(\d+\.\d+\.\d+)\]?", changelog, re.MULTILINE)
    return match[1] if match else ""


def _tracked() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no list of the files that are handed out")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_file_names_a_place() -> None:
    """No tracked file speaks of a home or work folder, or of a package index."""
    found = {
        path.relative_to(ROOT).as_posix(): places
        for path in _tracked()
        if (places := places_named(path.read_bytes().decode("utf-8", "replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "see /^home/ann/x",
        'open("/^work/data.csv")',
        "/^Users/ann",
        "(/^root/.cache)",
        r"C:\^Users\ann",
        r'"C:\\^Users\\ann"',
        "https://pypi^.org/project/x",
        "index-url = https://mirror.example/^simple",
    ],
)
def test_place_is_seen(text: str) -> None:
    """The search does find a place (a ^ keeps it from finding this very file)."""
    assert places_named(text) == []
    assert places_named(text.replace("^", ""))


@pytest.mark.parametrize("text", ["~/work/x", "a/home/b", "https://x.example/home/y", "simple"])
def test_innocent_text_names_no_place(text: str) -> None:
    """Paths of a URL or of the repository are no places."""
    assert places_named(text) == []


@pytest.mark.parametrize("guide", GUIDES)
def test_tasks_in_guides_exist(guide: str) -> None:
    """Every `poe ...` that a guide tells the reader to run is a task."""
    if not (ROOT / guide).exists():
        pytest.skip(f"there is no {guide} yet")
    assert tasks_named((ROOT / guide).read_text("utf-8")) <= set(TASKS)


def test_task_in_a_guide_is_seen() -> None:
    """The search does find a task that was renamed."""
    assert tasks_named("Run `poe check`, or poe no-such:\n\n    poe bench") == {
        "check", "no-such", "bench",
    }  # fmt: skip


def test_changelog_speaks_of_this_version() -> None:
    """The newest entry of the change log is the version that is built."""
    assert top_version(CHANGELOG.read_text("utf-8")) == PROJECT["project"]["version"]


def test_top_version_is_the_first() -> None:
    """The newest entry is the first one, with or without brackets."""
    assert top_version("# Log\n\n## [1.2.3] - unreleased\n\n## 1.2.2\n") == "1.2.3"
    assert top_version("# Log\n") == ""


def test_ci_script_can_be_run() -> None:
    """The one script of CI is executable, and a shell can read it."""
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash to read the script with")
    subprocess.run([bash, "-n", str(script)], check=True)
