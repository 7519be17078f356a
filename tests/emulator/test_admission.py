"""Admission on its own: tokens, signatures as in the reference vectors, locks, quotas, project."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.emulator.admission import (
    Admission,
    Call,
    Credentials,
    Key,
    RefusalError,
    canonical_request,
)
from vodnb.emulator.faults import Behaviour
from vodnb.rules.operations import CONFIRM, INFO, TOKEN

PROJECT = "0123456789abcdef0123456789abcdef"
AK = "AKEXAMPLE0123456789A"
SK = "SKexample0123456789abcdefghijklmnopqrstuv"
SIGNED_AT = 1704164645.0
"""20240102T030405Z"""

HEADERS = {
    "content-type": "application/json",
    "host": "vod.cn-north-4.myhuaweicloud.com",
    "x-project-id": PROJECT,
    "x-sdk-date": "20240102T030405Z",
}
BODY = b'{"asset_id":"f488337c31c8e4622f1590735b134c65","status":"CREATED"}'
UPLOADED = f"/v1.0/{PROJECT}/asset/status/uploaded"


def vector(path: str, names: str, signature: str, **more: object) -> Call:
    """Return a signed call of the reference vectors."""
    authorization = f"SDK-HMAC-SHA256 Access={AK}, SignedHeaders={names}, Signature={signature}"
    headers = {**HEADERS, **more.pop("headers", {}), "authorization": authorization}
    return Call(path=path, headers=headers, **more)


PLAIN = "content-type;host;x-project-id;x-sdk-date"
CONFIRM_CALL = vector(
    UPLOADED,
    PLAIN,
    "b3528c9039b42072b9b98e9948654c599da7570ac52c8ef21f5d7c1c681b8784",
    method="POST",
    body=BODY,
)
LIST_CALL = vector(
    f"/v1.0/{PROJECT}/asset/list",
    PLAIN,
    "8c8a2db096d46db0cfd276f1fa261e0d3e5d4493412edc5af10c9d6b821b0374",
    method="GET",
    query="asset_id=a&asset_id=b&page=0&query_string=a%20b%2F%E4%B8%AD&size=100",
)
TEMPORARY_CALL = vector(
    UPLOADED,
    f"{PLAIN};x-security-token",
    "db9e7184b049350826dc3c44e5dbab181b23f8e25d12b36cce87c576b1f6c30b",
    method="POST",
    body=BODY,
    headers={"x-security-token": "gQpjTEMPTOKEN"},
)


class Clock:
    """A clock that stands still until told."""

    def __init__(self, now: float = SIGNED_AT) -> None:
        self.now = now

    def __call__(self) -> float:
        """Say what time it is."""
        return self.now


def new_gate(clock: Clock | None = None, *, security_token: str = "") -> Admission:
    """Return an admission that knows the key of the reference vectors."""
    own = Credentials(
        project_id=PROJECT,
        key=Key(ak=AK, sk=SK, security_token=security_token),
        temporary_key=Key.invent(is_temporary=True),
        iam_password="not used here",
    )
    return Admission(own, lock=threading.RLock(), clock=clock or Clock())


def with_header(call: Call, **headers: str) -> Call:
    """Return the call with headers changed; `_` in a name stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(call, headers={**call.headers, **named})


def refused(admission: Admission, call: Call) -> str:
    """Return the words with which a call is refused."""
    with pytest.raises(RefusalError) as caught:
        admission.check_identity(call)
    assert (caught.value.http_status, caught.value.code) == (401, "APIGW.0301")
    before, _, detail = caught.value.message.partition(": ")
    assert before == "Incorrect IAM authentication information"
    return detail


@pytest.mark.parametrize("call", [CONFIRM_CALL, LIST_CALL], ids=["confirm", "list"])
def test_reference_signature_opens(call):
    """The signatures of the reference vectors are accepted at their time."""
    new_gate().check_identity(call)


