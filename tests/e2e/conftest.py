"""Live pipelines: each has its own database, names and folder. Their processes end with the test or the module."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from infra.native.ports import free_port
from infra.native.stack import Stack
from rowtide.conformance.fault_proxy import FaultProxy
from tests.support.servers.pipeline import Pipeline, Stage, prepared_pipeline
from tests.support.servers.services import Place, fresh_place


@dataclass(frozen=True)
class LivePipeline:
    """Makes a pipeline of a spec, over a database with a schema and rows. `cleanup` ends it."""

    stack: Stack
    folders: pytest.TempPathFactory
    cleanup: ExitStack

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
        place = place or self.cleanup.enter_context(fresh_place(self.stack.addresses))
        folder = self.folders.mktemp("pipeline")
        return self.cleanup.enter_context(
            prepared_pipeline(place, folder, spec, schema, stage=stage, **worker_settings)
        )


def _pipelines(stack: Stack, folders: pytest.TempPathFactory) -> Iterator[LivePipeline]:
    stack.start()
    with ExitStack() as cleanup:
        yield LivePipeline(stack, folders, cleanup)


@pytest.fixture
def live_pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePipeline]:
    """Makes pipelines for one test."""
    yield from _pipelines(stack, tmp_path_factory)


@pytest.fixture(scope="module")
def shared_pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePipeline]:
    """Makes pipelines that the tests of a module share; no test may depend on another's order."""
    yield from _pipelines(stack, tmp_path_factory)


@pytest.fixture
def wire(place: Place) -> Iterator[FaultProxy]:
    """A proxy to Elasticsearch whose faults a test switches on and off; it lets everything through at first."""
    proxy = FaultProxy(place.addresses.elasticsearch_url, free_port())
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
