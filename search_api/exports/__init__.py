"""Whole results as files: CSV, NDJSON and Parquet, streamed and resumable."""
