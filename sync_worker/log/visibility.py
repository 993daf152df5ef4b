"""Decides exactly, by transaction id, which transactions of the log a snapshot of the source contains. Pure."""

from dataclasses import dataclass

WRAP = 1 << 32
"""The log contains the lower 32 bits of a transaction id; `pg_current_snapshot` returns all 64."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """A `pg_snapshot`: transactions below `xmin` are visible, those from `xmax` on are not, `running` ones in
    between are not."""

    xmin: int
    xmax: int
    running: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Visibility":
        """Parse `xmin:xmax:xip,xip,…`, the text form of a `pg_snapshot`."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), frozenset(int(xid) for xid in running.split(",") if xid))

    def shows(self, tx_id: int) -> bool:
        """Whether the snapshot contains the changes of this committed transaction of the log."""
        full_id = self._full_id(tx_id)
        return full_id < self.xmin or (full_id < self.xmax and full_id not in self.running)

    def _full_id(self, tx_id: int) -> int:
        """The 64-bit id with these lower bits that is closest to `xmax`."""
        near = self.xmax - self.xmax % WRAP + tx_id % WRAP
        if near - self.xmax > WRAP // 2:
            return near - WRAP
        return near + WRAP if self.xmax - near > WRAP // 2 else near
