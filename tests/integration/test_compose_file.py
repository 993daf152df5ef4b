"""Compose itself reads infra/compose.yaml; it needs no engine for that."""

import os
import subprocess

import yaml

from infra.settings import SERVICES
from infra.versions import ROOM

VARIABLES = {
    "ROWTIDE_PASSWORD": "x",
    "ROWTIDE_CONNECTOR_PASSWORD": "y",
    "ROWTIDE_PIPELINE": "books",
    "ROWTIDE_DATABASE": "library",
}


def test_compose_parses_the_file() -> None:
    parsed = subprocess.run(
        ["docker-compose", "-f", str(ROOM / "compose.yaml"), "--profile", "rowtide", "config"],
        env={**os.environ, **VARIABLES},
        capture_output=True,
        text=True,
        check=False,
    )
    assert parsed.returncode == 0, parsed.stderr
    services = yaml.safe_load(parsed.stdout)["services"]
    assert set(services) == {*SERVICES, "rowtide", "worker", "api"}
    dsn = services["worker"]["environment"]["ROWTIDE_POSTGRES_DSN"]
    assert dsn == "postgresql://rowtide_books:y@postgres:5432/library"
