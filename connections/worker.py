"""Asks the worker how fresh the documents are and what it has done."""

import httpx
import msgspec

from read_model.freshness import Freshness


class WorkerClient:
    """Keeps one connection to the worker's endpoint; answers None while nobody listens there."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=5.0, trust_env=False)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def freshness(self) -> Freshness | None:
        """The worker's freshness of now."""
        return self._freshness("/freshness")

    def news(self, known: Freshness, seconds: float = 2.0) -> Freshness | None:
        """The freshness once it is beyond this one, as one who waits for it hears it: the worker hurries up."""
        return self._freshness(f"/freshness?beyond={known.epoch}:{known.searchable}&wait={seconds}")

    def _freshness(self, path: str) -> Freshness | None:
        answer = self._read(path)
        return msgspec.json.decode(answer.content, type=Freshness) if answer else None

    def counted(self) -> dict[str, float]:
        """The worker's metrics by name; empty while it does not answer."""
        answer = self._read("/metrics")
        return read_metrics(answer.text) if answer else {}

    def _read(self, path: str) -> httpx.Response | None:
        try:
            answer = self._http.get(path)
        except httpx.TransportError:
            return None
        return answer if answer.is_success else None


def read_metrics(text: str) -> dict[str, float]:
    """Read the plain figures of Prometheus' text format; those with labels are left out."""
    figures = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if value and not line.startswith("#") and "{" not in name:
            figures[name] = float(value)
    return figures