def test_reference_signature_of_a_temporary_key_opens():
    """A temporary key opens with its security token, sent and signed, and not without."""
    admission = new_gate(security_token="gQpjTEMPTOKEN")
    admission.check_identity(TEMPORARY_CALL)
    assert (
        refused(admission, with_header(TEMPORARY_CALL, x_security_token="x"))
        == "decrypt token fail"
    )
    assert refused(admission, CONFIRM_CALL) == "decrypt token fail"
    unsigned = with_header(CONFIRM_CALL, x_security_token="gQpjTEMPTOKEN")
    assert refused(admission, unsigned) == "decrypt token fail"


@given(place=st.integers(0, 63), bit=st.integers(0, 3))
def test_one_flipped_bit_of_a_signature_is_refused(place, bit):
    """No signature but the right one opens."""
    head, _, signature = CONFIRM_CALL.headers["authorization"].rpartition("=")
    flipped = f"{int(signature[place], 16) ^ (1 << bit):x}"
    wrong = f"{head}={signature[:place]}{flipped}{signature[place + 1 :]}"
    assert refused(new_gate(), with_header(CONFIRM_CALL, authorization=wrong)).startswith(
        "verify aksk signature fail, canonicalRequest:"
    )


@pytest.mark.parametrize(
    "call",
    [
        replace(CONFIRM_CALL, body=BODY + b" "),
        replace(CONFIRM_CALL, method="PUT"),
        replace(CONFIRM_CALL, path=UPLOADED + "x"),
        replace(CONFIRM_CALL, query="a=b"),
        with_header(CONFIRM_CALL, host="127.0.0.1"),
        with_header(CONFIRM_CALL, x_project_id="0" * 32),
    ],
    ids=["body", "method", "path", "query", "host", "signed header"],
)
def test_whatever_is_signed_cannot_be_changed(call):
    """Each part of the request is under the signature."""
    assert refused(new_gate(), call).startswith("verify aksk signature fail")


