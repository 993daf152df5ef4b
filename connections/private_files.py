"""Files and folders that only their owner can read: modes 0600 and 0700, whatever the umask; and the generated
passwords and keys in them, each of which a setting may give instead.

Files that an earlier version left readable are restricted when they are opened again."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

CONTROL_KEY = "Key that signs the pipeline's control messages; without it, the file in ROWTIDE_SECRETS_DIR is read."
"""Description of the setting."""
SECRETS_FOLDER = "Folder of generated passwords and keys."
"""Description of the setting."""
UMASK = 0o077
FILE, FOLDER = 0o600, 0o700
SEARCHABLE_FOLDER = 0o711
"""The mode of a folder on the way to the data of a server that runs as another user: others can enter it, and see
nothing in it."""


def set_private_umask() -> None:
    """For a program's start: what it and its child processes create is its owner's only."""
    os.umask(UMASK)


def make_private_folder(path: Path, mode: int = FOLDER) -> None:
    """Create the folder and its missing parents with this mode. Existing folders keep theirs: they may be anybody's."""
    for folder in (*reversed(path.parents), path):
        try:
            folder.mkdir(mode)
        except FileExistsError:
            continue
        folder.chmod(mode)  # Whatever the umask took away.


def restrict_folder(path: Path, mode: int = FOLDER) -> None:
    """Set the mode of a folder of ours that an earlier version may have left readable. Another user's stays as it is."""
    if path.is_dir() and path.stat().st_uid == os.geteuid():
        path.chmod(mode)


def allow_search(path: Path) -> None:
    """Let others pass through a folder of this user, to what they may open inside it."""
    if path.stat().st_uid == os.geteuid():
        path.chmod(path.stat().st_mode | (SEARCHABLE_FOLDER & ~FOLDER))


def restrict_file(path: Path) -> None:
    """Remove what others may do with an existing file, if it belongs to this user."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    if status.st_mode & UMASK and status.st_uid == os.geteuid():
        path.chmod(FILE)


def touch_private_file(path: Path) -> None:
    """Create the file if it is missing, and restrict it before anything is written to it."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, FILE))
    restrict_file(path)


def write_private_file(path: Path, text: str) -> None:
    """Replace the file's contents in one step: readers see the old text or the new one."""
    _replace_file(path, text, lambda _file: None)


def write_file_for_server(path: Path, text: str) -> None:
    """Replace a file that a server reads, in one step. If root writes it, it belongs to the owner of its folder. The
    folder's group can read it only if the folder has the set-group-id bit."""
    folder = path.parent.stat()

    def hand_over(file: int) -> None:
        if os.geteuid() == 0:
            os.fchown(file, folder.st_uid, folder.st_gid)
        if folder.st_mode & stat.S_ISGID:
            os.fchmod(file, FILE | stat.S_IRGRP)

    _replace_file(path, text, hand_over)


def read_own_file(path: Path) -> str:
    """The text of a file in a folder that a server's user may change: a link in its place is an OSError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8") as file:
        return file.read()


def _replace_file(path: Path, text: str, before: Callable[[int], None]) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    # Exclusive: in a server's folder, the server's user could put a link in its place.
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE), "w", encoding="utf-8") as file:
        before(file.fileno())
        file.write(text)
    partial.replace(path)


def read_secret(file: Path) -> str | None:
    """The text of a secret's file; None when there is no file. Raises ValueError when it cannot be read."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}. Set ROWTIDE_SECRETS_DIR.") from error


def stored_control_key(setting: SecretStr | None, file: Path) -> str | None:
    """The text of the key that signs control messages; None when there is neither the setting nor the file. Raises
    ValueError when the file cannot be read."""
    if setting is not None and setting.get_secret_value():
        return setting.get_secret_value().strip()
    return read_secret(file)
