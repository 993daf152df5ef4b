"""Compose itself reads infra/compose.yaml; it needs no engine for that."""

import os
import subprocess

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
    assert all(f"  {service}:" in parsed.stdout for service in ("postgres", "kafka", "connect", "worker", "api"))
