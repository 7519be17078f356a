"""The doctor: looks at everything that a call needs, in the order in which one thing needs another.

It changes nothing, and at most two of its calls carry the credential: an access key that is
refused more than five times in a row locks.
"""

from __future__ import annotations

import asyncio
import socket
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vodnb.rules.answers import Fault, FaultKind, Reply
from vodnb.rules.codes import look_up
from vodnb.rules.errors import VodnbError
from vodnb.rules.model import AnswerClass
from vodnb.rules.operations import INFO, OPERATIONS
from vodnb.rules.words.wording import say
from vodnb.service.client import Client
from vodnb.service.settings.endpoints import REGIONS, is_huawei, is_loopback
from vodnb.service.transport.http import Http, proxy_for

from .causes import diagnose
from .checkup import Check, Checkup, Level, check_in_words
from .machine import check_kernel, check_packages, check_python
from .recorded import RecordedCall, place_of, way_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vodnb.rules.answers import Answer
    from vodnb.rules.attempt import Attempt
    from vodnb.rules.model import Lang
    from vodnb.service.settings.settings import Settings

_MOST_CALLS = 2
_DEADLINE = 15.0
_SKEW_BAD, _SKEW_WARN = 15 * 60, 60
_NOBODY = "0" * 32
"""An asset that cannot be there: asking for it changes nothing."""

_NETWORK = ("dns", "tls", "proxy", "clock", "credential", "quota")


async def examine(
    settings: Settings | VodnbError,
    *,
    lang: Lang,
    environ: Mapping[str, str],
    clock: Callable[[], float] = time.time,
) -> Checkup:
    """Check all that a call needs: of a connection, or of why there is none."""
    checks = [check_python(lang), check_kernel(lang), check_packages(lang)]
    if isinstance(settings, VodnbError):
        checks += [_refused("settings", settings), *_skipped(_NETWORK, "settings", lang)]
    else:
        visit = _Visit(settings, lang=lang, environ=environ, clock=clock)
        checks += [visit.check_settings(), *await visit.network()]
    return Checkup(checks=tuple(checks), lang=lang)


def _refused(name: str, why: VodnbError) -> Check:
    told = " ".join(part for part in (why.what, why.means) if part)
    return Check(name=name, level="bad", told=told, do=why.do)


def _skipped(names: tuple[str, ...], why: str, lang: Lang) -> list[Check]:
    told = say("doctor.skipped", lang, why=say(f"doctor.{why}", lang))
    return [Check(name=name, level="skipped", told=told) for name in names]


class _Frugal(Http):
    """Sends so many requests and no more, whoever asks."""

    def __init__(self, *, ca_bundle: str, most: int) -> None:
        super().__init__(ca_bundle=ca_bundle)
        self._left = most

    async def send(self, *sent: Any, **options: Any) -> Reply | Fault:
        if self._left <= 0:
            told = f"the doctor makes at most {_MOST_CALLS} calls with a credential"
            return Fault(kind=FaultKind.CONNECT, detail=told)
        self._left -= 1
        return await super().send(*sent, **options)


