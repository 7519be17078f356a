"""The options of the verbs: which verb takes which, and how it shows and refuses them.

Those of a run stand here and in the signature of `Vod.confirm`, which has their defaults too, and
nowhere else; a test holds the two equal.
"""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypedDict, TypeVar, cast

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, timedelta

_Self = TypeVar("_Self")
_Options = TypeVar("_Options")
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_Verb = TypeVar("_Verb", bound="Callable[..., Any]")


class _TableOptions(TypedDict, total=False):
    """Of every verb that loads a table."""

    id_column: str | None
    id_form: str | None


class _CommonOptions(_TableOptions, total=False):
    """Of every verb on a run."""

    rate: str | None
    lang: str | None


class _LookOptions(_CommonOptions, total=False):
    """Of those that may do without asking for states."""

    check_first: bool
    verify: bool


class _SendOptions(_CommonOptions, total=False):
    """Of those that send."""

    workers: int | None
    deadline: float
    attempts: int
    fresh: bool
    dry_run: bool
    canary: int | None


class EstimateOptions(_LookOptions, total=False):
    """Of `estimate`."""

    status: str
    only_hanging: bool


class ReconcileOptions(_SendOptions, total=False):
    """Of `reconcile`, which always looks and never destroys."""

    journal: bool | str | os.PathLike[str]


class ResumeOptions(_SendOptions, _LookOptions, total=False):
    """Of `resume`: the run knows what it asks for, and its journal."""

    destroy: int | None


class StartOptions(EstimateOptions, ReconcileOptions, ResumeOptions, total=False):
    """Of `start`, which shows nothing."""

    status_column: str | None


class RunOptions(StartOptions, total=False):
    """Of a run: of `confirm` and `aconfirm`."""

    progress: bool


class _SurveyOptions(TypedDict, total=False):
    """Of every verb that asks for many assets and changes nothing."""

    rate: str | None
    workers: int
    deadline: float
    lang: str | None


class AskOptions(_TableOptions, _SurveyOptions, total=False):
    """Of those that ask for the assets of a table."""


class StatesOptions(AskOptions, total=False):
    """Of `states`."""

    progress: bool


class FindOptions(_SurveyOptions, total=False):
    """Of `find`."""

    progress: bool

    state: str | Sequence[str] | None
    since: str | date | None
    until: str | date | None
    min_age: str | timedelta | None
    title: str | None
    category: int | None


def gathering(
    verb: Callable[Concatenate[_Self, _Options, _Given], _Result],
) -> Callable[Concatenate[_Self, _Given], _Result]:
    """Hand a verb its own options as one, defaults filled in, before all other arguments.

    So a signature that spells them out need not list them again to hand them on.
    """
    declared = inspect.signature(verb)
    own, _, *others = declared.parameters.values()
    shown = declared.replace(parameters=[own, *others])
    keywords = _keywords(shown).items()

    @wraps(verb)
    def gathered(self: _Self, /, *args: _Given.args, **given: _Given.kwargs) -> _Result:
        _refuse_unknown(verb, given, shown)
        options = {name: given.get(name, one.default) for name, one in keywords}
        return verb(self, cast("_Options", options), *args, **given)

    return _signed(gathered, shown)


def like(other: Callable[..., object]) -> Callable[[_Verb], _Verb]:
    """Let a verb with `**options: Unpack[...]` show those of `other`, and refuse any else."""
    spelt = _keywords(inspect.signature(other))

    def decorate(verb: _Verb) -> _Verb:
        taken = verb.__annotations__["options"].removeprefix("Unpack[").removesuffix("]")
        added = {name: spelt[name].default for name in globals()[taken].__optional_keys__}
        declared = inspect.signature(verb)
        *own, _ = declared.parameters.values()
        named = {one.name for one in own} | set(added)
        ahead = [one for one in own if one.name not in spelt]
        rest = [one for name, one in spelt.items() if name in named]
        shown = declared.replace(parameters=[*ahead, *rest])

        def filled_in(given: dict[str, Any]) -> dict[str, Any]:
            _refuse_unknown(verb, given, shown)
            return added | given

        @wraps(verb)
        def checked(*args: Any, **given: Any) -> object:
            return verb(*args, **filled_in(given))

        @wraps(verb)
        async def checked_later(*args: Any, **given: Any) -> object:
            return await verb(*args, **filled_in(given))

        is_awaited = inspect.iscoroutinefunction(verb)
        return cast("_Verb", _signed(checked_later if is_awaited else checked, shown))

    return decorate


def _keywords(signature: inspect.Signature) -> dict[str, inspect.Parameter]:
    parameters = signature.parameters.items()
    return {name: one for name, one in parameters if one.kind is one.KEYWORD_ONLY}


def _signed(verb: _Verb, signature: inspect.Signature) -> _Verb:
    """Let `?`, Tab and `inspect` show this signature."""
    verb.__signature__ = signature  # type: ignore[attr-defined]
    return verb


def _refuse_unknown(
    verb: Callable[..., object], given: Mapping[str, object], signature: inspect.Signature
) -> None:
    """Refuse what a verb does not take, in Python's own words."""
    known = signature.parameters
    if wrong := next((name for name in given if name not in known), None):
        close = get_close_matches(wrong, known, n=1)
        hint = f". Did you mean {close[0]!r}?" if close else ""
        raise TypeError(f"{verb.__qualname__}() got an unexpected keyword argument {wrong!r}{hint}")
