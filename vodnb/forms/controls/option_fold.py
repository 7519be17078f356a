"""The options of a run that few need: folded away until they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .parts import Choice, Picture, hint, name_it, row, show_when, tick_box

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import ipywidgets as widgets


class OptionFold:
    """Look first, read back, only what hangs, and a column that says what each row asks for.

    Args:
        then: Told when the column is chosen.
    """

    def __init__(self, then: Callable[[], None]) -> None:
        self._open = tick_box(value=False)
        self._first, self._verify = tick_box(value=True), tick_box(value=True)
        self._hanging = tick_box(value=False)
        self._column = Choice(options=[("", "")])
        self._hint = Picture()
        self._column.on_choice(then)
        self._open.observe(lambda _change: self._arrange(), "value")
        self._inside = (
            row(self._first, self._verify, self._hanging),
            row(self._column, self._hint),
        )
        self._arrange()

    @property
    def parts(self) -> list[widgets.Widget]:
        """What is shown, one below the other."""
        return [row(self._open), *self._inside]

    @property
    def status_column(self) -> str | None:
        """The column that says what each row asks for; None for none."""
        return self._column.value or None

    @property
    def chosen(self) -> dict[str, Any]:
        """The options, as `Vod.start` takes them, but for the column."""
        return {
            "check_first": self._first.value,
            "verify": self._verify.value,
            "only_hanging": self._hanging.value,
        }

    def speak(self, say: Callable[..., str], titles: Sequence[str]) -> None:
        """Say every text in the language of now, and offer these columns."""
        name_it(self._open, say("form.run.options"), say("form.run.options.tip"))
        name_it(self._first, say("form.run.first"), say("form.run.first.tip"))
        name_it(self._verify, say("form.run.verify"), say("form.run.verify.tip"))
        name_it(self._hanging, say("form.run.hanging"), say("form.run.hanging.tip"))
        name_it(self._column, say("form.run.status column"), say("form.run.status column.tip"))
        self._hint.show(hint(say("form.run.status column.tip")))
        self._column.relabel_titles(say("form.run.status column.none"), titles)

    def _arrange(self) -> None:
        for part in self._inside:
            show_when(part, self._open.value)
