"""Fixtures for every test: the servers start once, when the first test asks for them."""

from collections.abc import Iterator

import pytest

from infra.stack import Stack
from tests.support.services import Place, fresh_place, running_stack


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
