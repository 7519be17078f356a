"""The fault matrix as a table: each fault, and what a row that it hits must come to.

The numbers are those of the matrix. A row may end only as its line here says, however the run is
paced; what must hold for every row of every run is checked in `fault_cells`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import fault_acts as do
from fault_acts import Effect, answers, redirects, refuses, says, throttles

if TYPE_CHECKING:
    from fault_server import Act

DEADLINE = 1.0
"""Seconds for a call: enough on a busy machine, for a healthy one must not be late by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """How a row may end.

    Attributes:
        outcomes: One of these.
        codes: Its code is one of these; "" where all is well.
        posts: Its confirm calls that the server read; any number where empty.
        read_back: Whether its state must have been read back as CREATED.
    """

    outcomes: frozenset[str]
    codes: frozenset[str] = frozenset({""})
    posts: frozenset[int] = frozenset()
    read_back: bool = False


def ends(*outcomes: str, code: str = "", posts: tuple[int, ...] = (), back: bool = False) -> Ends:
    """Return how a row may end."""
    codes = frozenset({code} if code else {""})
    return Ends(outcomes=frozenset(outcomes), codes=codes, posts=frozenset(posts), read_back=back)


DONE = ends("confirmed", posts=(1,))
RESOLVED = ends("confirmed", posts=(1,), back=True)
UNHURT = ends("confirmed", posts=(1, 2))
UNHURT_OR_UNREAD = Ends(outcomes=frozenset({"confirmed", "in_doubt"}), codes=frozenset())
"""The reading back may go wrong as well, and is tried once: then the row stays in doubt."""
STRANGE = Ends(
    outcomes=frozenset({"in_doubt", "not_sent"}),
    codes=frozenset({"CLIENT.BAD_ANSWER", "CLIENT.NO_ANSWER", "CLIENT.STOPPED", "CLIENT.CONNECT"}),
)
"""Five answers in a row that are none of VOD's: something else answers, and the run stops.

A call may be without its connection yet: on a busy machine it had none in time, and says so.
"""
ANYTHING_TRUE = Ends(
    outcomes=frozenset({"confirmed", "failed", "in_doubt", "not_sent"}), codes=frozenset()
)
"""No promise but that the table is true, which is checked for every cell."""
UNHURT_OR_STOPPED = Ends(outcomes=frozenset({"confirmed", "not_sent"}), codes=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault.

    Attributes:
        name: Its number in the matrix and its variant.
        acts: What the first, second ... confirm call of a hit asset gets; then the server behaves.
        kind: What such an answer allows: an answer class, or `stop` where waiting is no use.
        once: How the hit row ends when the fault strikes one row.
        every: How all rows end when every call is struck, for good.
        others: How the rows end that were not hit.
        lasting: Whether the last act is repeated for a hit asset for good.
        spell: Seconds from the first strike in which every confirm call is struck.
        state: State of a hit asset at the start; "" for: unknown to the service.
        deadline: Deadline of the run's calls.
        lag: Seconds after which an effect shows in asset/info.
    """

    name: str
    acts: tuple[Act, ...] = ()
    kind: str
    once: Ends
    every: Ends
    others: Ends = UNHURT
    lasting: bool = False
    spell: float = 0.0
    state: str = "CREATING"
    deadline: float = DEADLINE
    lag: float = 0.0


def doubtful(
    name: str,
    act: Act,
    *,
    code: str = "CLIENT.NO_EFFECT",
    effects: str = "none before",
    strange: bool = False,
) -> list[Case]:
    """Return a fault that leaves no trustworthy answer, for each effect that it may have had.

    Args:
        name: Its number and variant.
        act: What the server does.
        code: The code of a row that was sent twice in vain.
        effects: The effects to try.
        strange: Whether the answer is none of VOD's: five in a row stop the run.
    """
    cases = []
    missed = 1 if getattr(act, "leaves_unread", False) else 0
    for effect in map(Effect, effects.split()):
        hurt = effect is Effect.NONE
        once = ends("confirmed", posts=(2 - missed,)) if hurt else RESOLVED
        every = ends("failed", code=code, posts=(2 * (1 - missed),)) if hurt else RESOLVED
        if strange:
            every = STRANGE
        cases.append(
            Case(
                name=f"{name}-{effect}",
                acts=(do.doing(act, effect, deadline=DEADLINE),),
                kind="ambiguous",
                once=once,
                every=every,
            )
        )
    return cases


def throttled(name: str, act: Act, *, stops: str = "") -> Case:
    """Return a fault that provably did nothing: waited out, or the run stops for this code."""
    stopped = ends("not_sent", code=stops or name.partition("-")[2])
    return Case(
        name=name,
        acts=(act,),
        kind="stop" if stops else "rejected",
        once=stopped if stops else ends("confirmed", posts=(2,)),
        every=Ends(outcomes=frozenset({"not_sent"}), codes=frozenset()),
        others=UNHURT_OR_STOPPED if stops else UNHURT,
    )


def hopeless(name: str, act: Act, code: str) -> Case:
    """Return a fault that would hit every row alike: the run stops, the row is not sent."""
    row = ends("not_sent", code=code, posts=(1,))
    every = Ends(outcomes=frozenset({"not_sent"}), codes=frozenset())
    return Case(
        name=name, acts=(act,), kind="global", once=row, every=every, others=UNHURT_OR_STOPPED
    )


def refused(name: str, act: Act, code: str) -> Case:
    """Return a definite no for one asset."""
    row = ends("failed", code=code, posts=(1,))
    return Case(name=name, acts=(act,), kind="permanent", once=row, every=row, lasting=True)


def _ok(length: str, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%s\r\n\r\n%s" % (
        length.encode(),
        body,
    )


BODY = b'{"asset_id":"{asset_id}"}'
SIZE = len(BODY) - len("{asset_id}") + 32
CHUNKED = "Transfer-Encoding: chunked"

CONNECTION = [
    *doubtful("4-reset-on-accept", do.reset_unread, effects="none"),
    *doubtful("5-reset-after-reading", do.reset),
    *doubtful("6-fin", do.finish),
    *doubtful("7-silence", do.silence, effects="none before late"),
    *doubtful("9-never-read", do.stall, effects="none"),
    *doubtful("10-slow-headers", do.trickles(b"HTTP/1.1 200 OK\r\nX: ", b"a")),
    *doubtful("11-slow-body", do.trickles(_ok("Content-Length: 999", b"{"), b" ")),
    *doubtful("12-half-head", says(b"HTTP/1.1 200 OK\r\nContent-Le", closes=True)),
    *doubtful("13-truncated", says(_ok("Content-Length: 999", BODY), closes=True)),
    # Where every answer leaves a rest behind, the next call on the connection is lost as well.
    *[
        replace(case, every=ANYTHING_TRUE)
        for case in doubtful("14-length-too-short", says(_ok(f"Content-Length: {SIZE - 3}", BODY)))
    ],
    *doubtful(
        "15-two-lengths", says(_ok(f"Content-Length: {SIZE}\r\nContent-Length: {SIZE - 3}", BODY))
    ),
    *doubtful("16-bad-chunk", says(_ok(CHUNKED, b"zz\r\n" + BODY + b"\r\n0\r\n\r\n"))),
    *doubtful("16-cut-chunk", says(_ok(CHUNKED, b"%x\r\n" % SIZE + BODY), closes=True)),
    *doubtful("17-garbage", says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", closes=True)),
    *doubtful("17-http09", says(BODY, closes=True)),
    *doubtful("18-huge-header", says(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n")),
    Case(name="19-interim", acts=(do.interim,), kind="done", once=UNHURT, every=UNHURT),
    Case(
        name="20-second-answer",
        acts=(do.desync,),
        kind="done",
        once=UNHURT_OR_UNREAD,
        every=UNHURT_OR_UNREAD,
        others=UNHURT_OR_UNREAD,
    ),
]

OTHER = "f" * 32
LOGIN = b"<html><title>Sign in to guest Wi-Fi</title><form>{token}</form></html>"
NESTED = b'{"asset_id":' + b"[" * 100_000

ANSWERS = [
    *doubtful("21-login-page", answers(200, LOGIN), strange=True),
    *doubtful("22-empty", answers(200, b""), strange=True),
    *doubtful("22-204", says(b"HTTP/1.1 204 No Content\r\n\r\n"), strange=True),
    *doubtful("23-not-json", answers(200, b'{"asset_id":"{asset_id}"'), strange=True),
    *doubtful(
        "23-bad-utf8", answers(200, b'{"asset_id":"{asset_id}","x":"\xff\xfe"}'), strange=True
    ),
    *doubtful("23-nan", answers(200, b'{"asset_id":"{asset_id}","x":NaN}'), strange=True),
    *doubtful("23-twice", answers(200, b'{"asset_id":"x","asset_id":"{asset_id}"}'), strange=True),
    *doubtful("24-nested", answers(200, NESTED), strange=True),
    *doubtful("25-list", answers(200, [BODY.decode()]), strange=True),
    *doubtful("25-null", answers(200, b"null"), strange=True),
    *doubtful("25-number", answers(200, {"asset_id": 17})),
    *doubtful("25-missing", answers(200, {"asset": "{asset_id}"}), strange=True),
    *doubtful("26-another-id", answers(200, {"asset_id": OTHER})),
    *doubtful("27-code-in-200", refuses(200, "VOD.10051"), code="VOD.10051"),
    refused("27-no-in-200", refuses(200, "VOD.10053"), "VOD.10053"),
    throttled("27-APIGW.0308", throttles(200, "APIGW.0308")),
    *doubtful("28-endless", do.endless(), strange=True),
    *doubtful("29-bomb", do.packed(do.bomb(), "gzip"), strange=True),
    *doubtful("29-nested-gzip", do.truly_packed("gzip, gzip", times=2)),
    *doubtful("29-br", do.packed(b"\x0b\x02\x80{}\x03", "br")),
    *doubtful("29-zstd", do.packed(b"\x28\xb5\x2f\xfd", "zstd")),
    *doubtful("30-broken-gzip", do.packed(b"\x1f\x8b\x08broken", "gzip")),
]

HTML = b"<html><h1>Bad Gateway</h1>{token}</html>"
AFTER = ["5", "-1", "inf", "1e400", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"]
ODD_NAMES = {"Wed, 21 Oct 2015 07:28:00 GMT": "past"}

REFUSALS = [
    throttled("31-APIGW.0308", throttles(429, "APIGW.0308")),
    throttled("31-CLIENT.THROTTLED", throttles(429, "")),
    throttled("32-VOD.10127", throttles(403, "VOD.10127")),
    *[
        throttled(
            f"33-after-{ODD_NAMES.get(text, text)}",
            throttles(429, "APIGW.0308", Retry_After=text),
        )
        for text in AFTER
    ],
    throttled(
        "33-after-a-day", throttles(429, "APIGW.0308", Retry_After="86400"), stops="APIGW.0308"
    ),
    *doubtful("34-500-json", refuses(500, "APIGW.0201"), code="APIGW.0201"),
    *doubtful("34-502-html", answers(502, HTML)),
    *doubtful("34-504-json", refuses(504, "APIGW.0201"), code="APIGW.0201"),
    *[
        replace(case, spell=0.3, every=UNHURT)
        for case in doubtful("35-503-spell", answers(503, {"error_msg": "later"}))
    ],
    *doubtful("36-10051", refuses(403, "VOD.10051"), code="VOD.10051"),
    *doubtful("36-10052", refuses(403, "VOD.10052"), code="VOD.10052"),
]

NOES = [
    replace(refused("37-no-such-asset", refuses(403, "VOD.10062"), "VOD.10062"), state=""),
    Case(
        name="38-confirmed-before",
        kind="permanent",
        state="CREATED",
        once=ends("already_confirmed", posts=(1,), back=True),
        every=ends("already_confirmed", posts=(1,), back=True),
    ),
    replace(refused("38-cancelled-before", None, "VOD.10126"), acts=(), state="CANCELLED"),
    Case(
        name="38-contradicted",
        acts=(refuses(403, "VOD.10126"),),
        kind="permanent",
        lasting=True,
        once=ends("in_doubt", code="VOD.10126", posts=(1,)),
        every=ends("in_doubt", code="VOD.10126", posts=(1,)),
    ),
    refused("39-10053", refuses(400, "VOD.10053"), "VOD.10053"),
    refused("39-413", refuses(413, "APIGW.0201"), "APIGW.0201"),
    hopeless("39-0101", refuses(404, "APIGW.0101"), "APIGW.0101"),
    hopeless("40-0307", refuses(401, "APIGW.0307"), "APIGW.0307"),
    hopeless("42-10056", refuses(403, "VOD.10056"), "VOD.10056"),
]


async def _raced(talk: object) -> bool:
    """Let the first call have its effect in the moment the second one comes."""
    talk.apply()
    await talk.send(talk.server.healthy(talk.call))
    return True


RACED = Case(
    name="38-after-doubt",
    acts=(do.silence, _raced),
    kind="ambiguous",
    lasting=True,
    once=ends("confirmed", posts=(2,), back=True),
    every=ends("confirmed", posts=(2,), back=True),
)

STALE = Case(name="8-stale", acts=(do.stale,), kind="ambiguous", once=UNHURT, every=UNHURT)

PORT = [
    Case(
        name="1-gone-for-a-while",
        acts=(do.vanishes(0.3),),
        kind="not_sent",
        once=UNHURT_OR_UNREAD,
        every=Ends(outcomes=frozenset({"confirmed", "in_doubt", "failed"}), codes=frozenset()),
        others=UNHURT_OR_UNREAD,
    ),
    Case(
        name="1-gone-for-good",
        acts=(do.vanishes(None),),
        kind="not_sent",
        once=Ends(outcomes=frozenset({"confirmed", "in_doubt"}), codes=frozenset()),
        every=Ends(outcomes=frozenset({"confirmed", "in_doubt", "not_sent"}), codes=frozenset()),
        others=Ends(outcomes=frozenset({"confirmed", "in_doubt", "not_sent"}), codes=frozenset()),
    ),
    Case(
        name="3-full-backlog",
        acts=(do.clogs(0.6),),
        kind="not_sent",
        once=UNHURT_OR_UNREAD,
        every=ANYTHING_TRUE,
        others=UNHURT_OR_UNREAD,
    ),
]

ELSEWHERE = "http://127.0.0.1:{other}/elsewhere"
REDIRECTS = [
    *[
        hopeless(f"43-{status}-elsewhere", redirects(status, ELSEWHERE), "CLIENT.REDIRECT")
        for status in (301, 302, 303, 307, 308)
    ],
    *[
        hopeless(f"43-{name}", redirects(307, where), "CLIENT.REDIRECT")
        for name, where in (
            ("other-host", "http://localhost:{other}/elsewhere"),
            ("other-scheme", "https://127.0.0.1:{other}/elsewhere"),
            ("itself", ""),
            ("loop", "http://127.0.0.1:{port}/loop"),
            ("nowhere", None),
        )
    ],
]


def _first_of_each(cases: list[Case]) -> list[Case]:
    """Return one variant of each number: what many workers are tried on."""
    firsts: dict[str, Case] = {}
    for case in cases:
        firsts.setdefault(case.name.partition("-")[0], case)
    return list(firsts.values())


CASES = [*PORT, *CONNECTION, STALE, *ANSWERS, *REFUSALS, *NOES, RACED, *REDIRECTS]
"""The faults of an answer, on the confirm call."""

CHIEF_CASES = [
    *_first_of_each(CASES),
    *[case for case in CASES if case.name in {"7-silence-late", "33-after-a-day"}],
]
"""Those tried everywhere: one variant of each number, and two of their own sort."""

ENTRY = {"asset_id": "{asset_id}"}
STATES_ONLY = [
    *doubtful("info-no-list", answers(200, {"assets": []}), effects="none"),
    *doubtful("info-missing-id", answers(200, {"asset_info_array": []}), effects="none"),
    *doubtful("info-null", answers(200, {"asset_info_array": None}), effects="none"),
    *doubtful("info-numbers", answers(200, {"asset_info_array": [1, None, []]}), effects="none"),
    *doubtful(
        "info-other-ids",
        answers(200, {"asset_info_array": [{"asset_id": OTHER, "status": "CREATED"}]}),
        effects="none",
    ),
    *doubtful(
        "info-new-status",
        answers(200, {"asset_info_array": [{**ENTRY, "status": "HIBERNATING"}]}),
        effects="none",
    ),
    *doubtful("info-no-status", answers(200, {"asset_info_array": [ENTRY]}), effects="none"),
]

INFO_CASES = [
    case
    for case in [*CONNECTION, STALE, *ANSWERS, *REFUSALS, *STATES_ONLY, *REDIRECTS[:1]]
    if not case.name.endswith(("-before", "-late"))
]
"""The same faults on asset/info, where nothing can have had an effect; and those of its own."""
