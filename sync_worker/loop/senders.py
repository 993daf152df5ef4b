"""Threads that call the sink while the loop continues."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Senders(Protocol):
    """Runs calls of the sink concurrently with the loop."""

    @property
    def capacity(self) -> int:
        """How many bulks may be under way."""

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run the call."""

    def close(self) -> None:
        """Wait for the calls that were submitted."""


class SenderThreads:
    """A thread for each call that may run at the same time."""

    def __init__(self, capacity: int, name: str) -> None:
        self.capacity = capacity
        self._threads = ThreadPoolExecutor(capacity, thread_name_prefix=name)

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run the call in one of the threads."""
        return self._threads.submit(call, *args, **kwargs)

    def close(self) -> None:
        """Wait for the calls that were submitted."""
        self._threads.shutdown(wait=True)
