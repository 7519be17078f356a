"""The auth doctor: from one refused exchange to the sentence that names the cause. Pure.

Kinds of answer are told by the code; the gateway's own words only tell apart what one code means.
Source: https://support.huaweicloud.com/devg-apisign/api-sign-errorcode.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vodnb.rules.codes import as_listed, look_up
from vodnb.rules.words.wording import say
from vodnb.service.settings.endpoints import REGIONS

from .canonical import CanonicalComparison, compare_canonical, told_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from .recorded import RecordedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a call was not let in, or did not come through.

    Attributes:
        key: Name of the cause, the same in every language.
        cause: One sentence that names it.
        do: What to do about it.
        canonical: The two canonical requests, where the gateway told its own.
    """

    key: str
    cause: str
    do: str
    canonical: CanonicalComparison | None = None


def diagnose(exchange: RecordedCall) -> Diagnosis | None:
    """Return why a call was not let in, or did not come through; None where that is not so."""
    if not exchange.is_sent or not exchange.code:
        return None
    judge = _JUDGES.get(as_listed(exchange.code), "")
    if not judge and look_up(exchange.code, exchange.http_status).kind == "permission":
        judge = "permission"
    key, values = (judge, {}) if isinstance(judge, str) else judge(exchange)
    if not key:
        return None
    known = {**_facts(exchange), **values}
    return Diagnosis(
        key=key,
        cause=say(f"cause.{key}", exchange.lang, **known),
        do=say(f"cause.{key}.do", exchange.lang, **known),
        canonical=compare_canonical(exchange.last),
    )


_Found = tuple[str, dict[str, object]]
"""The key of a cause, and what its sentence may name beside the facts of the call."""


def _facts(exchange: RecordedCall) -> dict[str, object]:
    """Return what the sentences may name."""
    place, last = exchange.place, exchange.last
    unknown = say("word.none", exchange.lang)
    ak = re.search(r"Access=([^,\s]+)", last.request_headers.get("Authorization", ""))
    return {
        "ak": ak[1] if ak else unknown,
        "header": "Authorization" if "key" in place.signed_with else "X-Auth-Token",
        "host": urlsplit(last.url).netloc,
        "iam": place.iam_endpoint or "IAM",
        "location": last.headers.get("location", unknown),
        "message": last.message,
        "permission": exchange.declared.permission or exchange.declared.api,
        "project": place.project_id or unknown,
        "proxy": place.proxy or unknown,
        "region": place.region or urlsplit(place.endpoint).netloc,
        "regions": ", ".join(REGIONS),
        "request_id": exchange.request_id or unknown,
        "sort": last.headers.get("content-type", unknown),
        "status": last.http_status or unknown,
        "way": say(f"way.{place.signed_with}", exchange.lang),
    }


def _judge_identity(exchange: RecordedCall) -> _Found:
    """APIGW.0301: one code, told apart by what the gateway says beside it."""
    told = told_by(exchange.last)
    if comparison := compare_canonical(exchange.last):
        return _judge_signature(comparison)
    if skew := _skew_minutes(told):
        key = "clock ahead" if skew > 0 else "clock behind"
        return key, {"minutes": f"{abs(skew):.0f}"}
    key = next((key for pattern, key in _PHRASES if re.search(pattern, told, re.IGNORECASE)), "")
    if key == "decrypt":
        return _UNREADABLE[exchange.place.signed_with], {}
    return key or "unclear", {}


_PHRASES = (
    (r"ak not exist", "ak"),
    (r"reach the limit", "locked"),
    (r"decrypt token fail", "decrypt"),
    (r"neither X-Auth-Token nor Authorization|token not found|auth\w* (?:info )?(?:is )?missing",
     "sign-in gone"),
    (r"header format|authorization format", "sign-in garbled"),
    (r"X-Sdk-Date", "date gone"),
)  # fmt: skip
"""The gateway's words and what they mean. Only the first three are known from real answers."""

_UNREADABLE = {
    "key": "security token missing",
    "temporary key": "security token wrong",
    "token": "token garbled",
    "user": "token garbled",
}
"""What cannot be decrypted, by what was sent."""


def _judge_signature(comparison: CanonicalComparison) -> _Found:
    part, ours, theirs = comparison.part, comparison.ours, comparison.theirs
    values: dict[str, object] = {"ours": ours, "theirs": theirs}
    if not part:
        return "sk", {}
    if part in {"method", "path", "query", "body"}:
        return part, values
    if part == "header host":
        return "host", values
    values["part"] = part.removeprefix("header ")
    return ("header changed" if theirs else "header gone"), values


_TIMES = re.compile(r"signature time:(\w{16}),\s*server time:(\w{16})")


def _skew_minutes(told: str) -> float:
    """Return by how many minutes the signature was ahead of the gateway; 0 where it told none."""
    found = _TIMES.search(told)
    if not found:
        return 0.0
    try:
        signed, now = (
            datetime.strptime(f"{text}+0000", "%Y%m%dT%H%M%SZ%z") for text in found.groups()
        )
    except ValueError:
        return 0.0
    return (signed - now).total_seconds() / 60


_IAM_REGION = re.compile(r"iam\.([a-z0-9-]+)\.myhuaweicloud\.(?:com|eu)")


def _judge_token(exchange: RecordedCall) -> _Found:
    """APIGW.0307: run out, revoked, or of another region."""
    place = exchange.place
    found = _IAM_REGION.fullmatch(urlsplit(place.iam_endpoint).hostname or "")
    if found and place.region and found[1] != place.region and place.signed_with == "user":
        return "token elsewhere", {"got": found[1]}
    # An IAM user's token was renewed and refused again.
    is_fresh = place.signed_with == "user" and len(exchange.attempts) > 1
    return ("token fresh" if is_fresh else "token old"), {}


def _judge_page(exchange: RecordedCall) -> _Found:
    is_page = "text/html" in exchange.last.headers.get("content-type", "")
    is_page = is_page or exchange.last.body.lstrip().startswith("<")
    return ("page" if is_page else ""), {}


def _judge_status(exchange: RecordedCall) -> _Found:
    """No code of the service: only a status tells."""
    if exchange.http_status != HTTPStatus.UNAUTHORIZED:
        return _judge_page(exchange)
    if exchange.operation != "token":
        return "unclear", {}
    # IAM's way to refuse a password.
    return ("user project" if "project" in told_by(exchange.last).lower() else "password"), {}


_JUDGES: dict[str, str | Callable[[RecordedCall], _Found]] = {
    "APIGW.0301": _judge_identity,
    "APIGW.0307": _judge_token,
    "APIGW.0303": "app auth",
    "APIGW.0304": "app auth",
    "APIGW.0305": "app auth",
    "APIGW.0101": "no such API",
    "VOD.10054": "refused by VOD",
    "VOD.10057": "project",
    "CLIENT.SIGN_IN": _judge_status,
    "CLIENT.DNS": "dns",
    "CLIENT.TLS": "tls",
    "CLIENT.CONNECT": "unreached",
    "CLIENT.PROXY": "proxy sign-in",
    "CLIENT.REDIRECT": "redirect",
    "CLIENT.BAD_ANSWER": _judge_page,
    "CLIENT.NO_CODE": _judge_page,
}
"""The cause that each code tells, or what judges it; other codes the catalogue explains."""