def test_refused_signature_shows_what_the_gateway_signed():
    """The gateway's canonical request comes back on one line, to be compared with one's own."""
    detail = refused(new_gate(), replace(CONFIRM_CALL, body=b""))
    assert detail == (
        f"verify aksk signature fail, canonicalRequest:POST|{UPLOADED}/||"
        "content-type:application/json|host:vod.cn-north-4.myhuaweicloud.com|"
        f"x-project-id:{PROJECT}|x-sdk-date:20240102T030405Z||{PLAIN}|"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@pytest.mark.parametrize("off", [-901, 901])
def test_signature_off_by_more_than_a_quarter_hour_is_refused(off):
    """The refusal names both times, so that the skew can be read off it."""
    clock = Clock(SIGNED_AT + off)
    hour = "03:19:06" if off > 0 else "02:49:04"
    assert refused(new_gate(clock), CONFIRM_CALL) == (
        "signature expired, signature time:20240102T030405Z,"
        f"server time:20240102T{hour.replace(':', '')}Z"
    )
    clock.now = SIGNED_AT + (900 if off > 0 else -900)
    new_gate(clock).check_identity(CONFIRM_CALL)


@pytest.mark.parametrize(
    ("call", "detail"),
    [
        (
            with_header(
                CONFIRM_CALL,
                authorization=CONFIRM_CALL.headers["authorization"].replace(AK, "AKNOBODY"),
            ),
            "Get secretKey failed,ak:AKNOBODY,err:ak not exist",
        ),
        (with_header(CONFIRM_CALL, authorization="Bearer x"), "authorization header format"),
        (with_header(CONFIRM_CALL, x_sdk_date="today"), "X-Sdk-Date and Host must be sent"),
        (Call(method="GET", path="/"), "neither X-Auth-Token nor Authorization"),
    ],
    ids=["unknown key", "another scheme", "no date", "nothing"],
)
def test_what_is_no_signature_is_refused_in_the_gateways_words(call, detail):
    """Each way of being wrong has its words."""
    assert refused(new_gate(), call).startswith(detail)


def test_sixth_failure_in_a_row_locks_the_key_for_five_minutes():
    """Then even the right signature is refused, until the time is over."""
    clock = Clock()
    admission = new_gate(clock)
    wrong = replace(CONFIRM_CALL, body=b"")
    for _ in range(6):
        assert refused(admission, wrong).startswith("verify aksk signature fail")
    assert refused(admission, CONFIRM_CALL) == "AK access failed to reach the limit,forbidden"
    clock.now += 299
    assert refused(admission, CONFIRM_CALL) == "AK access failed to reach the limit,forbidden"
    clock.now += 1
    admission.check_identity(CONFIRM_CALL)


def test_a_success_forgives_the_failures_before_it():
    """Only failures in a row count."""
    admission = new_gate()
    for _ in range(3):
        for _ in range(5):
            refused(admission, replace(CONFIRM_CALL, body=b""))
        admission.check_identity(CONFIRM_CALL)


def test_unsigned_payload_is_signed_as_such():
    """A body that is no JSON is left out of the signature, as the official SDK does it."""
    named = with_header(CONFIRM_CALL, x_sdk_content_sha256="UNSIGNED-PAYLOAD")
    assert canonical_request(named, ["host"]).endswith("\nUNSIGNED-PAYLOAD")
    empty = canonical_request(replace(named, body=b""), ["host"])
    assert empty.endswith("\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    other = with_header(CONFIRM_CALL, x_sdk_content_sha256="0" * 64)
    assert not canonical_request(other, ["host"]).endswith("0" * 64)


def test_token_opens_until_its_time():
    """A token lives as long as was said; a newer one does not end it."""
    clock = Clock()
    admission = new_gate(clock)
    token, expires_at = admission.issue_token(60.0)
    call = Call(method="GET", path="/", headers={"x-auth-token": token})
    admission.issue_token(60.0)
    assert expires_at == clock.now + 60
    clock.now += 59.9
    admission.check_identity(call)
    clock.now += 0.1
    with pytest.raises(RefusalError, match="The token must be updated") as caught:
        admission.check_identity(call)
    assert (caught.value.http_status, caught.value.code) == (401, "APIGW.0307")


def test_expired_and_invented_tokens_are_told_apart():
    """A token that was good once must be renewed; one that never was cannot be read."""
    admission = new_gate()
    token, _ = admission.issue_token(60.0)
    admission.expire_tokens()
    with pytest.raises(RefusalError, match="must be updated"):
        admission.check_identity(Call(method="GET", path="/", headers={"x-auth-token": token}))
    invented = Call(method="GET", path="/", headers={"x-auth-token": token + "x"})
    assert refused(admission, invented) == "decrypt token fail"


def test_quota_is_counted_by_the_minute():
    """The call beyond the quota gets a 429 that names the limit; a minute later all is well."""
    clock = Clock()
    admission = new_gate(clock)
    behaviour = Behaviour(quota={"confirm": 2})
    for _ in range(2):
        for _ in range(2):
            admission.check_quota(CONFIRM.quota, behaviour)
        clock.now += 59.0
        with pytest.raises(RefusalError) as caught:
            admission.check_quota(CONFIRM.quota, behaviour)
        assert (caught.value.http_status, caught.value.code) == (429, "APIGW.0308")
        assert caught.value.message == (
            "The throttling threshold has been reached: "
            "policy user over ratelimit,limit:2,time:1 minute"
        )
        assert caught.value.headers == {}
        clock.now += 1.0


def test_quotas_do_not_share():
    """Each operation draws on its own; one without a quota, or a lifted one, on none."""
    admission = new_gate()
    tight = Behaviour(quota={"confirm": 0}, retry_after="7")
    for _ in range(3):
        admission.check_quota(INFO.quota, tight)
        admission.check_quota(TOKEN.quota, tight)
        admission.check_quota(CONFIRM.quota, Behaviour(quota=None))
    with pytest.raises(RefusalError) as caught:
        admission.check_quota(CONFIRM.quota, tight)
    assert caught.value.headers == {"retry-after": "7"}
    assert Behaviour().quota == {"confirm": 1500, "info": 1500, "list": 1500, "create": 1500}


def test_secrets_stay_out_of_reprs():
    """Neither keys nor credentials show what must not be seen."""
    own = Credentials.invent()
    for secret in (own.key.sk, own.temporary_key.security_token, own.iam_password):
        assert secret not in repr(own)
    assert own.key.ak in repr(own)
