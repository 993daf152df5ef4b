"""A pipeline of things and parts for the tests of the log, and what these tests do to its topic."""

import threading
from collections.abc import Callable

import psycopg
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from cdc.log.names import changes_topic, connector_name
from connections.kafka import client_settings
from connections.wait import wait_until
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import Place, connect_client, elasticsearch_client

SPEC = """\
pipeline: log
documents:
  things:
    from: things
    fields: [id, note, price]
    include:
      parts: {many: parts, fields: [label]}
"""
TABLES = """
CREATE TABLE things(id int PRIMARY KEY, note text, price int);
ALTER TABLE things ALTER note SET STORAGE EXTERNAL;
CREATE TABLE parts(id int PRIMARY KEY, thing_id int REFERENCES things ON UPDATE CASCADE ON DELETE CASCADE, label text);
"""
ROWS = """
INSERT INTO things SELECT n, repeat('long ', 1000), n FROM generate_series(1, 60) n;
INSERT INTO parts SELECT n, 1 + n % 60, 'part ' || n FROM generate_series(1, 120) n;
"""


def count_things(place: Place) -> int:
    """The number of things in the database; each is a document."""
    with psycopg.connect(place.dsn) as connection:
        (count,) = connection.execute("SELECT count(*) FROM things").fetchone() or (0,)
    return int(count)


def document_versions(pipeline: Pipeline) -> dict[str, int]:
    """The version of every document that a search finds."""
    with elasticsearch_client(pipeline.place.addresses) as client:
        response = client.get(f"/{pipeline.place.pipeline}-things/_search?size=1000&version=true&_source=false")
    return {hit["_id"]: hit["_version"] for hit in response.json()["hits"]["hits"]}


def admin_of(place: Place) -> AdminClient:
    """An admin client of the place's Kafka."""
    return AdminClient(client_settings(place.addresses.kafka))


def read_topic(place: Place) -> list[Message]:
    """Every record of the topic."""
    topic = changes_topic(place.pipeline)
    consumer = Consumer(client_settings(place.addresses.kafka) | {"group.id": f"{topic}-test"})
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        consumer.assign([TopicPartition(topic, 0, low)])
        records: list[Message] = []
        while not records or (records[-1].offset() or 0) < high - 1:
            records += consumer.consume(1000, 5)
        return records
    finally:
        consumer.close()


def wait_for_records(place: Place, change: Callable[[], None], count: int = 60) -> None:
    """Make a change, and wait until the connector has written at least `count` records since."""
    topic = changes_topic(place.pipeline)
    consumer = Consumer(client_settings(place.addresses.kafka) | {"group.id": f"{topic}-wait"})

    def end() -> int:
        return int(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1])

    try:
        before = end()
        change()
        assert wait_until(lambda: end() >= before + count, 60), "the connector did not write the change"
    finally:
        consumer.close()


def delete_records(place: Place) -> None:
    """Delete every record of the topic, as retention does."""
    everything = TopicPartition(changes_topic(place.pipeline), 0, -1)
    admin = admin_of(place)  # Held until the answer is there: a client that is collected never completes its futures.
    for future in admin.delete_records([everything]).values():
        future.result(30)


def recreate_topic(place: Place) -> None:
    """Delete the topic, and create it again as soon as the old one is gone."""
    topic, admin = changes_topic(place.pipeline), admin_of(place)
    for future in admin.delete_topics([topic]).values():
        future.result(30)
    assert wait_until(lambda: topic not in admin.list_topics(timeout=10).topics, 30), f"topic {topic} is not deleted"
    pause = threading.Event()
    pause.wait(0.2)
    for future in admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)]).values():
        future.result(30)


def stop_connector(place: Place) -> None:
    """Stop the connector; it releases its slot."""
    path = f"/connectors/{connector_name(place.pipeline)}"
    with connect_client(place.addresses) as client:
        client.put(f"{path}/stop").raise_for_status()

        def is_stopped() -> bool:
            return bool(client.get(f"{path}/status").json()["connector"]["state"] == "STOPPED")

        assert wait_until(is_stopped, 30), "the connector does not stop"
