"""Fixtures for every test: the servers start once, when the first test asks for them."""

from collections.abc import Iterator

import pytest
import structlog

from infra.native.stack import Stack
from tests.support.servers.services import Place, fresh_place, running_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Real PostgreSQL, Kafka, Connect and Elasticsearch, for the whole run."""
    with running_stack() as started:
        yield started


@pytest.fixture
def place(stack: Stack) -> Iterator[Place]:
    """An empty database and a pipeline name that no other test has. A service that a test killed runs again."""
    stack.start()
    with fresh_place(stack.addresses) as made:
        yield made


@pytest.fixture(autouse=True)
def logging_of_its_own() -> Iterator[None]:
    """A program that a test runs in this process sends the log to that test's standard error; the next test has another."""
    yield
    structlog.reset_defaults()
