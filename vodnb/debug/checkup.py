"""What the doctor found: one line a check, each ok, to be minded, or bad, and what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vodnb.rules.words.markup import Displayable, Markup, element, table
from vodnb.rules.words.wording import padded, say

if TYPE_CHECKING:
    from vodnb.rules.model import Lang

_HEADER = ("doctor.check", "doctor.level", "doctor.told", "label.do")
_HEADLINES = (("doctor.all well", "ok"), ("doctor.some warn", "warn"), ("doctor.some bad", "bad"))
"""By exit status."""

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
    level: Level, key: str, lang: Lang, /, *, do: str = "", **values: object
) -> Check:
    """Return a check from the keys of what was found, and of what to do; "" is for nothing."""
    told, done = say(key, lang, **values), say(do, lang, **values) if do else ""
    return Check(name=key.split(".")[1], level=level, told=told, do=done)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Checkup(Displayable):
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
            name, level = self._titles(check)
            lines.append(f"{padded(level, 5)} {padded(name, 11)} {check.told}")
            if check.do:
                lines.append(f"{' ' * 18}→ {check.do}")
        return "\n".join([*lines, self._headline()])

    def _as_html(self) -> Markup:
        header = [say(key, self.lang) for key in _HEADER]
        rows = [(*self._titles(check), check.told, check.do) for check in self.checks]
        return element("div", table(header, rows), element("strong", self._headline()))

    def _titles(self, check: Check) -> tuple[str, str]:
        level = say(f"doctor.level.{check.level}", self.lang)
        return say(f"doctor.{check.name}", self.lang), level

    def _headline(self) -> str:
        key, level = _HEADLINES[self.exit_status]
        count = sum(check.level == level for check in self.checks)
        return say(key, self.lang, count=count)
