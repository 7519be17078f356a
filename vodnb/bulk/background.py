"""Something long under way on the loop thread: watch it, stop it, wait for it, from any thread."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Self
from weakref import WeakKeyDictionary

from vodnb.bulk.pace.control import BY_HAND, Control, Stop
from vodnb.journal.forks import after_fork
from vodnb.kernel.interrupts import Held, held
from vodnb.kernel.loop import submit
from vodnb.kernel.screen import Screen, draw_run, open_screen
from vodnb.rules.errors import VodnbError
from vodnb.rules.words.markup import Displayable, Markup

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Generator

    import pandas as pd

    from vodnb.rules.model import Lang, Outcome
    from vodnb.service.client import Client

_REPAINT = 0.2
"""Seconds between two pictures: a notebook server drops floods of messages."""


_COME_HOME = 10.0
"""Seconds for the calls that are out when a connection is closed: most take less than one."""

_begun: WeakKeyDictionary[BackgroundTask, Client] = WeakKeyDictionary()
after_fork(_begun.clear)


def stop_all(service: Client) -> None:
    """Stop what is under way on a connection, and wait for the calls that are out."""
    works = [work for work, used in list(_begun.items()) if used is service and not work.done()]
    for work in works:
        work.stop()
    wait([work.future for work in works], timeout=_COME_HOME)


class BackgroundTask(Displayable, ABC):
    """Work that is to begin, under way, or done; it ends in a table."""

    def __init__(self, control: Control, *, service: Client, lang: Lang) -> None:
        self._control = control
        self._service = service
        self._lang = lang
        self._stopped: Stop | None = None
        self._began = time.monotonic()
        self._ended: float | None = None
        self._paused_at: float | None = None
        self._paused = 0.0
        self._future: Future[None] | None = None

    def begin(self) -> Self:
        """Begin, unless it has begun, and return at once.

        Raises:
            SetupError: This Python has no threads.
            KeyboardInterrupt: It was interrupted meanwhile, and is told to stop.

        Example:
            >>> job.begin()
        """
        try:
            with held():
                self._future = self._future or submit(self._run_to_its_end())
                _begun[self] = self._service
        except KeyboardInterrupt:
            self.stop()
            raise
        return self

    def run(self, *, progress: bool = True) -> pd.DataFrame:
        """Begin, wait for the end and return the table: `begin` and `wait`, and nothing between.

        Args:
            progress: Whether to show how it goes. Default True.

        Raises:
            VodnbError: It could not start.

        Example:
            >>> results = job.run()
        """
        with held():
            return self.begin().wait(progress=progress)

    @abstractmethod
    async def _run(self) -> None:
        """Do the work, on the loop thread."""

    @abstractmethod
    def _build(self) -> pd.DataFrame:
        """Return the table as it stands now."""

    @abstractmethod
    def _lines(self) -> list[str]:
        """Return how it stands, in words."""

    def _note_end(self) -> None:
        """Note that it was given up; nothing will be told any more."""

    @property
    @abstractmethod
    def share(self) -> float:
        """How much is done, from 0 to 1."""

    @property
    def future(self) -> Future[None]:
        """Done when it has ended, in whatever way.

        Raises:
            RuntimeError: It has not begun.
        """
        if self._future is None:
            raise RuntimeError("it has not begun")
        return self._future

    def done(self) -> bool:
        """Whether it has ended, in whatever way.

        Example:
            >>> job.done()
        """
        return self._future is not None and self._future.done()

    def stop(self) -> None:
        """Let no further call leave; what is out comes home. The same cell goes on from there.

        Example:
            >>> job.stop()
        """
        self._control.stop()

    def give_up(self) -> None:
        """End now: the calls that are out are left to themselves; what they sent is in doubt.

        Example:
            >>> job.give_up()
        """
        if self.future.cancel():
            self._ended = time.monotonic()
            self._stopped = self._stopped or BY_HAND
            self._note_end()

    def pause(self) -> None:
        """Hold the next calls back until `resume`.

        Example:
            >>> job.pause()
        """
        if not self.done():
            self._paused_at = self._paused_at or time.monotonic()
            self._control.pause()

    def resume(self) -> None:
        """Go on after `pause`.

        Example:
            >>> job.resume()
        """
        self._control.resume()
        if self._paused_at is not None:
            self._paused += self._now() - self._paused_at
            self._paused_at = None

    @property
    def fault(self) -> BaseException | None:
        """Why it could not start; None while it runs, and where it could."""
        if not self.done() or self.future.cancelled():
            return None
        return self.future.exception()

    @property
    def is_paused(self) -> bool:
        """Whether the next calls are held back."""
        return self._control.is_paused and not self.done()

    def speak(self, lang: Lang) -> None:
        """Tell how it stands, and fill the table, in this language from now on.

        Args:
            lang: `"zh"` or `"en"`.

        Example:
            >>> job.speak("zh")
        """
        self._lang = lang

    def results(self) -> pd.DataFrame:
        """Return the whole table as it stands now, in the middle of a run too.

        Raises:
            VodnbError: It could not start.

        Example:
            >>> results = job.results()
        """
        if fault := self.fault:
            raise fault.with_traceback(None) from None
        return self._build()

    def wait(self, *, progress: bool = True) -> pd.DataFrame:
        """Wait for the end and return the table.

        An interrupt stops it and returns the table as it stands; a second one does not wait for
        the calls that are out: what they may have sent is `in_doubt`.

        Args:
            progress: Whether to show how it goes. Default True.

        Raises:
            VodnbError: It could not start.

        Example:
            >>> results = vod.start(assets).wait()
        """
        with held() as interrupts:
            screen = open_screen(self) if progress else None
            self._watch(screen, interrupts)
            table = self._hand_over(screen)
            interrupts.take()  # whoever interrupts the building of the table wants it, too
            return table

    def __await__(self) -> Generator[None, None, pd.DataFrame]:
        return self.wait_async().__await__()

    async def wait_async(self, *, progress: bool = True) -> pd.DataFrame:
        """Wait for the end without blocking the caller's loop, and return the table.

        Args:
            progress: Whether to show how it goes. Default True, which is also what
                `await vod.start(assets)` does.

        Raises:
            VodnbError: It could not start.
            asyncio.CancelledError: The waiting cell was interrupted; the work is told to stop, and
                `results` has its table.

        Example:
            >>> results = await vod.start(assets).wait_async(progress=False)
        """
        try:
            screen = open_screen(self) if progress else None
            while not self.done():
                # Short sleeps: else an interrupt is seen only when the loop wakes by itself.
                await asyncio.sleep(_REPAINT / 2)
                if screen and not self.done():
                    screen.update()
        except BaseException:
            # The task was cancelled, or a signal came through.
            self.stop()
            raise
        with held():
            return self._hand_over(screen)

    def _watch(self, screen: Screen | None, interrupts: Held) -> None:
        count = 0
        while not self.done():
            try:
                wait([self.future], timeout=_REPAINT)
                count += interrupts.take()
                if screen and not self.done():
                    screen.update()
            except KeyboardInterrupt:
                count += 1  # from a handler that is not Python's own
            if count:
                self.stop()
            if count > 1:
                self.give_up()

    def _hand_over(self, screen: Screen | None) -> pd.DataFrame:
        """Return the table below the last picture; what could not start shows none."""
        has_begun = self.future.cancelled() or self.future.exception() is None
        if screen:
            (screen.close if has_begun else screen.clear)()
        return self.results()

    async def _run_to_its_end(self) -> None:
        try:
            await self._run()
        finally:
            self._ended = time.monotonic()

    def _seconds(self) -> float:
        paused = 0.0 if self._paused_at is None else self._now() - self._paused_at
        return max(0.0, self._now() - self._began - self._paused - paused)

    def _now(self) -> float:
        return self._ended or time.monotonic()

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _as_html(self) -> Markup:
        return draw_run(self._lines(), share=self.share)


class BulkJob(BackgroundTask):
    """A run, or several one after another, that settles the assets of a table."""

    @abstractmethod
    def in_words(self, *, by_form: bool = False) -> list[str]:
        """Return how it stands, a form's without what only a cell's user can do."""

    def _lines(self) -> list[str]:
        return self.in_words()

    @property
    @abstractmethod
    def run_id(self) -> str:
        """Name of the run; of several, of the first."""

    @property
    @abstractmethod
    def counts(self) -> Counter[Outcome]:
        """How many assets are settled so far, by outcome."""

    @property
    @abstractmethod
    def codes(self) -> Counter[str]:
        """How many assets are settled so far, by error code; "" stands for none."""

    def begin(self) -> Self:
        """Begin, unless it has begun, and return at once; from here on `last_job` returns it.

        Raises:
            SetupError: This Python has no threads.
            KeyboardInterrupt: It was interrupted meanwhile, and is told to stop.

        Example:
            >>> job.begin()
        """
        before = _jobs.copy()
        _jobs[:] = [self]
        try:
            return super().begin()
        except VodnbError:
            _jobs[:] = before
            raise


_jobs: list[BulkJob] = []


def last_job() -> BulkJob | None:
    """Return the job that was started last in this process, or None.

    It keeps what an interrupted cell could not hand over: `vodnb.last_job().results()`.

    Example:
        >>> results = vodnb.last_job().results()
    """
    return _jobs[-1] if _jobs else None
