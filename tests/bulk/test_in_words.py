"""What people see of a run: in a notebook, in a terminal, in a log; in both languages."""

from __future__ import annotations

import io
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from fake_kernel import pretend_kernel
from hypothesis import given
from hypothesis import strategies as st

from vodnb.bulk.engine.events import Bounced, Phase, PhaseBegan, Sent, Settled, Warned
from vodnb.bulk.engine.run_state import RunState
from vodnb.bulk.in_words import describe_run
from vodnb.bulk.pace.control import BY_HAND, Stop
from vodnb.bulk.pace.paced_call import Slowed
from vodnb.kernel.screen import draw_run, open_screen, show
from vodnb.rules.model import Outcome, Settlement
from vodnb.rules.words.markup import Displayable, Markup, element


def book_of(
    phase: Phase = Phase.SENDING, *, code: str = "VOD.10053", **counts: int
) -> tuple[RunState, int]:
    """Return a run's state with so many settled assets of each outcome, and how many they are."""
    state = RunState()
    state.hear(PhaseBegan(phase=phase))
    for name, count in counts.items():
        outcome = Outcome(name)
        end = Settlement(outcome=outcome, code="" if outcome.is_good else code)
        for number in range(count):
            state.hear(Settled(asset_id=f"{name} {number}", settlement=end))
    return state, state.settled


def described(state: RunState, **given_: object) -> list[str]:
    """Describe a run of a hundred assets after ten seconds, unless told otherwise."""
    usual = {"total": 100, "seconds": 10.0, "is_paused": False, "stop": None, "lang": "en"}
    return describe_run(state, **(usual | given_))


@pytest.mark.parametrize(
    ("phase", "english", "chinese"),
    [
        (Phase.CHECKING, "Checking the connection · 0/100 assets", "正在检查连接 · 媒资 0/100"),
        (Phase.SENDING, "Confirming · 0/100 assets", "正在确认 · 媒资 0/100"),
        (Phase.SETTLING, "Asking for the states of doubtful assets · 0/100 assets",
         "正在核对存疑媒资的状态 · 媒资 0/100"),
        (Phase.FINISHED, "Finished · 0/100 assets · took 0:10", "已完成 · 媒资 0/100 · 用时 0:10"),
        (Phase.STOPPED, "Stopped · 0/100 assets · took 0:10", "已停止 · 媒资 0/100 · 用时 0:10"),
    ],
)  # fmt: skip
def test_each_phase_has_its_words(phase, english, chinese):
    """The first line says what the run is doing, in the language asked for."""
    state, _ = book_of(phase)
    assert described(state)[0] == english
    assert described(state, lang="zh")[0] == chinese


def test_a_run_under_way_counts_and_says_how_long_it_will_take():
    """Outcomes in their order, and the time left from the pace so far."""
    state, _ = book_of(confirmed=1000, failed=234)
    told = described(state, total=4936, seconds=60.0)
    assert told == ["Confirming · 1,234/4,936 assets · 1,000 confirmed · 234 failed · 3:00 left"]
    assert described(state, total=4936, seconds=60.0, lang="zh") == [
        "正在确认 · 媒资 1,234/4,936 · 1,000 已确认 · 234 失败 · 剩余 3:00"
    ]


@pytest.mark.parametrize(
    ("seconds", "clock"),
    [(0, "0:00"), (0.4, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599.6, "1:00:00"),
     (86_399, "23:59:59"), (360_000, "100:00:00")],
)  # fmt: skip
def test_durations_are_minutes_and_seconds_and_hours_where_needed(seconds, clock):
    """Rounded once, so that 59.6 s are a minute and never 0:60."""
    state, _ = book_of(Phase.FINISHED)
    assert described(state, seconds=seconds)[0].endswith(f"took {clock}")


def test_a_paused_run_says_so_whatever_its_phase():
    """Paused comes before the phase."""
    state, _ = book_of(confirmed=50)
    assert described(state, is_paused=True)[0].startswith("Paused · 50/100")
    assert described(state, is_paused=True, lang="zh")[0].startswith("已暂停")


def test_throttling_takes_the_place_of_the_time_left():
    """No time is promised while the service makes us wait; the next settled asset ends it."""
    state, _ = book_of(confirmed=50)
    state.hear(Slowed(seconds=3.0, code="APIGW.0308"))
    assert described(state)[0].endswith("50 confirmed · throttled (APIGW.0308), waiting")
    assert described(state, lang="zh")[0].endswith("被限流（APIGW.0308），等待中")
    good = Settlement(outcome=Outcome.CONFIRMED)
    state.hear(Settled(asset_id="next", settlement=good))
    assert described(state)[0].endswith("0:10 left")


