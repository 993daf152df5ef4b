"""The user that the servers run as: PostgreSQL and Elasticsearch refuse root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import WrongSettings


@dataclass(frozen=True)
class Identity:
    """A user of this machine. `switch` is true when root starts the servers and gives its rights away."""

    name: str
    uid: int
    gid: int
    switch: bool

    def as_arguments(self) -> dict[str, Any]:
        """Return what subprocess.Popen needs to start a process as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        """Make the path this user's."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


def find_identity(run_as: str) -> Identity:
    """Return ourselves, or the user `run_as` when we are root. Raises WrongSettings when there is no such user."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=False)
    try:
        entry = pwd.getpwnam(run_as)
    except KeyError:
        raise WrongSettings(f"There is no user {run_as!r}; name an existing one in ROWTIDE_RUN_AS.") from None
    if entry.pw_uid == 0:
        raise WrongSettings("PostgreSQL and Elasticsearch refuse to run as root; name a user in ROWTIDE_RUN_AS.")
    return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def obstacle(path: Path, identity: Identity) -> Path | None:
    """Return the first directory on the way to `path` that the user may not enter, or None."""
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
    """Raise WrongSettings when the user may not enter a directory on the way to `path`."""
    if blocked := obstacle(path, identity):
        raise WrongSettings(
            f"The servers run as user {identity.name}, who may not enter {blocked}, on the way to {path}. "
            f"Set {setting} to a directory outside of it, or allow it with: chmod o+x {blocked}"
        )
