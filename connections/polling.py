"""The one place of this program that polls."""

import threading
from collections.abc import Callable
from time import monotonic

_PAUSE_SECONDS = 0.2


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask until the condition holds. False when the time is over."""
    pause = threading.Event()
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() >= deadline:
            return False
        pause.wait(_PAUSE_SECONDS)
    return True
