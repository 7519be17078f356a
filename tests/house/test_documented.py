"""What a user can reach is documented: names with an example that runs, errors, commands."""

from __future__ import annotations

import ast
import asyncio
import doctest
import getpass
import inspect
import re
import shutil
from functools import partial
from pathlib import Path

import pytest
from connections import point_to
from form_play import forms_of_their_own

import vodnb
from vodnb import forms
from vodnb.bulk.job import Job
from vodnb.bulk.mixed_job import MixedJob
from vodnb.bulk.survey import Survey
from vodnb.cli import commands
from vodnb.debug.catalogue import Card, Catalogue
from vodnb.debug.checkup import Checkup
from vodnb.debug.difference import Difference
from vodnb.debug.exchange import Exchange
from vodnb.emulator.server import Sandbox
from vodnb.reporting.making import Report
from vodnb.reporting.parties import HandedBack
from vodnb.rules import errors
from vodnb.rules.makespan import Estimate
from vodnb.rules.words.explanation import Explanation
from vodnb.service.settings.settings import SettingsTable
from vodnb.session import accessor
from vodnb.session.accessor import TableVerbs
from vodnb.session.vod import Vod
from vodnb.tables.compare import Comparison
from vodnb.tables.summary import Summary

NOT_RUN = {"allow_nested_loops"}
"""It patches asyncio for the whole process."""

RAISES = {"require_settled": "UnsettledError"}
"""Whose example raises: the sample has rows that fail, as it should."""


HELD = (
    Vod, TableVerbs, Job, MixedJob, Survey, Exchange, Difference, Catalogue, Card, Checkup, Sandbox,
    Estimate, Explanation, Summary, Comparison, Report, HandedBack, SettingsTable,
)  # fmt: skip
"""The classes whose objects a user holds."""

PLAIN = {
    "Any",
    "DataFrame",
    "None",
    "Path",
    "BulkJob",
    "Self",
    "Markup",
    "LedgerEntry",
    "ExpectedRow",
    "App",
}
"""What is handed out besides: of others, HTML, a job by its base, records, the forms together."""


def methods(kind: type) -> dict[str, object]:
    """Return the public methods of a class, by dotted name."""
    found = {name: inspect.getattr_static(kind, name) for name in dir(kind) if name[0] != "_"}
    return {f"{kind.__name__}.{name}": one for name, one in found.items() if callable(one)}


PUBLIC: dict[str, object] = {
    **{name: getattr(vodnb, name) for name in vodnb.__all__ if name != "forms"},
    **{f"forms.{name}": getattr(forms, name) for name in forms.__all__},
    **{name: one for kind in HELD for name, one in methods(kind).items()},
}


def example(documented: object) -> str:
    """Return the code of the section Example; "" where there is none."""
    doc = inspect.getdoc(documented) or ""
    section = doc.partition("\nExample:\n")[2]
    return "".join(found.source for found in doctest.DocTestParser().get_examples(section))


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_name_has_an_example(name):
    """Its docstring says what it does, and how it is called: by its own name, in plain Python."""
    code = example(PUBLIC[name])
    assert code, f"{name} has no example"
    ast.parse(code)
    assert re.search(rf"\b{name.rpartition('.')[2]}\b", code)


def test_what_is_handed_out_is_documented_too():
    """Whatever a documented call returns is plain, or its methods are among those looked at."""
    calls = [name for name, one in PUBLIC.items() if not isinstance(one, type)]
    calls = [name for name in calls if not name.startswith("forms.")]
    returned = {str(inspect.signature(PUBLIC[name]).return_annotation) for name in calls}
    names = {name for text in returned for name in re.findall(r"\b[A-Z]\w+", text)}
    assert names - PLAIN <= {kind.__name__ for kind in HELD}


@pytest.fixture
def _own_forms():
    """No form of another test is gone on with, and no connection stays open."""
    with forms_of_their_own():
        yield


@pytest.mark.usefixtures("_own_forms")
def test_examples_run(monkeypatch):
    """Each example does what it says, on a sandbox and with the names that documents use."""
    namespace = reader(monkeypatch)
    failed = {}
    for name in [name for name in PUBLIC if name not in NOT_RUN]:
        code = compile(example(PUBLIC[name]), name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        try:
            done = eval(code, dict(namespace))
            if inspect.isawaitable(done):
                asyncio.run(done)
            if job := vodnb.last_job():
                job.wait(progress=False)  # one that is only started holds the next ones up
        except Exception as error:  # noqa: BLE001  all of them are told at once
            if type(error).__name__ != RAISES.get(name):
                failed[name] = repr(error)
    vodnb.connect(sandbox=True).sandbox.clear_faults()  # all tests of this process share it
    assert failed == {}


def reader(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return what somebody who reads the examples has: names, files, an unfinished run."""
    monkeypatch.setattr(accessor, "_MADE", accessor._Made())
    monkeypatch.setattr(vodnb, "report", partial(vodnb.report, execute=False))
    monkeypatch.setenv("HOME", str(Path.cwd()))  # no unfinished run of another test
    vod = vodnb.connect(sandbox=True)
    box = vod.sandbox
    point_to(box, monkeypatch)
    monkeypatch.setattr(getpass, "getpass", lambda: box.token)
    monkeypatch.setattr(box, "sample_csv", partial(box.sample_csv, n=20))
    for name in ("assets.csv", "uploaded.csv", "library.csv"):
        box.sample_csv(name, seed=name)  # the same rows each time
    assets = vodnb.load_assets("assets.csv")
    results = vod.confirm(assets, rate=None, progress=False)
    exchange = vod.call("info", asset_id=["f4" * 16])
    exchange.save("refused.json")
    vod.confirm("library.csv", rate=None, progress=False, canary=1)
    shutil.copy(next(Path(".vodnb").glob("*.sqlite")), DAMAGED)
    names = {"vodnb": vodnb, "getpass": getpass, "Path": Path, "job": vodnb.last_job()}
    return names | {
        "vod": vod, "assets": assets, "results": results, "exchange": exchange, "df": assets,
    }  # fmt: skip


DAMAGED = ".vodnb/20261124T020000Z-1a2b3c.sqlite"
"""The journal that the example of `salvage` names."""


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.VodnbError)
    ),
)
def test_error_says_when_and_what_to_do(name):
    """Each class stands in the tree, says in a sentence when it is raised, and what to do then."""
    kind = getattr(errors, name)
    first, _, rest = " ".join(kind.__dict__["__doc__"].split()).partition(". ")
    assert len(first.split()) > 3
    assert len(rest.partition("What to do: ")[2].split()) > 5
    assert re.search(rf"^ +{name}\b", errors.__doc__, re.MULTILINE)
    assert issubclass(kind, vodnb.VodnbError)


@pytest.mark.parametrize("name", sorted(commands.main.commands))
def test_command_and_its_options_have_help(name):
    """`vodnb <command> --help` says what it does and what each option is for."""
    command = commands.main.commands[name]
    assert command.help
    options = [one for one in command.params if one.param_type_name == "option"]
    assert [one.name for one in options if not one.help] == []
