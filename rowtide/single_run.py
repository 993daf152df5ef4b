"""One run at a time: a second one would disturb the first."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connections.private_files import make_private_folder, touch_private_file
from infra.errors import RunnerError


@contextmanager
def single_run(lock_file: Path) -> Iterator[None]:
    """Hold the file's lock until the end, or until the process dies. RunnerError when another process holds it."""
    make_private_folder(lock_file.parent)
    touch_private_file(lock_file)
    with lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunnerError(
                f"Another run holds {lock_file}. Wait until it ends, or set another ROWTIDE_HOME."
            ) from None
        yield