def test_no_time_is_promised_while_doubts_are_settled():
    """How long the settle time takes says nothing of the pace."""
    state, _ = book_of(Phase.SETTLING, confirmed=50)
    assert "left" not in described(state)[0]


def test_what_is_not_settled_is_told_at_the_end_with_the_reason():
    """In doubt, not sent, why: in this order, and what to do."""
    state, _ = book_of(Phase.STOPPED, confirmed=90, in_doubt=2)
    stop = Stop(code="APIGW.0307", reason="The token must be updated.")
    _, *notes = described(state, stop=stop)
    assert notes == [
        (
            "2 assets are in doubt: they were sent, and no trustworthy answer came. "
            "Run the same cell again to ask for their states."
        ),
        "8 assets were not sent. Run the same cell again to go on.",
        "Reason: APIGW.0307 The token must be updated.",
    ]
    _, *notes = described(state, stop=stop, lang="zh")
    assert notes == [
        "有 2 个媒资存疑：已发送，但没有得到可信的应答。请再次运行本单元格以查询其状态。",
        "有 8 个媒资未发送。再次运行本单元格即可继续。",
        "原因：APIGW.0307 The token must be updated.",
    ]


def test_a_run_that_settled_everything_has_no_note():
    """No reason is given where nothing is left over, even if it was stopped."""
    state, _ = book_of(Phase.STOPPED, confirmed=99, failed=1)
    assert len(described(state, stop=BY_HAND)) == 1


def test_calls_that_were_left_out_there_are_in_doubt_and_not_unsent():
    """Given up by a second interrupt: sent without an answer is no `not sent`."""
    state, _ = book_of(Phase.STOPPED, confirmed=90)
    doubtful = Settlement(outcome=Outcome.IN_DOUBT, code="CLIENT.NO_ANSWER")
    bounced = Settlement(outcome=Outcome.NOT_SENT, code="APIGW.0308")
    for number in range(3):
        state.hear(Sent(asset_id=f"out {number}", settlement=doubtful))
    state.hear(Bounced(asset_id="out 2", settlement=bounced))
    _, *notes = described(state, stop=BY_HAND)
    assert [note[:2] for note in notes] == ["2 ", "8 ", "Re"]
    _, *notes = described(state, stop=BY_HAND, total=93 - 1)
    assert [note[:2] for note in notes] == ["2 ", "Re"]


def test_notes_on_what_is_not_settled_wait_for_the_end():
    """While a run goes on, what is not settled yet is no news."""
    state, _ = book_of(Phase.SENDING, in_doubt=2, confirmed=5)
    assert len(described(state)) == 1


@pytest.mark.parametrize(
    ("missing", "others", "told"),
    [(50, 0, True), (50, 200, True), (50, 201, False), (49, 0, False)],
)
def test_many_unknown_assets_point_at_project_region_or_column(missing, others, told):
    """From fifty, and a fifth of what is settled: said early, with the number."""
    state, _ = book_of(code="VOD.10062", failed=missing, confirmed=others)
    notes = described(state, total=1000)[1:]
    assert [note[:47] for note in notes] == (
        ["50 assets are unknown to the service (VOD.10062"] if told else []
    )
    if told:
        assert described(state, total=1000, lang="zh")[1].startswith("有 50 个媒资在服务端不存在")


def test_no_permission_to_read_is_told_during_the_run():
    """The user learns early that nothing can be looked up, in the catalogue's words."""
    state, _ = book_of(confirmed=5)
    state.hear(Warned(code="CLIENT.NO_READ"))
    assert described(state)[1].startswith("The IAM user may not read the states of assets")
    assert described(state, lang="zh")[1].startswith("当前IAM用户没有查询媒资状态的权限")


HOSTILE = "<img src=x onerror=alert(1)>\x1b[2J\r\n</strong><script>alert(2)</script>"


