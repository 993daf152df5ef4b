"""What the real pipeline wrote into the log for a case, kept in its folder, so that it can be replayed without a server.

`log.jsonl`: a header, then the records in their order; after those of each step a line with the documents that were right then.
Run the case test with ROWTIDE_RECORD=1 to write it again.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from confluent_kafka import Consumer, TopicPartition

from cdc.log.envelope import Record, decode, split_transaction_id
from cdc.log.heartbeat import placeholder
from cdc.log.names import changes_topic
from connections.kafka import KafkaAccess, client_settings
from read_model.elasticsearch.index_body import FLAGS
from read_model.types.canonical_json import canonical
from rowtide.conformance.case import Case
from rowtide.conformance.run import Run
from sync_worker.source.catalogue import read_source

FILE = "log.jsonl"


class Header(msgspec.Struct):
    """The first line. `digest` is of everything that the recording depends on."""

    digest: str
    placeholder: str
    catalog: list[dict[str, Any]]


class Line(msgspec.Struct):
    """A record with its key before a move, or the documents after a step. What is absent is empty."""

    value: msgspec.Raw = msgspec.Raw(b"")
    oldkey: msgspec.Raw = msgspec.Raw(b"")
    documents: dict[str, dict[str, msgspec.Raw]] | None = None


def digest(case: Case) -> str:
    """Changes when the case does."""
    parts = (case.schema, case.seed, *(step.statements for step in case.steps))
    texts = [case.spec, *(repr([(each.sql, each.session, each.data) for each in part]) for part in parts)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def can_be_recorded(case: Case) -> bool:
    """Whether replaying the log is enough to show what the case tests."""
    return not (case.unrecorded or case.refused or case.alone)


class Recorder:
    """Given to `run_cases`: writes the recording of every case that came out equal."""

    def __init__(self, kafka: KafkaAccess) -> None:
        self._kafka = kafka
        self._lines: dict[str, list[bytes]] = {}
        self._consumers: dict[str, Consumer] = {}

    def close(self) -> None:
        """Close the connection to Kafka."""
        for consumer in self._consumers.values():
            consumer.close()

    def __call__(self, run: Run, step: int) -> None:
        """Take what came since the last step, and the documents of now."""
        messages = list(self._read(run.pipeline))
        for case in run.cases:
            if not can_be_recorded(case) or step > len(case.steps) or run.results[case.name].failure:
                continue
            lines = self._lines.setdefault(case.name, [])
            if step == 0:
                lines[:] = [msgspec.json.encode(_header(run, case))]
            lines += _own(messages, case.database_schema)
            lines.append(msgspec.json.encode({"documents": _documents(run, case)}))
            if step == len(case.steps) and run.results[case.name].verdict == "equal":
                (case.folder / FILE).write_bytes(b"\n".join(lines) + b"\n")

    def _read(self, pipeline: str) -> Iterator[Any]:
        """The topic's messages since the last call."""
        where = TopicPartition(changes_topic(pipeline), 0, 0)
        consumer = self._consumers.get(pipeline)
        if consumer is None:
            settings = {"group.id": pipeline, "enable.auto.commit": False}
            consumer = self._consumers[pipeline] = Consumer(client_settings(self._kafka) | settings)
            consumer.assign([where])
        _, end = consumer.get_watermark_offsets(where)
        at: int | None = -1
        while at is not None and at < end - 1:
            message = consumer.poll(10.0)
            assert message is not None, f"the topic of {pipeline} cannot be read to its end at {end}"
            assert message.error() is None, message.error()
            at = message.offset()
            yield message


def _documents(run: Run, case: Case) -> dict[str, dict[str, msgspec.Raw]]:
    return {
        name: {id_: _content(body) for id_, body in run.index.documents(run.alias(case, name)).items()}
        for name in case.documents
    }


def _content(body: Any) -> msgspec.Raw:
    """A document without its flags, which the simulation does not compare."""
    fields = msgspec.json.decode(canonical(body), type=dict[str, msgspec.Raw])
    return msgspec.Raw(msgspec.json.encode({name: value for name, value in fields.items() if name != FLAGS}))


def _header(run: Run, case: Case) -> Header:
    facts = read_source(run.dsn)
    own = [table for table in facts.tables if table["schema"] == case.database_schema]
    return Header(digest(case), placeholder(run.pipeline, facts.system), own)


def _own(messages: Iterable[Any], schema: str) -> Iterator[bytes]:
    """The records of one schema: its transactions, its snapshot rows, and the last message, which closes the step."""
    records = [(message, decode(message.value())) for message in messages if message.value() is not None]
    own = [record for _, record in records if record.source and record.source.schema == schema]
    transactions = {split_transaction_id(record.transaction.id)[0] for record in own if record.transaction}
    rows = [record for record in own if record.op == "r"]
    last: Record | None = None
    for message, record in records:
        if record.status:
            if split_transaction_id(record.id or "")[0] in transactions:
                yield _line(record)
        elif record.source and record.source.schema == schema:
            if record.op == "r":
                record.source.snapshot = _flag(record, rows)
            yield _line(record, dict(message.headers() or ()).get("__debezium.oldkey"))
        elif record.message:
            last = record
    if last and last.message:
        last.message.content = ""
        yield _line(last)


def _flag(record: Record, rows: list[Record]) -> str:
    """The case's rows begin and end the snapshot as if there were no others."""
    if record is rows[-1]:
        return "last"
    return "first" if record is rows[0] else "true"


def _line(record: Record, oldkey: bytes | None = None) -> bytes:
    """The record without fields that carry no information."""
    value = {
        name: part
        for name in record.__struct_fields__
        if name != "ts_ms" and not _is_null(part := getattr(record, name))
    }
    if record.source:
        plain = msgspec.to_builtins(record.source)
        value["source"] = {name: part for name, part in plain.items() if part is not None and name != "ts_ms"}
    return msgspec.json.encode({"value": value} | ({"oldkey": msgspec.Raw(oldkey)} if oldkey else {}))


def _is_null(part: object) -> bool:
    return part is None or (isinstance(part, msgspec.Raw) and bytes(part) == b"null")
