"""The scanner for secrets is worth what it finds: each way to write one is planted, and found."""

from __future__ import annotations

import json
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from leak_scan import Reader, forms_of, leaks, pieces_of
from showing_gateway import SECRETS

HARD = {"password": 'Zk7#"W q2!<V&x9\\ö9', "SK": "q+4/Wv9Zk2Tn7Rb5Lm8=Yp3Gf6Hs1Dc0AeUiOoPz"}

WAYS = {
    "in a URL's query": lambda told: f"https://h/?a=1&t={quote_plus(told)}&b=2",
    "in a path": lambda told: f"https://h/{quote(told)}/x",
    "in JSON": lambda told: json.dumps({"a": {"b": [told]}}),
    "in JSON within JSON": lambda told: json.dumps({"a": json.dumps({"b": told})}),
    "in JSON within HTML": lambda told: f"<script>{escape(json.dumps([told]))}</script>",
    "in an attribute": lambda told: f'<input value="{escape(told, quote=True)}">',
    "escaped twice": lambda told: f"<p>{escape(escape(told))}</p>",
    "every letter an entity": lambda told: "".join(f"&#x{ord(letter):x};" for letter in told),
    "every third letter an entity": lambda told: "".join(
        f"&#{ord(letter)};" if at % 3 == 0 else escape(letter) for at, letter in enumerate(told)
    ),
    "in pieces, a tag between": lambda told: f"<b>{escape(told[:7])}</b><i>{escape(told[7:])}</i>",
    "with soft breaks": lambda told: "<wbr>".join(
        escape(told[at : at + 4]) for at in (0, 4, 8, 12)
    ),
    "with zero-width marks": "\u200b".join,
    "wrapped": lambda told: f"{told[:8]}\n    {told[8:]}",
    "half of it": lambda told: f"... {told[2:15]} ...",
}


@pytest.mark.parametrize("name", [*SECRETS])
@pytest.mark.parametrize("how", [*forms_of("x" * 20)])
def test_every_encoding_of_every_secret_is_found(how: str, name: str) -> None:
    """Raw, base64 at each of three places, hex, escapes, entities, UTF-16, reversed."""
    assert leaks(f"abc {forms_of(SECRETS[name])[how]} def", SECRETS)


@pytest.mark.parametrize("secret", [*SECRETS.values(), *HARD.values()])
@pytest.mark.parametrize("way", list(WAYS))
def test_secret_is_found_in_whatever_it_is_packed(way: str, secret: str) -> None:
    """Escapes within escapes, tags and breaks between, or a part of it alone."""
    assert leaks(f"before {WAYS[way](secret)} after", {"it": secret})


def test_four_characters_of_a_key_id_may_show_and_no_five() -> None:
    """AKs are told by their first four characters; what shows more is a leak."""
    key = SECRETS["AK"]
    assert leaks(f"Access={key[:4]}***", SECRETS) == []
    for at in range(len(key) - 4):
        assert leaks(f"Access={key[at : at + 5]}***", SECRETS), at


def test_a_piece_of_any_signature_is_found() -> None:
    """Twelve of its characters, out of however many signatures."""
    signatures = [f"{number:064x}".replace("0", "b") for number in range(1, 300)]
    signed = {piece for each in signatures for piece in pieces_of(each)}
    assert leaks(f"Signature={signatures[77][40:52]}", {}, signed)
    assert leaks("Signature=*** canonicalRequest:GET|/v1.0/|host:h", {}, signed) == []


def test_an_ordinary_text_is_clean() -> None:
    """What holds no secret is not accused, and neither is a shorter piece."""
    text = json.dumps({"asset_id": "0" * 32, "what": "<b>MIIO***</b> %41 &amp; \\u0041"}) * 50
    assert leaks(text, SECRETS | HARD, pieces_of("ab" * 32)) == []
    assert leaks(SECRETS["SK"][:7], SECRETS) == []


@pytest.mark.parametrize("way", list(WAYS))
def test_secret_that_comes_later_is_found_wherever_it_comes(way: str) -> None:
    """At the beginning, in the middle and at the end of a text that was read without it."""
    before = [f'"name{number}": "value"' for number in range(20)]
    for secret in HARD.values():
        for at in (0, 10, 20):
            reader = Reader()
            assert reader.unread("here", ",".join(before))
            told = WAYS[way](secret)
            text = ",".join([*before[:at], told, *before[at:]])
            unread = reader.unread("here", text)
            assert leaks(unread, {"it": secret}), (way, at)
            assert len(unread) < len(told) + 200


def test_secret_in_two_known_halves_is_found_where_they_meet() -> None:
    """Parts that came before are read again where they stand behind others."""
    reader, secret = Reader(), HARD["SK"]
    first, second = secret[:6], secret[6:11]
    assert not leaks(reader.unread("here", f"a\n{first}\nb\n{second}\nc"), {"it": secret})
    assert leaks(reader.unread("here", f"a\n{first}\n{second}\nc"), {"it": secret})


def test_what_was_read_is_not_read_again() -> None:
    """At the same place; elsewhere it is."""
    reader = Reader()
    text = ",".join(f'"name{number}": "value"' for number in range(20))
    assert reader.unread("here", text) == text
    assert reader.unread("here", text) == ""
    assert reader.unread("there", text) == text
