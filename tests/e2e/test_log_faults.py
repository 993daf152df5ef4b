"""A truncated, deleted or replaced log: the worker stops with the reason; a new row store and a resnapshot recover."""

import shutil
import signal
from functools import partial

import pytest
from confluent_kafka import Producer

from cdc.log.names import changes_topic
from connections.kafka import client_settings
from tests.e2e.conftest import LivePipeline
from tests.support.servers.log_pipeline import (
    ROWS,
    SPEC,
    TABLES,
    count_things,
    delete_records,
    document_versions,
    read_topic,
    recreate_topic,
    stop_connector,
    wait_for_records,
)
from tests.support.servers.pipeline import Pipeline, execute


@pytest.fixture(scope="module")
def shared(shared_pipeline: LivePipeline) -> Pipeline:
    """One pipeline for all tests."""
    return shared_pipeline(SPEC, TABLES + ROWS, lease_seconds=4)


@pytest.fixture
def pipeline(shared: Pipeline) -> Pipeline:
    """The pipeline, live and with 60 things, whatever another test has done to its log."""
    execute(shared.place, f"TRUNCATE things, parts; {ROWS}")
    if shared.worker is None:
        recover(shared)
    shared.wait_live()
    shared.wait_fresh()
    return shared


def recover(pipeline: Pipeline) -> None:
    """Do what the worker's errors advise: begin with an empty row store, and read the tables again."""
    pipeline.start_worker("--new-store")
    pipeline.wait_state("waiting")
    pipeline.rowtide("resnapshot")
    pipeline.wait_live()
    pipeline.wait_fresh()


def recover_with_uncaptured_changes(pipeline: Pipeline) -> None:
    """Recover after changes that no log contains; then every document is correct."""
    execute(pipeline.place, "DELETE FROM parts")
    execute(pipeline.place, "DELETE FROM things WHERE id IN (SELECT id FROM things ORDER BY id LIMIT 10)")
    execute(pipeline.place, "INSERT INTO things SELECT n, 'm', n FROM generate_series(1000, 1009) n")
    recover(pipeline)
    assert pipeline.verify()["things"] == count_things(pipeline.place)


def test_a_log_truncated_below_the_position_stops_the_worker(pipeline: Pipeline) -> None:
    place = pipeline.place
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    wait_for_records(place, partial(execute, place, "UPDATE things SET price = 6"))
    delete_records(place)
    pipeline.start_worker()
    assert pipeline.ended() == 1
    assert "The row store is at offset" in pipeline.log_tail()
    assert "--new-store" in pipeline.log_tail()


def test_a_lost_row_store_and_a_truncated_log_wait_for_a_snapshot(pipeline: Pipeline) -> None:
    before = document_versions(pipeline)
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    delete_records(pipeline.place)
    shutil.rmtree(pipeline.folder / "store")
    pipeline.start_worker()
    fresh = pipeline.wait_state("waiting")
    assert "rowtide resnapshot" in pipeline.wait_reason("waits for a snapshot").reason
    assert fresh.searchable == 0
    assert document_versions(pipeline) == before, "readers keep the documents of before"
    pipeline.rowtide("resnapshot")
    pipeline.wait_live()
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == count_things(pipeline.place)


def test_a_recreated_topic_stops_the_worker(pipeline: Pipeline) -> None:
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    stop_connector(pipeline.place)
    recreate_topic(pipeline.place)
    pipeline.start_worker()
    assert pipeline.ended() == 1
    assert "The topic was deleted and recreated" in pipeline.log_tail()


def test_a_resnapshot_recovers_when_every_table_is_empty(pipeline: Pipeline) -> None:
    place = pipeline.place
    assert pipeline.kill_worker(signal.SIGTERM) == 0
    stop_connector(place)
    recreate_topic(place)
    execute(place, "TRUNCATE things, parts")
    pipeline.start_worker("--new-store")
    pipeline.wait_state("waiting")
    pipeline.rowtide("resnapshot")
    fresh = pipeline.wait_live()
    assert fresh.epoch > 1
    assert pipeline.verify()["things"] == 0

    execute(place, "INSERT INTO things SELECT n, 'n', n FROM generate_series(1, 9) n")
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == 9
    stop_connector(place)
    execute(place, "TRUNCATE things, parts")
    pipeline.rowtide("resnapshot")
    pipeline.wait_fresh()
    assert pipeline.verify()["things"] == 0


def test_a_log_truncated_while_the_worker_is_behind_stops_it(pipeline: Pipeline) -> None:
    place = pipeline.place
    assert pipeline.worker is not None
    pipeline.worker.send_signal(signal.SIGSTOP)
    insert = "INSERT INTO things SELECT n, 'n', n FROM generate_series(101, 200) n"
    wait_for_records(place, partial(execute, place, insert))
    delete_records(place)
    pipeline.worker.send_signal(signal.SIGCONT)
    assert pipeline.ended() == 1
    assert "is no longer in Kafka" in pipeline.log_tail()
    recover_with_uncaptured_changes(pipeline)


def test_a_recreated_topic_that_grew_longer_stops_the_worker(pipeline: Pipeline) -> None:
    """The worker's offset exists in the new topic, and the records there are duplicates: only the topic's id differs."""
    place = pipeline.place
    topic, log = changes_topic(place.pipeline), read_topic(place)
    stop_connector(place)
    recreate_topic(place)
    producer = Producer(client_settings(place.addresses.kafka))
    for number in range((log[-1].offset() or 0) + 100):
        record = log[number % len(log)]
        producer.produce(topic, value=record.value(), headers=record.headers())
    producer.flush(30)
    assert pipeline.ended() == 1
    error = pipeline.log_tail().rpartition("Error:")[2]
    assert "was deleted" in error or "is no longer in Kafka" in error, error
    assert "--new-store" in error
    recover_with_uncaptured_changes(pipeline)
