"""`vodnb notebooks` hands out the examples, and writes over nothing."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from vodnb.cli import commands, notebooks

ROOT = Path(__file__).parents[2]
EXAMPLES = {path.name: path.read_bytes() for path in (ROOT / "notebooks").glob("*.ipynb")}


def run(folder: Path):
    """Run the command in this process."""
    return CliRunner().invoke(commands.main, ["notebooks", str(folder)])


def test_every_example_is_copied_and_named_with_its_title(tmp_path):
    """The folder is made, each file is the example byte for byte, and the output says so."""
    folder = tmp_path / "deep" / "examples"
    result = run(folder)
    assert result.exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == EXAMPLES
    for name in EXAMPLES:
        assert str(folder / name) in result.output
    assert "Confirm a CSV of assets" in result.output
    assert result.output.endswith(f"jupyter lab {folder / '00_start_here.ipynb'}\n")


def test_nothing_is_replaced_and_nothing_half_written(tmp_path):
    """One file in the way: it stays as it is, no other is written, and the error names it."""
    mine = tmp_path / "01_confirm_a_csv.ipynb"
    mine.write_text("my work", "utf-8")
    result = run(tmp_path)
    assert result.exit_code == 2
    assert f"{mine} exists already" in result.output
    assert [path.name for path in tmp_path.iterdir()] == [mine.name]
    assert mine.read_text("utf-8") == "my work"


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_a_dangling_link_is_not_written_through(tmp_path):
    """A link to nowhere is in the way too, and found out before anything is written."""
    link = tmp_path / max(EXAMPLES)
    link.symlink_to(tmp_path / "elsewhere")
    assert run(tmp_path).exit_code == 2
    assert list(tmp_path.iterdir()) == [link]


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    """What cannot be written is a clear message."""
    (tmp_path / "file").write_text("", "utf-8")
    result = run(tmp_path / "file")
    assert result.exit_code == 2
    assert f"cannot be written to '{tmp_path / 'file'}'" in result.output


def test_an_installed_package_has_its_own(tmp_path, monkeypatch):
    """The notebooks inside the package are taken, wherever it stands."""
    package = tmp_path / "site" / "vodnb"
    shutil.copytree(ROOT / "notebooks", package / "notebooks")
    monkeypatch.setattr(notebooks, "_PACKAGE", package)
    assert run(tmp_path / "out").exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(EXAMPLES)


def test_an_installation_without_them_says_so(tmp_path, monkeypatch):
    """No notebooks: an error, and no empty folder."""
    monkeypatch.setattr(notebooks, "_PACKAGE", tmp_path / "site" / "vodnb")
    result = run(tmp_path / "out")
    assert result.exit_code == 2
    assert "no example notebooks" in result.output
    assert not (tmp_path / "out").exists()


def test_the_wheel_is_told_to_hold_them():
    """The build takes the folder into the package; .ci/run looks into the wheel itself."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    assert wheel["targets"]["wheel"]["force-include"] == {"notebooks": "vodnb/notebooks"}
