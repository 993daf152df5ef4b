"""Stands in for `docker compose` where there is no engine: runs the file's programs as processes, on servers that run already.

What a program gets is what the file gives its container, as `docker-compose config` reads it, and nothing else. ADDRESSES, in the
environment, is a JSON object: what a container calls something, and where it is here; or a variable, and its value here.
Programs that stay leave a file NAME.pid.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
import yaml

from connections.wait import wait_until
from tests.support.paths import CHECKOUT
from tests.support.servers.pipeline import ROWTIDE

READ = "services.json"
PROGRAMS = {"rowtide": ROWTIDE, "python": [sys.executable], "cat": ["cat"]}


def services(file: str) -> dict[str, Any]:
    """The services of the file, its variables filled in."""
    words = ["docker-compose", "-f", file, "--profile", "rowtide", "config"]
    read = subprocess.run(words, capture_output=True, text=True, check=True)
    definitions: dict[str, Any] = yaml.safe_load(read.stdout)["services"]
    Path(READ).write_text(json.dumps(definitions))
    return definitions


def operator(name: str) -> dict[str, Any]:
    """A service whose variables do not change from one command to the next, as it was read last."""
    definition: dict[str, Any] = json.loads(Path(READ).read_text())[name]
    return definition


def words_of(definition: dict[str, Any], addresses: dict[str, str]) -> dict[str, str]:
    """What the container calls its addresses and mounted folders, and what they are here; the longest first."""
    words: dict[str, str] = {}
    for mount in definition.get("volumes", []):
        source, target = mount.split(":")[:2]
        here = Path(source) if source.startswith("/") else Path.cwd() / "volumes" / source
        if not source.startswith("/"):
            here.mkdir(parents=True, exist_ok=True)
        words[target] = str(here)
    words |= addresses
    return {inside: words[inside] for inside in sorted(words, key=len, reverse=True)}


def localized(text: str, words: dict[str, str]) -> str:
    """The text with addresses and paths of here."""
    for inside, here in words.items():
        text = text.replace(inside, here)
    return text


def environment(definition: dict[str, Any], addresses: dict[str, str]) -> dict[str, str]:
    """The container's variables, with addresses and paths of here."""
    words = words_of(definition, addresses)
    variables = {name: localized(value, words) for name, value in definition["environment"].items()}
    variables |= {name: value for name, value in addresses.items() if name in variables}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **variables}


def up(name: str, definition: dict[str, Any], addresses: dict[str, str]) -> None:
    """Start a program and wait until it is healthy; of the servers, which run, make the database that postgres would make."""
    if name == "postgres":
        with psycopg.connect(addresses["superuser"], autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {definition['environment']['POSTGRES_DB']}")
    if "build" not in definition:
        return
    module, port = definition["command"][-1], addresses[f"port of {name}"]
    more = {"ROWTIDE_WORKER_PORT": port, "ROWTIDE_API_PORT": port}
    with Path(f"{name}.log").open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", module], env=environment(definition, addresses) | more, stdout=log, stderr=log
        )
    Path(f"{name}.pid").write_text(str(started.pid))

    def healthy() -> bool:
        assert started.poll() is None, Path(f"{name}.log").read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success
        except httpx.TransportError:
            return False

    assert wait_until(healthy, 120), Path(f"{name}.log").read_text()


def main() -> None:
    """`docker compose -f FILE up --wait NAME…`, or `… run --rm -T NAME WORD…`."""
    compose, f, file, verb, *words = sys.argv[1:]
    assert (compose, f) == ("compose", "-f")
    addresses: dict[str, str] = json.loads(os.environ["ADDRESSES"])
    if verb == "up":
        assert words[0] == "--wait"
        known = services(file)
        for name in words[1:]:
            up(name, known[name], addresses)
        return
    assert [verb, *words[:2]] == ["run", "--rm", "-T"]
    name, program, *rest = words[2:]
    definition = operator(name)
    variables, known = environment(definition, addresses), words_of(definition, addresses)
    arguments = [localized(word, known) for word in rest]
    sys.exit(subprocess.run([*PROGRAMS[program], *arguments], env=variables, check=False).returncode)


if __name__ == "__main__":
    main()
