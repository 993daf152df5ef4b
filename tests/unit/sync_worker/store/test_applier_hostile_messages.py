"""Control messages that anybody who can log in may emit: none stops the worker, and none deletes a row."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cdc.log.control import REPLAY_BYTES, ControlReader, Refusal, snapshot_message
from cdc.log.envelope import MAX_CONTENT_BYTES
from cdc.log.heartbeat import Heartbeat
from cdc.log.signature import ControlKey
from sync_worker.store.applier import Applied, Applier
from sync_worker.store.row_store import RowStore
from tests.support.builders import plans
from tests.support.builders.debezium_records import Message
from tests.support.builders.history import Put, Source
from tests.support.builders.worker_parts import WorkerParts, bind
from tests.support.fakes.quiet_surroundings import ShownTargets

PIPELINE = "shop"
KEY, OTHER_KEY = ControlKey("0123456789abcdef" * 4), ControlKey("f" * 64)
HEARTBEAT = Heartbeat("7711", 1, "rowtide_shop", 5, {})


class Worker:
    """An applier that has read a snapshot of three customers."""

    def __init__(self, path: Path, key: ControlKey | None) -> None:
        self.store = RowStore(path)
        bound = bind(WorkerParts(), self.store, lambda _: ShownTargets([]), 1000)
        self._applier = Applier(self.store, bound.rows, bound.shapes, 1000, ControlReader(PIPELINE, key))
        self._offset = 0
        source = Source(plans.TABLES)
        source.uncaptured(*(Put(plans.CUSTOMERS, {"id": id_, "name": "name", "email": "mail"}) for id_ in range(1, 4)))
        self.lsn = source.snapshot()
        self.apply(*(msgspec.json.decode(message.body) for message in source.log))
        self.lsn += 1000

    def apply(self, *records: Any) -> Applied:
        """Apply records as one batch."""
        self._offset += len(records)
        messages = [Message(msgspec.json.encode(record), self._offset + place) for place, record in enumerate(records)]
        return self._applier.apply(messages)

    def emit(self, prefix: str, content: bytes) -> Applied:
        """A non-transactional message."""
        self.lsn += 10
        return self.apply(message(self.lsn, prefix, content))

    def emit_in_transaction(self, prefix: str, content: bytes) -> Applied:
        """The same by `pg_logical_emit_message(true, …)`."""
        self.lsn += 10
        begin = {"status": "BEGIN", "id": f"900:{self.lsn}", "event_count": None, "ts_ms": 1}
        place = {"id": f"900:{self.lsn}", "total_order": 1, "data_collection_order": 1}
        body = message(self.lsn, prefix, content) | {"transaction": place}
        end = {"status": "END", "id": f"900:{self.lsn + 5}", "event_count": 1, "ts_ms": 1}
        return self.apply(begin, body, end)

    @property
    def customers(self) -> int:
        """Rows in the row store."""
        name = "customers"
        (table,) = self.store.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ? LIMIT 1", (f"%{name}",)
        ).fetchone()
        return int(self.store.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])


def message(lsn: int, prefix: str, content: bytes) -> dict[str, Any]:
    source = {"snapshot": None, "sequence": f'["{lsn}","{lsn}"]', "schema": "", "table": "", "txId": None, "lsn": lsn}
    body = {"prefix": prefix, "content": base64.b64encode(content).decode()}
    return {"op": "m", "ts_ms": lsn, "source": source, "transaction": None, "message": body}


@pytest.fixture(params=[KEY, None], ids=["with a key", "without a key"])
def worker(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Worker]:
    worker = Worker(tmp_path / "shop.sqlite", request.param)
    try:
        assert worker.customers == 3
        yield worker
    finally:
        worker.store.close()


HOSTILE = [
    ("rowtide-snapshot", b"x", Refusal.MALFORMED),
    ("rowtide-snapshot", b"", Refusal.MALFORMED),
    ("rowtide-snapshot", b"-1", Refusal.MALFORMED),
    ("rowtide-snapshot", b"9" * 11, Refusal.UNAUTHENTIC),
    ("rowtide-snapshot", b"9" * 20, Refusal.UNAUTHENTIC),
    ("rowtide-snapshot", b"9" * 5000, Refusal.MALFORMED),
    ("rowtide-snapshot", "٣".encode(), Refusal.MALFORMED),
    ("rowtide-hb", b"garbage", Refusal.MALFORMED),
    ("rowtide-hb", b"\xff\x00", Refusal.MALFORMED),
    ("rowtide-hb", b"[" * 100_000, Refusal.MALFORMED),
    ("rowtide-hb", b"x" * (MAX_CONTENT_BYTES + 1), Refusal.MALFORMED),
    ("rowtide-hb", b'{"at_ms": 1}', Refusal.MALFORMED),
    ("rowtide-hb", msgspec.json.encode(HEARTBEAT).replace(b":5,", b":99999999999999999999999,"), Refusal.MALFORMED),
    ("rowtide-hb", msgspec.json.encode(HEARTBEAT).replace(b":5,", b":-5,"), Refusal.MALFORMED),
    ("rowtide-hb", msgspec.json.encode(HEARTBEAT).replace(b"_shop", b"_other"), Refusal.FOREIGN),
    ("rowtide-x", b"", Refusal.UNKNOWN),
]


@pytest.mark.parametrize(("prefix", "content", "reason"), HOSTILE)
def test_a_message_that_is_not_ours_is_counted_and_skipped(
    worker: Worker, prefix: str, content: bytes, reason: Refusal
) -> None:
    before = worker.store.position
    applied = worker.emit(prefix, content)
    assert (len(applied.refusals), applied.heartbeat) == (1, None)
    assert applied.refusals[0] in (reason, Refusal.UNAUTHENTIC)
    assert worker.customers == 3
    assert worker.store.position.log.watermark == before.log.watermark
    assert worker.store.position.snapshot == before.snapshot


@pytest.mark.parametrize(("prefix", "content", "reason"), HOSTILE)
def test_the_same_in_a_transaction_is_an_empty_transaction(
    worker: Worker, prefix: str, content: bytes, reason: Refusal
) -> None:
    applied = worker.emit_in_transaction(prefix, content)
    assert applied.heartbeat is None
    assert worker.customers == 3
    assert worker.store.position.log.watermark == worker.lsn + 5


def test_a_marker_is_only_a_position(worker: Worker) -> None:
    for content in (b"", b"99999999999", msgspec.json.encode(HEARTBEAT)):
        applied = worker.emit("rowtide-marker", content)
        assert (applied.refusals, applied.heartbeat) == ((), None)
        assert worker.store.position.log.watermark == worker.lsn
    assert worker.customers == 3


def test_a_heartbeat_of_this_pipeline_is_observed_whatever_follows_it(worker: Worker) -> None:
    heartbeat = message(worker.lsn + 10, "rowtide-hb", KEY.sign("rowtide-hb", msgspec.json.encode(HEARTBEAT)))
    flood = [message(worker.lsn + 20 + place, "rowtide-marker", b"") for place in range(20)]
    applied = worker.apply(heartbeat, *flood, message(worker.lsn + 100, "rowtide-hb", b"garbage"))
    assert applied.heartbeat is not None
    assert applied.heartbeat.content == HEARTBEAT
    assert len(applied.refusals) == 1


@pytest.mark.parametrize("in_transaction", [False, True])
def test_a_worker_that_waits_for_a_snapshot_is_not_told_by_anybody_that_it_was_taken(
    worker: Worker, in_transaction: bool
) -> None:
    with worker.store.transaction():
        worker.store.move_snapshot(awaiting=True)
    emit = worker.emit_in_transaction if in_transaction else worker.emit
    emit("rowtide-snapshot", b"99999999999")
    assert worker.store.position.snapshot.awaiting
    assert worker.customers == 3


BODY = msgspec.json.encode(HEARTBEAT)


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path / "signed.sqlite", KEY)
    yield worker
    worker.store.close()


@pytest.mark.parametrize(
    "content",
    [
        BODY,
        OTHER_KEY.sign("rowtide-hb", BODY),
        KEY.sign("rowtide-snapshot", BODY),
        KEY.sign("rowtide-hb", BODY) + b" ",
        KEY.sign("rowtide-hb", BODY)[1:],
        "\u00e9".encode() * 64 + BODY,
        b"",
    ],
)
def test_a_perfect_heartbeat_that_the_pipeline_did_not_sign_is_not_believed(signed: Worker, content: bytes) -> None:
    applied = signed.emit("rowtide-hb", content)
    assert (applied.refusals, applied.heartbeat) == ((Refusal.UNAUTHENTIC,), None)


@pytest.mark.parametrize("key", [OTHER_KEY, None], ids=["signed", "unsigned"])
def test_another_pipeline_of_the_database_is_not_taken_for_an_attack(signed: Worker, key: ControlKey | None) -> None:
    """Every slot of a database receives the messages of all pipelines; each signs with a key of its own."""
    heartbeat = BODY.replace(b"rowtide_shop", b"rowtide_blog").replace(b"7711", b"9999")
    emptied = snapshot_message(OTHER_KEY, "blog", signed.lsn, signed.lsn)
    for prefix, content in (
        ("rowtide-hb", key.sign("rowtide-hb", heartbeat) if key else heartbeat),
        ("rowtide-snapshot", emptied if key else emptied[65:]),
    ):
        applied = signed.emit(prefix, content)
        assert (applied.refusals, applied.heartbeat) == ((Refusal.FOREIGN,), None)
    assert signed.customers == 3


@pytest.mark.parametrize("prefix", ["rowtide-hb", KEY.secret_prefix("rowtide-hb")])
def test_a_heartbeat_that_is_emitted_again_later_is_not_obeyed(signed: Worker, prefix: str) -> None:
    body = msgspec.json.encode(msgspec.structs.replace(HEARTBEAT, lsn=signed.lsn))
    content = KEY.sign("rowtide-hb", body)
    assert signed.emit(prefix, content).heartbeat is not None
    signed.lsn += REPLAY_BYTES
    applied = signed.emit(prefix, content)
    assert (applied.refusals, applied.heartbeat) == ((Refusal.IMPOSSIBLE,), None)


def test_messages_under_a_secret_prefix_are_ours_whatever_captured_them(signed: Worker, worker: Worker) -> None:
    """A worker without a key may meet a connector that has one; and the log keeps what was captured before."""
    secret = KEY.secret_prefix("rowtide-hb")
    assert worker.emit(secret, KEY.sign("rowtide-hb", BODY)).heartbeat is not None
    assert signed.emit(secret, OTHER_KEY.sign("rowtide-hb", BODY)).refusals == (Refusal.UNAUTHENTIC,)
    own = snapshot_message(KEY, PIPELINE, signed.lsn + 5, signed.lsn + 5)
    assert signed.emit(KEY.secret_prefix("rowtide-snapshot"), own).refusals == ()
    assert signed.customers == 0


def test_an_empty_snapshot_is_believed_once_and_only_from_the_pipeline(signed: Worker) -> None:
    since = signed.lsn + 5
    forged = OTHER_KEY.sign("rowtide-snapshot", snapshot_message(KEY, PIPELINE, since, since)[65:])
    assert signed.emit("rowtide-snapshot", forged).refusals == (Refusal.UNAUTHENTIC,)
    assert signed.emit("rowtide-snapshot", str(since).encode()).refusals == (Refusal.UNAUTHENTIC,)
    other = snapshot_message(KEY, "other", since, since)
    assert signed.emit("rowtide-snapshot", other).refusals == (Refusal.FOREIGN,)
    future = snapshot_message(KEY, PIPELINE, since + 100_000, since)
    assert signed.emit("rowtide-snapshot", future).refusals == (Refusal.IMPOSSIBLE,)
    assert signed.customers == 3

    own = snapshot_message(KEY, PIPELINE, since, since)
    assert signed.emit("rowtide-snapshot", own).refusals == ()
    assert signed.customers == 0
    snapshot = signed.store.position.snapshot.lsn
    signed.emit("rowtide-snapshot", own)
    assert signed.store.position.snapshot.lsn == snapshot, "a repeat changes nothing"


def test_a_replayed_snapshot_message_does_not_tell_a_new_row_store_that_all_is_empty(signed: Worker) -> None:
    old = snapshot_message(KEY, PIPELINE, signed.lsn, signed.lsn)
    with signed.store.transaction():
        signed.store.move_snapshot(awaiting=True)
    signed.lsn += REPLAY_BYTES
    signed.emit("rowtide-snapshot", old)
    assert signed.store.position.snapshot.awaiting
    assert signed.customers == 3


def test_without_a_key_heartbeats_are_believed_and_what_deletes_is_not(tmp_path: Path) -> None:
    worker = Worker(tmp_path / "early.sqlite", None)
    for content in (BODY, KEY.sign("rowtide-hb", BODY)):
        heartbeat = worker.emit("rowtide-hb", content).heartbeat
        assert heartbeat is not None
        assert heartbeat.content == HEARTBEAT
    own = snapshot_message(KEY, PIPELINE, worker.lsn + 5, worker.lsn + 5)
    assert worker.emit("rowtide-snapshot", own).refusals == (Refusal.UNAUTHENTIC,)
    assert worker.customers == 3
    worker.store.close()
