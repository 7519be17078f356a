"""Secrets: one holder that shows nothing, one redactor that strikes them out."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
import pprint
import re
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodnb.service.redact import Redactor, Secret, quiet_http_logs

CANARY = "kQ7/canary+SECRET=%value&9x<Zé"
PASSWORD = "it's the canary's word"
QUOTING = 'say"k7Qz"word-of/a canary'
AK = "AKEXAMPLE0123456789A"


def shows(text: str, secret: str = CANARY) -> bool:
    """Whether any 12 characters of the secret stand in the text."""
    return any(secret[at : at + 12] in text for at in range(len(secret) - 11))


@pytest.mark.parametrize(
    "look",
    [repr, str, "{}".format, "{:>40}".format, "{!r}".format, pprint.pformat, "%s".__mod__],
)
def test_a_secret_shows_nothing_however_it_is_looked_at(look):
    """Every way to make text of it gives the mask."""
    text = look(Secret(CANARY))
    assert "***" in text
    assert not shows(text)


def test_a_secret_has_nothing_to_list():
    """It has no __dict__, and its slots hold no text."""
    secret = Secret(CANARY)
    assert not hasattr(secret, "__dict__")
    assert not any(shows(repr(getattr(secret, name))) for name in dir(secret))
    assert secret._repr_mimebundle_() == {"text/plain": "Secret(***)"}


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_is_not_copied_out(take):
    """Pickle, copy and JSON refuse it."""
    with pytest.raises(TypeError):
        take(Secret(CANARY))


def test_a_secret_compares_by_value():
    """Equal secrets are equal and hash alike; text is never equal to one."""
    assert Secret("one") == Secret("one")
    assert hash(Secret("one")) == hash(Secret("one"))
    assert Secret("one") != Secret("two")
    assert Secret("one") != "one"
    assert Secret(CANARY).reveal() == CANARY


def test_four_characters_of_an_access_key_id_may_show():
    """A key ID shows its first four, unless it is too short to be one."""
    assert Secret(AK, is_key_id=True).masked() == "AKEX***"
    assert Secret("short", is_key_id=True).masked() == "***"
    assert Secret(AK).masked() == "***"


def lower(quoted: str) -> str:
    """Write what is percent-encoded with small letters, as some servers do."""
    return re.sub("%..", lambda found: found[0].lower(), quoted)


def forms(secret: str) -> dict[str, str]:
    """Write a secret in every way that it may come back in."""
    raw = secret.encode()
    return {
        "raw": f"x{secret}y",
        "quoted": f"x={quote(secret, safe='')}&y",
        "quoted in lower case": f"x={lower(quote(secret, safe=''))}&y",
        "html": f"<b>{escape(secret)}</b>",
        "html, another way": f"<b>{escape(secret).replace('&#x27;', '&#39;')}</b>",
        "json with slashes escaped": json.dumps({"m": f"x {secret} y"}).replace("/", "\\/"),
        "json": json.dumps({"m": f"x {secret} y"}),
        "json unescaped": json.dumps({"m": f"x {secret} y"}, ensure_ascii=False),
        "csv": '"x","a {}"'.format(secret.replace('"', '""')),
        "hex": f"x{raw.hex()}y",
        "HEX": f"x{raw.hex().upper()}y",
        **{
            f"base64 at {at}": base64.b64encode(b"abc"[:at] + raw + b"tail").decode()
            for at in range(3)
        },
        "base64 url": base64.urlsafe_b64encode(raw + b"tail").decode(),
    }


@pytest.mark.parametrize("secret", [CANARY, PASSWORD, QUOTING])
@pytest.mark.parametrize("name", list(forms(CANARY)))
def test_a_known_secret_is_struck_out_in_every_form(name, secret):
    """No 12 characters of the written form are left."""
    written = forms(secret)[name]
    clean = Redactor([Secret(secret)])(written)
    core = written.strip("xy=&")[4:-8]
    assert "***" in clean
    assert not shows(clean, secret)
    assert not shows(clean, core)


@given(
    secret=st.text(min_size=4, max_size=80),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_no_secret_survives_in_any_surroundings(secret, before, after):
    """Whatever stands around it, the raw secret is gone, unless the mask itself spells it."""
    clean = Redactor([Secret(secret)])(before + secret + after)
    assert secret not in clean.replace("***", "") or secret in before + after


def test_a_secret_that_was_cut_short_is_struck_out():
    """Servers cut long values; the beginning that is left goes too."""
    token = "tokenvalue" * 30
    assert Redactor([Secret(token)])(f"bad token {token[:50]}... end") == "bad token ***... end"


@pytest.mark.parametrize("slash", ["%2f", "\\/", "&#47;", "&#x2F;", "\\n", "_"])
def test_a_secret_whose_spelling_changes_on_the_way_goes_whole(slash):
    """However its rest is written; what comes after it stays."""
    redact = Redactor([Secret("tokenvalue0123456789/abcdefghij/klmnopqrst")])
    written = f"tokenvalue0123456789{slash}abcdefghij{slash}klmnopqrst"
    assert redact(f'{{"m": "{written}", "n": 1}}') == '{"m": "***", "n": 1}'


def test_what_stands_behind_a_whole_secret_stays():
    """It may be what a person needs: a path, a name."""
    redact = Redactor([Secret("tokenvalue0123456789")])
    assert redact("tokenvalue0123456789/path%20x tokenvalue0123456789\\n") == "***/path%20x ***\\n"


def test_tokens_that_begin_alike_do_not_save_each_other():
    """Tokens of one service share their first characters; a renewed one is struck out whole."""
    redact = Redactor([Secret("SAMEHEADERS--" + "a" * 40)])
    redact.add(Secret("SAMEHEADERS--" + "b" * 90))
    assert redact("SAMEHEADERS--" + "b" * 90 + "|" + "SAMEHEADERS--" + "a" * 40) == "***|***"


def test_a_short_secret_within_a_long_one_does_not_break_it_up():
    """The longest goes first."""
    redact = Redactor([Secret("wxyz"), Secret("long-secret-wxyz-with-more-of-it")])
    assert redact("a long-secret-wxyz-with-more-of-it b") == "a *** b"


def test_tiny_values_make_no_holes():
    """A value under four characters is not struck out."""
    assert Redactor([Secret("ab"), Secret("")])("abc ab") == "abc ab"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (
            f"SDK-HMAC-SHA256 Access={AK}, SignedHeaders=host, Signature=b3528c90",
            "SDK-HMAC-SHA256 Access=AKEX***, SignedHeaders=host, Signature=***",
        ),
        ("x-subject-token: abcdef", "x-subject-token: ***"),
        ("(b'X-Auth-Token', b'abcdef')", "(b'X-Auth-Token', b'***')"),
        ('{"X-Security-Token": "abcdef"}', '{"X-Security-Token": "***"}'),
        ("Authorization: Bearer abcdefghijk", "Authorization: Bearer ***"),
        ("token MIIatAYJKoZIhvcNAQcCoIIapTCC end", "token *** end"),
        (
            "https://h/o?AWSAccessKeyId=AAAA&Expires=1&Signature=x%2Fy",
            "https://h/o?AWSAccessKeyId=***&Expires=1&Signature=***",
        ),
        ("http://user:word@proxy:80/x", "http://***@proxy:80/x"),
        ('{"name":"n","password": "abc def"}', '{"name":"n","password": "***"}'),
        ("asset 0123456789abcdef0123456789abcdef", "asset 0123456789abcdef0123456789abcdef"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text, clean):
    """Patterns catch secrets that are not ours, and leave IDs alone; twice is like once."""
    redact = Redactor()
    assert redact(text) == clean
    assert redact(clean) == clean


def test_long_text_is_cut():
    """A page of HTML does not fill a table cell."""
    assert len(Redactor()("x" * 5000)) == 2000
    assert Redactor()("x" * 50, limit=10) == "xxxxxxxxx…"


def test_a_redactor_shows_none_of_its_secrets():
    """Its repr counts; its inside holds secrets only wrapped."""
    redact = Redactor([Secret(CANARY)])
    assert "forms" in repr(redact)
    assert not shows(repr(redact._marks))


def test_http_logs_are_quiet(caplog):
    """Response headers are left out of httpcore's log, and tokens out of everything."""
    quiet_http_logs()
    quiet_http_logs()
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpcore.http11").debug(
        "receive_response_headers.complete return_value=(b'HTTP/1.1', 201, [(b'X', b'CANARY')])"
    )
    logging.getLogger("httpx").info("HTTP Request: %s", f"https://h/?Signature={CANARY}")
    assert "CANARY" not in caplog.text
    assert not shows(caplog.text)
    assert "receive_response_headers.complete" in caplog.text
    assert len(logging.getLogger("httpx").filters) == 1


def test_a_text_that_was_clean_is_looked_at_again():
    """What is a secret now was none when the same text came first."""
    redact = Redactor()
    assert redact("session brand-new-token-0123456789") == "session brand-new-token-0123456789"
    redact.add(Secret("brand-new-token-0123456789"))
    assert redact("session brand-new-token-0123456789") == "session ***"
