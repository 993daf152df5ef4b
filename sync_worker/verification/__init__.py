"""Proves documents equal to PostgreSQL, explains one that differs, and repairs it; reads a running worker from
outside."""
