"""The record of one sending: what of a long answer is looked through, and what is kept."""

from __future__ import annotations

import time

import pytest

from vodnb.rules.answers import MAX_BODY_BYTES, Reply, read_answer
from vodnb.rules.operations import CONFIRM
from vodnb.service.recording import SHORT_BODY, record_attempt
from vodnb.service.redact import Redactor, Secret
from vodnb.service.request import Request

TOKEN = "MIIcanary" + "q7Xz" * 50


def seen(body: bytes):
    """Return the record of a call that was answered with this body."""
    reply = Reply(status=500, body=body)
    return record_attempt(
        CONFIRM,
        Request(method="POST", url="https://vod.example/", body=b"{}"),
        {"X-Auth-Token": TOKEN},
        reply,
        answer=read_answer(CONFIRM, reply, sent={}),
        sent_at=0.0,
        redact=Redactor([Secret(TOKEN)]),
        most=SHORT_BODY,
    )


@pytest.mark.parametrize("shift", range(0, 200, 7))
def test_a_secret_that_the_cut_goes_through_is_struck_out(shift):
    """Masks are short, so what stood at the cut may move to the front of what is kept."""
    attempt = seen(b"." * shift + f"{TOKEN} ".encode() * 5000)
    assert attempt.is_cut
    assert "***" in attempt.body
    assert TOKEN[:12] not in attempt.body
    assert "q7Xzq7Xz" not in attempt.body


def test_an_endless_body_costs_little():
    """Whoever sends a megabyte does not hold up the others: 50 of them in under a second of CPU."""
    body = b'{"a":"' + b"x" * MAX_BODY_BYTES
    began = time.process_time()
    for _ in range(50):
        assert seen(body).is_cut
    assert time.process_time() - began < 1.0


def test_a_short_body_is_kept_whole():
    """Up to the limit, in characters, whatever they take in bytes."""
    attempt = seen("媒".encode() * SHORT_BODY)
    assert (attempt.body, attempt.is_cut) == ("媒" * SHORT_BODY, False)
