"""Which transactions of the log a snapshot of the source already shows: exact, by their ids. Pure."""

from dataclasses import dataclass

WRAP = 1 << 32
"""The log has the lower 32 bits of a transaction id, `pg_current_snapshot` all 64."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """PostgreSQL's `pg_snapshot`: below `xmin` everything is visible, from `xmax` on nothing, between them all but `running`."""

    xmin: int
    xmax: int
    running: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Visibility":
        """Read `xmin:xmax:xip,xip,…`."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), frozenset(int(each) for each in running.split(",") if each))

    def shows(self, tx_id: int) -> bool:
        """Whether the snapshot shows what this committed transaction of the log did."""
        whole = self._whole(tx_id)
        return whole < self.xmin or (whole < self.xmax and whole not in self.running)

    def _whole(self, tx_id: int) -> int:
        """All 64 bits: of the candidates the one that is nearest to the snapshot's end."""
        near = self.xmax - self.xmax % WRAP + tx_id % WRAP
        if near - self.xmax > WRAP // 2:
            return near - WRAP
        return near + WRAP if self.xmax - near > WRAP // 2 else near