class _Visit:
    """The checks of one connection, from its name to its quota."""

    def __init__(
        self,
        settings: Settings,
        *,
        lang: Lang,
        environ: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._lang = lang
        self._environ = environ
        self._clock = clock
        self._host = urlsplit(settings.endpoint).hostname or ""
        self._proxy = proxy_for(settings.endpoint)

    def check_settings(self) -> Check:
        """Return what the settings say."""
        settings, lang, endpoint = self._settings, self._lang, self._settings.endpoint
        if not is_huawei(endpoint) and not is_loopback(self._host):
            return self._check("warn", "doctor.settings.foreign", "doctor.settings.foreign.do",
                               endpoint=endpoint)  # fmt: skip
        return self._check(
            "ok",
            "doctor.settings.told",
            endpoint=endpoint,
            region=settings.region or say("doctor.settings.not given", lang),
            project=settings.project_id or say("doctor.settings.looked up", lang),
            way=say(f"way.{way_of(settings.credential)}", lang),
        )

    async def network(self) -> list[Check]:
        """Return the checks from DNS on; what cannot be looked at is said to be skipped."""
        dns = await self._check_dns()
        if dns.level == "bad":
            return [dns, *_skipped(_NETWORK[1:], "dns", self._lang)]
        # A call without any credential tells TLS, proxy and clock: it cannot lock a key.
        began = self._clock()
        got = await self._knock()
        tls = self._check_tls(got)
        if tls.level == "bad":
            return [dns, tls, self._check_proxy(None), *_skipped(_NETWORK[3:], "tls", self._lang)]
        if isinstance(got, Fault):
            proxy = self._check("bad", "doctor.proxy.unreached", "doctor.proxy.unreached.do",
                                host=self._host, message=got.detail)  # fmt: skip
            return [dns, tls, proxy, *_skipped(_NETWORK[3:], "proxy", self._lang)]
        proxy, clock = self._check_proxy(got), self._check_clock(got, began)
        if proxy.level == "bad":
            return [dns, tls, proxy, clock, *_skipped(_NETWORK[4:], "proxy", self._lang)]
        credential, answer = await self._check_credential()
        return [dns, tls, proxy, clock, credential, self._check_quota(answer)]

    def _check(self, level: Level, key: str, do: str = "", **values: object) -> Check:
        return check_in_words(level, key, self._lang, do=do, **values)

    async def _check_dns(self) -> Check:
        by_proxy = urlsplit(f"//{self._proxy}").hostname or ""
        asked = by_proxy or self._host
        try:
            found = await asyncio.wait_for(
                asyncio.to_thread(socket.getaddrinfo, asked, None, type=socket.SOCK_STREAM),
                _DEADLINE,
            )
        except (OSError, TimeoutError, UnicodeError) as cause:
            told = str(cause) or say("exchange.no answer", self._lang)
            return self._check("bad", "doctor.dns.bad", "doctor.dns.do", host=asked,
                               message=told, regions=", ".join(REGIONS))  # fmt: skip
        if by_proxy:
            return self._check("ok", "doctor.dns.by proxy", host=self._host)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        return self._check("ok", "doctor.dns.told", host=self._host,
                           addresses=", ".join(addresses[:3]))  # fmt: skip

    async def _knock(self) -> Reply | Fault:
        http = Http(ca_bundle=self._settings.ca_bundle)
        try:
            url = f"{self._settings.endpoint}/"
            return await http.send("GET", url, headers={}, content=b"", deadline=_DEADLINE)
        finally:
            await http.aclose()

    def _check_tls(self, got: Reply | Fault) -> Check:
        if isinstance(got, Fault) and got.kind is FaultKind.TLS:
            do = say("doctor.tls.do", self._lang)
            return Check(name="tls", level="bad", told=got.detail, do=do)
        if isinstance(got, Fault):
            return Check(name="tls", level="skipped", told="-")
        if self._settings.endpoint.startswith("http://"):
            return self._check("ok", "doctor.tls.none", host=self._host)
        if self._environ.get("SSLKEYLOGFILE"):
            return self._check("warn", "doctor.tls.keylog", "doctor.tls.keylog.do")
        return self._check("ok", "doctor.tls.told", host=self._host)

    def _check_proxy(self, got: Reply | None) -> Check:
        if not self._proxy:
            return self._check("ok", "doctor.proxy.none")
        sort = got.headers.get("content-type", "") if got else ""
        if got and (got.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED or "html" in sort):
            return self._check("bad", "doctor.proxy.bad", "doctor.proxy.do", proxy=self._proxy,
                               message=f"HTTP {got.status}, {sort}")  # fmt: skip
        return Check(name="proxy", level="ok", told=self._proxy)

    def _check_clock(self, got: Reply, began: float) -> Check:
        try:
            served = parsedate_to_datetime(got.headers.get("date", "")).timestamp()
        except (ValueError, TypeError, OverflowError):
            return self._check("ok", "doctor.clock.unknown")
        # A Date has whole seconds, and lies between question and answer.
        middle = (began + self._clock()) / 2
        offset = middle - served - 0.5
        if abs(offset) < _SKEW_WARN:
            return self._check("ok", "doctor.clock.told", seconds=f"{abs(offset):.0f}")
        is_signed = "key" in way_of(self._settings.credential)
        level: Level = "bad" if is_signed and abs(offset) > _SKEW_BAD else "warn"
        way = say("doctor.clock.ahead" if offset > 0 else "doctor.clock.behind", self._lang)
        return self._check(level, "doctor.clock.off", "doctor.clock.do",
                           minutes=f"{abs(offset) / 60:.0f}", way=way)  # fmt: skip

    async def _check_credential(self) -> tuple[Check, Answer | None]:
        http = _Frugal(ca_bundle=self._settings.ca_bundle, most=_MOST_CALLS)
        client = Client(self._settings, http=http, clock=self._clock)
        attempts: list[Attempt] = []
        try:
            answer = await client.watched_call(
                INFO, {"asset_id": [_NOBODY]}, deadline=_DEADLINE, watch=attempts.append
            )
        except VodnbError as wrong:
            return _refused("credential", wrong), None
        finally:
            await client.aclose()
        return self._judge(answer, tuple(attempts), client.project_id), answer

    def _judge(self, answer: Answer, attempts: tuple[Attempt, ...], project_id: str) -> Check:
        if answer.kind is AnswerClass.DONE or answer.kind is AnswerClass.REJECTED:
            return self._check("ok", "doctor.credential.told", project=project_id)
        entry = look_up(answer.code, answer.http_status)
        if entry.kind == "permission":
            return self._check("warn", "doctor.credential.unread", "doctor.credential.unread.do",
                               project=project_id, code=answer.code,
                               permission=INFO.permission)  # fmt: skip
        place = place_of(self._settings, project_id=project_id)
        made = RecordedCall(operation=INFO.name, attempts=attempts, place=place, lang=self._lang)
        found = diagnose(made) if attempts else None
        told = found.cause if found else answer.message or entry.meaning(self._lang)
        do = found.do if found else entry.next_step(self._lang)
        shown = say("doctor.credential.bad", self._lang, code=answer.code, message=told)
        return Check(name="credential", level="bad", told=shown, do=do)

    def _check_quota(self, answer: Answer | None) -> Check:
        named = {call.quota.name: call.quota for call in OPERATIONS.values() if call.quota}
        quotas = ", ".join(f"{name} {quota.per_minute:,}" for name, quota in named.items())
        if answer is None or answer.kind not in {AnswerClass.DONE, AnswerClass.REJECTED}:
            return self._check("skipped", "doctor.quota.unknown", quotas=quotas)
        if answer.kind is AnswerClass.REJECTED:
            return self._check("warn", "doctor.quota.used", "doctor.quota.do", code=answer.code)
        return self._check("ok", "doctor.quota.told", quotas=quotas)
