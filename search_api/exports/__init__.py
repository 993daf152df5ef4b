"""Exports of whole results as CSV, NDJSON or Parquet, streamed and resumable."""
