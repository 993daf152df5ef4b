"""Re-reads rows from the source by SQL: after a schema change, for values that a snapshot misreads, and for repairs."""
