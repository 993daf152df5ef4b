"""Live pipelines: each has its own database, names and folder. Their processes end with the test or the module."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest

from infra.native.stack import Stack
from tests.support.servers.pipeline import Pipeline, Stage, prepared_pipeline
from tests.support.servers.services import Place, fresh_place


class LivePipeline(Protocol):
    """Makes a pipeline of a spec, over a database with a schema and rows."""

    def __call__(
        self,
        spec: str,
        schema: str = "",
        *,
        place: Place | None = None,
        stage: Stage = "live",
        **worker_settings: str | int,
    ) -> Pipeline:
        """Prepare it up to `stage`, in `place` or in a new one; `lease_seconds=4` sets ROWTIDE_WORKER_LEASE_SECONDS."""


def _pipelines(stack: Stack, folders: pytest.TempPathFactory) -> Iterator[LivePipeline]:
    stack.start()
    with ExitStack() as cleanup:

        def make(
            spec: str,
            schema: str = "",
            *,
            place: Place | None = None,
            stage: Stage = "live",
            **worker_settings: str | int,
        ) -> Pipeline:
            place = place or cleanup.enter_context(fresh_place(stack.addresses))
            folder = folders.mktemp("pipeline")
            return cleanup.enter_context(prepared_pipeline(place, folder, spec, schema, stage=stage, **worker_settings))

        yield make


@pytest.fixture
def live_pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePipeline]:
    """Makes pipelines for one test."""
    yield from _pipelines(stack, tmp_path_factory)


@pytest.fixture(scope="module")
def shared_pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePipeline]:
    """Makes pipelines that the tests of a module share; no test may depend on another's order."""
    yield from _pipelines(stack, tmp_path_factory)
