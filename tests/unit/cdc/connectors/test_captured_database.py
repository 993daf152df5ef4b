"""A command for one database does not change the connector of another."""

import base64

import msgspec
import pytest

from cdc.connectors.captured_database import DATABASE, PLACEHOLDER, require_own_log, require_same_database
from cdc.connectors.log_origin import last_system
from cdc.errors import OperatorError
from cdc.log.heartbeat import Heartbeat, placeholder
from cdc.log.signature import ControlKey


def heartbeat(system: str, key: str = "0" * 64) -> bytes:
    content = ControlKey(key).sign("rowtide-hb", msgspec.json.encode(Heartbeat(system, 1, "rowtide_shop", 5, {})))
    source = {"snapshot": None, "sequence": None, "schema": "", "table": "", "txId": None, "lsn": 1}
    message = {"prefix": ControlKey(key).secret_prefix("rowtide-hb"), "content": base64.b64encode(content).decode()}
    record = {"op": "m", "ts_ms": 1, "source": source, "transaction": None, "message": message}
    return msgspec.json.encode(record)


def test_the_log_of_another_server_is_not_continued() -> None:
    other = b'{"status": "END", "id": "9:9", "event_count": 0, "ts_ms": 1}'
    assert last_system([heartbeat("70"), other, heartbeat("71"), b"no record", other]) == "71"
    assert last_system([other]) is None
    require_own_log("71", parameters(), "shop")
    require_own_log(None, parameters(), "shop")
    with pytest.raises(OperatorError, match=r"Topic shop\.changes has the changes of .* \(system 72\)"):
        require_own_log("72", parameters(), "shop")


def parameters(database: str = "shop", system: str = "71") -> dict[str, str]:
    return {DATABASE: database, PLACEHOLDER: placeholder("shop", system), "tasks.max": "1"}


def test_the_connector_of_the_same_database_is_its_own() -> None:
    require_same_database(parameters() | {"tasks.max": "2"}, parameters(), "shop")
    require_same_database({"connector.class": "of an earlier version"}, parameters(), "shop")


@pytest.mark.parametrize(
    ("running", "captured"),
    [
        (parameters(system="72"), "database shop of another server"),
        (parameters("staging"), "database staging, not shop"),
    ],
)
def test_the_connector_of_another_database_is_left_alone(running: dict[str, str], captured: str) -> None:
    with pytest.raises(OperatorError, match=f"rowtide-shop captures {captured}: .* Nothing was changed"):
        require_same_database(running, parameters(), "shop")
