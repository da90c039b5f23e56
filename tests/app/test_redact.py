"""A registered secret shows nowhere, in whatever form."""

from __future__ import annotations

import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from bot.app.redact import MASK, Redactor

secrets = st.text(min_size=4, max_size=40).filter(lambda text: text not in MASK)
texts = st.text(max_size=20)


@given(secrets, texts, texts)
def test_a_secret_is_gone_in_every_spelling(secret: str, before: str, after: str) -> None:
    redact = Redactor([secret])
    try:
        quoted = quote(secret)
    except UnicodeEncodeError:  # a lone surrogate has no percent-encoding
        quoted = secret
    for form in (secret, repr(secret)[1:-1], quoted, json.dumps(secret)[1:-1]):
        assert MASK in redact(before + form + after)
        assert form not in redact(f" {form} ")


def test_other_text_is_left_alone() -> None:
    assert Redactor(["key-1"])("key-2 and key-3") == "key-2 and key-3"
    assert Redactor()("anything") == "anything"
    assert Redactor([""])("anything") == "anything"


def test_the_longest_secret_goes_first() -> None:
    assert Redactor(["abcd", "abcdefgh"])("abcdefgh") == MASK
