"""The control messages of a log that only the pipeline writes to."""

import msgspec

from cdc.log.control import Control, EmptySnapshot, HeartbeatMessage, Marker, Refusal
from cdc.log.envelope import LogicalMessage
from cdc.log.heartbeat import Heartbeat
from cdc.log.lsn import Lsn
from cdc.log.names import MARKER_PREFIX, SNAPSHOT_PREFIX


class TrustedMessages:
    """Accepts every message but a neighbour's. Recorded heartbeats have no content, and those of a history only their time."""

    def read(self, message: LogicalMessage) -> Control:
        """Whatever it is, it is ours, unless it names a neighbour."""
        content = message.content or b"{}"
        if message.prefix == SNAPSHOT_PREFIX:
            return EmptySnapshot(Lsn(int(content)))
        if message.prefix == MARKER_PREFIX:
            return Marker()
        values = msgspec.json.decode(content)
        if "neighbour" in values:
            return Refusal.FOREIGN
        return HeartbeatMessage(message.lsn, Heartbeat("1", 1, "slot", values.get("at_ms", 0)))
