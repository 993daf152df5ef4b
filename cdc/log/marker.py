"""The marker: a logical message that comes back through the change log with its own position.

Once that position is searchable, so is everything that was committed before the marker was emitted.
"""

from cdc.log.names import MARKER_PREFIX

_FLUSH_SINCE = 170000
"""The first server version that can be asked to flush; in older ones the WAL writer takes up to 0.2 s."""


def marker_query(server_version: int) -> str:
    """The SQL that emits a marker: one row, one column, its LSN as an integer. `server_version` is
    server_version_num."""
    flush = ", true" if server_version >= _FLUSH_SINCE else ""
    return f"SELECT pg_logical_emit_message(false, '{MARKER_PREFIX}', ''{flush}) - '0/0'"
