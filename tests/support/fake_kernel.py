"""A kernel's shell without a kernel: what is displayed is kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


class FakeKernel:
    """Stands where IPython's shell and its display stand.

    Attributes:
        shown: Each picture as text, with what was done: "display" or "update".
    """

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []

    @property
    def texts(self) -> list[str]:
        """The pictures without what was done."""
        return [text for _, text in self.shown]

    def display(self, found: Any, *, display_id: bool = False) -> SimpleNamespace | None:
        """Show something, as `IPython.display.display` does."""
        self._note("display", found)
        if not display_id:
            return None
        return SimpleNamespace(update=lambda other: self._note("update", other))

    def _note(self, what: str, found: Any) -> None:
        bundle = found._repr_mimebundle_(include=None, exclude=None)
        self.shown.append((what, bundle["text/plain"]))


def pretend_kernel(monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    """Let the code under test believe that it runs in a notebook's kernel."""
    import IPython
    import IPython.display

    fake = FakeKernel()
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(IPython.display, "display", fake.display)
    return fake
