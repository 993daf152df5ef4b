"""Reads rows of the source by SQL, at a known place of the log: after DDL, for repairs, and where Debezium misreads."""
