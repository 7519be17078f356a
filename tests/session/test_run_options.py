"""The options of the verbs: written once, shown by every verb that takes them, refused by name."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import vodnb
from vodnb.session import accessor, options
from vodnb.session.accessor import TableVerbs
from vodnb.session.runs import Runs
from vodnb.session.surveys import Surveys
from vodnb.session.vod import Vod

ROOT = Path(__file__).parents[2]
ID = "0" * 32
SCOPE = {"os": os, "pd": pd, "date": date, "timedelta": timedelta, "Sequence": Sequence}

RUN = {
    "status": "CREATED", "status_column": None, "rate": "1500/min", "workers": None,
    "deadline": 30, "attempts": 5, "check_first": True, "verify": True, "only_hanging": False,
    "journal": True, "fresh": False, "progress": True, "dry_run": False, "canary": None,
    "destroy": None, "lang": None, "id_column": None, "id_form": None,
}  # fmt: skip
"""The options of a run and their defaults, typed by hand: others rely on them."""

OTHER = {
    "status": "CANCELLED", "status_column": "s", "rate": None, "workers": 3, "deadline": 7,
    "attempts": 2, "check_first": False, "verify": False, "only_hanging": True, "journal": False,
    "fresh": True, "progress": False, "dry_run": True, "canary": 9, "destroy": 4, "lang": "zh",
    "id_column": "key", "id_form": "any",
}  # fmt: skip
"""Something else for each."""

RECONCILE = {
    "rate", "workers", "deadline", "attempts", "journal", "fresh", "progress", "dry_run", "canary",
    "lang", "id_column", "id_form",
}  # fmt: skip
ESTIMATE = {"status", "rate", "check_first", "verify", "only_hanging", "lang", "id_column",
            "id_form"}  # fmt: skip
ASK = {"rate", "workers", "deadline", "lang", "id_column", "id_form"}
FIND = {*ASK, "progress", "state", "since", "until", "min_age", "title", "category"} - {
    "id_column",
    "id_form",
}

TAKEN: dict[Callable[..., Any], set[str]] = {
    Vod.confirm: set(RUN),
    Vod.aconfirm: set(RUN),
    Vod.start: set(RUN) - {"progress"},
    Vod.reconcile: RECONCILE,
    Vod.estimate: ESTIMATE,
    Vod.states: ASK | {"progress"},
    Vod.start_states: ASK,
    Vod.find: FIND,
    TableVerbs.confirm: set(RUN),
    TableVerbs.reconcile: RECONCILE,
    TableVerbs.estimate: ESTIMATE,
    TableVerbs.states: ASK | {"progress"},
    vodnb.resume: set(RUN) - {"status", "status_column", "journal", "only_hanging"} | {"vod"},
}
"""What each verb takes by keyword, typed by hand."""

OF_A_RUN = [verb for verb, names in TAKEN.items() if "attempts" in names or names == ESTIMATE]
GATHERING = (Vod.confirm, Vod.states, Vod.find)


def label(verb: Callable[..., Any]) -> str:
    """Return what a verb is called."""
    return verb.__qualname__


def shown(verb: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the keywords that a verb shows."""
    parameters = inspect.signature(verb).parameters.items()
    return {name: one for name, one in parameters if one.kind is one.KEYWORD_ONLY}


@pytest.fixture
def vod():
    """Return a connection to nowhere."""
    made = vodnb.connect(region="cn-north-4", project_id="ab" * 16, token="MIIharmless0123456789")
    yield made
    made.close()


@pytest.fixture
def taken(monkeypatch):
    """Let no verb begin anything; return a list of the options that would have been begun with."""
    told: list[dict[str, Any]] = []

    class Begun:
        """Something that has nothing to wait for."""

        def begin(self) -> Begun:
            """Have begun."""
            return self

        def run(self, *, progress: bool) -> None:
            """Do nothing."""

        async def wait_async(self, *, progress: bool) -> None:
            """Do nothing."""

    def begin(_self: object, *arguments: Any) -> Begun:
        told.append(arguments[-1])
        return Begun()

    monkeypatch.setattr(Runs, "prepare", begin)
    for name in ("states", "find", "estimate"):
        monkeypatch.setattr(Surveys, name, begin)
    return told


@pytest.mark.parametrize("verb", GATHERING, ids=label)
def test_options_are_the_same_in_both_places(verb) -> None:
    """The TypedDict of a verb and its signature have the same names and types."""
    (name,) = {
        one.annotation
        for one in inspect.signature(verb.__wrapped__).parameters.values()
        if one.name == "_options"
    }
    declared = get_type_hints(getattr(options, name), localns=SCOPE)
    spelt = {name: eval(one.annotation, dict(SCOPE)) for name, one in shown(verb).items()}
    assert declared == spelt


