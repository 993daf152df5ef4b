"""One run at a time: a second one would disturb the first."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import RunnerError


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold the file's lock; RunnerError when somebody else holds it. It is let go when the process ends, however."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunnerError(f"Another run holds {file}; wait for its end, or set another ROWTIDE_HOME.") from None
        yield
