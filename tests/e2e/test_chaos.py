"""A short run of the chaos suite on private servers: it works, and half a minute of faults does no harm."""

import json
import os
import subprocess
import sys

import pytest

from tests.chaos.__main__ import ZERO
from tests.support.paths import CHECKOUT
from tests.support.servers.services import data_directory

SEED = 11


@pytest.mark.timeout(900)
def test_half_a_minute_of_faults() -> None:
    cache = os.environ.get("ROWTIDE_CACHE", str(CHECKOUT / ".rowtide" / "cache"))
    with data_directory() as home:
        environment = {**os.environ, "ROWTIDE_HOME": str(home), "ROWTIDE_CACHE": cache, "ROWTIDE_PROFILE": "test"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos", "--seed", str(SEED), "--minutes", "0.5", "--alone"],
            env=environment,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=880,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert {name: result[name] for name in ZERO} == dict.fromkeys(ZERO, 0)
    assert result["seed"] == SEED
    assert result["faults"] >= 2
    assert result["changes"] > 500
    assert result["read_by_readers"] > 500
    assert result["probes"] > 0
    assert result["changes_of_definitions"]
    assert all(result["attacks"][kind] > 0 for kind in ("forged", "malformed", "replayed", "requests"))
