"""One loop for the process, in a thread of its own; nesting only when it is asked for."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest

from vodnb.kernel import loop
from vodnb.kernel.loop import allow_nested_loops, submit
from vodnb.rules.errors import SetupError


async def where_am_i() -> tuple[threading.Thread, asyncio.AbstractEventLoop]:
    """Return the thread and the loop that run this."""
    return threading.current_thread(), asyncio.get_running_loop()


def run_python(code: str) -> str:
    """Run code in an interpreter of its own and return what it printed."""
    command = [sys.executable, "-I", "-W", "error", "-c", inspect.cleandoc(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_work_runs_on_one_daemon_thread_of_its_own():
    """Neither the caller's thread nor its loop; and the process can end while it runs."""
    thread, running = submit(where_am_i()).result(timeout=10)
    assert thread is not threading.current_thread()
    assert (thread.name, thread.daemon) == ("vodnb-loop", True)
    assert running.is_running()


def test_every_thread_gets_the_same_loop():
    """Twenty submissions from five threads at once come to one thread and one loop."""
    with ThreadPoolExecutor(5) as pool:
        futures = list(pool.map(lambda _: submit(where_am_i()), range(20)))
    assert len({future.result(timeout=10) for future in futures}) == 1
    named = [thread for thread in threading.enumerate() if thread.name == "vodnb-loop"]
    assert len(named) == 1


def test_threads_that_come_first_together_make_one_loop(monkeypatch):
    """Nobody has used the loop yet, and many come at once: one thread is started."""
    monkeypatch.setattr(loop, "_threads", [])
    together = threading.Barrier(8)

    def come(_number: int) -> object:
        together.wait(timeout=10)
        return submit(where_am_i()).result(timeout=10)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(come, range(8)))) == 1
    end(loop._threads[-1])


def end(served: loop._LoopThread) -> None:
    """Stop a loop that a test has made."""
    served.loop.call_soon_threadsafe(served.loop.stop)
    served.thread.join(timeout=10)
    served.loop.close()


def test_a_dead_thread_is_replaced(monkeypatch):
    """In a forked child the thread is gone: the child gets a loop of its own, once."""
    gone = threading.Thread(target=bool)
    gone.start()
    gone.join()
    lost = asyncio.new_event_loop()
    monkeypatch.setattr(loop, "_threads", [SimpleNamespace(thread=gone, loop=lost)])
    first = submit(where_am_i()).result(timeout=10)
    assert first[1] is not lost
    assert first[0].is_alive()
    assert submit(where_am_i()).result(timeout=10) == first
    lost.close()
    end(loop._threads[-1])


def test_a_failure_comes_back_through_the_future():
    """What the work raises is raised where it is asked for."""

    async def fail() -> None:
        raise LookupError("seen")

    with pytest.raises(LookupError, match="seen"):
        submit(fail()).result(timeout=10)


def test_a_browser_s_python_is_refused(monkeypatch):
    """Pyodide has no threads: a clear message, no warning of a coroutine never awaited."""
    monkeypatch.setattr(sys, "platform", "emscripten")
    work = where_am_i()
    with pytest.raises(SetupError, match="no threads"):
        submit(work)
    assert inspect.getcoroutinestate(work) == inspect.CORO_CLOSED


@pytest.fixture
def installed(monkeypatch):
    """Say which versions are installed, and note which patches are applied."""
    versions: dict[str, str] = {}
    applied: list[str] = []

    def version(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    def import_module(name: str) -> SimpleNamespace:
        return SimpleNamespace(apply=lambda: applied.append(name))

    monkeypatch.setattr(loop, "version", version)
    monkeypatch.setattr(loop, "importlib", SimpleNamespace(import_module=import_module))
    return SimpleNamespace(versions=versions, applied=applied)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ({"nest_asyncio": "1.6.0", "nest_asyncio2": "1.7.4"}, "nest_asyncio2"),
        ({"nest_asyncio": "1.6.0", "nest_asyncio2": "1.7.4", "ipykernel": "7.4.0"},
         "nest_asyncio2"),
        ({"nest_asyncio": "1.6.0", "nest_asyncio2": "1.8", "ipykernel": "7.0.0a1"},
         "nest_asyncio2"),
        ({"nest_asyncio": "1.6.0"}, "nest_asyncio"),
        ({"nest_asyncio": "1.6.0", "ipykernel": "6.31.0"}, "nest_asyncio"),
        ({"nest_asyncio2": "1.7.0", "ipykernel": "6.31.0"}, "nest_asyncio2"),
    ],
)  # fmt: skip
def test_the_newer_patch_is_preferred(installed, versions, expected):
    """nest_asyncio2 where it is there, else nest_asyncio, as long as no work is lost."""
    installed.versions.update(versions)
    allow_nested_loops()
    assert installed.applied == [expected]


