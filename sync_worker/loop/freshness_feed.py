"""What the loop publishes, for those who wait to hear of it."""

import threading
import time

from read_model.freshness import Freshness


class FreshnessFeed:
    """The freshness of now. The loop puts it; others read it, or wait until it has news."""

    def __init__(self, first: Freshness) -> None:
        self._now = first
        self._changed = threading.Condition()

    @property
    def now(self) -> Freshness:
        """The latest."""
        return self._now

    def put(self, fresh: Freshness) -> None:
        """Publish; those who wait wake up when it is news to them."""
        news = _position(fresh) != _position(self._now) or fresh.state != self._now.state
        self._now = fresh
        if news:
            with self._changed:
                self._changed.notify_all()

    def beyond(self, token: str, seconds: float) -> Freshness:
        """The freshness once it is another than `token` (`epoch:searchable`), or after so many seconds."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while _position(self._now) == token and self._now.state != "stopped":
                rest = deadline - time.monotonic()
                if rest <= 0 or not self._changed.wait(rest):
                    break
        return self._now


def _position(fresh: Freshness) -> str:
    return f"{fresh.epoch}:{fresh.searchable}"
