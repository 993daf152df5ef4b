"""The file from which Kafka Connect reads a connector's secrets, so that its configuration has only references.

A value's name in the file contains a version. So another password has another reference: `connectors diff` shows it, and
Kafka Connect restarts the task. Between two versions, the file has both.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdc.errors import WrongUse
from cdc.log.names import secrets_file
from cdc.properties_file import parsed, rendered
from cdc.settings import Settings
from connections.private_files import read_own_file, write_file_for_server

_VERSIONED = re.compile(r"(password|options)\.([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class SecretsFile:
    """A pipeline's file. `seen_as` is its path as Kafka Connect sees it.

    Methods raise WrongUse when the file cannot be read or written."""

    path: Path
    seen_as: str

    def version(self, values: Mapping[str, str]) -> str:
        """The version under which the file has exactly these values; a new one if it does not have them."""
        stored: dict[str, dict[str, str]] = {}
        for name, value in self.read().items():
            key, _, version = name.partition(".")
            stored.setdefault(version, {})[key] = value
        return next((version for version, those in stored.items() if those == values), secrets.token_hex(4))

    def reference(self, name: str, version: str) -> str:
        """What Kafka Connect replaces with the value."""
        return f"${{file:{self.seen_as}:{name}.{version}}}"

    def read(self) -> dict[str, str]:
        """The values by their versioned names; nothing if there is no file."""
        try:
            values = parsed(read_own_file(self.path))
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable("read", error) from error
        return {name: value for name, value in values.items() if _VERSIONED.fullmatch(name)}

    def write(self, values: Mapping[str, str]) -> None:
        """Replace the file, unless it has exactly these values; no values remove it."""
        if values == self.read():
            return
        text = "# The secrets of a connector, written by `rowtide connectors apply`.\n" + rendered(values)
        try:
            if values:
                write_file_for_server(self.path, text)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable("written", error) from error

    @contextmanager
    def offering(self, values: Mapping[str, str], *, keep: bool) -> Iterator[None]:
        """Add the values for the time of the context; after it, the file has only them if `keep` is true, and what it had
        before if not. An error leaves both when they were to be kept: Connect may already refer to the new ones."""
        before = self.read()
        self.write(before | dict(values))
        try:
            yield
        finally:
            if not keep:
                self.write(before)
        if keep:
            self.write(values)

    def _unusable(self, what: str, error: Exception) -> WrongUse:
        reason = error.strerror if isinstance(error, OSError) else error
        return WrongUse(
            f"{self.path} cannot be {what}: {reason}. ROWTIDE_CONNECT_SECRETS_DIR must be an existing folder in which this"
            " user can write and Kafka Connect can read, for example: install -d -m 2750 -g GROUP_OF_CONNECT FOLDER."
        )


def secrets_file_of(settings: Settings, pipeline: str) -> SecretsFile | None:
    """The pipeline's file; None if the settings name no folder."""
    folder = settings.connect_secrets_dir
    if folder is None:
        return None
    name = secrets_file(pipeline)
    seen_as = (settings.connect_secrets_path or str(folder.absolute())).rstrip("/")
    if set(seen_as) & set(":}"):
        raise WrongUse(
            f"A reference cannot contain the path {seen_as}: Kafka Connect ends a path at a colon or a brace. Set"
            " ROWTIDE_CONNECT_SECRETS_DIR, or ROWTIDE_CONNECT_SECRETS_PATH, to another one."
        )
    return SecretsFile(folder / name, f"{seen_as}/{name}")
