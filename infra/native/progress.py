"""Shows how the servers start: a live table on a terminal, plain lines elsewhere."""

import threading
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table


class Progress:
    """Receives each state through `report`, from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = monotonic()
        self._states: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=5, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the table from the terminal."""
        if self._console.is_terminal:
            self._live.stop()

    def report(self, part: str, state: str) -> None:
        """Note the state of a part. A terminal shows it with the next refresh; elsewhere a changed state is printed as
        a line."""
        seconds = monotonic() - self._began
        with self._lock:
            previous = self._states.get(part)
            self._states[part] = (state, seconds)
        if previous and previous[0] == state:
            return
        if not self._console.is_terminal:
            self._console.print(f"{seconds:6.1f} s  {part}: {state}", highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(box=None, show_header=False)
        now = monotonic() - self._began
        with self._lock:
            for part, (state, since) in self._states.items():
                done = state == "ready"
                table.add_row(part, f"[green]{state}" if done else state, f"{since if done else now:.1f} s")
        return table