def test_confirm_has_the_promised_options() -> None:
    """Names and defaults of the options of a run are those that scripts rely on, in their order."""
    assert {name: one.default for name, one in shown(Vod.confirm).items()} == RUN
    assert list(shown(Vod.confirm)) == list(RUN)
    assert options.RunOptions.__optional_keys__ == set(RUN)


@pytest.mark.parametrize("verb", TAKEN, ids=label)
def test_signature_shows_every_option(verb) -> None:
    """What a verb takes stands in its signature with its default; `**options` does not."""
    assert set(shown(verb)) == TAKEN[verb]
    parameters = inspect.signature(verb).parameters
    assert not [one for one in parameters.values() if one.kind is one.VAR_KEYWORD]
    assert "_options" not in parameters
    assert all(one.default is not one.empty for one in shown(verb).values())


@pytest.mark.parametrize("verb", OF_A_RUN, ids=label)
def test_every_verb_has_the_options_of_confirm(verb) -> None:
    """An option means the same everywhere: name, default, and order are those of `confirm`."""
    told = {name: one for name, one in shown(verb).items() if name != "vod"}
    assert told.items() <= shown(Vod.confirm).items()
    assert {name: one.default for name, one in told.items()}.items() <= RUN.items()
    assert list(told) == [name for name in RUN if name in told]


def test_reconcile_lacks_what_it_decides() -> None:
    """It confirms what hangs, looks in any case and destroys nothing: those cannot be asked for."""
    lacking = {"status", "status_column", "check_first", "verify", "only_hanging", "destroy"}
    assert set(RUN) - options.ReconcileOptions.__optional_keys__ == lacking | {"progress"}
    assert issubclass(options.ReconcileOptions, dict)
    assert options.ReconcileOptions.__optional_keys__ < options.RunOptions.__optional_keys__


def call_of(verb: Callable[..., Any], vod: Vod) -> Callable[..., Any]:
    """Return a call of a verb, on this connection, with all but its options."""
    if verb is vodnb.resume:
        return lambda **given: vodnb.resume(vod=vod, **given)
    if verb.__qualname__.startswith("TableVerbs"):
        return getattr(TableVerbs(pd.DataFrame({"asset_id": [ID]}))(vod), verb.__name__)
    bound = getattr(vod, verb.__name__)
    if verb is Vod.aconfirm:
        return lambda **given: asyncio.run(bound([ID], **given))
    return bound if verb is Vod.find else lambda **given: bound([ID], **given)


@pytest.mark.parametrize("verb", TAKEN, ids=label)
def test_unknown_option_is_refused_by_name(verb, vod, taken) -> None:
    """A slip is named, with what was meant, and nothing is begun."""
    name = next(name for name in ("check_first", "workers") if name in TAKEN[verb])
    with pytest.raises(TypeError) as refused:
        call_of(verb, vod)(**{f"{name}s": 1})
    told = f"{label(verb)}() got an unexpected keyword argument '{name}s'"
    assert str(refused.value) == f"{told}. Did you mean {name!r}?"
    with pytest.raises(TypeError, match=r"argument 'xyzzy'$"):
        call_of(verb, vod)(xyzzy=1)
    assert taken == []


@pytest.mark.parametrize(
    ("verb", "name"),
    [(Vod.start, "progress"), (TableVerbs.states, "attempts")]
    + [(verb, name) for verb in (Vod.reconcile, TableVerbs.reconcile)
       for name in ("status", "status_column", "check_first", "only_hanging", "destroy")]
    + [(vodnb.resume, name) for name in ("status", "status_column", "journal", "only_hanging")],
    ids=lambda one: one if isinstance(one, str) else label(one),
)  # fmt: skip
def test_option_of_another_verb_is_refused(verb, name, vod, taken) -> None:
    """A verb refuses what only others take, whatever its value."""
    with pytest.raises(TypeError, match=f"argument '{name}'"):
        call_of(verb, vod)(**{name: RUN[name]})
    assert taken == []


@pytest.mark.parametrize("verb", [verb for verb in OF_A_RUN if verb is not vodnb.resume], ids=label)
def test_each_option_arrives(verb, vod, taken) -> None:
    """What is given reaches the run as it is, and what is not given has its default."""
    fixed = {"only_hanging": True} if "reconcile" in label(verb) else {}
    ends = ESTIMATE if "estimate" in label(verb) else set(RUN)
    call_of(verb, vod)()
    given = {name: value for name, value in OTHER.items() if name in TAKEN[verb]}
    call_of(verb, vod)(**given)
    for told, expected in zip(taken, (RUN | fixed, RUN | fixed | given), strict=True):
        assert told.items() >= {(name, expected[name]) for name in ends - {"progress"}}
        assert set(told) <= ends


