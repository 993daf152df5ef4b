"""What `rowtide connectors apply` refuses, and what it reports when Kafka Connect cannot resolve a reference."""

import httpx
import pytest

from cdc.connectors.apply import Desired, require_prepared, validate
from cdc.connectors.config import CAPTURED_TABLES, table_pattern
from cdc.connectors.connector_secrets import ConnectorSecrets
from cdc.errors import OperatorError, Refused, WrongUse
from tests.unit.cdc.connectors.test_client import played

CLASS = "io.X"
REFERENCE = "${file:/run/secrets/rowtide_shop.properties:password.1f0c9a3e}"
PLUGINS = httpx.Response(200, json=[{"class": CLASS, "type": "source"}])


def rejection(password: str, answer: httpx.Response) -> OperatorError:
    config = {"connector.class": CLASS, "database.password": password}
    with played(PLUGINS, answer)[0] as connect, pytest.raises(OperatorError) as caught:
        validate(connect, "rowtide-shop", config)
    return caught.value


def wrong_login() -> httpx.Response:
    value = {"name": "database.hostname", "errors": ['FATAL: password authentication failed for user "rowtide_shop"']}
    return httpx.Response(200, json={"error_count": 1, "configs": [{"value": value}]})


def test_a_file_that_connect_cannot_read_is_named_with_what_connect_needs() -> None:
    message = "ConfigException: Could not read properties from file /run/secrets/rowtide_shop.properties"
    error = rejection(REFERENCE, httpx.Response(500, json={"message": message}))
    assert isinstance(error, WrongUse)
    assert "cannot resolve the references" in str(error)
    assert message in str(error)
    assert "param.allowed.paths" in str(error)


def test_a_wrong_password_may_be_a_reference_that_is_not_resolved() -> None:
    error = rejection(REFERENCE, wrong_login())
    assert isinstance(error, WrongUse)
    assert f"does not resolve {REFERENCE}: " in str(error)


def test_a_wrong_password_in_the_configuration_is_only_wrong() -> None:
    error = rejection("s3cret", wrong_login())
    assert "Correct ROWTIDE_CONNECTOR_PASSWORD" in str(error)
    assert "resolve" not in str(error)
    assert "s3cret" not in str(error)


def test_another_error_of_connect_is_passed_on() -> None:
    error = rejection(REFERENCE, httpx.Response(500, json={"message": "out of memory"}))
    assert not isinstance(error, WrongUse)


def test_a_table_that_nobody_prepared_is_not_captured_by_a_connector_from_now_on() -> None:
    odd, new = table_pattern("Odd Schema", "Or.der, ünï"), table_pattern("public", "things")
    faults = {odd: "Odd Schema.Or.der, ünï: REPLICA IDENTITY NOTHING.", new: "public.things: not in publication."}
    desired = Desired("shop", {}, ConnectorSecrets("", ""), faults)
    require_prepared(desired, {CAPTURED_TABLES: f"{odd},{new}"})
    for running, named in (({CAPTURED_TABLES: odd}, {"things"}), (None, {"things", "Or.der"})):
        with pytest.raises(Refused, match="nothing was changed") as caught:
            require_prepared(desired, running)
        assert {name for name in ("things", "Or.der") if name in str(caught.value)} == named
