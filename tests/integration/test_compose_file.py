"""Compose itself reads infra/compose.yaml; it needs no engine for that."""

import os
import subprocess

import yaml

from infra.settings import SERVICES
from infra.versions import ROOM


def test_compose_parses_the_file() -> None:
    parsed = subprocess.run(
        ["docker-compose", "-f", str(ROOM / "compose.yaml"), "--profile", "rowtide", "config"],
        env={**os.environ, "ROWTIDE_PASSWORD": "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert parsed.returncode == 0, parsed.stderr
    assert set(yaml.safe_load(parsed.stdout)["services"]) == {*SERVICES, "rowtide", "worker", "api"}
