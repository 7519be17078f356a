"""The command line: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from connections import point_to

import vodnb
from vodnb.cli import commands
from vodnb.emulator import server
from vodnb.emulator.faults import Behaviour
from vodnb.rules.codes import look_up

IDS = [f"{0xC11 << 32 | number:032x}" for number in range(12)]
COMMAND = [sys.executable, "-m", "vodnb"]


@pytest.fixture(autouse=True)
def _as_it_was():
    """The command line changes how this process takes signals; put it back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def run():
    """Run a command in this process."""

    def run_command(*words):
        return CliRunner().invoke(commands.main, [str(word) for word in words])

    return run_command


@pytest.fixture
def assets(tmp_path):
    """A file of assets that are all right."""
    path = tmp_path / "assets.csv"
    path.write_text("asset_id,title\n" + "".join(f"{one},课\n" for one in IDS), "utf-8")
    return path


@pytest.fixture
def box(monkeypatch):
    """A sandbox that the environment points to, as to the real service."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None)) as running:
        point_to(running, monkeypatch)
        yield running


def outcomes(path: Path) -> dict[str, int]:
    """Return how often each outcome stands in a results file."""
    return dict(pd.read_csv(path)["outcome"].value_counts())


def error_of(result) -> str:
    """Return the message of a command that could not start: exit status 2, no traceback."""
    assert result.exit_code == 2
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result.output


# -- demo and confirm ----------------------------------------------------------------------------


def test_demo_checks_itself_and_names_its_files(run, tmp_path):
    """The whole job on a sandbox: every row as it should be, exit status 0, both files there."""
    result = run("demo", "--rows", 40, "--rate", "none", "--folder", tmp_path / "d", "--lang", "en")
    assert result.exit_code == 0, result.output
    assert "Every row came out as it should: 40 of 40." in result.output
    for name in ("assets.csv", "results.csv"):
        assert str(tmp_path / "d" / name) in result.output
        assert len(vodnb.load_assets(tmp_path / "d" / name)) == 40


def test_demo_speaks_chinese_from_load_to_end(run, tmp_path):
    """`--lang zh` is for the whole output: what was loaded, how it ended, and that all is right."""
    words = ("--rows", 10, "--rate", "none", "--folder", tmp_path, "--lang", "zh")
    said = run("demo", *words).output
    for told in ("已载入", "共 10 行", "每一行的结果都与预期一致：10/10。"):
        assert told in said


def test_demo_says_which_row_is_wrong(run, tmp_path, monkeypatch):
    """If a row came out otherwise, the demo names it and ends with 1."""
    honest = server.Sandbox.truth
    monkeypatch.setattr(
        server.Sandbox,
        "truth",
        lambda box, path: [*honest(box, path)[1:], honest(box, path)[0]] * 2,
    )
    calls = server.Sandbox.ledger
    monkeypatch.setattr(
        server.Sandbox, "ledger", lambda box: [each for each in calls(box) for _ in "12"]
    )
    result = run("demo", "--rows", 20, "--rate", "none", "--folder", tmp_path)
    assert result.exit_code == 1
    assert "WRONG: 20 result rows for 40 rows" in result.output
    assert "WRONG: row " in result.output
    assert "assets were sent more than once" in result.output
    assert "as it should" not in result.output


def test_confirm_ends_with_0_when_all_is_settled(run, assets):
    """The results lie beside the file, under a name of their own, and are told."""
    result = run("confirm", assets, "--sandbox", "--rate", "none", "--lang", "en")
    assert result.exit_code == 0, result.output
    (found,) = assets.parent.glob("assets.results-*.csv")
    assert f"Results: {found}" in result.output
    assert "12 rows: 12 confirmed." in result.output
    assert outcomes(found) == {"confirmed": 12}


def test_confirm_ends_with_1_when_rows_are_open(run, assets):
    """A broken row is no fault of the command, but not settled either."""
    assets.write_text(assets.read_text("utf-8") + "1.23E+31,x\n", "utf-8")
    result = run("confirm", assets, "--sandbox", "--rate", "NONE", "--lang", "zh")
    assert result.exit_code == 1
    assert "CLIENT.MANGLED" in result.output
    assert "无效行" in result.output


def test_a_folder_that_cannot_be_written_is_refused_before_the_run(run, assets, box, monkeypatch):
    """Its results would go there; with another place it runs."""
    box.add(IDS)
    monkeypatch.setattr(commands, "access", lambda path, _mode: Path(path) != assets.parent)
    for words in ([], ["-o", assets.parent / "mine.csv"]):
        told = error_of(run("confirm", assets, *words))
        assert "cannot be written" in told
        assert "-o" in told
    assert [call for call in box.ledger() if call.operation == "confirm"] == []
    (assets.parent / "out").mkdir()
    out = assets.parent / "out" / "mine.csv"
    assert run("confirm", assets, "-o", out, "--rate", "none").exit_code == 0


def test_results_that_cannot_be_saved_are_summed_up_and_can_be_had_again(
    run, assets, box, monkeypatch
):
    """A disk that is full at the end: it has run, so it ends with 1, and says how to go on."""
    box.add(IDS)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("vodnb.tables.write._write", full)
        result = run("confirm", assets, "--rate", "none")
    assert result.exit_code == 1
    assert "12 rows: 12 confirmed." in result.output
    assert "No space left on device" in result.output
    words = next(line for line in result.output.splitlines() if "vodnb resume" in line).split()
    journal = next((assets.parent / ".vodnb").glob("*.sqlite"))
    assert words[2] == journal.name.removesuffix(".sqlite")
    before = len(box.ledger())
    assert run("resume", journal, "-o", assets.parent / "again.csv").exit_code == 0
    assert outcomes(assets.parent / "again.csv") == {"confirmed": 12}
    assert len(box.ledger()) == before


def test_confirm_never_writes_over_other_results(run, assets, box):
    """Each run has a file of its own; a run that goes on gets a numbered one; -o is refused."""
    box.add(IDS)
    assert run("confirm", assets, "--rate", "none").exit_code == 0
    assert run("confirm", assets, "--rate", "none").exit_code == 0
    first = set(assets.parent.glob("*results*"))
    assert len(first) == 2
    taken = next(iter(first))
    before = taken.read_bytes()
    told = error_of(run("confirm", assets, "-o", taken))
    assert "exists already" in told
    assert taken.read_bytes() == before
    out = assets.parent / "mine.csv"
    assert run("confirm", assets, "-o", out, "--rate", "none").exit_code == 0
    assert len(list(assets.parent.glob("*.csv"))) == 4


def test_results_of_a_run_that_goes_on_are_numbered(run, assets, box):
    """The first results of a run are kept beside those of its continuation."""
    box.add(IDS)
    box.fault(code="APIGW.0307", skip=3, times=99)
    assert run("confirm", assets, "--rate", "none", "--workers", 1).exit_code == 1
    box.clear_faults()
    assert run("confirm", assets, "--rate", "none").exit_code == 0
    (second,) = assets.parent.glob("*.results-*-2.csv")
    first = second.with_name(second.name.replace("-2.csv", ".csv"))
    assert outcomes(first) == {"not_sent": 9, "confirmed": 3}
    assert outcomes(second) == {"confirmed": 12}


def test_options_reach_the_run(run, assets, box, tmp_path):
    """Status, count, reading options, workers and looking are handed on."""
    box.add(IDS)
    text = assets.read_text("utf-8").replace(",", "|").replace("asset_id", "video")
    assets.write_text(text, "gb18030")
    result = run(
        "confirm", assets, "--status", "CANCELLED", "--destroy", 12, "--workers", 2, "-o",
        tmp_path / "out.csv", "--id-column", "video", "--encoding", "gb18030", "--delimiter", "|",
        "--no-check-first", "--rate", "none",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert {box.states()[one] for one in IDS} == {"CANCELLED"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["confirm", "no-such.csv", "--sandbox"], "There is no file 'no-such.csv'"),
        (["confirm", "assets.csv"], "No credential was found."),
        (["confirm", "assets.csv", "--sandbox", "--region", "x"], "exclude each other"),
        (["confirm", "assets.csv", "--sandbox", "--status", "CANCELED"], "Did you mean"),
        (["confirm", "assets.csv", "--sandbox", "--status", "FAILED"], "write destroy=12"),
        (["confirm", "assets.csv", "--sandbox", "--rate", "soon"], "soon"),
        (["confirm", "assets.csv", "--sandbox", "--workers", "0"], "workers=0"),
        (["confirm", "assets.csv", "--sandbox", "-o", "x.txt"], "does not end in .csv"),
        (["confirm", "assets.csv", "--sandbox", "-o", "no/x.csv"], "There is no folder 'no'"),
        (["resume", "-o", "x.txt"], "does not end in .csv"),
        (["find", "-o", "no/x.xlsx"], "There is no folder 'no'"),
        (["states", "assets.csv", "-o", "x"], "does not end in .csv"),
        (["confirm", "assets.csv", "--sandbox", "-o", "assets.csv"], "was loaded from"),
        (["confirm", "assets.csv", "--sandbox", "--id-column", "id"], "id"),
        (["confirm"], "Missing argument"),
        (["demo", "--rows", "0"], "n=0"),
        (["demo", "--lang", "fr"], "'fr' is not one of"),
        (["explain", " "], "no code to explain"),
        (["fly"], "No such command"),
    ],
)
def test_what_cannot_start_ends_with_2(run, assets, words, told):
    """One clear message, no traceback, and nothing written."""
    assert told in error_of(run(*words))
    assert [path.name for path in assets.parent.glob("*.csv")] == ["assets.csv"]


# -- the rest ------------------------------------------------------------------------------------


def test_explain_speaks_both_languages(run):
    """The code's meaning and next step, in the language asked for, by its HTTP status."""
    entry = look_up("VOD.10062", 403)
    assert entry.next_step_en in run("explain", "VOD.10062", "--lang", "en").output
    assert entry.next_step_zh in run("explain", "vod.10062", "--lang", "zh").output
    big = run("explain", "APIGW.0201", "--http-status", 413, "--lang", "en").output
    assert look_up("APIGW.0201", 413).meaning_en in big


