"""One pipeline for all tests of this folder. No test depends on another's order: each removes what it added."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from infra.native.stack import Stack
from tests.support.servers.pipeline import prepared_pipeline
from tests.support.servers.proof_pipeline import SCHEMA, SPEC, ProofPipeline
from tests.support.servers.services import fresh_place


@pytest.fixture(scope="package")
def proof(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProofPipeline]:
    """The pipeline, live."""
    stack.start()
    with (
        fresh_place(stack.addresses) as place,
        prepared_pipeline(place, tmp_path_factory.mktemp("proof"), SPEC, SCHEMA) as pipeline,
        closing(ProofPipeline(pipeline)) as proof,
    ):
        yield proof
