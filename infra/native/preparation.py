"""Creates the directories, files and first-time contents of a server's data."""

import base64
import json
import secrets as random
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

from pydantic import SecretStr

from connections.private_files import touch_private_file, write_private_file
from infra.errors import ServiceUnavailable, WrongSettings
from infra.native.identity import Identity
from infra.native.processes import LaunchSpec
from infra.native.servers import Secrets, Server, Step

_SECRETS_FILE = "secrets.json"


def has_secrets(root: Path) -> bool:
    """Whether a stack was started in this folder before."""
    return (root / _SECRETS_FILE).exists()


def read_secrets(root: Path) -> Secrets:
    """Read the secrets of a stack. Raises ServiceUnavailable when it was never started, and WrongSettings when an earlier
    version created it."""
    try:
        stored = json.loads((root / _SECRETS_FILE).read_text())
    except FileNotFoundError:
        raise ServiceUnavailable(f"There is no stack in {root}. Start one with `rowtide up`.") from None
    if missing := [part.name for part in fields(Secrets) if part.name not in stored]:
        raise WrongSettings(
            f"The stack in {root} was created by an earlier version: it has no {' and no '.join(missing)}, and its Kafka"
            " knows no users. Delete its data with `rowtide down --purge`, or name another stack with ROWTIDE_STACK;"
            " then run `rowtide up`."
        )
    return Secrets(**stored)


def secrets_of(root: Path, password: SecretStr | None) -> Secrets:
    """The secrets of a stack, created if it has none; only then does `password` count, because it cannot change
    later."""
    file = root / _SECRETS_FILE
    if not file.exists():
        created = Secrets(
            password=password.get_secret_value() if password else random.token_hex(12),
            kafka_password=random.token_hex(16),
            connect_password=random.token_hex(16),
            cluster_id=base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1),
        )
        write_private_file(file, json.dumps(asdict(created)))
    return read_secrets(root)


def prepare(server: Server, identity: Identity, run: Callable[[LaunchSpec, str], None]) -> None:
    """Create what the server needs; `run` executes each first-time step that was not finished before."""
    for directory in (server.directory, server.directory / "tmp", *server.directories):
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)
        identity.own(directory)
    for path, text in server.files.items():
        write_private_file(path, text)
        identity.own(path)
    for step in server.steps:
        done = server.directory / f".{step.name}.done"
        if not done.exists():
            _discard(step.makes)
            with _secret_file(step, identity):
                run(_launch_spec(server, identity, step), f"The step {step.name} of {server.name}")
            touch_private_file(done)


@contextmanager
def _secret_file(step: Step, identity: Identity) -> Iterator[None]:
    path = step.secret_file
    if path is None:
        yield
        return
    write_private_file(path, step.stdin)
    identity.own(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _launch_spec(server: Server, identity: Identity, step: Step) -> LaunchSpec:
    return LaunchSpec(
        command=step.command,
        directory=str(server.directory),
        environment=server.environment,
        log=str(server.directory.parent / "logs" / f"{server.name}-{step.name}.log"),
        identity=identity.as_arguments(),
        stdin="" if step.secret_file else step.stdin,
    )
