"""Writes a first spec from a database's foreign keys."""