def test_verbs_refuse_arguments_as_python_does(vod) -> None:
    """A missing table, or one too many, is told with the verb's own name."""
    for verb in (Vod.confirm, Vod.start, Vod.states):
        with pytest.raises(TypeError, match=rf"{verb.__name__}\(\) missing 1 .*'assets'"):
            getattr(vod, verb.__name__)()
        with pytest.raises(TypeError, match=rf"{verb.__name__}\(\) takes \d"):
            getattr(vod, verb.__name__)([ID], "CREATED")
    with pytest.raises(TypeError, match="'_options'"):
        vod.confirm([ID], _options={})


def test_aconfirm_is_still_a_coroutine_function() -> None:
    """Whoever asks what it is gets the answer that he got before."""
    assert inspect.iscoroutinefunction(Vod.aconfirm)
    assert not inspect.iscoroutinefunction(Vod.start)


@pytest.fixture(scope="module")
def shell():
    """Return IPython as a notebook has it, with a connection and a table."""
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(config=config)
    table = pd.DataFrame({"asset_id": [ID]})
    vod = vodnb.connect(region="cn-north-4", token="MIIharmless0123456789")
    made.user_ns.update(vod=vod, df=table, vodnb=vodnb)
    yield made
    vod.close()
    InteractiveShell.clear_instance()


CALLS = {
    Vod.confirm: "vod.confirm", Vod.aconfirm: "vod.aconfirm", Vod.start: "vod.start",
    Vod.reconcile: "vod.reconcile", Vod.estimate: "vod.estimate", Vod.states: "vod.states",
    Vod.start_states: "vod.start_states", Vod.find: "vod.find", vodnb.resume: "vodnb.resume",
    TableVerbs.confirm: "df.vod.confirm", TableVerbs.reconcile: "df.vod.reconcile",
    TableVerbs.estimate: "df.vod.estimate", TableVerbs.states: "df.vod.states",
}  # fmt: skip


@pytest.mark.parametrize(
    "uses_jedi",
    [pytest.param(True, id="jedi", marks=pytest.mark.long), pytest.param(False, id="IPython")],
)
@pytest.mark.kernel
@pytest.mark.parametrize("verb", TAKEN, ids=label)
def test_tab_shows_every_option(verb, uses_jedi, shell) -> None:
    """Tab inside the parentheses completes each option, whichever of the two completes it."""
    shell.Completer.use_jedi = uses_jedi
    text = f"{CALLS[verb]}("
    with provisionalcompleter():
        found = {one.text for one in shell.Completer.completions(text, len(text))}
    assert {f"{name}=" for name in TAKEN[verb]} <= found


@pytest.mark.parametrize("verb", TAKEN, ids=label)
def test_question_mark_shows_every_option(verb, shell) -> None:
    """`?` shows the signature with its defaults, and what the verb says of itself."""
    told = shell.object_inspect(CALLS[verb])
    definition = " ".join(told["definition"].split())
    for name in TAKEN[verb]:
        one = shown(verb)[name]
        assert f"{name}: {one.annotation!r} = {one.default!r}" in definition
    assert told["docstring"].startswith(inspect.getdoc(verb).splitlines()[0])


TYPED = """
import vodnb
vod = vodnb.connect(sandbox=True)
df = vodnb.load_assets("assets.csv")
job = vod.start(df, status="CREATED", rate=None, workers=3, journal=False)
vodnb.resume("a run", vod=vod, destroy=3, progress=False, verify=False)
vod.reconcile(df, progress=False, canary=3).head()
vod.confirm(df, wrokers=3)  # "wrokers"
vod.start(df, progress=False)  # "progress"
vod.start(df, workers="3")  # "workers"
vod.reconcile(df, status="CREATED")  # "status"
told = vod.aconfirm(df, attempts=None)  # "attempts"
vod.start_states(df, workers=None)  # "workers"
vod.find(until=3)  # "until"
vodnb.resume(journal="a journal")  # "journal"
"""
"""Calls of which some are wrong, and what the type checker is to name."""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_type_checker_knows_every_option(tmp_path) -> None:
    """Mypy, strict, lets good options pass, and names each that a verb does not take."""
    path = tmp_path / "typed.py"
    path.write_text(TYPED, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--hide-error-context", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False).stdout
    errors = [line.partition("typed.py:")[2] for line in told.splitlines() if ": error:" in line]
    lines = TYPED.splitlines()
    wrong = [(at, line.partition("# ")[2]) for at, line in enumerate(lines, 1) if "# " in line]
    assert len(errors) == len(wrong), told
    for error, (at, name) in zip(errors, wrong, strict=True):
        assert error.startswith(f"{at}:")
        assert name in error


def test_table_has_its_verbs_whatever_was_loaded_first() -> None:
    """`df.vod` is the same whether the connection or the table came first."""
    assert isinstance(pd.DataFrame({"asset_id": [ID]}).vod, accessor.TableVerbs)
