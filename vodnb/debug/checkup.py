"""What the doctor found: one line a check, each ok, to be minded, or bad, and what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vodnb.rules.markup import element, table
from vodnb.rules.wording import padded

from .doctor_words import tell
from .words import say

if TYPE_CHECKING:
    from vodnb.rules.model import Lang

__all__ = ["Check", "Checkup", "Level", "check_in_words"]

Level = Literal["ok", "warn", "bad", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check.

    Attributes:
        name: What was looked at: python, kernel, packages, settings, dns, tls, proxy, clock,
            credential or quota.
        level: How it is.
        told: What was found.
        do: What to do; "" for nothing.
    """

    name: str
    level: Level
    told: str
    do: str = ""


def check_in_words(
    name: str, level: Level, key: str, lang: Lang, /, *, do: str = "", **values: object
) -> Check:
    """Return a check whose texts are the doctor's.

    Args:
        name: What was looked at.
        level: How it is.
        key: Which text says what was found.
        lang: In which language.
        do: Which text says what to do. Default "": nothing is to be done.
        values: What stands in their braces.
    """
    told, done = tell(key, lang, **values), tell(do, lang, **values) if do else ""
    return Check(name=name, level=level, told=told, do=done)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Checkup:
    """All checks, in order.

    Attributes:
        checks: One for each thing that was looked at.
        lang: The language it speaks.
    """

    checks: tuple[Check, ...]
    lang: Lang = "en"

    @property
    def exit_status(self) -> int:
        """0 where all is well, 1 where something is to be minded, 2 where something is bad."""
        levels = {check.level for check in self.checks}
        return 2 if "bad" in levels else 1 if "warn" in levels else 0

    def __getitem__(self, name: str) -> Check:
        return {check.name: check for check in self.checks}[name]

    def __repr__(self) -> str:
        lines = []
        for check in self.checks:
            level, name = say(f"level {check.level}", self.lang), tell(check.name, self.lang)
            lines.append(f"{padded(level, 5)} {padded(name, 11)} {check.told}")
            if check.do:
                lines.append(f"{' ' * 18}→ {check.do}")
        return "\n".join([*lines, self._headline()])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        del include, exclude
        header = [say(key, self.lang) for key in ("check", "result", "told", "do")]
        rows = [
            (
                tell(check.name, self.lang),
                say(f"level {check.level}", self.lang),
                check.told,
                check.do,
            )
            for check in self.checks
        ]
        html = element("div", table(header, rows), element("strong", self._headline()))
        return {"text/plain": repr(self), "text/html": html}

    def _headline(self) -> str:
        key = ("all well", "some warn", "some bad")[self.exit_status]
        wanted = ("ok", "warn", "bad")[self.exit_status]
        count = sum(check.level == wanted for check in self.checks)
        return say(key, self.lang, count=count)
