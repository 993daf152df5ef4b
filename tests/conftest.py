"""Fixtures for every test: the servers start once, when the first test asks for them."""

import gc
import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from connections.log_lines import reset_logging
from infra.native.stack import Stack
from tests.support.servers.services import Place, fresh_place, running_stack

settings.register_profile("rowtide", deadline=None)  # How long an example takes depends on what else the machine does.
settings.load_profile("rowtide")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector rest while the tests are collected, and then pass over what lives to the end of the
    run: the modules, the cases and the tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


UMASK = os.umask(0o022)
"""The umask of the run. Programs that a test runs in this process narrow it."""
os.umask(UMASK)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Real PostgreSQL, Kafka, Connect and Elasticsearch, for the whole run."""
    with running_stack() as started:
        yield started


@pytest.fixture
def place(stack: Stack) -> Iterator[Place]:
    """An empty database and a pipeline name that no other test has. A service that a test killed runs again."""
    stack.start()
    with fresh_place(stack.addresses) as place:
        yield place


@pytest.fixture(autouse=True)
def process_state_of_its_own() -> Iterator[None]:
    """A program that a test runs in this process sends the log to that test's standard error and narrows the umask; the
    next test has the run's own again."""
    yield
    reset_logging()
    os.umask(UMASK)
