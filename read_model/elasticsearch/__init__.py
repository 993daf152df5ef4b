"""Compiles a plan to an index's settings and mappings."""
