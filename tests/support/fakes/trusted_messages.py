"""The control messages of a log that only the pipeline writes to."""

import msgspec

from cdc.log.control import Control, EmptySnapshot, HeartbeatMessage, Marker
from cdc.log.envelope import LogicalMessage
from cdc.log.heartbeat import Heartbeat
from cdc.log.lsn import Lsn
from cdc.log.names import MARKER_PREFIX, SNAPSHOT_PREFIX


class TrustedMessages:
    """Accepts every message. Recorded heartbeats have no content, and those of a history only their time."""

    def read(self, message: LogicalMessage) -> Control:
        """Whatever it is, it is ours."""
        content = message.content or b"{}"
        if message.prefix == SNAPSHOT_PREFIX:
            return EmptySnapshot(Lsn(int(content)))
        if message.prefix == MARKER_PREFIX:
            return Marker()
        return HeartbeatMessage(message.lsn, Heartbeat("1", 1, "slot", msgspec.json.decode(content).get("at_ms", 0)))
