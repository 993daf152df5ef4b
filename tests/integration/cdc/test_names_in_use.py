"""Commands for another database, or from another place, that meet a pipeline's connector, slot and role."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cdc.connectors.captured_database import require_unused_slot
from cdc.errors import OperatorError
from cdc.log.names import connector_name, role_name, slot_name
from cdc.source.database import open_source
from infra.native.stack import Stack
from tests.support.servers.operator import Operator
from tests.support.servers.services import Place, fresh_place

TABLE = "CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things VALUES (1)"


@pytest.fixture
def operator(place: Place, tmp_path: Path) -> Operator:
    """An operator of a pipeline that runs."""
    operator = Operator(place, tmp_path / "secrets")
    with psycopg.connect(place.dsn, autocommit=True) as owner:
        owner.execute(TABLE)
    words = ("--pipeline", place.pipeline, "--table", "things")
    operator.do("init", *words)
    operator.do("connectors", "apply", *words, "--wait", "60")
    return operator


@pytest.fixture
def elsewhere(stack: Stack, operator: Operator) -> Iterator[Operator]:
    """The same pipeline's name, for another database of the server."""
    with fresh_place(stack.addresses) as other:
        with psycopg.connect(other.dsn, autocommit=True) as owner:
            owner.execute(TABLE)
        yield Operator(replace(other, pipeline=operator.place.pipeline), operator.secrets)


def test_a_running_pipeline_is_not_changed_from_elsewhere(
    operator: Operator, elsewhere: Operator, tmp_path: Path
) -> None:
    pipeline = operator.place.pipeline
    words = ("--pipeline", pipeline, "--table", "things")
    other = elsewhere.run("init", *words)
    assert other.code == 1
    assert f"slot {slot_name(pipeline)} is that of database {operator.place.database}" in " ".join(other.err.split())
    for command in (("connectors", "apply", *words), ("resnapshot", *words[:2])):
        other = elsewhere.run(*command)
        assert other.code == 1
        assert f"{connector_name(pipeline)} captures database {operator.place.database}" in " ".join(other.err.split())
    other = elsewhere.run("connectors", "delete", *words[:2], "--offsets", "--slot")
    assert (other.code, "captures database" in other.err) == (1, True)

    without_secrets = Operator(operator.place, tmp_path / "none").run("init", *words)
    assert without_secrets.code == 2
    assert "a connector that was set up elsewhere signs in with it" in " ".join(without_secrets.err.split())
    with (
        open_source(operator.place.dsn) as source,
        pytest.raises(OperatorError, match="another Kafka Connect cluster has a connector of this name"),
    ):
        require_unused_slot(source, pipeline, seconds=0.2)
    assert "running" in operator.do("connectors", "status", *words[:2])
    _what_a_snapshot_needs_is_checked_before_the_slot_is_dropped(operator)


def _what_a_snapshot_needs_is_checked_before_the_slot_is_dropped(operator: Operator) -> None:
    pipeline = ("--pipeline", operator.place.pipeline)
    role = role_name(operator.place.pipeline)
    with psycopg.connect(operator.place.dsn, autocommit=True) as owner:
        query = "SELECT confirmed_flush_lsn IS NOT NULL, restart_lsn FROM pg_replication_slots WHERE slot_name = %s"
        for harm, reason in (
            (f"REVOKE SELECT ON things FROM {role}", "public.things: role"),
            (f"ALTER ROLE {role} PASSWORD 'another'", "rowtide init"),
        ):
            owner.execute(harm)
            refused = operator.run("resnapshot", *pipeline)
            assert refused.code in (1, 2), refused
            assert reason in " ".join(refused.err.split())
            assert owner.execute(query, (slot_name(operator.place.pipeline),)).fetchone()
            operator.do("init", *pipeline, "--table", "things")
        operator.do("resnapshot", *pipeline)
