"""Records that arrive again or late, and a full disk: faults that leave the log complete."""

import random
import signal
import string
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import msgspec
import pytest
from confluent_kafka import Message, Producer

from cdc.log.names import changes_topic
from connections.kafka import client_settings
from tests.e2e.conftest import LivePipeline
from tests.support.servers.log_pipeline import ROWS, SPEC, TABLES, count_things, document_versions, read_topic
from tests.support.servers.log_tail import Tail
from tests.support.servers.pipeline import Pipeline, execute
from tests.support.servers.services import Place


@pytest.fixture(scope="module")
def shared(shared_pipeline: LivePipeline) -> Pipeline:
    """One pipeline for all tests; each leaves its log and its row store intact."""
    return shared_pipeline(SPEC, TABLES + ROWS, lease_seconds=4)


@pytest.fixture
def pipeline(shared: Pipeline) -> Pipeline:
    """The pipeline, live; a worker that another test ended runs again."""
    if shared.worker is None:
        shared.start_worker()
    shared.wait_live()
    shared.wait_fresh()
    return shared


def test_a_key_change_keeps_long_unchanged_values(pipeline: Pipeline) -> None:
    execute(
        pipeline.place,
        "UPDATE things SET id = id + 1000 WHERE id <= 5; UPDATE things SET id = id - 1000 WHERE id = 1003",
    )
    execute(pipeline.place, "DELETE FROM parts WHERE thing_id = 1001; DELETE FROM things WHERE id = 1001")
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == count_things(pipeline.place)


def test_a_replay_of_the_log_changes_no_document(pipeline: Pipeline) -> None:
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    before = document_versions(pipeline)
    connection = apsw.Connection(str(pipeline.row_store))
    (state,) = connection.execute("SELECT state FROM position").fetchone() or ("",)
    position = msgspec.json.decode(str(state))
    position["log"]["offset"] = 0
    connection.execute("UPDATE position SET state = ?", (msgspec.json.encode(position).decode(),))
    connection.close()
    pipeline.start_worker()
    pipeline.wait_fresh()
    assert document_versions(pipeline) == before
    assert pipeline.verify()["things"] == count_things(pipeline.place)


def test_a_zombie_task_inside_a_transaction_changes_nothing(pipeline: Pipeline) -> None:
    place = pipeline.place
    execute(place, "UPDATE things SET price = price + 1 WHERE id > 40")
    execute(place, "DELETE FROM parts WHERE id = 7")
    pipeline.wait_fresh()
    old = [message for message in read_topic(place) if streamed(message)]
    insert = "INSERT INTO parts SELECT 1000 + n, 10 + n % 50, 'new' FROM generate_series(1, 30000) n"
    committing = threading.Thread(target=execute, args=(place, f"{insert}; UPDATE things SET price = 0 WHERE id > 50"))
    with closing(Tail(place)) as log:
        committing.start()
        live = log.until(lambda value: b'"label":"new"' in value)
        begin = max(number for number, message in enumerate(live) if b'"BEGIN"' in value_of(message))
        write_again(place, [*old, *old[len(old) // 2 :], *live[begin:]])
        log.until(lambda value: value == old[-1].value())
        rest = log.until(lambda value: b'"op":"u"' in value and b'"price":0' in value)
    committing.join()
    assert any(b'"label":"new"' in value_of(message) for message in rest), "the transaction was over already"
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == count_things(pipeline.place)
    execute(place, "DELETE FROM parts WHERE label = 'new'")
    pipeline.wait_fresh()


def streamed(message: Message) -> bool:
    """Whether a record is a marker or a streamed event, and of no snapshot."""
    return b'"status":' in value_of(message) or b'"snapshot":"false"' in value_of(message)


def value_of(message: Message) -> bytes:
    """A record's value."""
    return message.value() or b""


def write_again(place: Place, records: list[Message]) -> None:
    """Append records to the log, like a connector task that was considered dead."""
    producer = Producer(client_settings(place.addresses.kafka) | {"linger.ms": 0})
    for record in records:
        producer.produce(changes_topic(place.pipeline), value=record.value(), headers=record.headers())
    producer.flush(30)


@contextmanager
def small_disk(folder: Path, store: Path) -> Iterator[Path]:
    """A file system with a copy of the row store and 12 MiB of free space."""
    folder.mkdir()
    used = sum(file.stat().st_size for file in store.iterdir())
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={used + 12 * 2**20}", "tmpfs", str(folder)], check=True)
    for file in store.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def stored_in(pipeline: Pipeline, folder: Path) -> Iterator[None]:
    """Within the block, the worker's row store is in `folder`."""
    store = pipeline.environment["ROWTIDE_WORKER_STORE"]
    pipeline.environment["ROWTIDE_WORKER_STORE"] = str(folder)
    try:
        yield
    finally:
        pipeline.environment["ROWTIDE_WORKER_STORE"] = store


def test_a_full_disk_stops_the_worker_and_loses_nothing(pipeline: Pipeline) -> None:
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    store = pipeline.environment["ROWTIDE_WORKER_STORE"]
    with small_disk(pipeline.folder / "small", Path(store)) as disk, stored_in(pipeline, disk):
        pipeline.start_worker()
        pipeline.wait_fresh()
        text = "".join(random.Random(1).choices(string.ascii_letters, k=300_000))
        execute(pipeline.place, f"UPDATE things SET note = '{text}' || id")
        assert pipeline.ended() == 1, pipeline.log_tail()
        assert "The disk of row store" in pipeline.log_tail()
        subprocess.run(["mount", "-o", "remount,size=256m", str(disk)], check=True)
        pipeline.start_worker()
        pipeline.wait_fresh()
        assert pipeline.verify()["things"] == count_things(pipeline.place)
        assert pipeline.kill_worker(signal.SIGTERM) == 0
        for file in disk.iterdir():
            (Path(store) / file.name).write_bytes(file.read_bytes())
