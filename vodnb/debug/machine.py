"""What the doctor looks at on this machine: Python, kernel, packages. It reaches no network."""

from __future__ import annotations

import asyncio
import platform
import sys
from typing import TYPE_CHECKING

from vodnb.kernel.loop import loses_cells, version_of

from .checkup import Check, Level, check_in_words

if TYPE_CHECKING:
    from vodnb.rules.model import Lang

_OLDEST = (3, 11)
_NEEDED = ("httpx", "pandas", "ipywidgets", "starlette", "uvicorn", "click")
_SHOWN = ("vodnb", "httpx", "pandas", "ipywidgets", "ipykernel", "nest-asyncio", "nest-asyncio2")


def check_python(lang: Lang) -> Check:
    """Return how this Python is."""
    if sys.platform == "emscripten":
        key = "doctor.python.no threads"
        return check_in_words("bad", key, lang, do="doctor.python.no threads.do")
    if sys.version_info[:2] < _OLDEST:
        return check_in_words("bad", "doctor.python.old", lang, do="doctor.python.old.do",
                              version=platform.python_version())  # fmt: skip
    return Check(name="python", level="ok", told=f"{platform.python_version()}, {sys.executable}")


def check_kernel(lang: Lang) -> Check:
    """Return which kernel this process is."""
    if "ipykernel" not in sys.modules:
        return check_in_words("ok", "doctor.kernel.none", lang)
    return check_in_words("ok", "doctor.kernel.told", lang, version=version_of("ipykernel"))


def check_packages(lang: Lang) -> Check:
    """Return whether the packages are there, and go together."""
    if missing := [name for name in _NEEDED if not version_of(name)]:
        return check_in_words("bad", "doctor.packages.missing", lang,
                              do="doctor.packages.missing.do",
                              names=", ".join(missing))  # fmt: skip
    fork, old, kernel = (version_of(one) for one in ("nest-asyncio2", "nest-asyncio", "ipykernel"))
    name, patch = ("nest-asyncio2", fork) if fork else ("nest-asyncio", old)
    if patch and loses_cells(ipykernel=kernel, patch=patch, is_fork=bool(fork)):
        # What nests loops marks the module that it has changed.
        is_applied = hasattr(asyncio, "_nest_patched") or hasattr(asyncio, "_nest2_patched")
        level: Level = "bad" if is_applied else "warn"
        key = "doctor.packages.pair applied" if is_applied else "doctor.packages.pair here"
        return check_in_words(level, key, lang, do="doctor.packages.pair.do",
                              name=name, version=patch, kernel=kernel)  # fmt: skip
    told = ", ".join(f"{name} {found}" for name in _SHOWN if (found := version_of(name)))
    return Check(name="packages", level="ok", told=told)
