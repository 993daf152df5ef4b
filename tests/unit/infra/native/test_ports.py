"""Taken ports are reported with who holds them and the setting that chooses another one."""

import os
import socket
from pathlib import Path

import pytest

from infra.errors import WrongSettings
from infra.native.port_holder import port_holder
from infra.native.ports import free_port, require_free
from infra.settings import PORTS, PORTS_OF, SERVICES


def test_a_taken_port_is_reported_with_its_holder_and_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(WrongSettings) as error:
            require_free({"kafka": port, "connect": free_port()})
    holder = f"{Path('/proc/self/comm').read_text().strip()} (process {os.getpid()})"
    assert f"{port} for kafka, by {holder}; ROWTIDE_KAFKA_PORT sets another one" in str(error.value)
    assert "connect" not in str(error.value)


def test_a_port_without_a_visible_listener_is_held_by_another_process() -> None:
    assert port_holder(free_port()) == "another process"


def test_every_port_belongs_to_one_service() -> None:
    assert set(PORTS_OF) == set(SERVICES)
    assert len(set(PORTS)) == len(PORTS)
