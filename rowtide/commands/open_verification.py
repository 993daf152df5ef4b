"""Opens what `verify`, `explain` and `repair` work with: the worker's settings, its endpoint, the source and the index.

The settings are read without the worker's program, whose imports take longer than those of a verification.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connections.worker import WorkerClient
from rowtide.console import print_note
from sync_worker.settings import WorkerSettings
from sync_worker.verification.oracle import Limits
from sync_worker.verification.verification import Patience, Verification, read_verified_source, verification


@contextmanager
def open_verification(
    spec: Path | None, worker_url: str, limits: Limits, patience: Patience
) -> Iterator[tuple[WorkerSettings, Verification]]:
    """Read the worker's settings and connect; the connections are closed at the end."""
    settings = WorkerSettings.read(spec=spec)
    source = read_verified_source(settings)
    with (
        WorkerClient(worker_url, print_note, settings.token, source.origin) as worker,
        verification(settings, source, worker, limits, patience) as opened,
    ):
        yield settings, opened