def test_runs_are_listed_and_resumed(run, assets, box):
    """A run that was stopped is listed as unfinished, goes on by itself, and is finished then."""
    box.add(IDS)
    assert run("runs").output.strip() == "No runs."
    box.fault(code="APIGW.0307", skip=5, times=99)
    run("confirm", assets, "--rate", "none", "--workers", 1)
    box.clear_faults()
    assert "unfinished" in run("runs").output
    result = run("resume", "--rate", "none")
    assert result.exit_code == 0, result.output
    (found,) = Path.cwd().glob("results-*.csv")
    assert outcomes(found) == {"confirmed": 12}
    assert "finished" in run("runs", ".vodnb").output.replace("unfinished", "")


def test_every_command_has_help(run):
    """Each command is listed with a sentence, and so is each of its options."""
    listed = run("--help").output
    for name, command in commands.main.commands.items():
        assert name in listed
        told = run(name, "-h")
        assert told.exit_code == 0
        assert command.help
        assert command.help.splitlines()[0] in " ".join(told.output.split())
        for option in command.params:
            assert option.param_type_name == "argument" or option.help, (name, option.name)


def test_version_is_that_of_the_package(run):
    """--version names the program and its version."""
    assert run("--version").output.strip() == f"vodnb, version {version('vodnb')}"


