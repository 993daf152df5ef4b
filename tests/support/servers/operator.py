"""The operators' commands, run as they are typed, and the log that their connector writes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import typer
from confluent_kafka import Consumer, TopicPartition
from typer.testing import CliRunner

from cdc.log.names import changes_topic
from connections.kafka import client_settings
from rowtide.commands import connectors, documents, init, resnapshot
from tests.support.servers.services import Place


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Operator:
    """Somebody at the command line, with a place's environment and a directory for secrets."""

    place: Place
    secrets: Path
    more: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, **environment: str | None) -> Said:
        """Run `rowtide WORDS`. A variable that is None is not set."""
        app = typer.Typer()
        for room in (init, connectors, documents, resnapshot):
            room.register(app)
        known: dict[str, str | None] = {
            **self.place.environment,
            "ROWTIDE_SECRETS_DIR": str(self.secrets),
            **self.more,
            **environment,
        }
        result = CliRunner().invoke(app, list(words), env=known, catch_exceptions=False)
        return Said(result.exit_code, result.stdout, result.stderr)

    def do(self, *words: str) -> str:
        """Run `rowtide WORDS`, which must succeed."""
        result = self.run(*words)
        assert result.code == 0, result
        return result.out


@dataclass(frozen=True)
class LogRecord:
    """A record of the log, decoded as JSON."""

    value: dict[str, Any]
    headers: dict[str, Any]


class Log:
    """Reads a pipeline's topic from its start."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self.records: list[LogRecord] = []

    def until(self, condition: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> list[LogRecord]:
        """Read on until a record's value fulfils the condition; the answer is what was read since the last call."""
        start, deadline = len(self.records), monotonic() + seconds
        while monotonic() < deadline:
            message = self._consumer.poll(1.0)
            if message is None:
                continue
            assert message.error() is None, message.error()
            headers = {name: json.loads(text or b"null") for name, text in dict(message.headers() or ()).items()}
            self.records.append(LogRecord(json.loads(message.value() or b"null"), headers))
            if condition(self.records[-1].value):
                return self.records[start:]
        raise AssertionError(f"the awaited record did not come in {seconds:g} s; {len(self.records)} others did")


@contextmanager
def log_of(place: Place) -> Iterator[Log]:
    """The log of a place's pipeline."""
    consumer = Consumer(
        client_settings(place.addresses.kafka) | {"group.id": place.pipeline, "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(changes_topic(place.pipeline), 0, 0)])
    try:
        yield Log(consumer)
    finally:
        consumer.close()
