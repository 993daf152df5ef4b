"""Decoding of real records, kept in `tests/cases/envelopes`."""

import json
from typing import Any

import pytest

from cdc.log.envelope import (
    MAX_CONTENT_BYTES,
    EnvelopeError,
    LogicalMessage,
    Source,
    decode,
    last_commit,
    logical_message,
    split_transaction_id,
)
from tests.support.paths import CASES

FOLDER = CASES / "envelopes"


def values(case: str) -> list[dict[str, Any]]:
    """The values of a case's records."""
    return [record["value"] for record in json.loads((FOLDER / f"{case}.json").read_text())["records"]]


def encoded(value: object) -> bytes:
    """A value as the log contains it."""
    return json.dumps(value).encode()


@pytest.mark.parametrize("case", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_every_real_record_keeps_what_it_says(case: str) -> None:
    for value in values(case):
        record = decode(encoded(value))
        assert (record.op, record.status) == (value.get("op"), value.get("status"))
        if record.status is not None:
            assert (record.id, record.event_count) == (value["id"], value["event_count"])
        else:
            assert record.source is not None
            assert (record.source.table, record.source.lsn) == (value["source"]["table"], value["source"]["lsn"])
            assert json.loads(bytes(record.after)) == value.get("after")
            assert json.loads(bytes(record.before)) == value.get("before")


def test_a_nontransactional_message_is_a_heartbeat_with_an_lsn() -> None:
    message = logical_message(decode(encoded(values("messages")[-1])))
    assert message == LogicalMessage(message.lsn, "rowtide-marker", b'{"marker":1}', 1795433767515)
    assert message.lsn == 35267288


@pytest.mark.parametrize(
    ("sequence", "lsn"),
    [('["35093968","35094024"]', 35093968), ('[null,"35050472"]', 0), (None, 0)],
)
def test_the_last_commit_is_the_first_of_the_sequence(sequence: str | None, lsn: int) -> None:
    assert last_commit(Source(sequence=sequence)) == lsn


@pytest.mark.parametrize("sequence", ["{}", "[]", "nonsense"])
def test_a_sequence_of_another_form_is_refused(sequence: str) -> None:
    with pytest.raises(EnvelopeError, match=r"source\.sequence"):
        last_commit(Source(sequence=sequence))


def test_a_transaction_id_is_split() -> None:
    assert split_transaction_id("799:35253040") == (799, 35253040)


@pytest.mark.parametrize("text", ["", "799", "799:", ":1", "a:1", "799:-1"])
def test_a_transaction_id_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(EnvelopeError, match="txId:lsn"):
        split_transaction_id(text)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"not json", "not a Debezium envelope"),
        (b'{"before":null}', "no op and no status"),
        (b'{"op":"c"}', "has no source"),
        (b'{"op":"c","source":{"lsn":"secret value"}}', "not a Debezium envelope"),
    ],
)
def test_what_is_no_envelope_is_refused_without_its_values(value: bytes, reason: str) -> None:
    with pytest.raises(EnvelopeError, match=reason) as caught:
        decode(value)
    assert "secret value" not in str(caught.value)


def test_a_record_with_a_schema_names_the_wrong_setting() -> None:
    change = values("transaction")[1]
    with pytest.raises(EnvelopeError, match=r"schemas\.enable=false") as caught:
        decode(encoded({"schema": {"type": "struct", "name": "secret value"}, "payload": change}))
    assert "secret value" not in str(caught.value)


@pytest.mark.parametrize("content", ["???", "A" * (MAX_CONTENT_BYTES * 4 // 3 + 4)])
def test_content_that_is_not_base64_or_too_large_is_left_out(content: str) -> None:
    value = values("messages")[-1] | {"message": {"prefix": "rowtide-hb", "content": content}}
    assert logical_message(decode(encoded(value))).content is None
