"""The topic that is read: replaced under the same name, deleted, or only unreachable."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from sync_worker.errors import PositionLost, describe
from sync_worker.source.topic_monitor import TopicMonitor

GONE = KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
AWAY = KafkaException(KafkaError(KafkaError._TRANSPORT))


def looks(*answers: str | Exception) -> None:
    """Check once for each answer."""
    rest = iter(answers)

    def topic_id() -> str:
        answer = next(rest)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watch = TopicMonitor(topic_id, "shop.changes", "a")
    for _ in answers:
        watch.check()


def test_the_same_topic_and_a_kafka_that_is_away_are_nothing() -> None:
    looks("a", AWAY, AWAY, TimeoutError(), "a", GONE, "a", GONE, AWAY, GONE, "a")


def test_another_topic_of_the_name_is_another_log() -> None:
    with pytest.raises(PositionLost, match=r"shop\.changes was deleted and recreated while it was being read") as lost:
        looks("a", "b")
    assert "--new-store" in describe(lost.value)


def test_a_topic_that_is_gone_is_believed_the_second_time() -> None:
    with pytest.raises(PositionLost, match="was deleted while it was being read"):
        looks("a", GONE, GONE)
