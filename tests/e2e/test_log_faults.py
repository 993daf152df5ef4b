"""What can become of the log and of the row store's disk. One pipeline for all, in this order."""

import random
import signal
import string
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import httpx
import msgspec
import psycopg
import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from cdc.log.names import changes_topic, connector_name
from infra.native.stack import Stack
from tests.support.servers.log_tail import Tail
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import Place, fresh_place

SPEC = """\
pipeline: log
documents:
  things:
    from: things
    fields: [id, note, price]
    include:
      parts: {many: parts, fields: [label]}
"""
SCHEMA = """
CREATE TABLE things(id int PRIMARY KEY, note text, price int);
ALTER TABLE things ALTER note SET STORAGE EXTERNAL;
CREATE TABLE parts(id int PRIMARY KEY, thing_id int REFERENCES things ON UPDATE CASCADE, label text);
INSERT INTO things SELECT n, repeat('long ', 1000), n FROM generate_series(1, 60) n;
INSERT INTO parts SELECT n, 1 + n % 60, 'part ' || n FROM generate_series(1, 120) n;
"""


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[Place]:
    """One for the whole module."""
    stack.start()
    with fresh_place(stack.addresses) as made:
        yield made


@pytest.fixture(scope="module")
def pipeline(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The pipeline, live."""
    folder = tmp_path_factory.mktemp("log")
    (folder / "given.yaml").write_text(SPEC)
    change(place, SCHEMA)
    with Pipeline(place, folder / "given.yaml", folder) as made:
        made.environment["ROWTIDE_WORKER_LEASE_SECONDS"] = "4"
        made.start()
        made.wait_live()
        yield made


def change(place: Place, statement: str) -> None:
    """Change the database."""
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        connection.execute(statement)


def rows(place: Place) -> int:
    """How many things there are, each a document."""
    with psycopg.connect(place.dsn) as connection:
        (count,) = connection.execute("SELECT count(*) FROM things").fetchone() or (0,)
    return int(count)


def versions(pipeline: Pipeline) -> dict[str, int]:
    """The version of every document."""
    at = pipeline.place.addresses
    answer = httpx.get(
        f"{at.elasticsearch_url}/{pipeline.place.pipeline}-things/_search?size=1000&version=true&_source=false",
        auth=(at.elasticsearch_username, at.elasticsearch_password),
        trust_env=False,
    )
    return {hit["_id"]: hit["_version"] for hit in answer.json()["hits"]["hits"]}


def whole_log(place: Place) -> list[Message]:
    """Every record of the topic."""
    topic = changes_topic(place.pipeline)
    consumer = Consumer({"bootstrap.servers": place.addresses.kafka_bootstrap_servers, "group.id": f"{topic}-test"})
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        consumer.assign([TopicPartition(topic, 0, low)])
        found: list[Message] = []
        while not found or (found[-1].offset() or 0) < high - 1:
            found += consumer.consume(1000, 5)
        return found
    finally:
        consumer.close()


def test_a_key_change_with_long_values_that_did_not_change(pipeline: Pipeline) -> None:
    change(
        pipeline.place,
        "UPDATE things SET id = id + 1000 WHERE id <= 5; UPDATE things SET id = id - 1000 WHERE id = 1003",
    )
    change(pipeline.place, "DELETE FROM parts WHERE thing_id = 1001; DELETE FROM things WHERE id = 1001")
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == rows(pipeline.place)


def test_replay_of_the_whole_log_changes_no_document(pipeline: Pipeline) -> None:
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    before = versions(pipeline)
    connection = apsw.Connection(str(pipeline.folder / "store" / f"{pipeline.place.pipeline}.sqlite"))
    (state,) = connection.execute("SELECT state FROM position").fetchone() or ("",)
    position = msgspec.json.decode(str(state))
    position["log"]["offset"] = 0
    connection.execute("UPDATE position SET state = ?", (msgspec.json.encode(position).decode(),))
    connection.close()
    pipeline.start_worker()
    pipeline.wait_fresh()
    assert versions(pipeline) == before
    assert pipeline.verify()["things"] == rows(pipeline.place)


def test_a_task_that_was_thought_dead_writes_in_the_middle_of_a_transaction(pipeline: Pipeline) -> None:
    place = pipeline.place
    change(place, "UPDATE things SET price = price + 1 WHERE id > 40")
    change(place, "DELETE FROM parts WHERE id = 7")
    pipeline.wait_fresh()
    old = [message for message in whole_log(place) if streamed(message)]
    insert = "INSERT INTO parts SELECT 1000 + n, 10 + n % 50, 'new' FROM generate_series(1, 30000) n"
    committing = threading.Thread(target=change, args=(place, f"{insert}; UPDATE things SET price = 0 WHERE id > 50"))
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
    assert pipeline.verify()["things"] == rows(pipeline.place)
    change(place, "DELETE FROM parts WHERE label = 'new'")
    pipeline.wait_fresh()


def streamed(message: Message) -> bool:
    """Whether a record is a marker or a streamed event, and of no snapshot."""
    return b'"status":' in value_of(message) or b'"snapshot":"false"' in value_of(message)


def value_of(message: Message) -> bytes:
    """A record's value."""
    return message.value() or b""


def write_again(place: Place, records: list[Message]) -> None:
    """Append records to the log, as a task does that was thought dead."""
    producer = Producer({"bootstrap.servers": place.addresses.kafka_bootstrap_servers, "linger.ms": 0})
    for record in records:
        producer.produce(changes_topic(place.pipeline), value=record.value(), headers=record.headers())
    producer.flush(30)


@contextmanager
def small_disk(folder: Path, store: Path) -> Iterator[Path]:
    """A file system with a copy of the row store, and room for 12 MiB more."""
    folder.mkdir()
    taken = sum(file.stat().st_size for file in store.iterdir())
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={taken + 12 * 2**20}", "tmpfs", str(folder)], check=True)
    for file in store.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_under_the_row_store(pipeline: Pipeline) -> None:
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    store = pipeline.environment["ROWTIDE_WORKER_STORE"]
    with small_disk(pipeline.folder / "small", Path(store)) as disk:
        pipeline.environment["ROWTIDE_WORKER_STORE"] = str(disk)
        pipeline.start_worker()
        pipeline.wait_fresh()
        text = "".join(random.Random(1).choices(string.ascii_letters, k=300_000))
        change(pipeline.place, f"UPDATE things SET note = '{text}' || id")
        assert pipeline.ended() == 1, pipeline.log_tail()
        assert "the disk of row store" in pipeline.log_tail()
        subprocess.run(["mount", "-o", "remount,size=256m", str(disk)], check=True)
        pipeline.start_worker()
        pipeline.wait_fresh()
        assert pipeline.verify()["things"] == rows(pipeline.place)
        assert pipeline.kill_worker(signal.SIGTERM) == 0
        for file in disk.iterdir():
            (Path(store) / file.name).write_bytes(file.read_bytes())
    pipeline.environment["ROWTIDE_WORKER_STORE"] = store


def test_the_log_is_truncated_below_the_position(pipeline: Pipeline) -> None:
    topic = changes_topic(pipeline.place.pipeline)
    change(pipeline.place, "UPDATE things SET price = 5")
    pipeline.start_worker()
    pipeline.wait_fresh()
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    change(pipeline.place, "UPDATE things SET price = 6")
    wait_for_records(pipeline.place)
    admin = AdminClient({"bootstrap.servers": pipeline.place.addresses.kafka_bootstrap_servers})
    for future in admin.delete_records([TopicPartition(topic, 0, -1)]).values():
        future.result(30)
    pipeline.start_worker()
    assert pipeline.ended() == 1
    assert "the row store is at offset" in pipeline.log_tail()
    assert "--new-store" in pipeline.log_tail()


def test_a_row_store_that_is_gone_and_a_log_that_is_not_whole(pipeline: Pipeline) -> None:
    store = pipeline.environment["ROWTIDE_WORKER_STORE"]
    pipeline.environment["ROWTIDE_WORKER_STORE"] = str(pipeline.folder / "none")
    pipeline.start_worker()
    fresh = pipeline.wait_state("waiting")
    assert "rowtide resnapshot" in pipeline.wait_reason("waits for a snapshot").reason
    assert fresh.searchable == 0
    assert len(versions(pipeline)) == 59, "readers go on with the documents of before"
    pipeline.rowtide("resnapshot")
    pipeline.wait_live()
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == rows(pipeline.place)
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    pipeline.environment["ROWTIDE_WORKER_STORE"] = store


def test_a_topic_that_was_deleted_and_created_again(pipeline: Pipeline) -> None:
    topic = changes_topic(pipeline.place.pipeline)
    stop_connector(pipeline)
    admin = AdminClient({"bootstrap.servers": pipeline.place.addresses.kafka_bootstrap_servers})
    for future in admin.delete_topics([topic]).values():
        future.result(30)
    created(admin, topic)
    pipeline.start_worker()
    assert pipeline.ended() == 1
    assert "the topic was deleted and recreated" in pipeline.log_tail()


def test_the_way_out_of_both_also_where_every_table_is_empty_now(pipeline: Pipeline) -> None:
    change(pipeline.place, "TRUNCATE things, parts")
    pipeline.start_worker("--new-store")
    pipeline.wait_state("waiting")
    pipeline.rowtide("resnapshot")
    fresh = pipeline.wait_live()
    assert fresh.epoch > 1
    assert pipeline.verify()["things"] == 0

    change(pipeline.place, "INSERT INTO things SELECT n, 'n', n FROM generate_series(1, 9) n")
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == 9
    stop_connector(pipeline)
    change(pipeline.place, "TRUNCATE things, parts")
    pipeline.rowtide("resnapshot")
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == 0


def test_the_log_is_truncated_while_the_worker_is_behind(pipeline: Pipeline) -> None:
    assert pipeline.worker is not None
    pipeline.worker.send_signal(signal.SIGSTOP)
    change(pipeline.place, "INSERT INTO things SELECT n, 'n', n FROM generate_series(101, 200) n")
    wait_for_records(pipeline.place)
    admin = AdminClient({"bootstrap.servers": pipeline.place.addresses.kafka_bootstrap_servers})
    for future in admin.delete_records([TopicPartition(changes_topic(pipeline.place.pipeline), 0, -1)]).values():
        future.result(30)
    pipeline.worker.send_signal(signal.SIGCONT)
    assert pipeline.ended() == 1
    assert "is no longer in Kafka" in pipeline.log_tail()
    way_out(pipeline, 100)


def test_the_topic_is_made_anew_while_it_is_read_and_grows_longer_than_before(pipeline: Pipeline) -> None:
    """The worker's offset is in the new topic, too, and what stands there are repeats: the topic's id alone tells."""
    topic, log = changes_topic(pipeline.place.pipeline), whole_log(pipeline.place)
    stop_connector(pipeline)
    admin = AdminClient({"bootstrap.servers": pipeline.place.addresses.kafka_bootstrap_servers})
    for future in admin.delete_topics([topic]).values():
        future.result(30)
    created(admin, topic)
    producer = Producer({"bootstrap.servers": pipeline.place.addresses.kafka_bootstrap_servers})
    for number in range((log[-1].offset() or 0) + 100):
        message = log[number % len(log)]
        producer.produce(topic, value=message.value(), headers=message.headers())
    producer.flush(30)
    assert pipeline.ended() == 1
    said = pipeline.log_tail().rpartition("rowtide worker:")[2]
    assert "was deleted" in said or "is no longer in Kafka" in said, said
    assert "--new-store" in said
    way_out(pipeline, 90)


def way_out(pipeline: Pipeline, documents: int) -> None:
    """What the messages name: an emptied row store, a new snapshot; with rows that nobody captured."""
    change(pipeline.place, "DELETE FROM parts")
    change(pipeline.place, "DELETE FROM things WHERE id IN (SELECT id FROM things ORDER BY id LIMIT 10)")
    change(
        pipeline.place, "INSERT INTO things SELECT n, 'm', n FROM generate_series(1000, 1009) n ON CONFLICT DO NOTHING"
    )
    pipeline.start_worker("--new-store")
    pipeline.wait_state("waiting")
    pipeline.rowtide("resnapshot")
    pipeline.wait_live()
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == documents


def wait_for_records(place: Place) -> None:
    """Until the connector has written what was committed."""
    topic, pause = changes_topic(place.pipeline), threading.Event()
    consumer = Consumer({"bootstrap.servers": place.addresses.kafka_bootstrap_servers, "group.id": f"{topic}-wait"})
    try:
        _, before = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        for _ in range(200):
            _, now = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
            if now > before + 60:
                return
            pause.wait(0.1)
    finally:
        consumer.close()


def stop_connector(pipeline: Pipeline) -> None:
    """Have the connector stop, which lets go of its slot."""
    place, pause = pipeline.place, threading.Event()
    url = f"{place.addresses.connect_url}/connectors/{connector_name(place.pipeline)}"
    httpx.put(f"{url}/stop", trust_env=False, timeout=30).raise_for_status()
    for _ in range(200):
        if httpx.get(f"{url}/status", trust_env=False, timeout=30).json()["connector"]["state"] == "STOPPED":
            return
        pause.wait(0.1)
    raise AssertionError("the connector does not stop")


def created(admin: AdminClient, topic: str) -> None:
    """Create a topic, as soon as the old one of that name is gone."""
    pause = threading.Event()
    for _ in range(100):
        pause.wait(0.2)
        if topic in admin.list_topics(timeout=10).topics:
            continue
        for future in admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)]).values():
            future.result(30)
        return
    raise AssertionError(f"topic {topic} does not go")