@pytest.mark.parametrize("as_json", [False, True])
def test_sandbox_says_how_to_connect(run, as_json, monkeypatch):
    """As text with variables to set, or as one JSON object; then it serves."""
    served = []
    monkeypatch.setattr(server, "serve", lambda box: (served.append(box), box.stop()))
    words = ["--port", 0, "--assets", 3, "--no-quota", *(["--json"] if as_json else [])]
    result = run("sandbox", *words)
    assert result.exit_code == 0
    (box,) = served
    if as_json:
        assert json.loads(result.output) == box.as_json()
    else:
        for name in ("endpoint", "iam_endpoint", "region", "project_id", "token"):
            assert f"export VODNB_{name.upper()}={getattr(box, name)}\n" in result.output
    assert box.behaviour.quota is None
    assert len(box.states()) == 3


def test_sandbox_takes_the_assets_of_a_table(run, monkeypatch, tmp_path):
    """A table of one's own: what can be sent is there to be confirmed, the rest is left out."""
    table = tmp_path / "uploads.csv"
    table.write_text(f"asset_id\n{'a1' * 16}\n{'B2' * 16}\n\n1.2E+31\n", "utf-8")
    served = []
    monkeypatch.setattr(server, "serve", lambda box: (served.append(box), box.stop()))
    assert run("sandbox", "--port", 0, "--assets-of", table).exit_code == 0
    assert served[0].states() == {"a1" * 16: "CREATING", "b2" * 16: "CREATING"}
    missing = run("sandbox", "--port", 0, "--assets-of", tmp_path / "no.csv")
    assert missing.exit_code == 2
    assert "There is no file" in missing.output


def test_interrupt_before_serving_stops_the_sandbox(run, monkeypatch):
    """An interrupt that comes too early for the server ends the command just as well."""
    boxes = []

    def interrupted(box):
        boxes.append(box)
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serve", interrupted)
    assert run("sandbox", "--port", 0).exit_code == 0
    assert not boxes[0].is_running


# -- as processes --------------------------------------------------------------------------------


def test_sandbox_process_serves_until_interrupted():
    """It prints one JSON object, serves its ledger, and ends with 0 on an interrupt."""
    words = [*COMMAND, "sandbox", "--port", "0", "--assets", "2", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as made:
        told = json.loads(made.stdout.readline())
        assert list(told) == [
            "endpoint", "iam_endpoint", "project_id", "token", "ak", "sk", "assets",
        ]  # fmt: skip
        assert len(told["assets"]) == 2
        vod = vodnb.connect(
            endpoint=told["endpoint"], project_id=told["project_id"], token=told["token"]
        )
        results = vod.confirm(told["assets"], progress=False)
        vod.close()
        with urllib.request.urlopen(f"{told['endpoint']}/_sandbox/ledger") as page:
            ledger = json.load(page)
        made.send_signal(signal.SIGINT)
        rest, errors = made.communicate(timeout=20)
    assert set(results["outcome"]) == {"confirmed"}
    assert sorted(one["asset_id"] for one in ledger if one["operation"] == "confirm") == sorted(
        told["assets"]
    )
    assert (made.returncode, rest, errors) == (0, "", "")


def test_command_process_without_credentials(assets, tmp_path):
    """A real process says what is missing on standard error, and ends with 2."""
    made = subprocess.run(
        [*COMMAND, "confirm", assets], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert made.returncode == 2
    assert made.stdout == ""
    assert made.stderr.startswith("Error: No credential was found.\n")
    assert "VODNB_TOKEN" in made.stderr
    assert "Traceback" not in made.stderr
