"""The one place of this program that polls."""

import threading
from collections.abc import Callable
from time import monotonic

_PAUSE_SECONDS = 0.05


def wait_until(
    condition: Callable[[], bool],
    seconds: float,
    given_up: threading.Event | None = None,
    pause_seconds: float = _PAUSE_SECONDS,
) -> bool:
    """Ask until the condition holds, with a pause in between. False when the time is over or `given_up` was set."""
    pause = given_up or threading.Event()
    deadline = monotonic() + seconds
    while not pause.is_set():
        if condition():
            return True
        if monotonic() >= deadline:
            return False
        pause.wait(pause_seconds)
    return False
