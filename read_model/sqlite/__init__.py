"""Compiles a plan to SQLite: row tables, fan-out from changed rows to documents, and document builds."""
