"""Signatures of control messages. That PostgreSQL computes the same is shown by tests/integration/cdc/test_heartbeat.py."""

import hashlib

import pytest

from cdc.log.signature import ControlKey, generate_key, public_prefix, secret_prefix_sql, signed_sql

KEY = "0b" * 20 + "00" * 12
"""The key of the first case of RFC 4231: 20 bytes, which HMAC pads with zeros."""


def test_it_is_hmac_with_the_prefix_before_the_body() -> None:
    content = ControlKey(KEY).sign("Hi", b"There")
    assert content == b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7 There"
    assert ControlKey(KEY).verify("Hi", content) == b"There"
    assert ControlKey(KEY).verify("H", content) is None


def test_the_pads_of_a_session_give_the_same_signature() -> None:
    key = ControlKey(generate_key())
    inner, outer = (bytes.fromhex(part.partition("=")[2]) for part in key.session_options().split() if "=" in part)
    inside = hashlib.sha256(inner + b"rowtide-hb {}").digest()
    assert key.sign("rowtide-hb", b"{}") == hashlib.sha256(outer + inside).hexdigest().encode() + b" {}"


def test_the_key_is_in_no_text() -> None:
    text = generate_key()
    key = ControlKey(text)
    assert text not in repr(key) + signed_sql("'rowtide-hb'", "body") + secret_prefix_sql("'rowtide-hb'")
    assert text not in key.session_options()


def test_a_secret_prefix_belongs_to_one_key_and_one_kind_of_message() -> None:
    key = ControlKey(KEY)
    secret = key.secret_prefix("rowtide-hb")
    assert public_prefix(secret) == "rowtide-hb"
    assert secret not in secret_prefix_sql("'rowtide-hb'")
    others = {ControlKey("1" + KEY[1:]).secret_prefix("rowtide-hb"), key.secret_prefix("rowtide-snapshot")}
    assert len({secret.rpartition("-")[2], *(other.rpartition("-")[2] for other in others)}) == 3
    signature = key.sign("rowtide-hb", b"").decode()
    assert secret.rpartition("-")[2] not in signature


@pytest.mark.parametrize("prefix", ["rowtide-hb", "rowtide-x", "rowtide-hb-0123", "x-0123456789abcdef", ""])
def test_another_prefix_is_public(prefix: str) -> None:
    assert public_prefix(prefix) == prefix


@pytest.mark.parametrize("text", ["", "0" * 63, "g" * 64, "A" * 64, "0" * 64 + "\n"])
def test_another_form_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits") as caught:
        ControlKey(text)
    assert not text or text not in str(caught.value)
