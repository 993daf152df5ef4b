"""The marker: a position in the WAL that comes back through the change log.

Once that position is searchable, so is everything that was committed before the marker was emitted. The marker is a
transaction with a message whose prefix nobody captures: the log has its BEGIN and END. A captured message would need a
prefix that the search API knows, and whoever knows one can stop the connector with a message that is too large.
"""

from cdc.log.names import MARKER_PREFIX

MARKER_QUERY = (
    f"SELECT pg_logical_emit_message(true, '{MARKER_PREFIX}', '') - '0/0'"
    " FROM set_config('synchronous_commit', 'local', true)"
)
"""The SQL that emits a marker: one row, one column, its LSN as an integer. It must be a transaction of its own.

Its commit flushes the WAL here, even where commits are asynchronous, and waits for no standby."""
