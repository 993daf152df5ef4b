"""Polling for a condition that nothing announces. The one place that does it."""

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
    """Poll until the condition holds; it is evaluated at least once unless `given_up` is set already.

    False when `seconds` have passed or `given_up` is set.
    """
    pause = given_up or threading.Event()
    deadline = monotonic() + seconds
    while not pause.is_set():
        if condition():
            return True
        if monotonic() >= deadline:
            return False
        pause.wait(pause_seconds)
    return False