class Tags(HTMLParser):
    """Collects the tags of a text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag, attrs):
        """Note the tag and its attributes."""
        self.found.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_a_server_s_words_are_escaped_and_steer_no_terminal():
    """A reason from a server makes no element, and no control sequence."""
    state, _ = book_of(Phase.STOPPED, confirmed=90)
    lines = described(state, stop=Stop(code="VOD.1<b>", reason=HOSTILE))
    assert all(line.isprintable() for line in lines)
    tags = Tags()
    tags.feed(draw_run(lines, share=0.9))
    assert tags.found == ["div", "progress", "div", "strong", "div", "strong"]
    assert set(tags.attributes) == {"role", "max", "value", "aria-label"}


@given(reason=st.text(), code=st.text())
def test_no_reason_whatever_breaks_out(reason, code):
    """Any text at all: as many lines as before, each printable, and our tags alone."""
    state, _ = book_of(Phase.STOPPED)
    lines = described(state, stop=Stop(code=code, reason=reason))
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    tags = Tags()
    tags.feed(draw_run(lines, share=0.0))
    assert tags.found == ["div", "progress", "div", "strong", "div", "strong"]


def test_the_picture_is_a_bar_with_its_text():
    """Plain HTML that needs no script: it stays readable in an export and to a screen reader."""
    lines = ["Finished · 5/5 assets", "note"]
    assert draw_run(lines, share=1.0) == (
        '<div role="status"><progress max="1" value="1" aria-label="Finished · 5/5 assets">'
        "</progress> Finished · 5/5 assets<div><strong>note</strong></div></div>"
    )


def test_an_empty_run_has_a_bar_too():
    """A bar must not end at 0: that would draw it as unknown."""
    assert 'max="1" value="0"' in draw_run(["Finished"], share=0.0)


class Picture(Displayable):
    """Something to show, whose text and share a test sets."""

    def __init__(self) -> None:
        self.text = "0/100"
        self.share = 0.0

    def turn(self, share: float, text: str | None = None) -> None:
        """Set how far it is."""
        self.share = share
        self.text = text or f"{share * 100:.0f}/100"

    def __repr__(self) -> str:
        return self.text

    def _as_html(self) -> Markup:
        return element("p", self.text)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_a_log_gets_a_line_for_each_tenth_and_the_end():
    """A file or a pipe is not flooded: eleven lines at most, without control sequences."""
    picture, stream = Picture(), io.StringIO()
    screen = open_screen(picture, stream=stream)
    for percent in range(100):
        picture.turn(percent / 100)
        screen.update()
        screen.update()
    picture.turn(1.0, "Finished\n2 in doubt")
    screen.close()
    tenths = [f"{tenth}0/100" for tenth in range(1, 10)]
    assert stream.getvalue().splitlines() == [*tenths, "Finished", "2 in doubt"]


def test_a_log_that_jumps_gets_one_line():
    """From 5 % to 95 % in one step: one line, not nine."""
    picture, stream = Picture(), io.StringIO()
    screen = open_screen(picture, stream=stream)
    picture.turn(0.05)
    screen.update()
    picture.turn(0.95)
    screen.update()
    assert stream.getvalue() == "95/100\n"


def test_a_terminal_s_line_is_written_over():
    """Each picture clears the line before it, is never wrapped, and the end stays."""
    picture, stream = Picture(), Terminal()
    screen = open_screen(picture, stream=stream)
    picture.turn(0.01, "1/100\nnote")
    screen.update()
    picture.turn(1.0, "Finished\nnote")
    screen.close()
    clear, narrow, wide = "\r\x1b[2K", "\x1b[?7l", "\x1b[?7h"
    assert stream.getvalue() == f"{clear}{narrow}1/100{wide}{clear}Finished\nnote\n"


@pytest.mark.parametrize(("stream", "left"), [(io.StringIO(), ""), (Terminal(), "\r\x1b[2K")])
def test_an_error_finds_an_empty_line(stream, left):
    """What could not start leaves nothing in front of the message."""
    screen = open_screen(Picture(), stream=stream)
    screen.clear()
    assert stream.getvalue() == left


def test_lines_go_to_standard_error(capsys):
    """Standard output belongs to the caller's own data."""
    screen = open_screen(Picture())
    screen.close()
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "0/100\n")


def test_a_notebook_gets_one_output_that_is_painted_over(monkeypatch):
    """Displayed once; updated only where something has changed; the end is painted."""
    kernel = pretend_kernel(monkeypatch)
    picture = Picture()
    screen = open_screen(picture)
    screen.update()
    picture.turn(0.5)
    screen.update()
    screen.update()
    picture.turn(1.0, "Finished")
    screen.close()
    screen.clear()
    assert kernel.shown == [("display", "0/100"), ("update", "50/100"), ("update", "Finished")]


def test_show_displays_in_a_notebook(monkeypatch):
    """What `load_assets` found is displayed once."""
    kernel = pretend_kernel(monkeypatch)
    show(Picture())
    assert kernel.shown == [("display", "0/100")]


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_nothing_is_displayed_where_no_kernel_listens(monkeypatch, shell):
    """IPython imported but not running, or running in a terminal: lines, no display."""
    kernel = pretend_kernel(monkeypatch)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    show(Picture())
    stream = io.StringIO()
    open_screen(Picture(), stream=stream).close()
    assert kernel.shown == []
    assert stream.getvalue() == "0/100\n"


def test_ipython_is_not_loaded_to_find_out(monkeypatch):
    """Where nobody has imported IPython, it is not imported."""
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    show(Picture())
    assert "IPython" not in sys.modules