@pytest.mark.parametrize(
    ("versions", "named"),
    [
        ({"nest_asyncio": "1.6.0", "ipykernel": "7.4.0"}, "nest_asyncio 1.6.0 on ipykernel 7.4.0"),
        ({"nest_asyncio": "1.6.0", "ipykernel": "7.0.0a1"}, "nest_asyncio 1.6.0 on ipykernel 7.0"),
        ({"nest_asyncio": "1.6.0", "nest_asyncio2": "1.7.3", "ipykernel": "7.3.0"},
         "nest_asyncio2 1.7.3 on ipykernel 7.3.0"),
        ({"nest_asyncio2": "1.7.4rc1", "ipykernel": "7.3.0"}, "nest_asyncio2 1.7.4rc1 on"),
    ],
)  # fmt: skip
def test_pairs_that_lose_queued_cells_are_refused(installed, versions, named):
    """What drops cells without a word is not applied; the message names the way out."""
    installed.versions.update(versions)
    with pytest.raises(SetupError, match=named) as caught:
        allow_nested_loops()
    assert installed.applied == []
    assert 'pip install "nest-asyncio2>=1.7.4"' in str(caught.value)


def test_a_loop_that_is_not_asyncio_s_is_refused_before_anything_is_patched(installed):
    """On uvloop `apply` would patch asyncio first and raise then: it is not called at all."""
    installed.versions["nest_asyncio2"] = "1.7.4"

    class Loop:
        """Stands for uvloop's."""

    asyncio._set_running_loop(Loop())
    try:
        with pytest.raises(SetupError, match="uvloop's loops cannot be nested") as caught:
            allow_nested_loops()
    finally:
        asyncio._set_running_loop(None)
    assert "Can't patch loop of type" in str(caught.value)
    assert installed.applied == []


def test_asyncio_s_own_loop_is_patched_while_it_runs(installed):
    """The usual case: a cell of a notebook, inside the kernel's loop."""
    installed.versions["nest_asyncio2"] = "1.7.4"

    async def cell() -> None:
        allow_nested_loops()

    asyncio.run(cell())
    assert installed.applied == ["nest_asyncio2"]


def test_a_patch_that_refuses_the_loop_is_told(installed, monkeypatch):
    """No loop runs yet, and the one that the policy gives cannot be patched."""

    def apply() -> None:
        raise ValueError("Can't patch loop of type <class 'uvloop.Loop'>")

    installed.versions["nest_asyncio"] = "1.6.0"
    module = SimpleNamespace(import_module=lambda _name: SimpleNamespace(apply=apply))
    monkeypatch.setattr(loop, "importlib", module)
    with pytest.raises(SetupError, match=r"uvloop\.Loop.*write `await"):
        allow_nested_loops()


def test_nesting_really_nests():
    """Asked for, `asyncio.run` works inside a running loop; before, it does not."""
    told = run_python("""
        import asyncio, vodnb

        async def inner():
            await asyncio.sleep(0.01)
            return "nested"

        async def outer():
            work = inner()
            try:
                asyncio.run(work)
            except RuntimeError:
                work.close()
                print("refused")
            vodnb.allow_nested_loops()
            print(asyncio.run(inner()))

        asyncio.run(outer())
    """)
    assert told.split() == ["refused", "nested"]


def test_nothing_is_patched_unasked():
    """Importing vodnb, connecting and confirming leave asyncio as it was."""
    told = run_python("""
        import asyncio, sys
        names = ("run", "Task", "Future", "get_event_loop")
        before = [getattr(asyncio, name) for name in names]
        import vodnb
        vod = vodnb.connect(sandbox=True)
        results = vod.confirm(vod.sandbox.add(["a" * 32]), progress=False)
        print(*results["outcome"])
        print([getattr(asyncio, name) for name in names] == before)
        print("nest_asyncio" in sys.modules, "nest_asyncio2" in sys.modules)
        vod.close()
        vod.sandbox.stop()
    """)
    assert told.split() == ["confirmed", "True", "False", "False"]


def test_vodnb_works_where_nesting_was_allowed_long_ago():
    """A notebook that called nest_asyncio.apply() in its first cell: plain and awaited both run."""
    told = run_python("""
        import asyncio, nest_asyncio
        nest_asyncio.apply()
        import vodnb
        vod = vodnb.connect(sandbox=True)

        def rows():
            return vod.sandbox.add(f"{number:032x}" for number in range(30))

        async def cell():
            awaited = await vod.aconfirm(rows(), rate=None, progress=False)
            blocked = vod.confirm(rows(), rate=None, progress=False)
            inside = asyncio.run(vod.aconfirm(rows(), rate=None, progress=False))
            return [awaited, blocked, inside]

        tables = [vod.confirm(rows(), rate=None, progress=False), *asyncio.run(cell())]
        for table in tables:
            print(len(table), *set(table["outcome"]))
        vod.close()
        vod.sandbox.stop()
    """)
    assert told.splitlines() == ["30 confirmed"] * 4
