"""The user that the servers run as: PostgreSQL and Elasticsearch refuse root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import WrongSettings


@dataclass(frozen=True)
class Identity:
    """A user of this machine. `switch`: root starts the servers and switches to this user."""

    name: str
    uid: int
    gid: int
    switch: bool

    def as_arguments(self) -> dict[str, Any]:
        """The arguments of subprocess.Popen that start a process as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        """Give the path to this user."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


def find_identity(run_as: str) -> Identity:
    """The current user, or `run_as` if that is root. Raises WrongSettings when there is no such user."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=False)
    try:
        entry = pwd.getpwnam(run_as)
    except KeyError:
        raise WrongSettings(f"There is no user {run_as!r}. Set ROWTIDE_RUN_AS to an existing one.") from None
    if entry.pw_uid == 0:
        raise WrongSettings("PostgreSQL and Elasticsearch refuse to run as root. Set ROWTIDE_RUN_AS to another user.")
    return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def obstacle(path: Path, identity: Identity) -> Path | None:
    """The first directory on the way to `path` that the user cannot enter, or None."""
    if not identity.switch:
        return None
    for directory in [*reversed(path.absolute().parents), path.absolute()]:
        if directory.is_dir() and not _may_enter(directory, identity):
            return directory
    return None


def _may_enter(directory: Path, identity: Identity) -> bool:
    status = directory.stat()
    if status.st_uid == identity.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == identity.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def require_reachable(path: Path, identity: Identity, setting: str) -> None:
    """Raise WrongSettings when the user cannot enter a directory on the way to `path`."""
    if blocked := obstacle(path, identity):
        raise WrongSettings(
            f"The servers run as user {identity.name}, who cannot enter {blocked}, on the way to {path}. "
            f"Set {setting} to a directory outside it, or run: chmod o+x {blocked}"
        )
